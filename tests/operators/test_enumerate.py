"""
`enumerate`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestEnumerate:
    """
    Items with their numbers.
    """

    async def test_numbers_items(self) -> None:
        """
        Numbers start at 0, or where they are told to.
        """
        await check_operator(lambda s: s.enumerate(), ["a", "b"], [(0, "a"), (1, "b")], reads_ahead=0)
        await check_operator(lambda s: s.enumerate(-1), ["a", "b"], [(-1, "a"), (0, "b")], reads_ahead=0)
        await check_operator(lambda s: s.enumerate(), list[str](), list[tuple[int, str]]())

    async def test_each_run_starts_anew(self) -> None:
        """
        A second run numbers from the start.
        """
        stream = JaypieStream(["a"]).enumerate(5)
        assert await stream.first() == await stream.first() == (5, "a")

    def test_bad_argument(self) -> None:
        """
        What is no whole number is refused where the pipeline is written.
        """
        wrong: Any = "1"
        with pytest.raises(TypeError, match=r"enumerate\(start=\) expects a whole number, not '1'"):
            JaypieStream([1]).enumerate(wrong)
