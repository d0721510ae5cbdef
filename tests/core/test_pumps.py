"""
Pumps: what concurrent boundaries are built on, seen through `merge`, the plainest of them.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Event, sleep
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar
from functools import partial
from typing import Any, TypeVarTuple

import anyio
import pytest

from jaystream import JaypieStream, Outcome
from jaystream.testing import Probe, cancel_at_every_await
from tests.checks import WAYS, close_generator

Ts = TypeVarTuple("Ts")


async def forever() -> AsyncGenerator[int, None]:
    await Event().wait()
    yield 1


async def counting(closed: list[str], name: str = "closed") -> AsyncGenerator[int, None]:
    n = 0
    try:
        while True:
            yield n
            n += 1
    finally:
        await sleep(0)
        closed.append(name)


class TestOneTask:
    """
    A source lives its whole life in one task.
    """

    @pytest.mark.parametrize("way", WAYS)
    async def test_probe(self, way: Callable[[JaypieStream[int]], Any]) -> None:
        """
        Each source is opened, read and closed once, in a task that is not the consumer's.
        """
        probes = [Probe(range(5), before=lambda _: sleep(0)) for _ in range(3)]
        found = await way(JaypieStream(probes[0]).merge(*probes[1:]))
        assert sorted(found) == sorted([*range(5)] * 3)
        for probe in probes:
            probe.assert_released()
            tasks = {event.task for event in probe.events}
            assert len(tasks) == 1
            assert asyncio.current_task() not in tasks

    async def test_scopes(self) -> None:
        """
        Sources that hold cancel scopes and task groups across their items work, to the end and stopped early.
        """
        closed: list[str] = []

        async def scoped(name: str) -> AsyncGenerator[str, None]:
            async with anyio.create_task_group() as group:
                with anyio.move_on_after(60):
                    group.start_soon(anyio.sleep_forever)
                    for n in range(3):
                        await sleep(0)
                        yield f"{name}{n}"
                group.cancel_scope.cancel()
            closed.append(name)

        stream = JaypieStream(lambda: scoped("a")).merge(lambda: scoped("b"))
        assert sorted(await stream.to_list()) == ["a0", "a1", "a2", "b0", "b1", "b2"]
        assert sorted(closed) == ["a", "b"]
        assert len(await stream.take(3).to_list()) == 3
        async with stream.open() as items:
            async for _ in items:
                break

    async def test_context(self) -> None:
        """
        A source sees the caller's context variables, and keeps its own across its items.
        """
        name: ContextVar[str] = ContextVar("name", default="nobody")

        async def source(own: str) -> AsyncGenerator[str, None]:
            yield name.get()
            token = name.set(own)
            yield name.get()
            await sleep(0)
            yield name.get()
            name.reset(token)
            yield name.get()

        name.set("caller")
        found = await JaypieStream(lambda: source("a")).merge(lambda: source("b")).to_list()
        assert sorted(found) == ["a", "a", "b", "b", "caller", "caller", "caller", "caller"]
        assert name.get() == "caller"


class TestStops:
    """
    Every way out closes every source before the run returns.
    """

    async def test_early(self) -> None:
        """
        An early stop ends a pump that waits for room as an early stop, and cancels one that waits for its source.
        """
        outcomes: list[str] = []
        closed: list[str] = []

        def note(outcome: Outcome) -> None:
            outcomes.append(outcome.kind)

        waiting = JaypieStream(forever).finalize(note)
        full = JaypieStream(lambda: counting(closed)).finalize(note)
        assert await full.merge(waiting).take(3).to_list() == [0, 1, 2]
        assert outcomes == ["stopped", "stopped"]
        assert closed == ["closed"]

    async def test_error_below(self) -> None:
        """
        An error below is what the loops above a pump are told of.
        """
        outcomes: list[Outcome] = []
        boom = ValueError("boom")

        def fail(_: int) -> int:
            raise boom

        stream = JaypieStream(forever).finalize(outcomes.append)
        with pytest.raises(ValueError, match="boom"):
            await JaypieStream(range(9)).finalize(outcomes.append).merge(stream).map(fail).to_list()
        assert [(each.kind, each.error) for each in outcomes] == [("error", boom)] * 2

    async def test_cancelled(self) -> None:
        """
        A cancellation is what they are told of, when it was one.
        """
        outcomes: list[str] = []

        def note(outcome: Outcome) -> None:
            outcomes.append(outcome.kind)

        stream = JaypieStream(forever).finalize(note).merge(JaypieStream(forever).finalize(note))
        task = asyncio.ensure_future(stream.to_list())
        for _ in range(4):
            await sleep(0)
        task.cancel()
        with pytest.raises(CancelledError):
            await task
        assert outcomes == ["cancelled", "cancelled"]

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    @pytest.mark.parametrize("way", WAYS)
    async def test_cancelled_everywhere(self, way: Callable[[JaypieStream[int]], Any], how: Any) -> None:
        """
        Cancelled at any await, the run ends cancelled, with every source closed.
        """
        probes: list[Probe[int]] = []

        def probe() -> Probe[int]:
            probes.append(Probe(range(3), before=lambda _: sleep(0), on_close=lambda: sleep(0)))
            return probes[-1]

        async def main() -> None:
            await way(JaypieStream(probe).merge(probe))

        assert await cancel_at_every_await(main, how) > 0
        for each in probes:
            each.assert_released()

    async def test_closing_is_not_interrupted(self) -> None:
        """
        A pump that closes its source by itself is let be when the others stop.
        """
        going = Event()
        log: list[str] = []

        async def slow() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                log.append("closing")
                going.set()
                await sleep(0)
                await sleep(0)
                log.append("closed")

        async def other() -> AsyncGenerator[int, None]:
            await going.wait()
            yield 2
            await Event().wait()

        assert sorted(await JaypieStream(slow).take(1).merge(other).take(2).to_list()) == [1, 2]
        assert log == ["closing", "closed"]

    async def test_bare_loop_left_early(self) -> None:
        """
        A bare `async for` that is left and closed leaves nothing.
        """
        closed: list[str] = []
        items = aiter(JaypieStream(lambda: counting(closed, "a")).merge(lambda: counting(closed, "b")))
        assert await anext(items) == 0
        await close_generator(items)
        assert sorted(closed) == ["a", "b"]

    async def test_swallowed_cancellation(self) -> None:
        """
        A source that swallows the cancellation that ends it, and gives another item, is closed all the same.
        """
        log: list[str] = []

        async def stubborn() -> AsyncGenerator[int, None]:
            try:
                while True:
                    try:
                        await Event().wait()
                    except CancelledError:
                        log.append("swallowed")
                    yield 1
            finally:
                log.append("closed")

        assert await JaypieStream([1, 2]).merge(stubborn).take(2).to_list() == [1, 2]
        assert log == ["swallowed", "closed"]


class TestErrors:
    """
    One failure is raised bare, several as a group; siblings are cancelled and awaited.
    """

    async def test_sibling(self) -> None:
        """
        When one source fails its sibling is cancelled, and closed before the error goes on.
        """
        log: list[str] = []

        async def sibling() -> AsyncGenerator[int, None]:
            try:
                await Event().wait()
                yield 1
            finally:
                await sleep(0)
                log.append("closed")

        async def failing() -> AsyncGenerator[int, None]:
            yield 1
            raise ValueError("boom")

        got: list[int] = []
        with pytest.raises(ValueError, match="boom"):
            await JaypieStream(sibling).merge(failing).for_each(got.append)
        assert (got, log) == ([1], ["closed"])

    async def test_several(self) -> None:
        """
        Two that have failed in the same moment make a group, in the order of the sources.
        """

        async def failing(error: Exception) -> AsyncGenerator[int, None]:
            await sleep(0)
            raise error
            yield 1

        errors = [ValueError("a"), KeyError("b")]
        with pytest.raises(ExceptionGroup, match="several sources failed") as found:
            await JaypieStream(lambda: failing(errors[0])).merge(lambda: failing(errors[1])).to_list()
        assert [*found.value.exceptions] == errors

    async def test_closing(self) -> None:
        """
        An error of closing is raised after an early stop, and a note on the error that the run had.
        """

        async def source() -> AsyncGenerator[int, None]:
            try:
                yield 1
                await Event().wait()
            finally:
                raise OSError("close")

        with pytest.raises(OSError, match="close"):
            await JaypieStream(source).merge(forever).take(1).to_list()

        def fail(_: int) -> int:
            raise ValueError("boom")

        with pytest.raises(ValueError, match="boom") as found:
            await JaypieStream(source).merge(forever).map(fail).to_list()
        assert found.value.__notes__ == ["while closing: OSError: close"]

    async def test_cancelled_by_itself(self) -> None:
        """
        A source that ends cancelled, for reasons of its own, ends the run so.
        """

        async def source() -> AsyncGenerator[int, None]:
            yield 1
            raise CancelledError

        with pytest.raises(CancelledError):
            await JaypieStream(source).merge(forever).to_list()


class TestBoundaries:
    """
    Boundaries above boundaries.
    """

    async def test_nested(self) -> None:
        """
        A merge of merges gives all items, and closes everything when it is stopped early.
        """
        closed: list[str] = []
        stream = JaypieStream([0])
        for n in range(4):
            stream = stream.merge(partial(counting, closed, str(n)))
        assert len(await stream.take(20).to_list()) == 20
        assert sorted(closed) == ["0", "1", "2", "3"]

    async def test_stats(self) -> None:
        """
        `stats` below counts what stands above the pumps, too.
        """
        counted: list[Any] = []
        stream = JaypieStream(range(6)).filter(lambda n: n % 2).merge([7]).map(str).stats(counted.append)
        assert sorted(await stream.to_list()) == ["1", "3", "5", "7"]
        assert [(stage.name, stage.items_in, stage.items_out) for stage in counted[0].stages] == [
            ("filter", 6, 3),
            ("map", 4, 4),
        ]

    async def test_wire(self) -> None:
        """
        The encoder of a format above the pumps is the sink's.
        """
        stream = JaypieStream([{"n": 1}]).format_ndjson().merge()
        assert await stream.to_list() == [b'{"n":1}\n']

    async def test_managers(self) -> None:
        """
        A context manager is entered and left in the pump, and an early stop is a clean exit for it.
        """
        log: list[object] = []

        @asynccontextmanager
        async def manager() -> AsyncGenerator[AsyncIterator[int]]:
            log.append(asyncio.current_task())
            closed: list[str] = []
            items = counting(closed)
            try:
                yield items
            except BaseException as error:
                log.append(error)
                raise
            log.append(asyncio.current_task())

        assert await JaypieStream(manager).merge(forever).take(2).to_list() == [0, 1]
        assert len(log) == 2
        assert log[0] is log[1]
        assert log[0] is not asyncio.current_task()


class EarlyLoop(asyncio.SelectorEventLoop):
    """
    An event loop whose timers ring a little before their time, as uvloop's do; it counts them.
    """

    timers = 0

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when - 0.02, callback, *args, context=context)


class TestTimers:
    """
    The bell rings at a time, too.
    """

    def test_early(self) -> None:
        """
        A timer that rings a little early is not set anew until the clock agrees.
        """
        loop = EarlyLoop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            assert runner.run(JaypieStream[int].never().take_for(0.05).to_list()) == []
            timed = JaypieStream[int].tick(0.03).take(4).keepalive(0.021, item=-1).group_within(9, seconds=0.025)
            assert sum(map(len, runner.run(timed.to_list()))) >= 4
        assert loop.timers < 60
