"""
`filter_map`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


async def halve(n: int) -> int | None:
    return None if n % 2 else n // 2


class TestFilterMap:
    """
    Replace, and drop what becomes None.
    """

    async def test_drops_none_alone(self) -> None:
        """
        None is dropped, other false values pass.
        """
        await check_operator(
            lambda s: s.filter_map(lambda n: None if n == 2 else n - 1), [1, 2, 3], [0, 2], reads_ahead=1
        )

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.filter_map(halve), [1, 2, 3, 4], [1, 2], reads_ahead=2)

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out.
        """
        await check_operator(lambda s: s.filter_map(halve), list[int](), list[int]())

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([2, 0, 1]).filter_map(lambda n: 4 // n).for_each(got.append)
        assert got == [2]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"filter_map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).filter_map(wrong)
