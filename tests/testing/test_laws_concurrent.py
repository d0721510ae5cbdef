"""
The laws of operators that do several things at once, hold items, or share a run, over what strategies draw; and each
law notices what is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream, merge
from jaystream.testing import laws, run_virtually
from jaystream.testing.strategies import items

Stream = JaypieStream[Any]
Together = Callable[[Sequence[Stream]], Stream]
At = Callable[[Callable[[Any], Any], int], Callable[[Stream], Stream]]

numbers = st.integers(1, 5)
lists = st.lists(items(), min_size=1, max_size=4)
waits = st.lists(st.sampled_from((0.0, 0.0, 1.0, 2.5)), min_size=1, max_size=4)


async def many_of(f: Callable[[Any], Any], item: Any) -> list[Any]:
    """
    What *f* gives, as a source of one.
    """
    return [await f(item)]


CALLS: dict[str, tuple[At, bool]] = {
    "map": (lambda f, n: lambda s: s.map(f, concurrency=n), True),
    "map, unordered": (lambda f, n: lambda s: s.map(f, concurrency=n, ordered=False), False),
    "map, per key": (lambda f, n: lambda s: s.map(f, concurrency=n, per_key=lambda x: x), True),
    "flat_map": (lambda f, n: lambda s: s.flat_map(partial(many_of, f), concurrency=n), False),
    "flatten": (
        lambda f, n: lambda s: s.map(lambda x: partial(many_of, f, x)).flatten(concurrency=n),
        False,
    ),
}
MERGES: dict[str, tuple[Together, int]] = {
    "method": (lambda streams: streams[0].merge(*streams[1:]), 1),
    "function": (lambda streams: merge(*streams), 1),
    "prefetch": (lambda streams: merge(*streams, prefetch=3), 1),
    "flatten": (lambda streams: JaypieStream(streams).flatten(concurrency=len(streams)), 1),
}
any_call = pytest.mark.parametrize("name", sorted(CALLS))
any_merge = pytest.mark.parametrize("name", sorted(MERGES))


class TestLoss:
    """
    L8, L13.
    """

    @given(items())
    async def test_merge_with_nothing(self, given_items: list[int]) -> None:
        """
        L8: `merge` with nothing changes nothing.
        """
        await laws.merge_with_nothing_is_identity(given_items)

    @any_call
    @given(items(), numbers, waits)
    def test_calls(self, name: str, given_items: list[int], n: int, seconds: list[float]) -> None:
        """
        L13: results come in order, or all of them, whatever the calls take.
        """
        at_once, ordered = CALLS[name]
        law = laws.keeps_order_however_long_calls_take if ordered else laws.loses_nothing
        run_virtually(law(at_once, given_items, n, seconds))

    @any_merge
    @given(lists, waits)
    def test_merge(self, name: str, given_lists: list[list[int]], seconds: list[float]) -> None:
        """
        L13: sources put together lose nothing, and each keeps its order.
        """
        run_virtually(laws.merges_without_loss(MERGES[name][0], given_lists, seconds))
        run_virtually(laws.merges_without_loss(MERGES[name][0], given_lists))

    @given(lists, waits)
    def test_interleave(self, given_lists: list[list[int]], seconds: list[float]) -> None:
        """
        L13: `interleave` takes turns, however long its sources take.
        """
        run_virtually(laws.interleaves_exactly(lambda s: s[0].interleave(*s[1:]), given_lists, seconds))


class TestFairness:
    """
    L14.
    """

    @any_merge
    @pytest.mark.parametrize("sources", [2, 3, 10])
    async def test_merge(self, name: str, sources: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Sources that are always ready stay within one item of each other.

        The clock stands still: a pump that gives the event loop its turn after some milliseconds is not ready then.
        """
        monkeypatch.setattr("jaystream._core.run.perf_counter", lambda: 0.0)
        together, ahead = MERGES[name]
        await laws.advances_in_fair_turns(together, sources, 200, ahead)


class TestAtOnce:
    """
    L15.
    """

    @any_call
    @pytest.mark.parametrize("n", [1, 2, 5, 30])
    async def test_how_many(self, name: str, n: int) -> None:
        """
        So many calls at once as were asked for, and never more.
        """
        at_once, ordered = CALLS[name]
        await laws.runs_so_many_at_once(at_once, n, ordered=ordered)

    @any_call
    def test_less_than_one(self, name: str) -> None:
        """
        Less than one is an error where the pipeline is written.
        """
        laws.refuses_less_than_one(CALLS[name][0])

    @any_call
    @given(numbers, st.sets(st.integers(0, 9), min_size=1, max_size=3))
    async def test_failures(self, name: str, n: int, failing: set[int]) -> None:
        """
        One failure ends all, and comes bare; several come as a group.
        """
        await laws.ends_all_when_one_fails(CALLS[name][0], n, sorted(failing))


