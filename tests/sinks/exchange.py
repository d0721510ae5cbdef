"""
What the tests of the sinks share: an ASGI request, a clock that time itself does not drive, and turns of the loop.

Nothing here is a test, and nothing here stands in for a part of the library.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from types import TracebackType
    from typing import Self

    from jaystream import JaypieStream
    from jaystream.sinks.report import SinkReport
    from jaystream.testing import RecordingSend


def scope(method: str = "GET", kind: str = "http") -> dict[str, Any]:
    """
    A request as a server describes it.
    """
    return {"type": kind, "method": method, "path": "/", "headers": [], "asgi": {"version": "3.0"}}


async def answer(stream: JaypieStream[Any], send: RecordingSend, method: str = "GET", **options: Any) -> SinkReport:
    """
    Answer one request with *stream*.
    """
    return await stream.to_asgi(scope(method), send.receive, send, **options)


def begin(work: Coroutine[Any, Any, SinkReport]) -> asyncio.Task[SinkReport]:
    """
    Start *work* in a task of its own.
    """
    return asyncio.get_running_loop().create_task(work)


async def turns(count: int = 12) -> None:
    """
    Let the loop turn: enough for all that can happen without time or outside events.
    """
    for _ in range(count):
        await asyncio.sleep(0)


async def yielding(*items: Any) -> AsyncIterator[Any]:
    """
    Give *items* one by one: the loop turns before each.
    """
    for item in items:
        await asyncio.sleep(0)
        yield item


class Clock:
    """
    Virtual time for the running loop: as soon as nothing is left to do but to wait for a timer, it is that time.

    Skips the test on loops that have no selector to take the waiting from.
    """

    def __init__(self) -> None:
        """
        Start at zero.
        """
        self.now = 0.0

    def __enter__(self) -> Self:
        """
        Take over the running loop's time.
        """
        loop: Any = asyncio.get_running_loop()
        if not hasattr(loop, "_selector"):
            pytest.skip("virtual time needs a loop with a selector")
        self._loop = loop
        self._select: Callable[[float | None], list[Any]] = loop._selector.select
        loop.time = lambda: self.now
        loop._selector.select = self._skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """
        Give the loop its own time back.
        """
        del self._loop.time
        del self._loop._selector.select

    def _skip(self, timeout: float | None) -> list[Any]:
        events = self._select(0)
        if not events and timeout is None:
            return self._select(None)
        if not events and timeout:
            self.now += timeout
        return events
