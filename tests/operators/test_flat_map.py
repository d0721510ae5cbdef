"""
`flat_map`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


async def twice(n: int) -> JaypieStream[int]:
    return JaypieStream([n]).concat([n])


class TestFlatMap:
    """
    One source per item, one after the other.
    """

    async def test_joins_inner_sources(self) -> None:
        """
        The items of each inner source come before the next item is read.
        """
        await check_operator(lambda s: s.flat_map(lambda n: [n] * n), [1, 2, 0, 3], [1, 2, 2, 3, 3, 3], reads_ahead=1)

    async def test_async_callable_and_async_sources(self) -> None:
        """
        A coroutine function gives a source too, and async sources are read.
        """
        await check_operator(lambda s: s.flat_map(twice), [1, 2], [1, 1, 2, 2], reads_ahead=0)

    async def test_empty(self) -> None:
        """
        Nothing in, and empty sources, give nothing.
        """
        await check_operator(lambda s: s.flat_map(twice), list[int](), list[int]())
        await check_operator(lambda s: s.flat_map(lambda n: list[int]()), [1, 2], list[int]())

    async def test_one_inner_source_at_a_time(self) -> None:
        """
        An inner source is closed before the next is opened, also when left early.
        """
        inner = [Probe([1, 2]), Probe([3, 4])]
        states: list[tuple[int, bool]] = []
        got = (
            await JaypieStream([0, 1])
            .flat_map(lambda n: inner[n])
            .tap(lambda item: states.append((item, inner[0].closed)))
            .take(3)
            .to_list()
        )
        assert got == [1, 2, 3]
        assert states == [(1, False), (2, False), (3, True)]
        for probe in inner:
            assert (probe.opens, probe.closes) == (1, 1)

    async def test_inner_error(self) -> None:
        """
        An error of an inner source ends the stream after the items before it.
        """
        inner = Probe([7], fail_at=1, error=OSError("gone"))
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream([1, 2]).flat_map(lambda n: inner).for_each(got.append)
        assert got == [7]
        inner.assert_released()

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([1, 0]).flat_map(lambda n: [1 // n]).for_each(got.append)
        assert got == [1]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"flat_map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).flat_map(wrong)

    async def test_what_is_no_source(self) -> None:
        """
        A result that is no source is refused in the run.
        """
        wrong: Any = "text"
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            await JaypieStream([1]).flat_map(lambda n: wrong).drain()
