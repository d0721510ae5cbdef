"""
Sources and consumers with times of their own, for the operators that stand between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from jaystream import JaypieStream

TIMES = st.lists(st.integers(0, 3), min_size=12, max_size=12)
"""
Whole seconds: the gaps of a source, and how long a consumer works at each item.
"""


async def spaced(gaps: Sequence[int], size: int = 12) -> AsyncGenerator[int, None]:
    """
    Numbers, each behind its gap; a gap of 0 is no wait at all.
    """
    for n in range(size):
        if gaps[n]:
            await asyncio.sleep(gaps[n])
        yield n


def works(times: Sequence[int]) -> list[float]:
    """
    The same times, and a fraction more, so that no sum of them is whole: nothing happens at the time of another thing.
    """
    return [time + 2.0 ** -(at + 1) for at, time in enumerate(times)]


async def work_at(stream: JaypieStream[Any], busy: Sequence[float], seen: list[Any]) -> None:
    """
    Read a stream, and work at each item.
    """
    async with stream.open() as items:
        async for item in items:
            seen.append(item)
            await asyncio.sleep(busy[len(seen) - 1])
