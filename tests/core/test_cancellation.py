"""
Contract 4: cancelled at any await, a run ends cancelled, with everything closed and nothing left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Literal

import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests.checks import WAYS, cancel_at_every_await, cancel_me, in_open, in_terminal, pause

Way = Callable[[JaypieStream[Any]], Coroutine[Any, Any, list[Any]]]


class Rig:
    """
    Makes probes that wait at every pull and closing, and remembers them.
    """

    def __init__(self) -> None:
        self.probes: list[Probe[int]] = []

    def __call__(self, make: type[Probe[int]] = Probe, count: int = 2, **script: Any) -> Probe[int]:
        self.probes.append(make(range(count), before=pause, on_close=pause, **script))
        return self.probes[-1]

    def check(self, how: str) -> None:
        for probe in self.probes:
            assert probe.violations == []
            assert probe.opens == probe.closes, probe.kinds
            assert how == "native" or probe.closed or not probe.opens, "a cancel scope cut a close"
            assert len(probe.tasks) <= 1
        self.probes.clear()


async def waiting(n: int) -> int:
    await pause()
    return n + 1


def pipelines(rig: Rig) -> dict[str, Callable[[], JaypieStream[Any]]]:
    """
    Pipelines with awaits of every sort.
    """

    def failing() -> JaypieStream[int]:
        return JaypieStream(rig(fail_at=1, error=OSError("gone")))

    async def handler(error: OSError) -> Probe[int]:
        await pause()
        return rig(count=1)

    return {
        "stages": lambda: JaypieStream(rig()).map(waiting).filter(waiting).chunk(2).tap(waiting_for_any),
        "early end": lambda: JaypieStream(rig(ManagedProbe)).map(waiting).take(1),
        "inner sources": lambda: JaypieStream(rig()).flat_map(lambda _: JaypieStream(rig()).map(waiting)).take(3),
        "on_end": lambda: JaypieStream(rig(count=1)).on_end(rig(count=1)).chunk(2).on_end(lambda: rig(count=1)),
        "concat": lambda: JaypieStream(rig(count=1)).concat(rig(ManagedProbe, count=1)).map(waiting),
        "catch": lambda: failing().catch(OSError, handler).map(waiting),
        "chunk before an error": lambda: failing().chunk(2).map(waiting_for_any).catch(OSError, [(7,)]),
        "finalize": lambda: JaypieStream(rig(count=1)).finalize(waiting_for_any).map(waiting),
    }


async def waiting_for_any(_: object) -> None:
    await pause()


class TestCancellation:
    """
    A cancellation is never lost.
    """

    @pytest.mark.parametrize("how", ["native", "scope"])
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("name", pipelines(Rig()))
    async def test_at_every_await(self, name: str, way: Way, how: Literal["native", "scope"]) -> None:
        """
        Whatever the run waits for, a cancellation there ends it cancelled and closes all that was open.
        """
        rig = Rig()
        make = pipelines(rig)[name]
        reached = await cancel_at_every_await(lambda: way(make()), how)
        assert reached > 2
        rig.check(how)

    async def test_while_a_pipeline_never_waits(self) -> None:
        """
        An always-ready pipeline is cancelled at the turns that it gives the loop.
        """
        endless = iter(int, 1)
        task = asyncio.ensure_future(JaypieStream(endless).drain())
        await pause()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    async def test_catch_does_not_catch_it(self) -> None:
        """
        No `catch` sees a cancellation, nor an error that a source has made of one.
        """
        handled: list[Exception] = []

        async def dressed_up() -> AsyncIterator[int]:
            yield 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OSError("the connection was lost") from None

        for source in (dressed_up, Probe([1], before={1: wait_forever})):
            stream = JaypieStream[int](source).catch(Exception, handled.append)
            task = asyncio.ensure_future(stream.drain())
            for _ in range(3):
                await pause()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert handled == []

    @pytest.mark.parametrize("way", [in_terminal, in_open])
    @pytest.mark.parametrize("where", ["source", "close"])
    async def test_no_await_left(self, way: Way, where: str) -> None:
        """
        A cancellation that comes when nothing is left to await is not lost either.
        """

        async def last() -> AsyncIterator[int]:
            yield 1
            cancel_me()

        async def close() -> None:
            cancel_me()

        closing = Probe([1], on_close=close)
        went_on: list[bool] = []

        async def run() -> None:
            await way(JaypieStream[int](last if where == "source" else closing))
            went_on.append(True)

        task = asyncio.ensure_future(run())
        await asyncio.wait([task])
        assert task.cancelled()
        assert went_on == []
        assert where == "source" or closing.closed

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_source_that_goes_on(self, way: Way) -> None:
        """
        A source that gives another item when it is cancelled while a stage waits is closed, and the run ends cancelled.
        """
        log: list[str] = []

        async def stubborn() -> AsyncIterator[int]:
            try:
                yield 1
            except asyncio.CancelledError:
                log.append("goes on")
            try:
                yield 2
            finally:
                log.append("closed")

        task = asyncio.ensure_future(way(JaypieStream(stubborn).map(forever)))
        await pause()
        await pause()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert log == ["goes on", "closed"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_swallowed_while_closing(self, way: Way) -> None:
        """
        A close that swallows a cancellation does not keep it: the run ends cancelled.
        """

        async def swallow() -> None:
            cancel_me()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

        probes = [Probe([1], on_close=swallow), Probe([2], on_close=swallow)]
        task = asyncio.ensure_future(way(JaypieStream(probes[0]).flat_map(lambda _: probes[1])))
        await asyncio.wait([task])
        assert task.cancelled()
        assert [probe.closed for probe in probes] == [True, True]

    @pytest.mark.parametrize("way", WAYS)
    async def test_an_error_in_cleanup_does_not_replace_it(self, way: Way) -> None:
        """
        A cancelled run whose close fails ends cancelled, with the error as a note.
        """

        async def fail() -> None:
            raise OSError("reset by peer")

        probe = Probe([1], before=wait_forever, on_close=fail)

        async def run() -> None:
            try:
                await way(JaypieStream(probe))
            except asyncio.CancelledError as error:
                notes.extend(error.__notes__)
                raise

        notes: list[str] = []
        task = asyncio.ensure_future(run())
        await pause()
        await pause()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert notes == ["while closing: OSError: reset by peer"]

    async def test_timeout_round_a_run(self) -> None:
        """
        `asyncio.timeout` round a run gives its `TimeoutError`, and leaves the task uncancelled.
        """
        probe = Probe([1], before=wait_forever, on_close=pause)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await JaypieStream(probe).drain()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        probe.assert_released()


async def wait_forever(_: object = None) -> None:
    await asyncio.Event().wait()


async def forever(item: int) -> int:
    await wait_forever()
    return item
