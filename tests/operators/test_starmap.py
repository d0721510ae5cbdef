"""
`starmap`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


async def add(a: int, b: int) -> int:
    return a + b


def divide(a: int, b: int) -> int:
    return a // b


class TestStarmap:
    """
    Tuples spread over parameters.
    """

    async def test_spreads_each_item(self) -> None:
        """
        The parts of an item become the arguments.
        """
        await check_operator(lambda s: s.starmap(pow), [(2, 3), (3, 2)], [8, 9], reads_ahead=0)
        await check_operator(lambda s: s.starmap(lambda *parts: len(parts)), [(1,), (1, 2, 3)], [1, 3], reads_ahead=0)

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.starmap(add), [(1, 2), (3, 4)], [3, 7], reads_ahead=0)

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out.
        """
        await check_operator(lambda s: s.starmap(add), list[tuple[int, int]](), list[int]())

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([(4, 2), (1, 0)]).starmap(divide).for_each(got.append)
        assert got == [2]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"starmap\(\) expects a callable, sync or async, not 3"):
            JaypieStream([(1, 2)]).starmap(wrong)

    async def test_wrong_number_of_parts(self) -> None:
        """
        An item with too many parts is the callable's own error.
        """
        with pytest.raises(TypeError, match="positional argument"):
            await JaypieStream([(1, 2, 3)]).starmap(divide).drain()
