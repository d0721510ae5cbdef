"""
Contract 3: sources hold scopes, groups, timeouts and context variables across their yields, and nothing breaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream, Outcome
from jaystream.testing import Probe
from tests.checks import WAYS, close_generator, in_open, in_terminal, pause

Way = Callable[[JaypieStream[Any]], Any]


async def numbers() -> AsyncIterator[int]:
    for n in range(4):
        await pause()
        yield n


async def in_scope() -> AsyncIterator[int]:
    with anyio.CancelScope():
        for n in range(4):
            await pause()
            yield n


async def in_group() -> AsyncIterator[int]:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        for n in range(4):
            await pause()
            yield n
        group.cancel_scope.cancel()


async def in_timeout() -> AsyncIterator[int]:
    async with asyncio.timeout(60):
        for n in range(4):
            await pause()
            yield n


_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="outside")


async def in_context() -> AsyncIterator[int]:
    token = _variable.set("inside")
    try:
        for n in range(4):
            await pause()
            yield n
    finally:
        _variable.reset(token)


@contextlib.asynccontextmanager
async def managed_group() -> AsyncGenerator[AsyncIterator[int], None]:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        yield numbers()
        group.cancel_scope.cancel()


HOLDERS: list[Any] = [in_scope, in_timeout, in_context, managed_group]


BOUNDARIES: dict[str, Callable[[JaypieStream[int]], JaypieStream[Any]]] = {
    "fused": lambda s: s,
    "concat": lambda s: s.concat([]),
    "catch": lambda s: s.catch(OSError, []),
    "tap": lambda s: s.tap(on_error=print),
    "stats": lambda s: s.stats(lambda _: None),
    "zip": lambda s: s.zip([1, 2]),
    "materialize": lambda s: s.materialize(),
    "also_to": lambda s: s.also_to(JaypieStream[int].drain),
    "all": lambda s: s.concat([]).catch(OSError, []).tap(on_error=print).stats(lambda _: None),
}


async def cut(n: int) -> int:
    """
    Wait for what will never come.
    """
    await asyncio.Event().wait()
    return n


class TestHolders:
    """
    Sources that hold scopes, groups, timeouts and context variables across their yields.
    """

    @pytest.mark.parametrize("source", [*HOLDERS, in_group])
    @pytest.mark.parametrize("way", WAYS)
    async def test_whole_run(self, source: Any, way: Way) -> None:
        """
        They run to their end in every way.
        """
        assert await way(JaypieStream(source)) == [0, 1, 2, 3]
        assert await way(JaypieStream([0]).flat_map(lambda _: source())) == [0, 1, 2, 3]
        assert await way(JaypieStream(source).catch(OSError, []).concat([9])) == [0, 1, 2, 3, 9]
        assert _variable.get() == "outside"

    @pytest.mark.parametrize("source", HOLDERS)
    @pytest.mark.parametrize("way", [in_terminal, in_open])
    async def test_early_end(self, source: Any, way: Way) -> None:
        """
        `take` and an error of the stages below leave the scopes in the right order.
        """
        assert await way(JaypieStream(source).take(2)) == [0, 1]
        assert await way(JaypieStream(source).catch(OSError, []).take(2)) == [0, 1]
        with pytest.raises(ZeroDivisionError):
            await way(JaypieStream(source).map(lambda n: 1 // n))
        assert _variable.get() == "outside"
        await pause()

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("held", ["manager", "generator"])
    @pytest.mark.parametrize("below", ["fused", "segments", "materialize"])
    async def test_its_own_timeout(self, way: Way, held: str, below: str) -> None:
        """
        When the scope that a source holds cancels a stage below, its `TimeoutError` comes out and no cancellation.
        """

        @contextlib.asynccontextmanager
        async def manager() -> AsyncGenerator[list[int], None]:
            with anyio.fail_after(0):
                yield [1]

        async def generator() -> AsyncIterator[int]:
            async with asyncio.timeout(0):
                yield 1

        stream: JaypieStream[int] = JaypieStream(manager if held == "manager" else generator)
        if below == "segments":
            stream = stream.catch(OSError, []).concat([2])
        elif below == "materialize":
            stream = stream.materialize().dematerialize()
        with pytest.raises(TimeoutError):
            await way(stream.map(cut))
        await assert_not_cancelled()

    @pytest.mark.parametrize("held", ["manager", "generator"])
    async def test_its_own_timeout_in_the_body(self, held: str) -> None:
        """
        The same when it cancels the body of `open()`.
        """

        @contextlib.asynccontextmanager
        async def manager() -> AsyncGenerator[list[int], None]:
            with anyio.fail_after(0):
                yield [1]

        async def generator() -> AsyncIterator[int]:
            with anyio.fail_after(0):
                yield 1

        with pytest.raises(TimeoutError):
            async with JaypieStream[int](manager if held == "manager" else generator).open() as items:
                async for item in items:
                    await cut(item)
        await assert_not_cancelled()

    @pytest.mark.parametrize("way", WAYS)
    async def test_its_own_timeout_is_told(self, way: Way) -> None:
        """
        Side sinks and finalizers learn of that error: for them, what was cut is no stream that has ended.
        """

        async def limited() -> AsyncIterator[int]:
            async with asyncio.timeout(0):
                yield 1

        async def sink(stream: JaypieStream[int]) -> None:
            try:
                await stream.drain()
            except TimeoutError as error:
                told.append(error)
                raise

        told: list[object] = []
        outcomes: list[Outcome] = []
        with pytest.raises(TimeoutError) as caught:
            await way(JaypieStream(limited).also_to(sink).finalize(outcomes.append).map(cut))
        assert [outcome.kind for outcome in outcomes] == ["error"]
        assert [*told, outcomes[0].error] == [caught.value] * 2
        await assert_not_cancelled()

    @pytest.mark.parametrize("way", WAYS)
    async def test_its_own_group(self, way: Way) -> None:
        """
        When a task of the group that a source holds fails, the group's error comes out.
        """

        async def fail() -> None:
            raise KeyError("background")

        @contextlib.asynccontextmanager
        async def manager() -> AsyncGenerator[list[int], None]:
            async with anyio.create_task_group() as group:
                group.start_soon(fail)
                yield [1]

        with pytest.raises(ExceptionGroup) as caught:
            await way(JaypieStream(manager).map(cut))
        assert caught.group_contains(KeyError, match="background")
        await assert_not_cancelled()

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("held", ["manager", "generator"])
    @pytest.mark.parametrize("below", BOUNDARIES)
    async def test_its_own_scope_takes_the_cancellation_back(self, way: Way, held: str, below: str) -> None:
        """
        A scope that swallows its own cancellation ends the stream there, through every kind of segment.
        """

        @contextlib.asynccontextmanager
        async def manager() -> AsyncGenerator[list[int], None]:
            with anyio.move_on_after(0):
                yield [1]

        async def generator() -> AsyncIterator[int]:
            with anyio.move_on_after(0):
                yield 1

        stream = JaypieStream[int](manager if held == "manager" else generator)
        assert await way(BOUNDARIES[below](stream).map(cut)) == []
        await assert_not_cancelled()

    async def test_pulls_stay_in_one_task(self) -> None:
        """
        Opening, every pull and closing happen in the consumer's task and context.
        """
        probe = Probe(range(3))
        items = aiter(JaypieStream(probe).flat_map(lambda n: [n]).concat([1]))
        assert [item async for item in items] == [0, 1, 2, 1]
        await close_generator(items)
        assert probe.tasks == {asyncio.current_task()}
        assert probe.context_kept


async def assert_not_cancelled() -> None:
    """
    Show that nothing is left of a cancellation.
    """
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await pause()