class TestHolding:
    """
    L28.
    """

    @given(items(max_size=12), numbers)
    async def test_buffer(self, given_items: list[int], size: int) -> None:
        """
        A buffer that lets the source wait is the identity, and holds what it says.
        """
        await laws.buffers_so_many(lambda s: s.buffer(size), given_items, size)

    @pytest.mark.parametrize("keeps", ["oldest", "newest"])
    @given(given_items=items(max_size=12), size=numbers)
    async def test_drops(self, keeps: Literal["oldest", "newest"], given_items: list[int], size: int) -> None:
        """
        One that drops keeps the oldest or the newest, and tells of the rest.
        """
        overflow: Literal["drop_newest", "drop_oldest"] = "drop_newest" if keeps == "oldest" else "drop_oldest"
        await laws.drops_and_counts(
            lambda dropped: lambda s: s.buffer(size, overflow=overflow, on_drop=dropped), given_items, size, keeps
        )


class TestSharing:
    """
    L29.
    """

    @given(items(max_size=8), st.integers(1, 4), st.integers(0, 2))
    async def test_broadcast(self, given_items: list[int], n: int, ahead: int) -> None:
        """
        Every stream of `broadcast` has every item, over one run.
        """
        await laws.shares_one_run(lambda s: s.broadcast(n, buffer=ahead), given_items)

    @given(items(max_size=8))
    async def test_pace(self, given_items: list[int]) -> None:
        """
        The slowest rules the pace, or loses items.
        """
        await laws.slow_ones_do_not_hold_up_the_others(lambda s: s.broadcast(2), given_items, wait=True)
        await laws.slow_ones_do_not_hold_up_the_others(
            lambda s: s.broadcast(2, on_slow="drop"), given_items, wait=False
        )


# planted faults -------------------------------------------------------------------------------------------------------


def one_by_one(f: Callable[[Any], Any], _: int) -> Callable[[Stream], Stream]:
    """
    Never more than one call.
    """
    return lambda s: s.map(f)


def all_at_once(f: Callable[[Any], Any], _: int) -> Callable[[Stream], Stream]:
    """
    As many calls as there are items.
    """
    return lambda s: s.map(f, concurrency=1000)


def leaves_tasks(f: Callable[[Any], Any], n: int) -> Callable[[Stream], Stream]:
    """
    Calls in tasks that nobody awaits when one fails.
    """

    async def start(chunk: Any) -> Any:
        return await asyncio.gather(*map(f, chunk))

    return lambda s: s.chunk(n).map(start).flatten()


class TestFaults:
    """
    The laws notice what is wrong.
    """

    async def test_number(self) -> None:
        """
        Too few calls, and too many.
        """
        with pytest.raises(AssertionError, match="calls at once, at most: expected 3, got 1"):
            await laws.runs_so_many_at_once(one_by_one, 3, ordered=True)
        with pytest.raises(AssertionError, match="calls at once, at most: expected 3, got 20"):
            await laws.runs_so_many_at_once(all_at_once, 3, ordered=False)
        with pytest.raises(AssertionError, match="a concurrency of 0 was taken"):
            laws.refuses_less_than_one(one_by_one)

    @pytest.mark.leaks(allow_finalized=True, reason="the fault leaves tasks behind")
    async def test_left_tasks(self) -> None:
        """
        Siblings that are not cancelled.
        """
        with pytest.raises(AssertionError, match="calls begun, and over when the error came out"):
            await laws.ends_all_when_one_fails(leaves_tasks, 3, [1])
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def test_order_and_loss(self) -> None:
        """
        Results out of order, results that are lost, a source that is put last.
        """
        unordered, _ = CALLS["map, unordered"]
        with pytest.raises(AssertionError, match="results of calls, 3 at once"):
            await laws.keeps_order_however_long_calls_take(unordered, [1, 2, 3], 3, [0, 0.01])
        with pytest.raises(AssertionError, match=r"lost \['3'\]"):
            await laws.loses_nothing(lambda f, n: lambda s: s.map(f, concurrency=n).take(2), [1, 2, 3], 3)
        with pytest.raises(AssertionError, match="items of source 1"):
            await laws.merges_without_loss(lambda s: s[0], [[1], [2]])
        with pytest.raises(AssertionError, match="items in turn"):
            await laws.interleaves_exactly(lambda s: s[0].concat(*s[1:]), [[1, 2], [3]])
        with pytest.raises(AssertionError, match="always ready are at"):
            await laws.advances_in_fair_turns(lambda s: s[0].concat(*s[1:]), 2, 5)

    async def test_buffers(self) -> None:
        """
        A buffer that holds more, or less, or drops the wrong ones.
        """
        with pytest.raises(AssertionError, match="items held after 1 were taken: expected 2, got 3"):
            await laws.buffers_so_many(lambda s: s.buffer(3), range(9), 2)
        with pytest.raises(AssertionError, match="items of a buffer that keeps the newest"):
            await laws.drops_and_counts(
                lambda dropped: lambda s: s.buffer(2, overflow="drop_newest", on_drop=dropped), range(9), 2, "newest"
            )

    async def test_sharing(self) -> None:
        """
        Streams that drop where they should wait.
        """
        with pytest.raises(AssertionError, match="over one run"):
            await laws.shares_one_run(lambda s: s.broadcast(3, on_slow="drop"), range(9), [0, 0, 0, 0, 90])
        with pytest.raises(AssertionError, match="the first had 9 items, and the second one"):
            await laws.slow_ones_do_not_hold_up_the_others(
                lambda s: s.broadcast(2, on_slow="drop"), range(9), wait=True
            )
