"""
What all recording writers share: the pieces with their times, the gate that holds a writer, the waiting for pieces.

A protocol's own rules live with its writer, in `jaystream.testing.writers`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Recorder", "WriterError", "Written"]


class WriterError(AssertionError):
    """
    A writer was used against its protocol; kept in the writer's ``violations``, since the caller may swallow it.
    """


class Written(NamedTuple):
    """
    One piece of body that arrived.

    Attributes:
        data: The bytes; text is kept as UTF-8.
        at: Seconds since the writer was made, by its clock.
    """

    data: bytes
    at: float


class Recorder:
    """
    What both ends share: the pieces, the clock, the gate and those who wait for pieces to arrive.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """
        Start the clock.
        """
        self.pieces: list[Written] = []
        self.violations: list[WriterError] = []
        self._clock = clock
        self._start = clock()
        self._ended = False
        self.gate: asyncio.Event = asyncio.Event()
        self.gate.set()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def chunks(self) -> list[bytes]:
        """
        The pieces as they were written, without their times.
        """
        return [piece.data for piece in self.pieces]

    @property
    def body(self) -> bytes:
        """
        Everything that was written, joined.
        """
        return b"".join(self.chunks)

    @property
    def ended(self) -> bool:
        """
        Whether the writer was told that nothing more comes.
        """
        return self._ended

    def hold(self) -> None:
        """
        Stop reading: from now on the writing side waits, as with a peer whose buffers are full.
        """
        self.gate.clear()

    def release(self) -> None:
        """
        Read on.
        """
        self.gate.set()

    async def wait_for(self, count: int) -> list[bytes]:
        """
        Wait until *count* pieces have arrived, and give them.

        Raises:
            EOFError: If the writer is ended with fewer.
        """
        if len(self.pieces) < count and not self.ended:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((count, future))
            await future
        if len(self.pieces) < count:
            raise EOFError(f"ended after {len(self.pieces)} pieces, before piece {count}")
        return self.chunks[:count]

    def record(self, data: bytes) -> None:
        """
        Keep a piece that arrived, and wake those who wait for it.
        """
        self.pieces.append(Written(data, self._clock() - self._start))
        self.wake()

    def wake(self) -> None:
        """
        Wake those whose piece is there, and all of them at the end.
        """
        ready = [future for count, future in self._waiting if len(self.pieces) >= count or self.ended]
        self._waiting = [(count, future) for count, future in self._waiting if future not in ready]
        for future in ready:
            # whoever waited may have been cancelled
            if not future.done():
                future.set_result(None)

    def violation(self, what: str) -> WriterError:
        """
        Keep an error that says *what*, and give it to be raised.
        """
        error = WriterError(what)
        self.violations.append(error)
        return error
