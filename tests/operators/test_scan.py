"""
`scan`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


async def add(a: int, b: int) -> int:
    return a + b


class TestScan:
    """
    Running results.
    """

    async def test_gives_running_results(self) -> None:
        """
        The initial value comes first, then one result per item.
        """
        await check_operator(lambda s: s.scan(lambda total, n: total + n, 0), [1, 2, 3], [0, 1, 3, 6], reads_ahead=0)

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.scan(add, 10), [1, 2], [10, 11, 13], reads_ahead=0)

    async def test_empty(self) -> None:
        """
        Nothing in gives the initial value alone.
        """
        await check_operator(lambda s: s.scan(add, 5), list[int](), [5])

    async def test_initial_before_anything_is_read(self) -> None:
        """
        The initial value is given before the source is opened, and needs none.
        """
        probe = Probe([1])
        assert await JaypieStream(probe).scan(add, 0).first() == 0
        assert probe.events == []
        assert await JaypieStream([1, 2]).take(0).scan(add, 7).to_list() == [7]
        assert await JaypieStream([1, 2]).scan(add, 0).scan(add, 100).take(3).to_list() == [100, 100, 101]

    async def test_runs_do_not_share(self) -> None:
        """
        Each run starts from the initial value.
        """
        stream = JaypieStream([1, 2]).scan(add, 0)
        assert await stream.last() == 3
        assert await stream.last() == 3

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([2, 0, 1]).scan(lambda total, n: total // n, 8).for_each(got.append)
        assert got == [8, 4]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"scan\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).scan(wrong, 0)
