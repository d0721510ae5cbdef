"""
What do tasks cost: calls at once, sources at once, and the timers and buffers between tasks?

The sources always have an item and the calls only let the event loop turn once, so what is measured is the machinery.
"""

from __future__ import annotations

from asyncio import create_task, sleep, timeout
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

from benchmarks.fused import numbers
from benchmarks.report import Row, at_least, at_most, interleave_async
from jaystream import JaypieStream

Job: TypeAlias = Callable[[int], Awaitable[int]]

CONCURRENCY = 8
SOURCES = 10

CALLS = f"async map, concurrency {CONCURRENCY}"
MERGE = f"fair merge of {SOURCES} ready sources"
AHEAD = f"{MERGE}, prefetch=8"
MANY = "merge of 1,000 ready sources, per item"
ZIP = "zip(concurrent=True) of two, per row"
TIMEOUT = "timeout(idle=), per item"
BUFFER = "buffer(16), per item"
NAMES = (CALLS, MERGE, AHEAD, MANY, ZIP, TIMEOUT, BUFFER)


async def turn(n: int) -> int:
    await sleep(0)
    return n


async def count(items: AsyncIterator[object]) -> int:
    found = 0
    async for _ in items:
        found += 1
    return found


# calls --------------------------------------------------------------------------------------------------------------


async def calls_by_hand(size: int) -> int:
    pending: deque[Any] = deque()
    found = 0
    async for n in numbers(size):
        pending.append(create_task(turn(n)))
        if len(pending) == CONCURRENCY:
            await pending.popleft()
            found += 1
    while pending:
        await pending.popleft()
        found += 1
    return found


async def calls(size: int) -> int:
    return await JaypieStream(lambda: numbers(size)).map(turn, concurrency=CONCURRENCY).count()


async def calls_aiostream(size: int) -> int:
    from aiostream import pipe, stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.iterate(numbers(size)) | pipe.map(turn, task_limit=CONCURRENCY)
    async with made.stream() as items:
        return await count(items)


async def calls_streamable(size: int) -> int:
    from streamable import stream  # noqa: PLC0415 - the opponent, which need not be there

    return await count(aiter(stream(numbers(size)).map(turn, concurrency=CONCURRENCY)))


# sources ------------------------------------------------------------------------------------------------------------


async def drained(size: int) -> int:
    found = 0
    for _ in range(SOURCES):
        async for _ in numbers(size // SOURCES):
            found += 1
    return found


async def merged(size: int, sources: int = SOURCES, prefetch: int = 0) -> int:
    first, *others = [partial(numbers, size // sources) for _ in range(sources)]
    return await JaypieStream(first).merge(*others, prefetch=prefetch).count()


async def merged_aiostream(size: int) -> int:
    from aiostream import stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.merge(*(numbers(size // SOURCES) for _ in range(SOURCES)))
    async with made.stream() as items:
        return await count(items)


# between tasks ------------------------------------------------------------------------------------------------------


async def timed(size: int) -> int:
    return await JaypieStream(lambda: numbers(size)).timeout(idle=60).count()


async def timed_by_hand(size: int) -> int:
    items, found = numbers(size), 0
    while True:
        try:
            async with timeout(60):
                await anext(items)
        except StopAsyncIteration:
            return found
        found += 1


async def timed_aiostream(size: int) -> int:
    from aiostream import pipe, stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.iterate(numbers(size)) | pipe.timeout(60)
    async with made.stream() as items:
        return await count(items)


async def zipped(size: int) -> int:
    return await JaypieStream(lambda: numbers(size)).zip(lambda: numbers(size), concurrent=True).count()


async def zipped_aiostream(size: int) -> int:
    from aiostream import stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.zip(numbers(size), numbers(size))
    async with made.stream() as items:
        return await count(items)


async def buffered(size: int) -> int:
    return await JaypieStream(lambda: numbers(size)).buffer(16).count()


async def buffered_streamable(size: int) -> int:
    from streamable import stream  # noqa: PLC0415 - the opponent, which need not be there

    return await count(aiter(stream(numbers(size)).buffer(16)))


def run(*, short: bool) -> list[Row]:
    size, repeats = (4_000, 5) if short else (20_000, 15)

    def compare(*jobs: Job) -> list[float]:
        """Microseconds per item."""
        found = interleave_async(*(partial(job, size) for job in jobs), repeats=repeats, expected=size)
        return [1e6 * seconds / size for seconds in found]

    def against(name: str, job: Job, peer_name: str, peer: Job, bound: float | None = None) -> list[Row]:
        try:
            ours, theirs = compare(job, peer)
        except ModuleNotFoundError:
            return []
        if bound is not None:
            return [at_least(name, ours, peer_name, theirs, bound)]
        return [Row(name, f"{ours:.3g} us", f"{peer_name} {theirs:.3g} us", theirs / ours)]

    hand, ours = compare(calls_by_hand, calls)
    drain, fair, ahead = compare(drained, merged, partial(merged, prefetch=8))
    many_size = 200_000 if not short else 50_000
    ten, thousand = (
        1e6 * seconds / many_size
        for seconds in interleave_async(
            partial(merged, many_size, 10), partial(merged, many_size, 1_000), repeats=3, expected=many_size
        )
    )
    return [
        at_most(CALLS, ours, "a deque of tasks", hand, 1.5),
        *against(CALLS, calls, "aiostream", calls_aiostream, 8),
        *against(CALLS, calls, "streamable", calls_streamable),
        at_most(MERGE, fair, "one by one", drain, 25),
        at_most(AHEAD, ahead, "one by one", drain, 8),
        *against(MERGE, merged, "aiostream", merged_aiostream, 8),
        at_most(MANY, thousand, "of 10", ten, 1.5),
        *against(ZIP, zipped, "aiostream", zipped_aiostream),
        *against(TIMEOUT, timed, "asyncio.timeout by hand", timed_by_hand),
        *against(TIMEOUT, timed, "aiostream", timed_aiostream),
        *against(BUFFER, buffered, "streamable", buffered_streamable),
    ]
