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


class TestAtOnce:
    """
    Several calls at once.
    """

    async def test_calls(self) -> None:
        """
        There are never more than allowed, and as many as that; the number of items comes back.
        """
        running = most = 0
        done: list[int] = []

        async def f(n: int) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5 - n):
                await asyncio.sleep(0)
            running -= 1
            done.append(n)

        assert await JaypieStream(range(5)).for_each(f, concurrency=3) == 5
        assert most == 3
        assert sorted(done) == [*range(5)]

    async def test_failure(self) -> None:
        """
        A call that fails ends the run; the others are cancelled and awaited, and the source is closed.
        """
        probe, log = Probe(range(9)), list[int]()

        async def f(n: int) -> None:
            if n == 1:
                raise ValueError("boom")
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                log.append(n)

        with pytest.raises(ValueError, match="boom"):
            await JaypieStream(probe).for_each(f, concurrency=2)
        assert log == [0]
        probe.assert_released()

    async def test_bad_argument(self) -> None:
        """
        Less than 1, and a plain callable, are refused before anything is read.
        """
        probe = Probe([1])
        stream: Any = JaypieStream(probe)

        async def f(_: int) -> None:
            pass

        with pytest.raises(ValueError, match=r"for_each\(concurrency=\) must be at least 1, not 0"):
            await stream.for_each(f, concurrency=0)
        with pytest.raises(TypeError, match=r"for_each\(concurrency=\) is for `async def` functions"):
            await stream.for_each(print, concurrency=2)
        assert probe.opens == 0
