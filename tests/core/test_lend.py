"""
Streams lent to functions that loop over them by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import anyio
import pytest

from jaystream import JaypieStream, Operator
from jaystream.testing import Probe
from tests.checks import cancel_me


async def doubled(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async for n in stream:
        yield 2 * n


async def doubled_evens(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async for n in stream.filter(lambda n: n % 2 == 0):
        yield 2 * n


async def through_a_function(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async for n in stream | doubled:
        yield n


async def through_an_iterable(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async for n in stream | Iterable:
        yield n


class Iterable:
    """
    An async iterable over a stream, which is no generator.
    """

    def __init__(self, stream: JaypieStream[int]) -> None:
        """
        Take the stream.
        """
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[int]:
        """
        Run it.
        """
        return aiter(self._stream)


FUNCTIONS = [doubled, doubled_evens, through_a_function, through_an_iterable]


class TestLend:
    """
    `stream | async_generator_function`: what the function opens is closed with it.
    """

    @pytest.mark.parametrize("function", FUNCTIONS)
    async def test_early_end(self, function: Callable[[JaypieStream[int]], AsyncIterator[int]]) -> None:
        """
        A stream that ends early closes the source that the function loops over, before it returns.
        """
        probe = Probe(range(9))
        stream = JaypieStream[int](probe) | function
        assert len(await stream.take(2).to_list()) == 2
        probe.assert_released()
        assert probe.closed

    async def test_open(self) -> None:
        """
        Leaving an `open()` block closes it.
        """
        probe = Probe(range(9))
        async with (JaypieStream(probe) | doubled).open() as items:
            assert await anext(items) == 0
        probe.assert_released()
        assert probe.closed

    async def test_cancellation(self) -> None:
        """
        A cancellation closes it, in the task that was cancelled.
        """
        reached = asyncio.Event()

        async def stop(_: int) -> None:
            reached.set()
            await asyncio.Event().wait()

        probe = Probe(range(9), before={1: stop})
        task = asyncio.create_task((JaypieStream(probe) | doubled).to_list())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        probe.assert_released()
        assert probe.closed

    async def test_error_below(self) -> None:
        """
        An error of a stage below closes it.
        """
        probe = Probe([1, 0])
        with pytest.raises(ZeroDivisionError):
            await (JaypieStream(probe) | doubled).map(lambda n: 1 // n).to_list()
        probe.assert_released()
        assert probe.closed

    async def test_scope_of_the_source(self) -> None:
        """
        A scope that the lent source holds, and that cancels the function at work, is the source's own business.
        """

        async def held() -> AsyncIterator[int]:
            with anyio.CancelScope() as scope:
                for n in range(3):
                    if n == 1:
                        asyncio.get_running_loop().call_soon(scope.cancel)
                    yield n

        async def waits(stream: JaypieStream[int]) -> AsyncIterator[int]:
            async for n in stream:
                if n == 1:
                    await asyncio.Event().wait()
                yield n

        assert await (JaypieStream(held) | waits).to_list() == [0]
        current = asyncio.current_task()
        assert current is not None
        assert not current.cancelling()

    async def test_close_error(self) -> None:
        """
        An error while it is closed is raised where the run had gone well.
        """

        async def fail() -> None:
            raise OSError("will not close")

        probe = Probe(range(9), on_close=fail)
        with pytest.raises(OSError, match="will not close"):
            await (JaypieStream(probe) | doubled).take(1).to_list()

    async def test_runs_again(self) -> None:
        """
        A generator function is called anew by each run.
        """
        stream = JaypieStream([1, 2]) | doubled
        assert await stream.to_list() == [2, 4]
        assert await stream.to_list() == [2, 4]

    async def test_operator(self) -> None:
        """
        `Operator` lends in the same way.
        """
        probe = Probe(range(9))
        assert await Operator(doubled)(probe).take(1).to_list() == [0]
        probe.assert_released()
        assert probe.closed

    async def test_second_loop(self) -> None:
        """
        A function that loops twice has both loops closed.
        """

        async def twice(stream: JaypieStream[int]) -> AsyncIterator[int]:
            async for n in stream:
                async for m in stream:
                    yield n * m

        probes: list[Probe[int]] = []

        def source() -> Probe[int]:
            probes.append(Probe(range(1, 9)))
            return probes[-1]

        assert await (JaypieStream(source) | twice).take(2).to_list() == [1, 2]
        assert [(1, 1, True), (1, 1, True)] == [(probe.opens, probe.closes, probe.closed) for probe in probes]

    async def test_cancelled_while_closing(self) -> None:
        """
        A cancellation that hits the closing of one loop does not keep the others open.
        """

        async def hang() -> None:
            cancel_me()
            await asyncio.Event().wait()

        async def twice(stream: JaypieStream[int]) -> AsyncIterator[int]:
            async for n in stream:
                async for m in stream:
                    yield n * m

        probes = [Probe([1, 2]), Probe([1, 2], on_close=hang)]
        waiting = iter(probes)
        task = asyncio.ensure_future((JaypieStream(lambda: next(waiting)) | twice).take(1).to_list())
        await asyncio.wait([task])
        assert task.cancelled()
        assert [1, 1] == [probe.closes for probe in probes]
        assert probes[0].closed

    async def test_plain_function(self) -> None:
        """
        A plain function that gives a generator runs once, and says so.
        """

        def plain(stream: JaypieStream[int]) -> AsyncIterator[int]:
            return doubled(stream)

        stream = JaypieStream([1, 2]) | plain
        assert await stream.to_list() == [2, 4]
        with pytest.raises(RuntimeError, match="can run only once"):
            await stream.to_list()
