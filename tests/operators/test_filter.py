"""
`filter`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


async def is_odd(n: int) -> bool:
    return n % 2 == 1


class TestFilter:
    """
    The items that are wanted.
    """

    async def test_keeps_what_is_true(self) -> None:
        """
        Items for which the callable is true pass, under every contract.
        """
        await check_operator(lambda s: s.filter(lambda n: n % 2), [1, 2, 3, 4], [1, 3], reads_ahead=1)
        await check_operator(lambda s: s.filter(bool), [0, 1], [1], reads_ahead=1)

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.filter(is_odd), [1, 2, 3, 4], [1, 3], reads_ahead=1)

    async def test_empty_and_none_left(self) -> None:
        """
        Nothing in or nothing wanted gives nothing.
        """
        await check_operator(lambda s: s.filter(is_odd), list[int](), list[int]())
        await check_operator(lambda s: s.filter(is_odd), [2, 4], list[int]())

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([1, 1, 0, 1]).filter(lambda n: 1 // n).for_each(got.append)
        assert got == [1, 1]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"filter\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).filter(wrong)
