"""
`also_to`: sinks that are not done when their stream is.
"""

from __future__ import annotations

import asyncio

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe
from tests.checks import pause


class TestAlsoToEnd:
    """
    A sink and its stream end each in its own time.
    """

    async def test_sink_goes_on_without_its_stream(self) -> None:
        """
        A sink that has closed its stream holds nobody up, and the run waits for its end all the same.
        """

        async def busy(stream: JaypieStream[int]) -> None:
            await stream.take(1).drain()
            await released.wait()
            done.append("sink")

        async def release(n: int) -> None:
            await pause()
            if n == 3:
                done.append("items")
                released.set()

        released, done = asyncio.Event(), list[str]()
        probe = Probe(range(4), before=pause)
        assert await JaypieStream(probe).also_to(busy).tap(release).count() == 4
        assert done == ["items", "sink"]

    async def test_sink_goes_on_and_fails(self) -> None:
        """
        When such a sink fails, the stream ends with the next item.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.take(1).drain()
            await released.wait()
            raise KeyError("sink")

        async def release(n: int) -> None:
            if n == 2:
                released.set()
                await pause()

        released = asyncio.Event()
        probe = Probe(range(9))
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream(probe).also_to(fail).tap(release).drain()
        assert probe.reads <= 4
        probe.assert_released()

    async def test_cancelled_sink_fails(self) -> None:
        """
        What goes wrong in a sink whose end was cut by a cancellation is a note of it.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.drain()
            try:
                closing.set()
                await asyncio.Event().wait()
            finally:
                raise KeyError("cleanup")

        closing = asyncio.Event()
        task = asyncio.ensure_future(JaypieStream([1, 2]).also_to(fail).take(1).drain())
        await closing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__notes__ == ["while closing: KeyError: 'cleanup'"]

    @pytest.mark.parametrize("fails", [True, False])
    async def test_told_once_and_rightly(self, fails: bool) -> None:
        """
        A run that has failed tells its sinks of that, whatever else happens in closing; a stopped one, of the closing.
        """

        async def close() -> None:
            raise OSError("closing")

        async def sink(stream: JaypieStream[int]) -> None:
            try:
                await stream.drain()
            except Exception as error:
                told.append(error)
                raise

        told: list[Exception] = []
        stream = JaypieStream(Probe([1, 0], on_close=close)).also_to(sink)
        with pytest.raises(ArithmeticError if fails else OSError) as caught:
            await (stream.map(lambda n: 1 // (n - 1)) if fails else stream.take(1)).drain()
        assert [caught.value] == told
