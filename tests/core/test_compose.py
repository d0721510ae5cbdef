"""
Composing: `pipe`, `|`, `Operator` and `to`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jaystream import JaypieStream, Operator
from jaystream._core.fuse import segments
from jaystream.testing import Probe


def odd(stream: JaypieStream[int]) -> JaypieStream[int]:
    return stream.filter(lambda n: n % 2)


def scaled(stream: JaypieStream[int], by: int, *, plus: int = 0) -> JaypieStream[int]:
    return stream.map(lambda n: n * by + plus)


async def doubled(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async with stream.open() as items:
        async for n in items:
            yield n
            yield n


class TestPipe:
    """
    Functions from stream to stream.
    """

    async def test_applies_with_arguments(self) -> None:
        """
        `pipe` hands its further arguments on, and `|` is `pipe` with none.
        """
        assert await JaypieStream([1, 2]).pipe(scaled, 10, plus=1).to_list() == [11, 21]
        assert await (JaypieStream([1, 2, 3]) | odd).to_list() == [1, 3]

    async def test_fuses(self) -> None:
        """
        A function that gives a stream adds its stages to the same loop.
        """
        assert len(segments((JaypieStream([1]) | odd).pipe(scaled, 2)._plan)) == 1

    async def test_any_async_iterable(self) -> None:
        """
        A function may give an async generator; leaving early closes through it.
        """
        probe = Probe([1, 2])
        assert await (JaypieStream(probe) | doubled).take(3).to_list() == [1, 1, 2]
        probe.assert_released()

    def test_refuses_what_is_no_stream(self) -> None:
        """
        A function that gives something else is refused at the call.
        """

        def wrong(stream: JaypieStream[int]) -> Any:
            return [1]

        with pytest.raises(TypeError, match=r"a stream is piped through functions.*gave \[1\]"):
            JaypieStream([1]).pipe(wrong)
        number: Any = 3
        with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \|: 'JaypieStream' and 'int'"):
            _ = JaypieStream([1]) | number

    async def test_to(self) -> None:
        """
        `to` hands the stream and the arguments to any callable.
        """

        async def sink(stream: JaypieStream[int], start: int) -> int:
            return await stream.reduce(lambda a, b: a + b, start)

        assert await JaypieStream([1, 2]).to(sink, 10) == 13


class TestOperator:
    """
    Pipelines as values.
    """

    async def test_composes(self) -> None:
        """
        `op | op` is both, in order, and works with plain functions.
        """
        op = Operator(odd) | Operator(doubled) | odd
        assert await (JaypieStream([1, 2, 3]) | op).to_list() == [1, 1, 3, 3]

    async def test_applies_to_any_source(self) -> None:
        """
        It is called with a stream or any other source, or stands behind one.
        """
        op = Operator(odd)
        assert await op([1, 2, 3]).to_list() == [1, 3]
        assert await ([1, 2, 3] | op).to_list() == [1, 3]
        assert await op(JaypieStream([1])).to_list() == [1]

    async def test_as_a_decorator(self) -> None:
        """
        It decorates a function.
        """

        @Operator
        def shout(stream: JaypieStream[str]) -> JaypieStream[str]:
            return stream.map(str.upper)

        assert await (JaypieStream(["a"]) | shout).to_list() == ["A"]
        assert "shout" in repr(shout)

    def test_bad_argument(self) -> None:
        """
        What cannot be called is no operator, on either side of `|`.
        """
        wrong: Any = 1
        text: Any = "text"
        with pytest.raises(TypeError, match=r"Operator\(\) expects a function from stream to stream, not 1"):
            Operator(wrong)
        with pytest.raises(TypeError, match="unsupported operand"):
            _ = Operator(odd) | wrong
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            _ = text | Operator(odd)
