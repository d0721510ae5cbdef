"""
`distinct_until_changed`.
"""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import ANY

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


async def length_later(word: str) -> int:
    await asyncio.sleep(0)
    return len(word)


class TestDistinctUntilChanged:
    """
    One of each run of equal items.
    """

    async def test_first_of_each_run(self) -> None:
        """
        Items equal to the one before are left out; they may come again later.
        """
        await check_operator(lambda s: s.distinct_until_changed(), [1, 1, 2, 2, 1], [1, 2, 1])
        await check_operator(lambda s: s.distinct_until_changed(), list[int](), list[int]())

    async def test_key(self) -> None:
        """
        A key, sync or async, says what is compared; the first item of a run is the one given.
        """
        words = ["a", "b", "cc", "dd", "e"]
        await check_operator(lambda s: s.distinct_until_changed(len), words, ["a", "cc", "e"])
        await check_operator(lambda s: s.distinct_until_changed(length_later), words, ["a", "cc", "e"])

    async def test_any_first_item(self) -> None:
        """
        The first item is given whatever it is, None and what equals everything too; items need not be hashable.
        """
        assert await JaypieStream([None, None, 0]).distinct_until_changed().to_list() == [None, 0]
        assert len(await JaypieStream([ANY, 1]).distinct_until_changed().to_list()) == 1
        assert await JaypieStream([[1], [1], [2]]).distinct_until_changed().to_list() == [[1], [2]]

    def test_media_type(self) -> None:
        """
        The items stay in their format.
        """
        stream = JaypieStream([{"n": 1}]).format_ndjson().distinct_until_changed()
        assert stream.media_type == "application/x-ndjson"

    def test_bad_argument(self) -> None:
        """
        A key that cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 1
        with pytest.raises(TypeError, match=r"distinct_until_changed\(\) expects a callable, sync or async, not 1"):
            JaypieStream([1]).distinct_until_changed(wrong)
