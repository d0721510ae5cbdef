"""
What the tests of the sinks share: an ASGI request, and turns of the loop.

Nothing here is a test, and nothing here stands in for a part of the library.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from jaystream import JaypieStream
    from jaystream.sinks.report import SinkReport
    from jaystream.testing import RecordingSend

R = TypeVar("R")


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


def begin(work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
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
