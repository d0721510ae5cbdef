"""
L23 to L27: what the operators that go by the clock give, and when, for any script and any consumer, in virtual time.
"""

from __future__ import annotations

from itertools import pairwise
from math import floor, inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jaystream import StreamTimeoutError
from jaystream.testing.strategies.by_time import grouped
from tests.operators.timed import PlannedError, Script, Seen, busy, gaps, limits, scripts, watch

sizes = st.integers(1, 4)


def ended_well(seen: Seen, script: Script) -> None:
    """
    State that it ended as its source did.
    """
    assert isinstance(seen.error, PlannedError) if script.fails else seen.error is None


def groups_of(script: Script, size: int, seconds: float) -> list[tuple[float, tuple[int, ...]]]:
    """
    The model of `group_within` for a consumer that asks at once: when each group is given.
    """
    *arrivals, end = script.arrivals
    given: list[tuple[float, tuple[int, ...]]] = []
    group: list[int] = []
    since = 0.0
    for item, at in enumerate(arrivals):
        if group and at > since + seconds:
            given.append((round(since + seconds, 6), tuple(group)))
            group = []
        if not group:
            since = at
        group.append(item)
        if len(group) == size:
            given.append((at, tuple(group)))
            group = []
    if group:
        given.append((round(min(end, since + seconds), 6), tuple(group)))
    return given


class TestGroupWithin:
    """
    L23.
    """

    @given(scripts, sizes, limits)
    def test_times(self, script: Script, size: int, seconds: float) -> None:
        """
        A group comes when it is full, or *seconds* after its first item, or at the end: never later, never empty.
        """
        seen = watch(lambda s: s.group_within(size, seconds=seconds), script.probe())
        assert groups_of(script, size, seconds) == seen.items
        ended_well(seen, script)

    @given(scripts, sizes, limits, busy)
    def test_slow_consumer(self, script: Script, size: int, seconds: float, busy_with: list[float]) -> None:
        """
        Whatever the consumer takes: no loss, none empty, none too large, and no wait beyond what the age allows.
        """
        seen = watch(lambda s: s.group_within(size, seconds=seconds), script.probe(), busy_with)
        assert script.items == [item for group in seen.values for item in group]
        assert all(1 <= len(group) <= size for group in seen.values)
        ended_well(seen, script)

    @given(scripts, sizes, busy)
    def test_without_timer(self, script: Script, size: int, busy_with: list[float]) -> None:
        """
        Where no timer fires it is `chunk`; and one group, where there is room for all.
        """
        probe = script.probe()
        assert watch(lambda s: s.chunk(size), script.probe()).values == (
            watch(lambda s: s.group_within(size, seconds=1e9), probe, busy_with).values
        )
        everything = watch(lambda s: s.group_within(len(script.items) + 1, seconds=1e9), script.probe())
        assert ([tuple(script.items)] if script.items else []) == everything.values

    @given(scripts, sizes, st.lists(st.integers(0, 6), min_size=8, max_size=8), limits, busy)
    def test_weights(
        self, script: Script, size: int, weights: list[int], seconds: float, busy_with: list[float]
    ) -> None:
        """
        With weights the sum has the limit, but for an item that is heavier by itself.
        """

        def weight(item: int) -> int:
            return weights[item]

        seen = watch(lambda s: s.group_within(size, seconds=seconds, weight=weight), script.probe(), busy_with)
        assert script.items == [item for group in seen.values for item in group]
        assert all(group and (len(group) == 1 or sum(map(weight, group)) <= size) for group in seen.values)
        ended_well(seen, script)
        whole = watch(lambda s: s.group_within(size, seconds=1e9, weight=weight), script.probe(), busy_with)
        assert grouped(script.items, size, weights[: len(script.items)]) == whole.values


class TestDebounce:
    """
    L24.
    """

    @staticmethod
    def model(script: Script, seconds: float) -> list[tuple[float, int]]:
        """
        The last item of each burst, with its time.
        """
        times = script.arrivals
        last = len(times) - 2
        return [
            (round(min(at + seconds, inf if item < last else times[-1]), 6), item)
            for item, (at, after) in enumerate(pairwise(times))
            if item == last or after - at > seconds
        ]

    @given(scripts, limits)
    def test_times(self, script: Script, seconds: float) -> None:
        """
        The last item of each burst comes after the silence, the very last at the end at the latest.
        """
        seen = watch(lambda s: s.debounce(seconds), script.probe())
        assert self.model(script, seconds) == seen.items
        ended_well(seen, script)

    @given(scripts, limits, busy)
    def test_slow_consumer(self, script: Script, seconds: float, busy_with: list[float]) -> None:
        """
        However slow the consumer is, it gets the same items.
        """
        seen = watch(lambda s: s.debounce(seconds), script.probe(), busy_with)
        assert [item for _, item in self.model(script, seconds)] == seen.values
        ended_well(seen, script)


class TestSample:
    """
    The newest item at each tick.
    """

    @given(scripts, limits)
    def test_times(self, script: Script, every: float) -> None:
        """
        Each tick gives the newest item of the time since the tick before, and the end gives the rest.
        """
        *arrivals, end = script.arrivals
        newest = {floor(at / every): item for item, at in enumerate(arrivals)}
        expected = [(round(min((tick + 1) * every, end), 6), item) for tick, item in newest.items()]
        seen = watch(lambda s: s.sample(every), script.probe())
        assert expected == seen.items
        ended_well(seen, script)

    @given(scripts, limits, busy)
    def test_slow_consumer(self, script: Script, every: float, busy_with: list[float]) -> None:
        """
        A slow consumer gets fewer items, in order, the last always; and what it asks late it gets at once.
        """
        seen = watch(lambda s: s.sample(every), script.probe(), busy_with)
        assert sorted(set(seen.values)) == seen.values
        assert script.items[-1:] == seen.values[-1:]
        ended_well(seen, script)


