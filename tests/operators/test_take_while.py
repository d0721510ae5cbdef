"""
`take_while`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestTakeWhile:
    """
    Until a condition fails.
    """

    async def test_ends_at_the_first_false(self) -> None:
        """
        The first item for which it is false ends the stream, with `inclusive` behind it.
        """
        await check_operator(lambda s: s.take_while(lambda n: n < 3), [1, 2, 5, 1], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.take_while(lambda n: n < 3, inclusive=True), [1, 5, 1], [1, 5], reads_ahead=0)
        await check_operator(lambda s: s.take_while(lambda n: True), [1, 2], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.take_while(bool), list[int](), list[int]())

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """

        async def small(n: int) -> bool:
            return n < 3

        await check_operator(lambda s: s.take_while(small), [1, 5, 1], [1], reads_ahead=0)

    async def test_demand(self) -> None:
        """
        It reads the item that ends it and none more.
        """
        for inclusive in (False, True):
            probe = Probe([1, 5, 1])
            await JaypieStream(probe).take_while(lambda n: n < 3, inclusive=inclusive).drain()
            assert probe.reads == 2
            probe.assert_released()

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([1, 0]).take_while(lambda n: 1 // n).for_each(got.append)
        assert got == [1]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"take_while\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).take_while(wrong)
