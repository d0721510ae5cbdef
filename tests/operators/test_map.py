"""
`map`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from jaystream import JaypieStream
from tests.checks import check_operator


async def double(n: int) -> int:
    return 2 * n


class TestMap:
    """
    One item in, one out.
    """

    async def test_replaces_each_item(self) -> None:
        """
        Each item is replaced by what the callable makes of it, under every contract.
        """
        await check_operator(lambda s: s.map(lambda n: 2 * n), [1, 2, 3], [2, 4, 6], reads_ahead=0)

    async def test_takes_coroutine_functions(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.map(double), [1, 2, 3], [2, 4, 6], reads_ahead=0)
        await check_operator(lambda s: s.map(partial(double)), [1], [2], reads_ahead=0)

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out, and no call.
        """
        await check_operator(lambda s: s.map(double), list[int](), list[int]())

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[float] = []
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            await JaypieStream([2, 1, 0, 5]).map(lambda n: 2 / n).for_each(got.append)
        assert got == [1, 2]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        not_callable: Any = 3
        with pytest.raises(TypeError, match=r"map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).map(not_callable)
