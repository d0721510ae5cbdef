"""
`sample`. What it gives for any script is a law in test_laws_in_time.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from tests.operators.timed import Script, watch


class TestSample:
    """
    The newest item at each tick.
    """

    def test_ticks(self) -> None:
        """
        Each tick gives the newest item; where none is new it gives nothing, and the end gives the last.
        """
        seen = watch(lambda s: s.sample(2), Script([1, 0.5, 1, 5, 1, 1], last=0.1).probe())
        assert [(2.0, 1), (4.0, 2), (8.0, 3), (9.6, 5)] == seen.items

    def test_slow_consumer(self) -> None:
        """
        A consumer that was away at the tick gets the newest item when it asks, and then it is the clock again.
        """
        seen = watch(lambda s: s.sample(2), Script([0.5] * 20).probe(), (3.3,))
        assert (2.0, 2) == seen.items[0]
        assert (5.3, 9) == seen.items[1]
        assert [6.0, 8.0] == [time for time, _ in seen.items[2:4]]

    def test_no_drift(self) -> None:
        """
        After many ticks the times are those of the clock.
        """
        seen = watch(lambda s: s.sample(0.1), Script([0.03] * 3000).probe())
        ticks = [time * 10 for time, _ in seen.items[:-1]]
        assert all(abs(tick - round(tick)) < 1e-4 for tick in ticks)
        assert [round(tick) for tick in ticks] == list(range(1, 901))

    def test_bad_seconds(self) -> None:
        """
        A time that is none is refused at the call.
        """
        with pytest.raises(ValueError, match=r"sample\(every=\) must be above 0 seconds, not 0"):
            JaypieStream([1]).sample(0)
        wrong: Any = "1"
        with pytest.raises(TypeError, match=r"sample\(every=\) expects a number of seconds, not '1'"):
            JaypieStream([1]).sample(wrong)
