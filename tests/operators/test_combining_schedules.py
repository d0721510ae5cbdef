"""
The operators that read several sources at once, over random schedules in virtual time: held against models on lists,
and against aiostream where both mean the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import aiostream
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream, merge
from jaystream.testing import run_virtually
from tests.schedules import at, dated

Events: TypeAlias = list[tuple[float, Any]]

theirs: Any = aiostream.stream


@st.composite
def schedules(draw: st.DrawFn, least: int = 1) -> list[Events]:
    """
    Events of several sources, no two at the same time.
    """
    count = draw(st.integers(least, 4))
    owners = draw(st.lists(st.integers(0, count - 1), max_size=12))
    return [[(when, when) for when, owner in enumerate(owners, 1) if owner == number] for number in range(count)]


def ours(build: Callable[[list[JaypieStream[Any]]], JaypieStream[Any]], plan: list[Events]) -> list[tuple[float, Any]]:
    """
    What a stream of ours gives over the schedule, with the times.
    """
    return run_virtually(dated(build([JaypieStream(at(*events)) for events in plan])))


def other(build: Callable[[list[Any]], Any], plan: list[Events]) -> list[Any]:
    """
    What a stream of aiostream gives.
    """

    async def main() -> list[Any]:
        return [*await theirs.list(build([at(*events) for events in plan]))]

    return run_virtually(main())


class TestSchedules:
    """
    The same events, told by a model.
    """

    @given(schedules())
    def test_merge(self, plan: list[Events]) -> None:
        """
        Every item at its time.
        """
        expected = sorted(event for events in plan for event in events)
        assert ours(lambda s: merge(*s), plan) == expected
        assert ours(lambda s: merge(*s, prefetch=3), plan) == expected
        assert other(lambda s: theirs.merge(*s), plan) == [item for _, item in expected]

    @given(schedules(), st.sampled_from(["first", "left"]))
    def test_halt(self, plan: list[Events], halt: Any) -> None:
        """
        No item behind the end of the source that rules.
        """
        ends = [events[-1][0] if events else 0 for events in plan]
        end = min(ends) if halt == "first" else ends[0]
        expected = sorted(event for events in plan for event in events if event[0] <= end)
        assert ours(lambda s: merge(*s, halt=halt), plan) == expected

    @given(schedules())
    def test_zip(self, plan: list[Events]) -> None:
        """
        A tuple when the last of its items is there, and not before it is asked for.
        """
        rows = list(zip(*([item for _, item in events] for events in plan), strict=False))
        found = ours(lambda s: s[0].zip(*s[1:], concurrent=True), plan)
        assert found == [(max(row), row) for row in rows]
        assert other(lambda s: theirs.zip(*s), plan) == rows

    @given(schedules())
    def test_combine_latest(self, plan: list[Events]) -> None:
        """
        A tuple at each item, from when there is one of each.
        """
        newest: list[Any] = [None] * len(plan)
        expected: list[tuple[float, Any]] = []
        for when, number in sorted((when, number) for number, events in enumerate(plan) for when, _ in events):
            newest[number] = when
            if all(plan) and None not in newest:
                expected.append((when, tuple(newest)))
        assert ours(lambda s: s[0].combine_latest(*s[1:]), plan) == expected
        assert other(lambda s: theirs.ziplatest(*s, partial=False), plan) == [row for _, row in expected]

    @given(schedules())
    def test_with_latest_from(self, plan: list[Events]) -> None:
        """
        A tuple at each item of the first, from when there is one of each other.
        """
        main, *rest = plan
        expected = [
            (when, (item, *(max(time for time, _ in events if time < when) for events in rest)))
            for when, item in main
            if all(events and events[0][0] < when for events in rest)
        ]
        assert ours(lambda s: s[0].with_latest_from(*s[1:]), plan) == expected

    @given(schedules())
    def test_race(self, plan: list[Events]) -> None:
        """
        All of the one whose first item, or end, is first.
        """
        winner = min(plan, key=lambda events: events[0][0] if events else 0)
        assert ours(lambda s: s[0].race(*s[1:]), plan) == winner

    @given(schedules(), st.lists(st.integers(0, 3), min_size=12, max_size=12))
    def test_switch_map(self, plan: list[Events], lengths: list[int]) -> None:
        """
        The items of each source up to the time at which the next one is opened.
        """

        def inner(when: int) -> Events:
            return [(when + n + 0.5, (when, n)) for n in range(lengths[when - 1])]

        times = [int(when) for when, _ in plan[0]]
        expected = [
            event
            for when, following in zip(times, [*times[1:], 99], strict=False)
            for event in inner(when)
            if event[0] < following
        ]
        assert ours(lambda s: s[0].switch_map(lambda when: at(*inner(when))), plan[:1]) == expected

    @given(schedules(least=2), st.integers(1, 3))
    def test_flat_map(self, plan: list[Events], concurrency: int) -> None:
        """
        Every item once, each source in its order; where all may be open, at their times.
        """
        found = ours(lambda _: JaypieStream(plan).flat_map(lambda events: at(*events), concurrency=concurrency), [[]])
        assert sorted(item for _, item in found) == sorted(item for events in plan for _, item in events)
        for events in plan:
            assert [item for _, item in found if item in {each for each, _ in events}] == [item for _, item in events]
        if concurrency >= len(plan):
            assert found == sorted(event for events in plan for event in events)


def test_their_switch_is_ours() -> None:
    """
    The `switchmap` of aiostream gives the same over sources that do not overlap in time.
    """
    events: Events = [(1, 1), (4, 4)]

    def make(when: int) -> Any:
        return at((when + 1, f"{when}a"), (when + 2, f"{when}b"), (when + 3.5, f"{when}c"))

    found = run_virtually(JaypieStream(at(*events)).switch_map(make).to_list())
    assert found == other(lambda s: theirs.switchmap(s[0], make), [events]) == ["1a", "1b", "4a", "4b", "4c"]
