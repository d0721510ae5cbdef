"""
`reduce`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_terminal


async def add(a: int, b: int) -> int:
    return a + b


class TestReduce:
    """
    Folding.
    """

    async def test_folds(self) -> None:
        """
        From the first item, or from an initial value.
        """
        assert await JaypieStream([1, 2, 3]).reduce(lambda a, b: a * 10 + b) == 123
        assert await JaypieStream([1, 2]).reduce(lambda a, b: a + str(b), "") == "12"
        assert await JaypieStream([7]).reduce(lambda a, b: a + b) == 7
        assert await JaypieStream(list[int]()).reduce(lambda a, b: a + b, 5) == 5

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """
        assert await JaypieStream([1, 2, 3]).reduce(add) == 6
        assert await JaypieStream([1, 2, 3]).reduce(add, 10) == 16

    async def test_none_is_a_value(self) -> None:
        """
        None as item or initial value is a value.
        """

        def gather(so_far: list[Any] | None, item: Any) -> list[Any] | None:
            return [*(so_far or []), item]

        items: list[Any] = [None, 1]
        assert await JaypieStream(items).reduce(lambda a, b: (a, b)) == (None, 1)
        assert await JaypieStream(items).reduce(gather, None) == [None, 1]

    async def test_empty(self) -> None:
        """
        Without items and without an initial value there is no result.
        """
        with pytest.raises(ValueError, match=r"reduce\(\) of a stream without items needs an initial value"):
            await JaypieStream(list[int]()).reduce(add)

    async def test_callback_error(self) -> None:
        """
        An error of the callable comes out bare.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([1, 0]).reduce(lambda a, b: a // b)

    async def test_bad_argument(self) -> None:
        """
        What cannot be called is refused, and nothing is read.
        """
        wrong: Any = 3
        probe = Probe([1])
        with pytest.raises(TypeError, match=r"reduce\(\) expects a callable, sync or async, not 3"):
            await JaypieStream(probe).reduce(wrong)
        assert probe.events == []

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.reduce(add), [1, 2, 3])
