"""
The ways a stream can run to its end, and small things that checks and tests await.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from jaystream import JaypieStream

__all__ = ["WAYS", "close_iterator", "finish", "in_async_for", "in_open", "in_terminal", "pause"]

B = TypeVar("B")


async def in_terminal(stream: JaypieStream[B]) -> list[B]:
    """
    Collect by a terminal.
    """
    return await stream.to_list()


async def in_open(stream: JaypieStream[B]) -> list[B]:
    """
    Collect inside `open()`.
    """
    async with stream.open() as items:
        return [item async for item in items]


async def in_async_for(stream: JaypieStream[B]) -> list[B]:
    """
    Collect by a bare `async for` that runs to its end, and is closed here where it does not.
    """
    items = aiter(stream)
    try:
        return [item async for item in items]
    finally:
        await close_iterator(items)


WAYS = (in_terminal, in_open, in_async_for)


async def close_iterator(items: AsyncIterator[Any]) -> None:
    """
    Close what a bare `async for` over a stream runs over, which its type does not say it can be.
    """
    running: Any = items
    await running.aclose()


async def finish(made: Any) -> Any:
    """
    Run what an operator or a terminal has made to its end: a stream gives its items, a coroutine its result.
    """
    return await (made.to_list() if hasattr(made, "to_list") else made)


async def pause(*_: object) -> None:
    """
    Let the loop run once.
    """
    await asyncio.sleep(0)