class TestThrottle:
    """
    L25.
    """

    @given(scripts, sizes, limits, busy)
    def test_any_window(self, script: Script, n: int, per: float, busy_with: list[float]) -> None:
        """
        Any *per* seconds have at most n items; none is lost, and none waits longer than that.
        """
        seen = watch(lambda s: s.throttle(n, per=per), script.probe(), busy_with)
        assert script.items == seen.values
        times: list[float] = []
        asked = 0.0
        for number, gap in enumerate(script.gaps):
            times.append(max(asked + gap, times[number - n] + per if number >= n else -inf))
            asked = times[-1] + (busy_with[number] if number < len(busy_with) else 0)
        assert [round(time, 6) for time in times] == [time for time, _ in seen.items]
        ended_well(seen, script)

    @given(scripts, sizes, limits, sizes, busy)
    def test_any_window_with_burst(
        self, script: Script, n: int, per: float, burst: int, busy_with: list[float]
    ) -> None:
        """
        With *burst* the bound is n + burst, with a burst of 1 it is n; and over longer times it is the same rate.
        """
        seen = watch(lambda s: s.throttle(n, per=per, burst=burst), script.probe(), busy_with)
        assert script.items == seen.values
        times = [time for time, _ in seen.items]
        for first, begin in enumerate(times):
            for more, time in enumerate(times[first:]):
                assert more < burst + n * (time - begin) / per + 1e-3
        ended_well(seen, script)

    @given(scripts, sizes, limits)
    def test_at_once_after_a_pause(self, script: Script, n: int, per: float) -> None:
        """
        A bucket that is full gives as many items as it holds without any wait.
        """
        quiet = Script([0.0] * n, last=script.last)
        assert [0.0] * n == [time for time, _ in watch(lambda s: s.throttle(1, per=per, burst=n), quiet.probe()).items]


class TestKeepalive:
    """
    L26.
    """

    @given(scripts, limits, busy)
    def test_gaps(self, script: Script, every: float, busy_with: list[float]) -> None:
        """
        The consumer never waits longer than *every*; without the signs of life it is the source; the end comes last.
        """
        seen = watch(lambda s: s.keepalive(every, item="-"), script.probe(), busy_with)
        assert script.items == [item for item in seen.values if item != "-"]
        assert all(wait <= every + 1e-6 for wait in seen.waits)
        # at the moment of each sign of life the consumer had waited for all of *every*
        signs = [wait for wait, item in zip(seen.waits, seen.values, strict=False) if item == "-"]
        assert all(wait >= every - 1e-6 for wait in signs)
        ended_well(seen, script)

    @given(scripts, limits)
    def test_nothing_changes(self, script: Script, every: float) -> None:
        """
        Items come when they would, and the end too.
        """
        *arrivals, end = script.arrivals
        seen = watch(lambda s: s.keepalive(every, item="-"), script.probe())
        assert arrivals == [time for time, item in seen.items if item != "-"]
        assert end == seen.end


class TestTimeout:
    """
    L27.
    """

    @given(scripts, st.tuples(*[st.none() | limits] * 3).filter(any), busy)
    def test_phases(
        self, script: Script, given_limits: tuple[float | None, float | None, float | None], busy_with: list[float]
    ) -> None:
        """
        It fires exactly when a limit passes and says which, and never where all gaps are shorter; what the consumer
        takes counts in the total alone.
        """
        first, idle, total = given_limits
        until = inf if total is None else total
        phase, limit = ("idle", idle) if first is None else ("first", first)
        asked, expected, fired = 0.0, list[tuple[float, Any]](), ""
        for number, gap in enumerate((*script.gaps, script.last)):
            due = min(until, inf if limit is None else asked + limit)
            at = asked + gap
            if asked >= until or at > due:
                fired, at = ("total" if asked >= until or due == until else phase), max(asked, due)
                expected.append((at, fired))
                break
            if number < len(script.gaps):
                expected.append((at, number))
                asked = at + (busy_with[number] if number < len(busy_with) else 0)
                phase, limit = "idle", idle
        seen = watch(lambda s: s.timeout(first=first, idle=idle, total=total), script.probe(), busy_with)
        got = list(seen.items)
        if isinstance(seen.error, StreamTimeoutError):
            got.append((seen.end, seen.error.phase))
        else:
            ended_well(seen, script)
        assert [(round(at, 6), item) for at, item in expected] == got
        assert bool(fired) == isinstance(seen.error, StreamTimeoutError)


class TestDelay:
    """
    `delay`.
    """

    @given(scripts, gaps, busy)
    def test_shifts(self, script: Script, seconds: float, busy_with: list[float]) -> None:
        """
        Everything comes as much later, and the gaps stay.
        """
        plain = watch(lambda s: s, script.probe(), busy_with)
        seen = watch(lambda s: s.delay(seconds), script.probe(), busy_with)
        assert [(time + seconds, item) for time, item in plain.items] == seen.items
        assert plain.end + seconds == seen.end
        ended_well(seen, script)
