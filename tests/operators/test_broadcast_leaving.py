"""
`broadcast`: consumers that leave early, fail or are cancelled.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream, Outcome
from jaystream.errors import DetachedError
from jaystream.testing import Probe, cancel_at_every_await
from tests.checks import close_generator, pause


async def turns(count: int = 9) -> None:
    for _ in range(count):
        await pause()


async def all_at_once(parts: Sequence[JaypieStream[Any]], scope: anyio.CancelScope) -> None:
    """
    Read all parts in tasks, inside a scope; the last one only in part.
    """
    with scope:
        async with anyio.create_task_group() as group:
            for part in parts[:-1]:
                group.start_soon(part.drain)
            group.start_soon(parts[-1].take(2).drain)


class TestLeaving:
    """
    What becomes of the run, and of the others.
    """

    async def test_early_leaver(self) -> None:
        """
        One that leaves early does not stop the others; the last that leaves closes the source and waits for that.
        """
        closed: list[str] = []

        async def slow_close() -> None:
            await turns()
            closed.append("closed")

        probe = Probe(range(99), on_close=slow_close)
        one, two, three = JaypieStream(probe).broadcast(3)
        results = await asyncio.gather(one.take(1).to_list(), two.take(4).to_list(), three.take(2).to_list())
        assert [*results] == [[0], [0, 1, 2, 3], [0, 1]]
        assert closed == ["closed"]
        assert probe.reads == 4
        probe.assert_released()

    async def test_early_stop_above(self) -> None:
        """
        For what stands above, the last early leaver is an early stop, and an error or cancellation is one.
        """
        outcomes: list[Outcome] = []
        boom = KeyError("boom")

        def fail(_: int) -> None:
            raise boom

        async def wait(_: int) -> None:
            await asyncio.Event().wait()

        def parts() -> tuple[JaypieStream[int], JaypieStream[int]]:
            return JaypieStream(range(9)).finalize(outcomes.append).broadcast(2)

        await asyncio.gather(*(part.take(2).drain() for part in parts()))
        await asyncio.gather(*(part.for_each(fail) for part in parts()), return_exceptions=True)
        waiting = [asyncio.ensure_future(part.for_each(wait)) for part in parts()]
        await turns()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert [outcome.kind for outcome in outcomes] == ["stopped", "error", "cancelled"]
        assert outcomes[1].error is boom

    async def test_then_the_next(self) -> None:
        """
        After an early stop of the only one that has begun, the run waits for the others.
        """
        probe = Probe(range(3))
        one, other = JaypieStream(probe).broadcast(2)
        assert await one.first() == 0
        assert not probe.closes
        assert await other.to_list() == [0, 1, 2]
        probe.assert_released()

    async def test_never_read(self) -> None:
        """
        When the only one that has begun fails or is cancelled, the run is closed; the others say so after what came.
        """
        for error in (KeyError("boom"), asyncio.CancelledError()):
            probe = Probe(range(9))
            one, other = JaypieStream(probe).broadcast(2)
            with pytest.raises(type(error)):
                async with one.open() as items:
                    await anext(items)
                    raise error
            probe.assert_released()
            got: list[int] = []
            message = f"stream 2 of broadcast.*the run was closed before this was read.*{type(error).__name__}"
            with pytest.raises(DetachedError, match=message):
                await other.for_each(got.append)
            assert got == [0]

    async def test_forgotten(self) -> None:
        """
        One that nobody has any more counts as left; the last such one closes the run.
        """
        probe = Probe(range(9))
        one = JaypieStream(probe).broadcast(2)[0]
        gc.collect()
        assert await one.to_list() == list(range(9))
        probe.assert_released()
        probe = Probe(range(9))
        one, other = JaypieStream(probe).broadcast(2)
        assert await one.first() == 0
        assert not probe.closes
        del other
        gc.collect()
        await turns()
        probe.assert_released()

    async def test_forgotten_fails(self) -> None:
        """
        When that closing fails, the event loop is told, since nobody else is there.
        """

        async def fail() -> None:
            raise OSError("closing")

        told: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: told.append(context))
        parts = [*JaypieStream(Probe(range(9), on_close=fail)).broadcast(2)]
        assert await parts.pop().first() == 0
        parts.clear()
        gc.collect()
        await turns()
        loop.set_exception_handler(handler)
        assert [str(context["exception"]) for context in told] == ["closing"]
        assert "broadcast(2), which nobody could read any more, failed to close" in told[0]["message"]

    def test_forgotten_later(self) -> None:
        """
        A stream may be let go of when its event loop is closed.
        """
        parts = [*JaypieStream(range(9)).broadcast(2)]
        assert asyncio.run(parts.pop().first()) == 0
        parts.clear()
        gc.collect()

    async def test_fails_beside(self) -> None:
        """
        Where the run has failed and nobody has been told, that is a note on the error of the last consumer.
        """
        gate = asyncio.Event()

        async def before(n: int) -> None:
            if n == 2:
                await gate.wait()

        probe = Probe(range(5), before=before, fail_at=2, error=OSError("gone"))
        one, other = JaypieStream(probe).broadcast(2, buffer=9)
        with pytest.raises(KeyError) as caught:
            async with other.open() as items:
                reading = asyncio.ensure_future(one.drain())
                assert await anext(items) == 0
                await turns()
                reading.cancel()
                await asyncio.wait([reading])
                gate.set()
                await turns()
                raise KeyError
        assert caught.value.__notes__ == ["while closing: OSError: gone"]

    async def test_async_for(self) -> None:
        """
        A bare loop that is left gives its part up when it is closed.
        """
        probe = Probe(range(9))
        one, other = JaypieStream(probe).broadcast(2)
        running = aiter(one)
        assert await anext(running) == 0
        await close_generator(running)
        assert await other.to_list() == list(range(9))
        probe.assert_released()

    async def test_scopes_and_context(self) -> None:
        """
        A source that holds a cancel scope and a context variable across its items lives in one task.
        """
        variable: ContextVar[int] = ContextVar("variable", default=0)

        async def source() -> AsyncGenerator[int, None]:
            with anyio.move_on_after(60):
                for n in range(3):
                    variable.set(variable.get() + n)
                    await pause()
                    yield variable.get()

        one, other = JaypieStream(source).broadcast(2)
        assert [*await asyncio.gather(one.to_list(), other.take(2).to_list())] == [[0, 1, 3], [0, 1]]
        assert variable.get() == 0

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    @pytest.mark.parametrize("on_slow", ["wait", "drop", "detach"])
    async def test_one_cancelled(self, how: Any, on_slow: Any) -> None:
        """
        One that is cancelled, at any await, leaves the others alone; the source is closed once.
        """
        probes: list[Probe[int]] = []
        others: list[asyncio.Task[list[int]]] = []

        def run() -> Coroutine[Any, Any, Any]:
            probes.append(Probe(range(4), before=pause, on_close=pause))
            one, other = JaypieStream(probes[-1]).broadcast(2, on_slow=on_slow)
            others.append(asyncio.ensure_future(other.to_list()))
            return one.drain()

        assert await cancel_at_every_await(run, how) > 3
        # the one that may have been there before the other had begun
        results = await asyncio.gather(*others, return_exceptions=True)
        assert all(result == [0, 1, 2, 3] or isinstance(result, DetachedError) for result in results)
        assert [0, 1, 2, 3] in results
        for probe in probes:
            assert probe.opens == probe.closes
            assert not probe.violations

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    async def test_all_cancelled(self, how: str) -> None:
        """
        When all are cancelled, at any moment, nothing is left, and the source was closed once.
        """
        for moment in range(30):
            probe = Probe(range(4), before=pause, on_close=pause)
            scope = anyio.CancelScope()
            running = asyncio.ensure_future(all_at_once(JaypieStream(probe).broadcast(3), scope))
            await turns(moment)
            if how == "scope":
                scope.cancel()
            else:
                running.cancel()
                if how == "twice":
                    await pause()
                    running.cancel()
            await asyncio.wait([running])
            assert running.cancelled() or running.exception() is None
            assert probe.opens == probe.closes
            assert not probe.violations
