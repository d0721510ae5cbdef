"""
What do 1, 5 and 10 mapped stages over an async source cost, by hand, here, and in other libraries?

Every candidate counts the items that come out, from the same source and with the same function. A library that is not
installed is left out by name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeAlias

from benchmarks.fused import add_one, numbers
from benchmarks.report import Row, interleave_async
from jaystream import JaypieStream

Job: TypeAlias = Callable[[int, int], Awaitable[int]]

STAGES = (1, 5, 10)


async def by_hand(size: int, stages: int) -> int:
    """
    One loop, with a line per stage for each of the three numbers of stages.
    """
    f = add_one
    count = 0
    async with aclosing(numbers(size)) as source:
        if stages == 1:
            async for x in source:
                f(x)
                count += 1
        elif stages == 5:
            async for x in source:
                f(f(f(f(f(x)))))
                count += 1
        else:
            async for x in source:
                f(f(f(f(f(f(f(f(f(f(x))))))))))
                count += 1
    return count


def described(size: int, stages: int) -> JaypieStream[int]:
    stream = JaypieStream(lambda: numbers(size))
    for _ in range(stages):
        stream = stream.map(add_one)
    return stream


async def ours(size: int, stages: int) -> int:
    return await described(size, stages).count()


async def ours_iterated(size: int, stages: int) -> int:
    return await _count(described(size, stages))


async def generators(size: int, stages: int) -> int:
    async def mapped(source: AsyncIterator[int]) -> AsyncIterator[int]:
        async for x in source:
            yield add_one(x)

    stream: AsyncIterator[int] = numbers(size)
    for _ in range(stages):
        stream = mapped(stream)
    return await _count(stream)


async def aiostream(size: int, stages: int) -> int:
    from aiostream import pipe, stream  # noqa: PLC0415 - the opponent, which need not be there

    made: Any = stream.iterate(numbers(size))
    for _ in range(stages):
        made = made | pipe.map(add_one)
    async with made.stream() as items:
        return await _count(items)


async def asyncstdlib(size: int, stages: int) -> int:
    import asyncstdlib as library  # noqa: PLC0415 - as above

    made: Any = numbers(size)
    for _ in range(stages):
        made = library.map(add_one, made)
    return await _count(made)


async def aioitertools(size: int, stages: int) -> int:
    import aioitertools as library  # noqa: PLC0415 - as above

    made: Any = numbers(size)
    for _ in range(stages):
        made = library.map(add_one, made)
    return await _count(made)


async def streamable(size: int, stages: int) -> int:
    from streamable import stream  # noqa: PLC0415 - as above

    made: Any = stream(numbers(size))
    for _ in range(stages):
        made = made.map(add_one)
    return await _count(made)


async def reactivex(size: int, stages: int) -> int:
    """
    ReactiveX has no async pull: it is pushed to, by the loop that reads the source.
    """
    from reactivex import Subject, operators  # noqa: PLC0415 - as above

    subject: Any = Subject()
    count = 0

    def seen(_: int) -> None:
        nonlocal count
        count += 1

    subject.pipe(*[operators.map(add_one) for _ in range(stages)]).subscribe(seen)
    async for x in numbers(size):
        subject.on_next(x)
    subject.on_completed()
    return count


async def _count(items: AsyncIterator[int]) -> int:
    count = 0
    async for _ in items:
        count += 1
    return count


OURS: dict[str, Job] = {"jaystream, count()": ours, "jaystream, async for": ours_iterated}
PEERS: dict[str, Job] = {
    "generator chain": generators,
    "aiostream": aiostream,
    "asyncstdlib": asyncstdlib,
    "aioitertools": aioitertools,
    "streamable": streamable,
    "reactivex": reactivex,
}


NAMES = (*OURS, *PEERS)


def there() -> dict[str, Job]:
    """
    The peers that can be asked here.
    """
    return {name: job for name, job in PEERS.items() if job is generators or find_spec(name) is not None}


def run(*, short: bool) -> list[Row]:
    """
    One row for each number of stages and candidate; the ratio is to the loop written by hand.
    """
    size, repeats = (5_000, 5) if short else (20_000, 12)
    jobs: dict[str, Job] = {"by hand": by_hand, **OURS, **there()}
    rows: list[Row] = []
    for stages in STAGES:
        calls = [partial(job, size, stages) for job in jobs.values()]
        seconds = dict(zip(jobs, interleave_async(*calls, repeats=repeats, expected=size), strict=True))
        each = {name: 1e6 * taken / size for name, taken in seconds.items()}
        hand = each.pop("by hand")
        for name, taken in each.items():
            ours, peer = (f"{taken:.3g} us", "") if name in OURS else ("", f"{taken:.3g} us; ")
            rows.append(Row(_name(name, stages), ours, f"{peer}by hand {hand:.3g} us", taken / hand))
    left_out = sorted(set(PEERS) - set(there()))
    note = f"not installed: {', '.join(left_out)}" if left_out else ""
    return [*rows[:-1], rows[-1]._replace(note=note)]


def _name(who: str, stages: int) -> str:
    return f"{who}, {stages} stage{'s' * (stages > 1)}"


def table(rows: list[Row]) -> list[str]:
    """
    The rows as a Markdown table with a line per library and a column per number of stages.
    """
    ratios = {row.name: f"{row.ratio:.2f}" for row in rows}
    lines = [
        f"| Times the loop by hand | {' | '.join(_name('', stages)[2:] for stages in STAGES)} |",
        "|---" * (1 + len(STAGES)) + "|",
    ]
    for who in NAMES:
        cells = [ratios.get(_name(who, stages), "not installed") for stages in STAGES]
        lines.append(f"| {who} | {' | '.join(cells)} |")
    return lines
