"""
What do fused stages cost beside the loop that one would write by hand, and beside other libraries?
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from benchmarks.report import Row, at_least, at_most, interleave_async
from jaystream import JaypieStream

STAGES = 5
WORK = f"{STAGES} sync stages over an async source"
NAMES = (f"{WORK}, ending in a terminal", f"{WORK}, ending in chunk(10)", f"{WORK}, under async for")


def add_one(n: int) -> int:
    return n + 1


async def numbers(size: int) -> AsyncGenerator[int, None]:
    for n in range(size):
        yield n


async def by_hand(size: int) -> int:
    f1 = f2 = f3 = f4 = f5 = add_one
    count = 0
    async with aclosing(numbers(size)) as source:
        async for x in source:
            x = f1(x)
            x = f2(x)
            x = f3(x)
            x = f4(x)
            x = f5(x)
            count += 1
    return count


async def chunks_by_hand(size: int) -> int:
    f1 = f2 = f3 = f4 = f5 = add_one

    async def grouped() -> AsyncGenerator[tuple[int, ...], None]:
        held: list[int] = []
        async with aclosing(numbers(size)) as source:
            async for x in source:
                x = f1(x)
                x = f2(x)
                x = f3(x)
                x = f4(x)
                x = f5(x)
                held.append(x)
                if len(held) == 10:
                    yield tuple(held)
                    held.clear()
        if held:
            yield tuple(held)

    count = 0
    async with aclosing(grouped()) as groups:
        async for _ in groups:
            count += 1
    return count


async def generators(size: int) -> int:
    async def mapped(source: AsyncIterator[int]) -> AsyncGenerator[int, None]:
        async for x in source:
            yield add_one(x)

    stream: AsyncIterator[int] = numbers(size)
    for _ in range(STAGES):
        stream = mapped(stream)
    count = 0
    async for _ in stream:
        count += 1
    return count


def ours(size: int) -> JaypieStream[int]:
    stream = JaypieStream(lambda: numbers(size))
    for _ in range(STAGES):
        stream = stream.map(add_one)
    return stream


async def ours_iterated(size: int) -> int:
    count = 0
    async for _ in ours(size):
        count += 1
    return count


async def ours_chunked(size: int) -> int:
    count = 0
    async with ours(size).chunk(10).open() as groups:
        async for _ in groups:
            count += 1
    return count


async def aiostream(size: int) -> int:
    from aiostream import pipe, stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.iterate(numbers(size))
    for _ in range(STAGES):
        made = made | pipe.map(add_one)
    count = 0
    async with made.stream() as items:
        async for _ in items:
            count += 1
    return count


def run(*, short: bool) -> list[Row]:
    size, repeats = (20_000, 7) if short else (50_000, 25)
    jobs = (by_hand, lambda n: ours(n).count(), generators, ours_iterated, chunks_by_hand, ours_chunked)
    hand, fused, chain, iterated, hand_chunks, chunks = (
        1e6 * seconds / size for seconds in interleave_async(*(partial(job, size) for job in jobs), repeats=repeats)
    )
    rows = [
        at_most(NAMES[0], fused, "by hand", hand, 1.15),
        at_most(NAMES[1], chunks, "by hand", hand_chunks, 1.15),
        at_most(NAMES[2], iterated, "by hand", hand, 1.35),
        at_least(NAMES[0], fused, "generator chain", chain, 1.5),
    ]
    try:
        fast, theirs = interleave_async(
            lambda: ours(size).count(), partial(aiostream, size), repeats=max(3, repeats // 4)
        )
    except ModuleNotFoundError:
        return rows
    return [*rows, at_least(rows[0].name, 1e6 * fast / size, "aiostream", 1e6 * theirs / size, 15)]
