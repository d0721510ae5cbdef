"""
The checks, checked once more: faults that well-meant operators have, each noticed by the law that is about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import LeakError, Witness, cancel_at_every_await, check_operator, guard_leaks, laws
from tests.testing.test_planted_faults import ITEMS, iterated, on_the_source, passes

Operate = Callable[[JaypieStream[Any]], JaypieStream[Any]]


async def leaves_a_task(source: Any) -> AsyncIterator[Any]:
    """
    A heartbeat beside the stream, which nobody stops.
    """
    beating = asyncio.ensure_future(asyncio.sleep(60))
    async with aclosing(passes(source)) as items:
        async for item in items:
            yield item
    assert not beating.done()


async def reads_in_tasks(source: Any) -> AsyncIterator[Any]:
    """
    Each pull is a task of its own, as for a timeout.
    """
    items = await iterated(source)
    try:
        while True:
            pull = asyncio.ensure_future(_next(items))
            try:
                more, item = await pull
            finally:
                pull.cancel()
                await asyncio.wait([pull])
            if not more:
                return
            yield item
    finally:
        if hasattr(source, "aclose"):
            with anyio.CancelScope(shield=True):
                await source.aclose()


async def _next(items: AsyncIterator[Any]) -> tuple[bool, Any]:
    try:
        return True, await anext(items)
    except StopAsyncIteration:
        return False, None


async def yields_in_a_scope(source: Any) -> AsyncIterator[Any]:
    """
    A timeout round the whole loop counts the consumer's time, and cancels it.
    """
    with anyio.move_on_after(60):
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item


async def yields_in_a_group(source: Any) -> AsyncGenerator[Any, None]:
    """
    A task group round the whole loop.
    """
    async with anyio.create_task_group(), aclosing(passes(source)) as items:
        async for item in items:
            yield item


async def reads_ahead_in_a_task(source: Any) -> AsyncIterator[Any]:
    """
    The next item is pulled while the consumer has the last one.
    """
    items = await iterated(source)
    pull = asyncio.ensure_future(_next(items))
    try:
        while True:
            more, item = await pull
            if not more:
                return
            pull = asyncio.ensure_future(_next(items))
            await asyncio.sleep(0)
            yield item
    finally:
        pull.cancel()
        await asyncio.wait([pull])
        if hasattr(source, "aclose"):
            with anyio.CancelScope(shield=True):
                await source.aclose()


def empties_the_list(stream: JaypieStream[Any]) -> JaypieStream[Any]:
    """
    The source's own list is used up, so that nothing is held twice.
    """
    origin: Any = stream._plan.source.origin
    given_a_list = isinstance(origin, list)
    return JaypieStream(lambda: _emptied(stream._plan.source.origin)) if given_a_list else stream


def _emptied(items: Any) -> Iterator[Any]:
    while items:
        yield items.pop(0)


FAULTS: dict[str, tuple[Operate, str]] = {
    "leaves a task": (on_the_source(leaves_a_task), "still running: sleep at"),
    "reads in tasks": (on_the_source(reads_in_tasks), "opened, read and closed by several tasks"),
    "yields in a scope": (on_the_source(yields_in_a_scope), "an item is given inside a cancel scope or task group"),
    "yields in a group": (on_the_source(yields_in_a_group), "an item is given inside a cancel scope or task group"),
    "empties the list": (empties_the_list, "the source's own list afterwards"),
}


class TestOperators:
    """
    `check_operator` notices what an operator's own tests would not.
    """

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    @pytest.mark.leaks(allow_finalized=True, reason="what a fault leaves behind is the garbage collector's")
    async def test_fault(self, fault: str) -> None:
        """
        Each fault is noticed, and named.
        """
        operate, message = FAULTS[fault]
        with pytest.raises(AssertionError, match=message):
            await check_operator(operate, ITEMS, ITEMS, reads_ahead=0)

    async def test_reading_ahead(self) -> None:
        """
        An item that was pulled while nobody had asked for it is noticed.
        """
        await laws.reads_what_it_needs(on_the_source(passes), ITEMS, lambda xs: xs)
        with pytest.raises(AssertionError, match="2 items read to give 1, which 1 items decide"):
            await laws.reads_what_it_needs(on_the_source(reads_ahead_in_a_task), ITEMS, lambda xs: xs)

    async def test_task_left_running(self) -> None:
        """
        The task is named, with its place.
        """
        with pytest.raises(LeakError, match="still running: sleep at"):
            async with guard_leaks():
                assert ITEMS == await on_the_source(leaves_a_task)(JaypieStream(ITEMS)).to_list()


class TestFunctions:
    """
    The law of functions.
    """

    @staticmethod
    def awaiting(f: Callable[..., Any]) -> Operate:
        """
        Awaits whatever its function gives.
        """

        async def generate(stream: JaypieStream[Any]) -> AsyncIterator[Any]:
            async with stream.open() as items:
                async for item in items:
                    yield await f(item)

        return lambda stream: stream.pipe(generate)

    @staticmethod
    def never_awaiting(f: Callable[..., Any]) -> Operate:
        """
        Hands on what its function gives, a coroutine too.
        """

        async def generate(stream: JaypieStream[Any]) -> AsyncIterator[Any]:
            async with stream.open() as items:
                async for item in items:
                    given = f(item)
                    if asyncio.iscoroutine(given):
                        given.close()
                    yield given

        return lambda stream: stream.pipe(generate)

    async def test_plain_functions(self) -> None:
        """
        An operator that takes coroutine functions alone is noticed.
        """
        with pytest.raises(AssertionError, match="a plain function was not taken: TypeError"):
            await laws.takes_async_functions(self.awaiting, str, ITEMS)

    async def test_coroutine_functions(self) -> None:
        """
        So is one that takes plain functions alone.
        """
        with pytest.raises(AssertionError, match="items with a coroutine function"):
            await laws.takes_async_functions(self.never_awaiting, str, ITEMS)

    async def test_swallowed_error(self) -> None:
        """
        An operator that skips the items at which its function fails is noticed.
        """

        def quietly(f: Callable[..., Any]) -> Operate:
            return lambda stream: stream.map(f, on_error=lambda x, error: None)

        with pytest.raises(AssertionError, match="call 0 failed, and None came"):
            await laws.failing_callbacks_end_the_run(quietly, str, ITEMS)


class TestRuns:
    """
    The law of runs again.
    """

    async def test_begun_at_build_time(self) -> None:
        """
        A pipeline that made its generator when it was written, and so runs once, is noticed.
        """

        def once(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            items: Any = stream._plan.source.origin
            return JaypieStream(item for item in items)

        with pytest.raises(AssertionError, match="the second run over a source that can run again was refused"):
            await laws.runs_again_over_what_can(once, ITEMS, ITEMS)

    async def test_runs_at_once(self) -> None:
        """
        A pipeline of whose two runs at once each takes from the other is noticed.
        """

        def shared(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            turns: list[Any] = []

            async def generate(upstream: JaypieStream[Any]) -> AsyncIterator[Any]:
                turns.clear()
                async with upstream.open() as items:
                    async for item in items:
                        turns.append(item)
                        await asyncio.sleep(0)
                        yield len(turns)

            return stream.pipe(generate)

        await laws.runs_again_over_what_can(lambda s: s.skip(1), ITEMS, ITEMS[1:])
        with pytest.raises(AssertionError, match="items of one of two runs at once"):
            await laws.runs_again_over_what_can(shared, ITEMS, ITEMS)

    async def test_neighbours(self) -> None:
        """
        An operator that gives something else when it stands behind another one is noticed.
        """

        def moody(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            return stream.map(lambda x: x * 2) if len(stream._plan.stages) else stream

        await laws.fuses_faithfully([lambda s: s.map(str), lambda s: s.take(2)], ITEMS)
        with pytest.raises(AssertionError, match="items of the fused loop"):
            await laws.fuses_faithfully([lambda s: s.skip(1), moody], ITEMS)


class TestClosing:
    """
    The law of errors in closing.
    """

    async def test_hidden(self) -> None:
        """
        An error of closing that nobody gets to see is noticed.
        """

        async def hides(source: Any) -> AsyncIterator[Any]:
            items = await iterated(source)
            try:
                async for item in items:
                    yield item
            finally:
                with suppress(laws.PlantedError):
                    await source.aclose()

        await laws.closing_errors_are_told(on_the_source(passes), ITEMS)
        with pytest.raises(AssertionError, match="what a run raises whose source failed to close"):
            await laws.closing_errors_are_told(on_the_source(hides), ITEMS)

    async def test_never_called(self) -> None:
        """
        Where nothing comes that could fail, the error of closing is the run's own.
        """
        await laws.closing_errors_are_told(lambda s: s.filter(lambda _: False), ITEMS)

    async def test_witness(self) -> None:
        """
        A source that was closed and never opened is released too.
        """
        witness = Witness()
        await witness.source().aclose()
        witness.assert_released()

    async def test_reading_nothing(self) -> None:
        """
        An operator that reads nothing has nothing to close, and no pull to disturb.
        """
        await check_operator(lambda s: s.take(0), ITEMS, list[Any](), reads_ahead=0)


class TestStepping:
    """
    Runs from await to await.
    """

    async def test_endless(self) -> None:
        """
        A run that never ends is given up.
        """

        async def five() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        assert 5 == await cancel_at_every_await(five, "timeout")
        with pytest.raises(AssertionError, match="a run of more than 3 awaits"):
            await cancel_at_every_await(five, "native", most=3)

    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ("native", "cancelled at await 1, and the run ended with None"),
            ("timeout", "the timeout's cancellation at await 1 was lost"),
        ],
    )
    async def test_lost(self, how: Any, message: str) -> None:
        """
        A cancellation that is caught and forgotten is named. That of a scope comes again at the next await.
        """

        async def forgets() -> None:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                assert task is not None
                task.uncancel()

        with pytest.raises(AssertionError, match=message):
            await cancel_at_every_await(forgets, how)


class TestModels:
    """
    The law of operators that fail by themselves.
    """

    async def test_too_late(self) -> None:
        """
        A bound that lets one too many through is noticed, and one that ends without an error.
        """
        await laws.fails_as_its_model_fails(lambda s: s.limit(items=1), ITEMS, [1], ValueError)
        with pytest.raises(AssertionError, match="items before the operator's own error"):
            await laws.fails_as_its_model_fails(lambda s: s.limit(items=2), ITEMS, [1], ValueError)
        with pytest.raises(AssertionError, match="ValueError must come from the source 'list', not None"):
            await laws.fails_as_its_model_fails(lambda s: s.take(1), ITEMS, [1], ValueError)

    async def test_terminal(self) -> None:
        """
        A terminal that counts wrong is noticed.
        """
        with pytest.raises(AssertionError, match="the result over the source 'list': expected 3, got 2"):
            await laws.ends_as_its_model_ends(lambda s: s.skip(1).count(), ITEMS, 3)

    async def test_bound_of_pieces(self) -> None:
        """
        A bound of bytes that counts each piece anew depends on the cuts, and is noticed.
        """

        def limited(stream: JaypieStream[Any], most: int) -> JaypieStream[Any]:
            return stream.tap(lambda piece: _refuse(piece, most))

        with pytest.raises(AssertionError, match=r"4 bytes, 3 allowed, cut as .*: ended with None"):
            await laws.counts_bytes_however_cut(limited, OverflowError, "abcd", 3, laws.every_single_cut("abcd"))


def _refuse(piece: str, most: int) -> None:
    if len(piece) > most:
        raise OverflowError
