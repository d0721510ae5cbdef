"""
`distinct`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import LimitExceededError
from jaystream.testing import check_operator


async def length_later(word: str) -> int:
    await asyncio.sleep(0)
    return len(word)


class TestDistinct:
    """
    Each item once.
    """

    async def test_each_once(self) -> None:
        """
        The first of equal items is given, in order.
        """
        await check_operator(lambda s: s.distinct(), [1, 2, 1, 3, 2], [1, 2, 3])
        await check_operator(lambda s: s.distinct(), list[int](), list[int]())

    async def test_key(self) -> None:
        """
        A key, sync or async, says what is compared.
        """
        words = ["a", "bb", "c", "dd", "eee"]
        await check_operator(lambda s: s.distinct(len), words, ["a", "bb", "eee"])
        await check_operator(lambda s: s.distinct(length_later), words, ["a", "bb", "eee"])
        assert await JaypieStream([1, 2]).distinct(lambda _: None).to_list() == [1]

    async def test_again(self) -> None:
        """
        A second run remembers nothing of the first.
        """
        stream = JaypieStream([1, 1]).distinct()
        assert await stream.to_list() == await stream.to_list() == [1]

    async def test_max_keys(self) -> None:
        """
        One key too many is an error after the items before it; items that are known do not count.
        """
        got: list[int] = []
        expected = "set of more than 2 distinct keys; max_keys= allows no more"
        with pytest.raises(LimitExceededError, match=expected) as caught:
            await JaypieStream([1, 2, 1, 2, 3]).distinct(max_keys=2).for_each(got.append)
        assert got == [1, 2]
        assert caught.value.limit == 2
        assert await JaypieStream([1, 2, 1, 2]).distinct(max_keys=2).to_list() == [1, 2]

    async def test_bound(self) -> None:
        """
        There is a bound unless None is said.
        """
        with pytest.raises(LimitExceededError, match="more than 65536 distinct keys"):
            await JaypieStream(range(70_000)).distinct().drain()
        assert await JaypieStream(range(70_000)).distinct(max_keys=None).count() == 70_000

    async def test_not_hashable(self) -> None:
        """
        A key must be hashable.
        """
        with pytest.raises(TypeError, match=r"unhashable type: 'list'"):
            await JaypieStream([[1]]).distinct().to_list()

    def test_media_type(self) -> None:
        """
        The items stay in their format.
        """
        assert JaypieStream([{"n": 1}]).format_ndjson().distinct().media_type == "application/x-ndjson"

    def test_bad_argument(self) -> None:
        """
        A key that cannot be called and a bound below 1 are refused where the pipeline is written.
        """
        wrong: Any = "id"
        with pytest.raises(TypeError, match=r"distinct\(\) expects a callable, sync or async, not 'id'"):
            JaypieStream([1]).distinct(wrong)
        with pytest.raises(ValueError, match=r"distinct\(max_keys=\) must be at least 1, not 0"):
            JaypieStream([1]).distinct(max_keys=0)
