"""
What operators keep that hold items for somebody: buffers, and streams that share one run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from jaystream import JaypieStream
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.ways import pause

__all__ = ["buffers_so_many", "drops_and_counts", "shares_one_run", "slow_ones_do_not_hold_up_the_others"]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]
Split: TypeAlias = Callable[[JaypieStream[Any]], Sequence[JaypieStream[Any]]]


# L28 ------------------------------------------------------------------------------------------------------------------


async def buffers_so_many(operate: Operate, items: Sequence[Any], size: int) -> None:
    """
    L28: a buffer that lets the source wait changes nothing, and holds *size* items at most, and so many while the
    consumer is busy. The source is asked for no more.
    """
    probe = Probe(items)
    taken = 0
    async with operate(JaypieStream(probe)).open() as opened:
        async for item in opened:
            expect_same(items[taken], item, f"item {taken} of a buffer")
            taken += 1
            await _idle(len(items))
            held = probe.given - taken
            expect_same(min(size, len(items) - taken), held, f"items held after {taken} were taken")
            # the last one put may wait for room, and then none is asked for
            expect(probe.reads <= min(len(items), taken + size) + 1, f"{probe.reads} items read, {taken} taken")
    expect_same(len(items), taken, "items of a buffer")
    probe.assert_released()


async def drops_and_counts(
    operate_with: Callable[[Callable[[Any], object]], Operate],
    items: Sequence[Any],
    size: int,
    keeps: Literal["oldest", "newest"],
) -> None:
    """
    L28: a buffer that drops gives the rest in order, and tells of each one that it dropped; a consumer that is busy
    after its first item then gets the *size* oldest or newest of what came meanwhile. *operate_with* puts it on with
    what is called with each item that is dropped.
    """
    dropped: list[Any] = []
    given: list[Any] = []
    probe = Probe(items, before=pause)
    async with operate_with(dropped.append)(JaypieStream(probe)).open() as opened:
        async for item in opened:
            given.append(item)
            if len(given) == 1:
                await _idle(len(items))
    rest = list(items[1:])
    kept = rest[:size] if keeps == "oldest" else rest[max(0, len(rest) - size) :]
    lost = rest[size:] if keeps == "oldest" else rest[: max(0, len(rest) - size)]
    expect_same([*items[:1], *kept], given, f"items of a buffer that keeps the {keeps}")
    expect_same(lost, dropped, "items dropped")
    probe.assert_released()


# L29 ------------------------------------------------------------------------------------------------------------------


async def shares_one_run(split: Split, items: Sequence[Any], waits: Sequence[int] = (0, 1, 4)) -> None:
    """
    L29: each stream over one run has all items, in order, however slow the others are: each takes so many turns of the
    event loop per item as *waits* says, from another place on. The source is opened once, and closed when all are over,
    also where all but one leave early.
    """
    for leaving in (False, True):
        probe = Probe(items, before=pause)

        async def read(
            stream: JaypieStream[Any],
            number: int,
            leaving: bool = leaving,  # noqa: FBT001 - the loop's own value, bound now
        ) -> list[Any]:
            got: list[Any] = []
            async with stream.open() as opened:
                async for item in opened:
                    got.append(item)
                    for _ in range(waits[(number + len(got)) % len(waits)]):
                        await pause()
                    if leaving and number and len(got) == number:
                        break
            return got

        streams = split(JaypieStream(probe))
        given = await asyncio.gather(*(read(stream, number) for number, stream in enumerate(streams)))
        for number, got in enumerate(given):
            expected = list(items[:number] if leaving and number else items)
            expect_same(expected, got, f"items of stream {number} over one run")
        expect_same(1, probe.opens, "openings of the source")
        probe.assert_released()


async def slow_ones_do_not_hold_up_the_others(split: Split, items: Sequence[Any], *, wait: bool) -> None:
    """
    L29: of two streams over one run the second is not read on after its first item. Where the slowest rules the pace
    (*wait*) the first stands still then, and goes on when the second does; else it comes to its end.
    """
    probe = Probe(items)
    first, second = split(JaypieStream(probe))
    got: list[Any] = []

    async def read() -> None:
        async with first.open() as opened:
            async for item in opened:
                got.append(item)  # noqa: PERF401 - looked at while it grows

    async with second.open() as opened:
        reading = asyncio.ensure_future(read())
        slow = [item] if (item := await anext(opened, None)) is not None else []
        await _idle(len(items))
        still = len(got)
        if wait:
            expect(still <= 2 or still < len(items), f"the first had {still} items, and the second one")
        else:
            expect_same(list(items), got, "items of the first, while the second stands still")
        slow += [item async for item in opened]
    await asyncio.wait([reading])
    reading.result()
    expect_same(list(items), got, "items of the first")
    if wait:
        expect_same(list(items), slow, "items of the second")
    expect_same(1, probe.opens, "openings of the source")
    probe.assert_released()


async def _idle(items: int) -> None:
    """Let the event loop run until whatever can come has come."""
    for _ in range(10 + 6 * items):
        await pause()
