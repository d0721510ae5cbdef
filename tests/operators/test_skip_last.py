"""
`skip_last`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestSkipLast:
    """
    All but the last items.
    """

    @pytest.mark.parametrize(
        ("size", "items", "expected"),
        [(2, [1, 2, 3], [1]), (5, [1, 2], []), (0, [1, 2], [1, 2]), (1, [], [])],
    )
    async def test_leaves_out_the_last(self, size: int, items: list[int], expected: list[int]) -> None:
        """
        So many at the end are left out; those held are left out before an error too.
        """
        await check_operator(lambda s: s.skip_last(size), items, expected, reads_ahead=size)

    async def test_demand(self) -> None:
        """
        It reads as many items ahead as it leaves out, and none more.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).skip_last(3).take(2).to_list() == [0, 1]
        assert probe.reads == 5

    def test_media_type(self) -> None:
        """
        The items stay in their format.
        """
        assert JaypieStream([{"n": 1}]).format_ndjson().skip_last(1).media_type == "application/x-ndjson"

    def test_bad_argument(self) -> None:
        """
        A negative number is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"skip_last\(size=\) must be at least 0, not -1"):
            JaypieStream([1]).skip_last(-1)
