"""
The laws of operators that go by the clock, over random scripts in virtual time; and each law notices what is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import laws, run_virtually

Stream = JaypieStream[Any]

# Whole numbers, so that a limit with a fraction never falls on the same instant as an item.
gaps = st.integers(0, 4).map(float)
scripts = st.lists(gaps, max_size=8)
limits = st.sampled_from((0.37, 1.37, 2.61, 50.43))
busy = st.lists(gaps, max_size=6)
few = settings(max_examples=30)


class TestTimed:
    """
    Each operator keeps its law.
    """

    @given(scripts, st.integers(1, 4), limits)
    @few
    def test_group_within(self, script: list[float], size: int, seconds: float) -> None:
        """
        L23.
        """
        run_virtually(
            laws.groups_within_size_and_age(lambda n, t: lambda s: s.group_within(n, seconds=t), script, size, seconds)
        )

    @given(scripts, limits, gaps)
    @few
    def test_debounce(self, script: list[float], seconds: float, last: float) -> None:
        """
        L24.
        """
        run_virtually(laws.debounces_bursts(lambda t: lambda s: s.debounce(t), script, seconds, last=last))

    @given(scripts, st.integers(1, 4), limits, busy)
    @few
    def test_throttle(self, script: list[float], n: int, per: float, busy_with: list[float]) -> None:
        """
        L25.
        """
        run_virtually(
            laws.throttles_without_loss(lambda k, t: lambda s: s.throttle(k, per=t), script, n, per, busy=busy_with)
        )

    @given(scripts, limits, gaps, busy)
    @few
    def test_keepalive(self, script: list[float], every: float, last: float, busy_with: list[float]) -> None:
        """
        L26.
        """
        run_virtually(
            laws.keeps_alive(lambda t, x: lambda s: s.keepalive(t, item=x), script, every, last=last, busy=busy_with)
        )

    @given(scripts, limits, gaps)
    @few
    def test_timeout(self, script: list[float], seconds: float, last: float) -> None:
        """
        L27.
        """
        run_virtually(laws.times_out_exactly(lambda limits: lambda s: s.timeout(**limits), script, seconds, last=last))

    @given(scripts, limits)
    @few
    def test_delay(self, script: list[float], seconds: float) -> None:
        """
        `delay` keeps the gaps.
        """
        run_virtually(laws.delays_everything_alike(lambda t: lambda s: s.delay(t), script, seconds))


class TestFaults:
    """
    The laws notice what is wrong.
    """

    def test_groups(self) -> None:
        """
        A group that goes on too long, one that is too large, one that waits though it is full.
        """
        with pytest.raises(AssertionError, match="came after 2 s, not within 1"):
            run_virtually(
                laws.groups_within_size_and_age(lambda n, t: lambda s: s.group_within(n, seconds=2 * t), [0, 3], 4, 1)
            )
        with pytest.raises(AssertionError, match="groups of 1 to 2"):
            run_virtually(
                laws.groups_within_size_and_age(
                    lambda n, t: lambda s: s.group_within(n + 1, seconds=t), [0, 0, 0], 2, 1
                )
            )
        with pytest.raises(AssertionError, match=r"the full group \(0,\) had to wait"):
            run_virtually(
                laws.groups_within_size_and_age(
                    lambda n, t: lambda s: s.group_within(n, seconds=t).delay(0.5), [0], 1, 1
                )
            )

    def test_debounce(self) -> None:
        """
        Every item, and the right one at the wrong time.
        """
        with pytest.raises(AssertionError, match="the last of each burst"):
            run_virtually(laws.debounces_bursts(lambda _: lambda s: s, [0, 0], 1.5))
        with pytest.raises(AssertionError, match=r"item 0 was due at 1\.5 s, and came at 2"):
            run_virtually(laws.debounces_bursts(lambda _: lambda s: s.debounce(2), [0, 4], 1.5, last=4))

    def test_throttle(self) -> None:
        """
        Too fast, and with loss.
        """
        with pytest.raises(AssertionError, match="2 items from item 0 on within 0 of 1 s"):
            run_virtually(laws.throttles_without_loss(lambda _n, _t: lambda s: s, [0, 0], 1, 1))
        with pytest.raises(AssertionError, match="items of a throttled stream"):
            run_virtually(laws.throttles_without_loss(lambda _, t: lambda s: s.sample(t), [0, 0], 1, 1))

    def test_keepalive(self) -> None:
        """
        Too long a wait, and items that come late.
        """
        with pytest.raises(AssertionError, match="a wait of 4 s, where a sign of life comes every 1 s"):
            run_virtually(laws.keeps_alive(lambda _t, _x: lambda s: s, [4], 1))
        with pytest.raises(AssertionError, match=r"item 0 was due at 4 s, and came at 4\.5"):
            run_virtually(laws.keeps_alive(lambda t, x: lambda s: s.delay(0.5).keepalive(t, item=x), [4], 1))

    def test_timeout(self) -> None:
        """
        No limit, a limit that is too short, and one that says it was another.
        """
        with pytest.raises(AssertionError, match="the limit 'first' of 1 s did not fire"):
            run_virtually(laws.times_out_exactly(lambda _: lambda s: s, [4], 1))
        with pytest.raises(AssertionError, match="fired for no reason"):
            run_virtually(laws.times_out_exactly(lambda _: lambda s: s.timeout(total=2), [4], 5.5))
        with pytest.raises(AssertionError, match="the limit that fired: expected 'first', got 'total'"):
            run_virtually(laws.times_out_exactly(lambda _: lambda s: s.timeout(total=1), [4], 1))
        with pytest.raises(AssertionError, match="was due at 1 s, and fired at 2"):
            run_virtually(laws.times_out_exactly(lambda _: lambda s: s.timeout(first=2), [4], 1))

    def test_delay(self) -> None:
        """
        No delay at all.
        """
        with pytest.raises(AssertionError, match="was due at 1 s, and came at 0"):
            run_virtually(laws.delays_everything_alike(lambda _: lambda s: s, [0], 1))
