"""
`debounce`. What it gives for any script is a law in test_laws_in_time.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from tests.operators.timed import Script, watch


class TestDebounce:
    """
    The last item of each burst.
    """

    def test_bursts(self) -> None:
        """
        An item comes when nothing has followed it for so long, the last one at the end.
        """
        seen = watch(lambda s: s.debounce(2), Script([0, 1, 5, 1, 1, 9], last=1).probe())
        assert [(3.0, 1), (10.0, 4), (18.0, 5)] == seen.items

    def test_reads_on_while_the_consumer_works(self) -> None:
        """
        While the consumer works the source is read, and each burst judged by when its items came.
        """
        seen = watch(lambda s: s.debounce(2), Script([0, 5, 1, 1, 9]).probe(), (8,))
        assert [(2.0, 0), (10.0, 3), (16.0, 4)] == seen.items

    def test_slow_consumer_loses_no_burst(self) -> None:
        """
        The last of a burst that nobody has taken is not dropped by the next: the source waits.
        """
        probe = Script([0, 3, 3, 3, 3]).probe()
        seen = watch(lambda s: s.debounce(2), probe, (60,))
        assert [0, 1, 2, 3, 4] == seen.values
        assert seen.items[1][0] == 62.0

    def test_endless_burst(self) -> None:
        """
        A burst that never ends gives nothing.
        """
        seen = watch(lambda s: s.debounce(2).take_while(lambda n: n < 0), Script([1] * 50).probe())
        assert seen.values == []
        assert seen.end == 50.0

    def test_bad_seconds(self) -> None:
        """
        A time that is none is refused at the call.
        """
        with pytest.raises(ValueError, match=r"debounce\(seconds=\) must be above 0 seconds, not -1"):
            JaypieStream([1]).debounce(-1)
        wrong: Any = None
        with pytest.raises(TypeError, match=r"debounce\(seconds=\) expects a number of seconds, not None"):
            JaypieStream([1]).debounce(wrong)
