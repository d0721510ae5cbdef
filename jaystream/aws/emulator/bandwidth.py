"""
AWS's bandwidth for streamed responses: a bucket of 6 MiB, refilled with 256 KiB eight times a second.
"""

from __future__ import annotations

import time
from asyncio import sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 6 << 20
REFILL = 256 << 10
EVERY = 0.125


class Bucket:
    """
    Holds bytes back until they may pass.

    Args:
        clock: What tells the time, in seconds.
    """

    __slots__ = ("_clock", "_full_at", "_left")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = BURST
        self._full_at = clock()

    async def pass_on(self, size: int) -> None:
        """
        Wait until *size* bytes may pass; a piece that is larger than what is there waits for its last byte.
        """
        self._refill()
        self._left -= size
        while self._left < 0:
            await sleep(self._full_at + EVERY - self._clock())
            self._refill()

    def _refill(self) -> None:
        times = int((self._clock() - self._full_at) / EVERY)
        if times > 0:
            self._full_at += times * EVERY
            self._left = min(BURST, self._left + times * REFILL)
