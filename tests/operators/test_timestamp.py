"""
`timestamp`.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestTimestamp:
    """
    Items with the time at which they came.
    """

    async def test_own_clock(self) -> None:
        """
        A clock is asked once for each item, sync or async, and may give anything.
        """

        async def later() -> str:
            await asyncio.sleep(0)
            return "now"

        assert await JaypieStream(["a", "b"]).timestamp(count(5).__next__).to_list() == [(5, "a"), (6, "b")]
        await check_operator(lambda s: s.timestamp(lambda: 7), ["a", "b"], [(7, "a"), (7, "b")], reads_ahead=0)
        await check_operator(lambda s: s.timestamp(later), ["a", "b"], [("now", "a"), ("now", "b")], reads_ahead=0)

    async def test_loop_time(self) -> None:
        """
        Without a clock it is the event loop's, read when the item comes and not when the pipeline is written.
        """
        stream = JaypieStream(["a", "b"]).timestamp()
        before = asyncio.get_running_loop().time()
        (first, a), (second, b) = await stream.to_list()
        assert (a, b) == ("a", "b")
        assert before <= first <= second <= asyncio.get_running_loop().time()
        await check_operator(lambda s: s.timestamp().map(lambda pair: pair[1]), [1, 2], [1, 2], reads_ahead=0)

    async def test_error_of_the_clock(self) -> None:
        """
        A clock that fails ends the stream after the items before it.
        """
        got: list[Any] = []
        ticks = iter([1.0])

        def clock() -> float:
            for tick in ticks:
                return tick
            raise TimeoutError("the clock has stopped")

        with pytest.raises(TimeoutError, match="the clock has stopped"):
            await JaypieStream([1, 2]).timestamp(clock).for_each(got.append)
        assert got == [(1.0, 1)]

    async def test_coroutine_from_a_plain_clock(self) -> None:
        """
        A plain callable that gives a coroutine is refused.
        """

        async def later() -> float:
            return 1.0

        with pytest.raises(TypeError, match=r"timestamp\(\) was given a plain callable"):
            await JaypieStream([1]).timestamp(lambda: later()).to_list()  # noqa: PLW0108 - the lambda is what is tested

    def test_bad_argument(self) -> None:
        """
        A clock that cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3.0
        with pytest.raises(TypeError, match=r"timestamp\(\) expects a callable, sync or async, not 3\.0"):
            JaypieStream([1]).timestamp(wrong)
