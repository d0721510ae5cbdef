"""
`tee`: cancellation from outside, and of sinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeAlias

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe
from tests.checks import cancel_at_every_await, pause

Sink: TypeAlias = Callable[[JaypieStream[int]], Coroutine[Any, Any, object]]

CANCELLATIONS: tuple[Literal["native", "scope", "twice"], ...] = ("native", "scope", "twice")


class Log:
    """
    A sink that writes down its items, and how its stream ended.
    """

    def __init__(self, take: int | None = None) -> None:
        """
        Take all, or the first so many.
        """
        self.items: list[Any] = []
        self.ended = ""
        self._take = take

    async def __call__(self, stream: JaypieStream[Any]) -> int:
        """
        Run; give the number of items.
        """
        try:
            await (stream if self._take is None else stream.take(self._take)).for_each(self.items.append)
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        self.ended = "end"
        return len(self.items)


class TestTeeCancelled:
    """
    Cancelled at any await, by anybody, `tee` ends cancelled and leaves nobody behind.
    """

    async def test_cancellation(self) -> None:
        """
        At any await a cancellation cancels each sink, waits for it, and is not lost; also while sinks leave and fail.
        """
        logs: list[Log] = []
        probes: list[Probe[int]] = []

        def run(takes: tuple[int | None, ...]) -> Coroutine[Any, Any, object]:
            mine = [Log(take) for take in takes]
            logs.extend(mine)
            probes.append(Probe(range(3), before=pause, on_close=pause))
            return JaypieStream(probes[-1]).tee(*mine)

        for takes in ((None, None), (1, None), (1, 2), (0,)):
            await cancel_at_every_await(partial(run, takes), "native")
            await cancel_at_every_await(partial(run, takes), "scope")
        assert {log.ended for log in logs} <= {"", "end", "CancelledError"}
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_cancelled_while_a_sink_fails(self) -> None:
        """
        A cancellation that comes in the same moment as a sink's failure is not lost in the cancelling of the others.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.take(1).drain()
            raise KeyError("sink")

        async def in_scope(stream: JaypieStream[int]) -> None:
            with anyio.move_on_after(0):
                await stream.drain()

        async def nested(stream: JaypieStream[int]) -> None:
            await stream.tee(Log(), in_scope)

        async def run(sinks: tuple[Sink, ...]) -> None:
            with suppress(KeyError):
                await JaypieStream(Probe(range(3), before=pause, on_close=pause)).tee(*sinks)

        pairs: list[tuple[Sink, ...]] = [(fail, in_scope), (in_scope, fail), (nested, fail), (fail, nested)]
        for sinks in pairs:
            for how in CANCELLATIONS:
                await cancel_at_every_await(partial(run, sinks), how)

    async def test_cancelled_sink_fails(self) -> None:
        """
        What goes wrong in a sink that is being cancelled is a note of the cancellation.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            try:
                await stream.drain()
            finally:
                raise KeyError("cleanup")

        waiting = asyncio.Event()

        async def hang(_: int) -> None:
            waiting.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(JaypieStream(Probe([1], before=hang)).tee(fail, Log()))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__notes__ == ["while closing: KeyError: 'cleanup'"]

    async def test_sinks_cancelled_at_the_start(self) -> None:
        """
        Sinks that somebody cancels before they have begun have left: nobody waits for them.
        """

        def cancel_others() -> None:
            for task in asyncio.all_tasks() - {current}:
                task.cancel()

        current = asyncio.current_task()
        probe = Probe([1])
        asyncio.get_running_loop().call_soon(cancel_others)
        with pytest.raises(asyncio.CancelledError):
            await JaypieStream(probe).tee(Log(), Log())
        assert [probe.opens, probe.violations] == [probe.closes, []]

    async def test_stubborn_sink(self) -> None:
        """
        When a sink fails, the source is not read on for another one that keeps its cancellation to itself.
        """

        async def stubborn(stream: JaypieStream[int]) -> None:
            items = aiter(stream)
            with suppress(asyncio.CancelledError):
                await anext(items)
                await asyncio.Event().wait()
            got.extend([item async for item in items])

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.first()
            for _ in range(5):
                await pause()
            raise KeyError("sink")

        got: list[int] = []
        probe = Probe(range(9))
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream(probe).tee(stubborn, fail)
        assert [got, probe.reads] == [[], 1]
        probe.assert_released()

    async def test_sink_cancels_itself(self) -> None:
        """
        A sink that ends cancelled by itself does not pass for one that has given None.
        """

        async def cancelled(stream: JaypieStream[int]) -> None:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await JaypieStream([1, 2]).tee(JaypieStream[int].count, cancelled)
