"""
`for_each`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_terminal


class TestForEach:
    """
    A call per item.
    """

    async def test_calls(self) -> None:
        """
        The callable, sync or async, gets each item in order; the number of items comes back.
        """

        async def later(n: int) -> None:
            got.append(n)

        got: list[int] = []
        assert await JaypieStream([1, 2]).for_each(got.append) == 2
        assert await JaypieStream([3]).for_each(later) == 1
        assert got == [1, 2, 3]
        assert await JaypieStream(list[int]()).for_each(got.append) == 0

    async def test_one_at_a_time(self) -> None:
        """
        The next item is read when the callable is done with the one before.
        """
        probe = Probe([1, 2, 3])
        reads: list[int] = []

        async def look(n: int) -> None:
            await asyncio.sleep(0)
            reads.append(probe.reads)

        await JaypieStream(probe).for_each(look)
        assert reads == [1, 2, 3]

    async def test_callback_error(self) -> None:
        """
        An error of the callable comes out bare, and the source is closed.
        """
        probe = Probe([1, 0, 1])
        with pytest.raises(ZeroDivisionError):
            await JaypieStream(probe).for_each(lambda n: 1 // n)
        assert probe.reads == 2
        probe.assert_released()

    async def test_bad_argument(self) -> None:
        """
        What cannot be called is refused, and nothing is read.
        """
        wrong: Any = None
        probe = Probe([1])
        with pytest.raises(TypeError, match=r"for_each\(\) expects a callable, sync or async, not None"):
            await JaypieStream(probe).for_each(wrong)
        assert probe.events == []

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.for_each(lambda n: None), [1, 2, 3])
