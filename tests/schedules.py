"""
Sources that give items at set times, for tests in virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream import JaypieStream


async def at(*events: tuple[float, Any], log: list[str] | None = None, name: str = "") -> AsyncGenerator[Any, None]:
    """
    Give each item at its time on the loop's clock; an exception is raised then.

    Args:
        events: Times and items.
        log: Where the end is noted, after one more turn of the loop.
        name: What is noted.
    """
    loop = asyncio.get_running_loop()
    try:
        for when, item in events:
            await asyncio.sleep(max(0, when - loop.time()))
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        if log is not None:
            await asyncio.sleep(0)
            log.append(name)


async def dated(stream: JaypieStream[Any]) -> list[tuple[float, Any]]:
    """
    What a stream gives, each item with the time.
    """
    loop = asyncio.get_running_loop()
    found: list[tuple[float, Any]] = []
    async with stream.open() as items:
        async for item in items:
            found.append((loop.time(), item))  # noqa: PERF401 - what came before an error is wanted
    return found
