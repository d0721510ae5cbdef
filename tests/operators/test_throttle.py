"""
`throttle`. That no window has more items is a law in test_laws_in_time.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually
from tests.operators.timed import Script, watch


def times(stream: JaypieStream[Any]) -> list[float]:
    """
    When each item comes.
    """
    return [time for time, _ in watch(lambda s: s, stream).items]


class TestThrottle:
    """
    At most so many items in a time.
    """

    def test_as_early_as_the_limit_allows(self) -> None:
        """
        Without burst= they go at once, and then when the first of them is old enough.
        """
        assert [0.0, 0.0, 0.0, 10.0, 10.0, 10.0, 20.0] == times(JaypieStream(range(7)).throttle(3, per=10))
        assert [0.0, 1.0, 2.0] == times(JaypieStream(range(3)).throttle(1))

    def test_each_item_counts_by_itself(self) -> None:
        """
        The time is that of each item, and not of a window from some fixed beginning.
        """
        seen = watch(lambda s: s.throttle(2, per=10), Script([4, 4, 0, 0]).probe())
        assert [4.0, 8.0, 14.0, 18.0] == [time for time, _ in seen.items]

    def test_burst(self) -> None:
        """
        With burst= they come evenly, and some at once after a pause.
        """
        assert [0.0, 2.5, 5.0, 7.5] == times(JaypieStream(range(4)).throttle(4, per=10, burst=1))
        assert [0.0, 0.0, 2.5, 5.0] == times(JaypieStream(range(4)).throttle(4, per=10, burst=2))
        seen = watch(lambda s: s.throttle(4, per=10, burst=2), Script([0, 0, 0, 60, 0, 0]).probe())
        assert [0.0, 0.0, 2.5, 62.5, 62.5, 65.0] == [time for time, _ in seen.items]

    def test_reads_one_item(self) -> None:
        """
        The source is asked for the next item when the one before has gone.
        """
        probe = Probe(range(9))

        async def main() -> list[int]:
            reads: list[int] = []
            async with JaypieStream(probe).throttle(1, per=10).open() as items:
                for _ in range(3):
                    await anext(items)
                    await asyncio.sleep(60)
                    reads.append(probe.reads)
            return reads

        assert [1, 2, 3] == run_virtually(main())

    def test_runs_apart(self) -> None:
        """
        Each run has a pace of its own.
        """
        stream = JaypieStream(range(2)).throttle(1, per=10)

        async def main() -> float:
            await asyncio.gather(stream.drain(), stream.drain())
            return asyncio.get_running_loop().time()

        assert run_virtually(main()) == 10.0

    def test_fused(self) -> None:
        """
        It needs no task and no generator of its own.
        """
        stream = JaypieStream(range(3)).map(str).throttle(2).map(int)
        assert stream.explain().count("async def") == 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n": 0}, r"throttle\(n=\) must be at least 1, not 0"),
            ({"n": 1, "per": 0}, r"throttle\(per=\) must be above 0 seconds, not 0"),
            ({"n": 1, "burst": 0}, r"throttle\(burst=\) must be at least 1, not 0"),
        ],
    )
    def test_bad_values(self, arguments: dict[str, Any], message: str) -> None:
        """
        A value that means nothing is refused at the call.
        """
        with pytest.raises(ValueError, match=message):
            JaypieStream([1]).throttle(**arguments)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n": 1.5}, r"throttle\(n=\) expects a whole number, not 1.5"),
            ({"n": 1, "per": "1"}, r"throttle\(per=\) expects a number of seconds, not '1'"),
            ({"n": 1, "burst": 1.5}, r"throttle\(burst=\) expects a whole number, not 1.5"),
        ],
    )
    def test_bad_types(self, arguments: dict[str, Any], message: str) -> None:
        """
        So is a type that is wrong.
        """
        with pytest.raises(TypeError, match=message):
            JaypieStream([1]).throttle(**arguments)
