"""
`pairwise`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestPairwise:
    """
    Each item with the one before it.
    """

    @pytest.mark.parametrize(
        ("items", "expected"),
        [([1, 2, 3], [(1, 2), (2, 3)]), ([1, 2], [(1, 2)]), ([1], []), ([], [])],
    )
    async def test_pairs(self, items: list[int], expected: list[tuple[int, int]]) -> None:
        """
        One pair fewer than there are items, as `itertools.pairwise` gives them.
        """
        await check_operator(lambda s: s.pairwise(), items, expected, reads_ahead=1)

    async def test_any_value(self) -> None:
        """
        No value is taken for a missing one.
        """
        assert await JaypieStream([None, None, 0]).pairwise().to_list() == [(None, None), (None, 0)]

    async def test_again(self) -> None:
        """
        A second run knows nothing of the first.
        """
        stream = JaypieStream([1, 2]).pairwise()
        assert await stream.to_list() == await stream.to_list() == [(1, 2)]

    async def test_demand(self) -> None:
        """
        It reads one item more than it gives pairs.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).pairwise().take(2).to_list() == [(0, 1), (1, 2)]
        assert probe.reads == 3
