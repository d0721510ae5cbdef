"""
`window`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestWindow:
    """
    Overlapping tuples of a size.
    """

    @pytest.mark.parametrize(
        ("size", "step", "items", "expected"),
        [
            (3, 1, [1, 2, 3, 4], [(1, 2, 3), (2, 3, 4)]),
            (2, 2, [1, 2, 3, 4, 5], [(1, 2), (3, 4)]),
            (2, 3, [1, 2, 3, 4, 5, 6, 7], [(1, 2), (4, 5)]),
            (3, 2, [1, 2, 3, 4, 5, 6], [(1, 2, 3), (3, 4, 5)]),
            (1, 1, [1, 2], [(1,), (2,)]),
            (3, 1, [1, 2], []),
            (2, 1, [], []),
        ],
    )
    async def test_groups_neighbours(
        self, size: int, step: int, items: list[int], expected: list[tuple[int, ...]]
    ) -> None:
        """
        Each tuple is whole and begins a step behind the one before it; a shorter rest is left out.
        """
        await check_operator(lambda s: s.window(size, step=step), items, expected)

    @given(st.integers(0, 12), st.integers(1, 5), st.integers(1, 5))
    async def test_as_slices(self, count: int, size: int, step: int) -> None:
        """
        It gives the slices of a list that are whole.
        """
        items = list(range(count))
        slices = [tuple(items[at : at + size]) for at in range(0, count, step)]
        assert await JaypieStream(items).window(size, step=step).to_list() == [s for s in slices if len(s) == size]

    async def test_demand(self) -> None:
        """
        A tuple is given as soon as its last item has been read.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).window(3, step=4).take(2).to_list() == [(0, 1, 2), (4, 5, 6)]
        assert probe.reads == 7

    def test_bad_argument(self) -> None:
        """
        A size or step below 1 is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"window\(size=\) must be at least 1, not 0"):
            JaypieStream([1]).window(0)
        with pytest.raises(ValueError, match=r"window\(step=\) must be at least 1, not -1"):
            JaypieStream([1]).window(2, step=-1)
        wrong: Any = "2"
        with pytest.raises(TypeError, match=r"window\(size=\) expects a whole number, not '2'"):
            JaypieStream([1]).window(wrong)
