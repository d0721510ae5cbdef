"""
What operators keep that go by the clock. Run them in virtual time: `jaystream.testing.run_virtually`, or the plugin's
clock.

A *script* is the seconds before each item; what comes is the items' numbers. All times are the event loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from jaystream import JaypieStream, StreamTimeoutError
from jaystream.testing.laws.planting import PlantedError
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same

__all__ = [
    "debounces_bursts",
    "delays_everything_alike",
    "groups_within_size_and_age",
    "keeps_alive",
    "throttles_without_loss",
    "times_out_exactly",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]

HAIR = 1e-4
"""
Seconds by which a time may be off: clocks count in binary fractions.
"""


class _Seen:
    """
    What came of a script, when, and how it ended.
    """

    def __init__(self) -> None:
        self.items: list[tuple[float, Any]] = []
        self.waits: list[float] = []
        self.end = 0.0
        self.error: Exception | None = None

    @property
    def values(self) -> list[Any]:
        return [item for _, item in self.items]


async def _watch(
    operate: Operate, script: Sequence[float], *, last: float = 0, fails: bool = False, busy: Sequence[float] = ()
) -> _Seen:
    clock = asyncio.get_running_loop().time
    gaps = [*script, last]

    async def before(number: int) -> None:
        await asyncio.sleep(gaps[number])

    planted = PlantedError("at the end of the script")
    numbers = range(len(script))
    probe = (
        Probe(numbers, before=before, fail_at=len(script), error=planted) if fails else Probe(numbers, before=before)
    )
    seen = _Seen()
    start = asked = clock()
    try:
        async with operate(JaypieStream(probe)).open() as opened:
            async for item in opened:
                seen.waits.append(clock() - asked)
                seen.items.append((clock() - start, item))
                if len(seen.items) <= len(busy):
                    await asyncio.sleep(busy[len(seen.items) - 1])
                asked = clock()
    except Exception as error:  # noqa: BLE001 - what it ended with is what is looked at
        seen.error = error
    seen.waits.append(clock() - asked)
    seen.end = clock() - start
    probe.assert_released()
    if not isinstance(seen.error, StreamTimeoutError):
        expect_same(planted if fails else None, seen.error, "what a run over a script ended with")
    return seen


def _arrivals(script: Sequence[float], last: float) -> list[float]:
    now, times = 0.0, list[float]()
    for gap in (*script, last):
        now += gap
        times.append(now)
    return times


async def groups_within_size_and_age(
    operate_with: Callable[[int, float], Operate], script: Sequence[float], size: int, seconds: float
) -> None:
    """
    L23: groups lose nothing, none is empty or has more than *size* items, none waits for longer than *seconds* after
    its first item; where no timer fires they are those of `chunk`; an error comes after what is held, a busy consumer
    loses nothing. *operate_with* puts the operator on with a size and seconds.
    """
    times = _arrivals(script, 0)
    numbers = list(range(len(script)))
    for fails in (False, True):
        for busy in ((), (seconds * 3,)):
            seen = await _watch(operate_with(size, seconds), script, fails=fails, busy=busy)
            expect_same(numbers, [number for group in seen.values for number in group], "items of all groups")
            expect(all(1 <= len(group) <= size for group in seen.values), f"groups of 1 to {size}: {seen.values!r}")
            at_once: list[tuple[float, Any]] = [] if busy else seen.items
            for at, group in at_once:
                first: int = group[0]
                newest: int = group[-1]
                age = at - times[first]
                expect(age <= seconds + HAIR, f"the group {group!r} came after {age:g} s, not within {seconds:g}")
                if len(group) == size:
                    expect(at <= times[newest] + HAIR, f"the full group {group!r} had to wait")
    whole = await _watch(operate_with(size, sum(script) * 2 + 1), script)
    expect_same(await JaypieStream(numbers).chunk(size).to_list(), whole.values, "groups where no timer fires")
    one = await _watch(operate_with(len(script) + 1, sum(script) * 2 + 1), script)
    expect_same([tuple(numbers)] if numbers else [], one.values, "one group, where there is room for all")


async def debounces_bursts(
    operate_with: Callable[[float], Operate], script: Sequence[float], seconds: float, *, last: float = 0
) -> None:
    """
    L24: the last item of each burst comes when *seconds* have been quiet, that of the last burst at the end at the
    latest; an error changes nothing about it. No gap may be just *seconds* long.
    """
    times = _arrivals(script, last)
    expected: list[tuple[float, int]] = []
    for number, (at, after) in enumerate(pairwise(times)):
        if number == len(script) - 1:
            expected.append((min(at + seconds, after), number))
        elif after - at > seconds:
            expected.append((at + seconds, number))
    for fails in (False, True):
        seen = await _watch(operate_with(seconds), script, last=last, fails=fails)
        expect_same([number for _, number in expected], seen.values, "the last of each burst")
        for (due, number), (at, _) in zip(expected, seen.items, strict=True):
            expect(abs(due - at) <= HAIR, f"item {number} was due at {due:g} s, and came at {at:g}")


async def throttles_without_loss(
    operate_with: Callable[[int, float], Operate],
    script: Sequence[float],
    n: int,
    per: float,
    *,
    busy: Sequence[float] = (),
) -> None:
    """
    L25: no window of *per* seconds has more than *n* items; none is lost, and all keep their order. *busy* are the
    seconds that the consumer takes for its first items.
    """
    seen = await _watch(operate_with(n, per), script, busy=busy)
    expect_same(list(range(len(script))), seen.values, "items of a throttled stream")
    for (early, number), (late, _) in zip(seen.items, seen.items[n:], strict=False):
        expect(late - early >= per - HAIR, f"{n + 1} items from item {number} on within {late - early:g} of {per:g} s")
    await _watch(operate_with(n, per), script, fails=True)


async def keeps_alive(
    operate_with: Callable[[float, Any], Operate],
    script: Sequence[float],
    every: float,
    *,
    last: float = 0,
    busy: Sequence[float] = (),
) -> None:
    """
    L26: nobody who asks waits longer than *every* for the next item, the first included; without the signs of life the
    stream is the source, at the same times; and after the end there is none.
    """
    sign = object()
    for fails in (False, True):
        seen = await _watch(operate_with(every, sign), script, last=last, fails=fails, busy=busy)
        plain = await _watch(lambda s: s, script, last=last, fails=fails, busy=busy)
        own = [(at, item) for at, item in seen.items if item is not sign]
        expect_same(plain.values, [item for _, item in own], "what is no sign of life")
        longest = max(seen.waits, default=0)
        expect(longest <= every + HAIR, f"a wait of {longest:g} s, where a sign of life comes every {every:g} s")
        if not busy:
            for (due, item), (at, _) in zip(plain.items, own, strict=True):
                expect(abs(due - at) <= HAIR, f"item {item!r} was due at {due:g} s, and came at {at:g}")
            expect(abs(plain.end - seen.end) <= HAIR, f"the end was due at {plain.end:g} s, and came at {seen.end:g}")


async def times_out_exactly(
    operate_with: Callable[[dict[str, float]], Operate], script: Sequence[float], seconds: float, *, last: float = 0
) -> None:
    """
    L27: a limit never fires where all gaps are shorter, and where one is longer it fires then and says which it was:
    "first", "idle" or "total". The consumer's own time counts for the total alone. *operate_with* puts the operator on
    with limits by their names. No gap, nor the sum of the first ones, may be just *seconds* long.
    """
    gaps = [*script, last]
    times = _arrivals(script, last)
    long = next((number for number, gap in enumerate(gaps) if number and gap > seconds), None)
    due = {
        "first": (seconds, 0) if gaps[0] > seconds else None,
        "idle": None if long is None else (times[long - 1] + seconds, long),
        "total": (seconds, sum(1 for at in times[:-1] if at < seconds)) if times[-1] > seconds else None,
    }
    if gaps[0] > seconds:
        due["idle"] = (seconds, 0)  # without a limit of its own the first item has that of the others
    for phase, fires in due.items():
        seen = await _watch(operate_with({phase: seconds}), script, last=last)
        if fires is None:
            expect(seen.error is None, f"the limit {phase!r} of {seconds:g} s fired for no reason: {seen.error!r}")
            expect_same(list(range(len(script))), seen.values, f"items within the limit {phase!r}")
            continue
        at, given = fires
        error = seen.error
        expect(isinstance(error, StreamTimeoutError), f"the limit {phase!r} of {seconds:g} s did not fire")
        expect_same(phase, getattr(error, "phase", None), "the limit that fired")
        expect_same(list(range(given)), seen.values, f"items before the limit {phase!r}")
        expect(abs(at - seen.end) <= HAIR, f"the limit {phase!r} was due at {at:g} s, and fired at {seen.end:g}")
    if max(gaps) < seconds:
        patient = await _watch(
            operate_with({"first": seconds, "idle": seconds}), script, busy=[seconds * 2] * len(gaps)
        )
        expect(patient.error is None, f"what the consumer takes is no silence of the source: {patient.error!r}")


async def delays_everything_alike(
    operate_with: Callable[[float], Operate], script: Sequence[float], seconds: float
) -> None:
    """
    Everything comes *seconds* later than it would, the end too, and the gaps stay.
    """
    plain = await _watch(lambda s: s, script)
    seen = await _watch(operate_with(seconds), script)
    expect_same(plain.values, seen.values, "items of a delayed stream")
    for (due, item), (at, _) in zip(plain.items, seen.items, strict=True):
        expect(abs(due + seconds - at) <= HAIR, f"item {item!r} was due at {due + seconds:g} s, and came at {at:g}")
