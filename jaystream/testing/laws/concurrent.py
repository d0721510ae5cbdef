"""
What operators keep that do several things at once: loss and order, fair turns, the number at once, and the end of all
when one fails. Run them in virtual time where a gap is long.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

from jaystream import JaypieStream
from jaystream.testing.laws.planting import PlantedError
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.ways import pause
from jaystream.testing.witness import Witness

__all__ = [
    "advances_in_fair_turns",
    "ends_all_when_one_fails",
    "interleaves_exactly",
    "keeps_order_however_long_calls_take",
    "loses_nothing",
    "merge_with_nothing_is_identity",
    "merges_without_loss",
    "refuses_less_than_one",
    "runs_so_many_at_once",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]
Together: TypeAlias = Callable[[Sequence[JaypieStream[Any]]], JaypieStream[Any]]
At: TypeAlias = Callable[[Callable[[Any], Any], int], Operate]

TURNS = 20
"""
Turns of the event loop after which whatever can begin has begun.
"""


# L8, L13 --------------------------------------------------------------------------------------------------------------


async def merge_with_nothing_is_identity(items: Sequence[Any]) -> None:
    """
    L8: merged with an empty stream, on either side, a stream is itself.
    """
    nothing: list[Any] = []
    expect_same(list(items), await JaypieStream(items).merge(nothing).to_list(), "S.merge(empty)")
    expect_same(list(items), await JaypieStream(nothing).merge(items).to_list(), "empty.merge(S)")


async def keeps_order_however_long_calls_take(
    at_once: At, items: Sequence[Any], concurrency: int, waits: Sequence[float] = (0,)
) -> None:
    """
    L13: an operator that makes several calls at once gives their results in the order of the items.

    *at_once* puts the operator on with a function and a number of calls, which take *waits* seconds, over and over.
    """
    call = _taking(waits)
    given = await at_once(call, concurrency)(JaypieStream(items)).to_list()
    expect_same(list(items), given, f"results of calls, {concurrency} at once")


async def loses_nothing(at_once: At, items: Sequence[Any], concurrency: int, waits: Sequence[float] = (0,)) -> None:
    """
    L13: one that gives results as they come loses none and doubles none.
    """
    call = _taking(waits)
    given = await at_once(call, concurrency)(JaypieStream(items)).to_list()
    _expect_same_bag(items, given, f"results of calls, {concurrency} at once")


async def merges_without_loss(together: Together, lists: Sequence[Sequence[Any]], waits: Sequence[float] = ()) -> None:
    """
    L13: what comes of several sources is all that they give, that of each in its order.

    Each takes *waits* seconds before an item, over and over, every source beginning at another of them.
    """
    witness = Witness()
    sources: list[JaypieStream[Any]] = []
    for number, items in enumerate(lists):
        tagged = [(number, item) for item in items]
        before = _before(waits, number) if waits else None
        sources.append(JaypieStream(witness.source(tagged, managed=number % 2 == 1, before=before)))
    given = await together(sources).to_list()
    for number, items in enumerate(lists):
        expect_same(list(items), [item for tag, item in given if tag == number], f"items of source {number}")
    expect_same(sum(map(len, lists)), len(given), "how many came")
    witness.assert_released()


async def interleaves_exactly(together: Together, lists: Sequence[Sequence[Any]], waits: Sequence[float] = ()) -> None:
    """
    L13: one that takes turns gives an item of each, in the order of the sources, however long they take; one that has
    ended is left out.
    """
    nothing = object()
    expected = [item for row in zip_longest(*lists, fillvalue=nothing) for item in row if item is not nothing]
    witness = Witness()
    before = _before(waits, 0) if waits else None
    given = await together([JaypieStream(witness.source(items, before=before)) for items in lists]).to_list()
    expect_same(expected, given, "items in turn")
    witness.assert_released()


# L14 ------------------------------------------------------------------------------------------------------------------


async def advances_in_fair_turns(together: Together, sources: int, items: int, ahead: int = 1) -> None:
    """
    L14: of sources that always have an item none is ever more than *ahead* items before another.
    """
    counts = [0] * sources
    streams = [JaypieStream([number] * items) for number in range(sources)]
    async with together(streams).open() as opened:
        async for number in opened:
            counts[number] += 1
            expect(max(counts) - min(counts) <= ahead, f"sources that are always ready are at {counts}")
    expect_same([items] * sources, counts, "items of each source")


# L15 ------------------------------------------------------------------------------------------------------------------


async def runs_so_many_at_once(at_once: At, concurrency: int, *, ordered: bool, items: int = 20) -> None:
    """
    L15: there are never more than *concurrency* calls at once, and so many there are; where order is kept the newest
    call is never further than that from the oldest result that has not been taken.
    """
    running, most, furthest, begun = 0, 0, 0, 0
    gates: dict[int, asyncio.Event] = {}
    taken = 0

    async def call(item: int) -> int:
        nonlocal running, most, furthest, begun
        begun += 1
        running += 1
        most = max(most, running)
        furthest = max(furthest, item - taken)
        try:
            await gates.setdefault(item, asyncio.Event()).wait()
        finally:
            running -= 1
        return item

    async def free() -> None:
        """Let the calls end, the newest first, whenever no more can begin."""
        while True:
            before = begun
            for _ in range(TURNS):
                await pause()
            if begun == before:
                waiting = [gate for gate in gates.values() if not gate.is_set()]
                if waiting:
                    waiting[-1].set()

    freeing = asyncio.ensure_future(free())
    given: list[int] = []
    try:
        async with at_once(call, concurrency)(JaypieStream(range(items))).open() as opened:
            async for item in opened:
                given.append(item)
                taken += 1
    finally:
        freeing.cancel()
        await asyncio.wait([freeing])
    expect_same(min(concurrency, items), most, "calls at once, at most")
    if ordered:
        expect_same(list(range(items)), given, "results in order")
        expect(furthest < concurrency, f"call {furthest} of a window of {concurrency}, seen from the oldest result")
    else:
        _expect_same_bag(range(items), given, "results")


def refuses_less_than_one(at_once: At, calls: Callable[[Any], Any] = pause) -> None:
    """
    L15: no call at a time, or fewer, are refused where the pipeline is written.
    """
    for number in (0, -1):
        try:
            at_once(calls, number)(JaypieStream[Any]([]))
        except ValueError as error:
            expect(str(number) in str(error), f"the message must have the value {number}: {error}")
        else:
            raise AssertionError(f"a concurrency of {number} was taken")


async def ends_all_when_one_fails(at_once: At, concurrency: int, failing: Sequence[int], *, items: int = 12) -> None:
    """
    L15: where the calls for the items *failing* fail, one error comes out bare and several at once as a group; calls
    that were under way are cancelled, and over when the error comes; none begins after a failure was seen.
    """
    expect(failing, "this law needs a call that fails")
    errors = {item: PlantedError(f"call {item}") for item in failing}
    begun: list[int] = []
    over: list[int] = []
    failed: set[int] = set()
    late: list[int] = []

    async def call(item: int) -> int:
        begun.append(item)
        if failed:
            late.append(item)
        try:
            if item in errors:
                for _ in range(TURNS):  # all that may be under way has begun by then
                    await pause()
                failed.add(item)
                raise errors[item]
            if item < min(errors):
                return item
            await asyncio.Event().wait()
        finally:
            await pause()
            over.append(item)
        return item

    witness = Witness()
    failure: BaseException | None = None
    try:
        await at_once(call, concurrency)(JaypieStream(witness.source(range(items)))).drain()
    except BaseException as raised:  # noqa: BLE001 - any other error is what is looked for
        failure = raised
    expect_same(sorted(begun), sorted(over), "calls begun, and over when the error came out")
    came: tuple[BaseException | None, ...] = getattr(failure, "exceptions", (failure,))
    expect(
        len(set(came)) == len(came) and set(came) == {errors[item] for item in failed},
        f"the calls {sorted(failed)} failed, and what came was {failure!r}",
    )
    expect(came == (failure,) or len(came) > 1, f"one error must come bare, not as {failure!r}")
    expect(not late, f"the calls {late} began after a failure")
    witness.assert_released()


# helpers --------------------------------------------------------------------------------------------------------------


def _taking(waits: Sequence[float]) -> Callable[[Any], Any]:
    calls = 0

    async def call(item: Any) -> Any:
        nonlocal calls
        calls += 1
        await asyncio.sleep(waits[calls % len(waits)])
        return item

    return call


def _before(waits: Sequence[float], first: int) -> Callable[[int], Any]:
    return lambda number: asyncio.sleep(waits[(first + number) % len(waits)])


def _expect_same_bag(expected: Sequence[Any], given: Sequence[Any], what: str) -> None:
    lost = Counter(map(repr, expected)) - Counter(map(repr, given))
    more = Counter(map(repr, given)) - Counter(map(repr, expected))
    expect(not lost and not more, f"{what}: lost {sorted(lost)}, and {sorted(more)} too many")
