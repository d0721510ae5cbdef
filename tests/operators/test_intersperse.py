"""
`intersperse`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestIntersperse:
    """
    Something between the items.
    """

    @pytest.mark.parametrize(
        ("items", "expected"), [([1, 2, 3], [1, 0, 2, 0, 3]), ([1, 2], [1, 0, 2]), ([1], [1]), ([], [])]
    )
    async def test_between(self, items: list[int], expected: list[int]) -> None:
        """
        Between each two items, not before the first, nor behind the last, nor before an error.
        """
        await check_operator(lambda s: s.intersperse(0), items, expected, reads_ahead=0)

    async def test_any_separator(self) -> None:
        """
        None and tuples are given as they are.
        """
        assert await JaypieStream(["a", "b"]).intersperse(None).to_list() == ["a", None, "b"]
        assert await JaypieStream([1, 2]).intersperse((3, 4)).to_list() == [1, (3, 4), 2]

    async def test_demand(self) -> None:
        """
        An end between separator and item reads nothing more.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).intersperse(-1).take(2).on_end([9]).to_list() == [0, -1, 9]
        assert probe.reads == 2

    async def test_separators_are_items(self) -> None:
        """
        The stages below see separators like items, and may leave them out.
        """
        assert await JaypieStream([1, 2, 3]).intersperse(0).filter(bool).to_list() == [1, 2, 3]
        assert await JaypieStream([1, 2, 3]).intersperse(0).chunk(2).to_list() == [(1, 0), (2, 0), (3,)]

    def test_media_type(self) -> None:
        """
        The items stay in their format.
        """
        assert JaypieStream([{"n": 1}]).format_ndjson().intersperse(b"\n").media_type == "application/x-ndjson"
