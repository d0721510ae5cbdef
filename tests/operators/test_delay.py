"""
`delay`. That everything comes as much later is a law in test_laws_in_time.py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually
from tests.operators.timed import Script, watch

if TYPE_CHECKING:
    from jaystream.testing import VirtualClock


class TestDelay:
    """
    A later beginning.
    """

    def test_gaps_stay(self) -> None:
        """
        Each item comes that much later, and nothing is held.
        """
        seen = watch(lambda s: s.delay(10), Script([1, 0, 3], last=2).probe())
        assert [(11.0, 0), (11.0, 1), (14.0, 2)] == seen.items
        assert seen.end == 16.0

    def test_opens_late(self) -> None:
        """
        The source is opened after the time, and not at all if the run is stopped before.
        """
        probe = Probe([1, 2])

        async def main() -> None:
            async with asyncio.timeout(5):
                await JaypieStream(probe).delay(10).to_list()

        with pytest.raises(TimeoutError):
            run_virtually(main())
        assert probe.kinds == []

    async def test_before_anything_above(self, virtual_clock: VirtualClock) -> None:
        """
        What stages above give before their first item comes later as well.
        """
        seen: list[tuple[float, int]] = []
        await JaypieStream([1]).scan(max, 0).delay(3).for_each(lambda n: seen.append((virtual_clock.now, n)))
        assert [(3.0, 0), (3.0, 1)] == seen

    async def test_nothing_wanted(self, virtual_clock: VirtualClock) -> None:
        """
        Where nothing is wanted nothing is waited for.
        """
        assert await JaypieStream([1]).delay(3).take(0).to_list() == []
        assert virtual_clock.now == 0

    @pytest.mark.usefixtures("virtual_clock")
    async def test_delays_add_up(self) -> None:
        """
        Several of them add up.
        """
        seen = JaypieStream([1]).delay(1).concat(JaypieStream([2]).delay(5)).delay(2)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert [(3.0, 1), (8.0, 2)] == await seen.timestamp(lambda: loop.time() - start).to_list()

    def test_bad_seconds(self) -> None:
        """
        A time that is none is refused at the call; no time is one.
        """
        with pytest.raises(ValueError, match=r"delay\(seconds=\) must be at least 0 seconds, not -1"):
            JaypieStream([1]).delay(-1)
        wrong: Any = "1"
        with pytest.raises(TypeError, match=r"delay\(seconds=\) expects a number of seconds, not '1'"):
            JaypieStream([1]).delay(wrong)
        assert [(0.0, 1)] == watch(lambda s: s.delay(0), [1]).items
