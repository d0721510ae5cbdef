"""
An event loop whose time stands still while something runs and jumps to the next timer when nothing does.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream.testing import guard_leaks

if TYPE_CHECKING:
    from collections.abc import Coroutine

R = TypeVar("R")


class Jumping(selectors.SelectSelector):
    """
    A selector that does not wait: it moves the clock by the time it was to wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """
        Look once, and jump.
        """
        assert timeout is not None, "nothing is left that could wake the loop"
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    The loop.
    """

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """
        Seconds since the loop was made, all of them virtual.
        """
        return self._jumping.now


def run_virtually(main: Coroutine[Any, Any, R]) -> R:
    """
    Run a coroutine to its end in virtual time, inside the leak guard.
    """

    async def guarded() -> R:
        async with guard_leaks():
            return await main

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(guarded())
