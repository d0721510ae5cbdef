"""
`take_last`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestTakeLast:
    """
    The last items.
    """

    @pytest.mark.parametrize(
        ("size", "items", "expected"),
        [(2, [1, 2, 3], [2, 3]), (5, [1, 2], [1, 2]), (0, [1, 2], []), (2, [], [])],
    )
    async def test_gives_the_last(self, size: int, items: list[int], expected: list[int]) -> None:
        """
        As many as asked for, or as there are; none before an error, since none was the last.
        """
        await check_operator(lambda s: s.take_last(size), items, expected, before_error=[])

    async def test_reads_to_the_end(self) -> None:
        """
        Everything is read before the first item is given, and nothing is asked for behind the end.
        """
        probe = Probe(range(5))
        async with JaypieStream(probe).take_last(2).open() as items:
            assert await anext(items) == 3
            assert probe.reads == 5
        probe.assert_released()

    async def test_stages_below(self) -> None:
        """
        What stands below sees these items alone, and may end among them.
        """
        seen: list[int] = []
        stream = JaypieStream(range(9)).take_last(3).tap(seen.append).map(lambda n: n * 10).take(2)
        assert await stream.on_end([-1]).to_list() == [60, 70, -1]
        assert seen == [6, 7]

    async def test_after_an_early_stop_above(self) -> None:
        """
        A stream that a stage above ends has last items too.
        """
        assert await JaypieStream(range(9)).take(4).take_last(2).to_list() == [2, 3]
        assert await JaypieStream(range(9)).take_last(4).take_last(2).to_list() == [7, 8]

    async def test_error_below(self) -> None:
        """
        An error from below ends it: the items behind are not given.
        """
        seen: list[int] = []
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([1, 0, 2]).take_last(3).tap(seen.append).map(lambda n: 1 // n).to_list()
        assert seen == [1, 0]

    def test_media_type(self) -> None:
        """
        The items stay in their format.
        """
        assert JaypieStream([{"n": 1}]).format_ndjson().take_last(1).media_type == "application/x-ndjson"

    def test_bad_argument(self) -> None:
        """
        A negative number, and what is none, is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"take_last\(size=\) must be at least 0, not -1"):
            JaypieStream([1]).take_last(-1)
        wrong: Any = 1.5
        with pytest.raises(TypeError, match=r"take_last\(size=\) expects a whole number, not 1\.5"):
            JaypieStream([1]).take_last(wrong)
