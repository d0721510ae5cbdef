"""
The checks, checked: operators and sinks with exactly one fault each, and which law notices it.

Each fault stands beside the same thing without it, which must pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, Witness, check_operator, laws

Operate = Callable[[JaypieStream[Any]], JaypieStream[Any]]
ITEMS = [1, 2, 3]


def is_probe(source: Any) -> bool:
    """
    Whether the laws look at what is done to it.
    """
    return isinstance(source, Probe)


def is_managed(source: Any) -> bool:
    """
    Whether it is one that must be entered.
    """
    return isinstance(source, ManagedProbe)


async def iterated(source: Any) -> AsyncIterator[Any]:
    """
    The iterator that a faulty operator uses by itself: a probe as it is, entered where it has to be.
    """
    if is_managed(source):
        await source.__aenter__()
    return source if is_probe(source) else aiter(JaypieStream(source))


def on_the_source(generate: Callable[[Any], AsyncIterator[Any]]) -> Operate:
    """
    An operator that takes the source out of its stream and treats it as it likes.
    """
    return lambda stream: JaypieStream(lambda: generate(stream._plan.source.origin))


async def passes(source: Any) -> AsyncGenerator[Any, None]:
    """
    No fault: this is what an operator has to do that wants to close its source by itself.
    """
    items = await iterated(source)
    try:
        async for item in items:
            yield item
    finally:
        if hasattr(source, "aclose"):
            with anyio.CancelScope(shield=True):
                await source.aclose()


# closing --------------------------------------------------------------------------------------------------------------


async def never_closes(source: Any) -> AsyncIterator[Any]:
    """
    The source stays open.
    """
    async for item in await iterated(source):
        yield item


async def closes_at_the_end_only(source: Any) -> AsyncIterator[Any]:
    """
    The source stays open where the run is left early.
    """
    async for item in await iterated(source):
        yield item
    if hasattr(source, "aclose"):
        await source.aclose()


async def closes_twice(source: Any) -> AsyncIterator[Any]:
    """
    The source is closed at its end and again afterwards, and the complaint is ignored.
    """
    try:
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item
    finally:
        if hasattr(source, "aclose"):
            with suppress(AssertionError):
                await source.aclose()


async def closes_in_a_task(source: Any) -> AsyncIterator[Any]:
    """
    The source is closed by another task than the one that opened it.
    """
    try:
        async for item in await iterated(source):
            yield item
    finally:
        if hasattr(source, "aclose"):
            await asyncio.ensure_future(source.aclose())


def closes_first_opened_first(witness: Witness) -> JaypieStream[Any]:
    """
    Two sources, closed in the order in which they were opened.
    """
    one, two = witness.source([1, 2]), witness.source([3, 4], managed=True)

    async def pairs() -> AsyncIterator[Any]:
        try:
            first = await anext(one)
            async with suppress_exit(two) as other:
                async for item in other:
                    yield first, item
        finally:
            await one.aclose()
            await two.aclose()

    return JaypieStream(pairs)


class suppress_exit:  # noqa: N801 - reads as a block
    """
    Enters a context manager, and does not leave it.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def __aenter__(self) -> Any:
        return await self._manager.__aenter__()

    async def __aexit__(self, *_: object) -> None:
        return None


# reading --------------------------------------------------------------------------------------------------------------


async def reads_one_more(source: Any) -> AsyncIterator[Any]:
    """
    Each item is given only when the next has been read.
    """
    held: list[Any] = []
    try:
        async with aclosing(passes(source)) as items:
            async for item in items:
                if held:
                    yield held.pop()
                held.append(item)
    finally:
        for item in held:
            yield item


def reads_at_build_time(stream: JaypieStream[Any]) -> JaypieStream[Any]:
    """
    The first item is read where the pipeline is written.
    """
    source: Any = stream._plan.source.origin
    begun: Any = source.__anext__() if is_probe(source) else None
    if begun is not None:
        with suppress(StopIteration):
            begun.send(None)
    return stream


# cancellation and errors ----------------------------------------------------------------------------------------------


async def swallows_cancellation(source: Any) -> AsyncIterator[Any]:
    """
    A cancelled pull counts as the end of the source.
    """
    with suppress(asyncio.CancelledError):
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item


async def swallows_cancellation_while_closing(source: Any) -> AsyncIterator[Any]:
    """
    A cancellation that lands while the source is closed is lost.
    """
    try:
        async for item in await iterated(source):
            yield item
    finally:
        if hasattr(source, "aclose"):
            with anyio.CancelScope(shield=True), suppress(asyncio.CancelledError):
                await source.aclose()


async def replaces_the_error(source: Any) -> AsyncIterator[Any]:
    """
    An error comes out as another one.
    """
    try:
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item
    except Exception as error:
        raise RuntimeError("something went wrong") from error


async def swallows_the_error(source: Any) -> AsyncIterator[Any]:
    """
    An error counts as the end of the source.
    """
    with suppress(Exception):
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item


async def gives_items_after_the_error(source: Any) -> AsyncIterator[Any]:
    """
    An item follows the error's place, and then the error.
    """
    try:
        async with aclosing(passes(source)) as items:
            async for item in items:
                yield item
    except Exception:
        yield 9
        raise


async def drops_items_before_the_error(source: Any) -> AsyncIterator[Any]:
    """
    Two items at a time: an error is told before the one that is held.
    """
    held: list[Any] = []
    async with aclosing(passes(source)) as items:
        async for item in items:
            held.append(item)
            if len(held) == 2:
                for each in held:
                    yield each
                held.clear()
    for each in held:
        yield each


# giving ---------------------------------------------------------------------------------------------------------------


def in_pairs(*, times: int) -> Callable[[Any], AsyncIterator[Any]]:
    """
    Tuples of two, the last and shorter one as often as *times*.
    """

    async def generate(source: Any) -> AsyncIterator[Any]:
        held: list[Any] = []
        try:
            async with aclosing(passes(source)) as items:
                async for item in items:
                    held.append(item)
                    if len(held) == 2:
                        yield tuple(held)
                        held.clear()
        except Exception:
            for _ in range(times and len(held)):
                yield tuple(held)
            raise
        for _ in range(times if held else 0):
            yield tuple(held)

    return generate


def pairs_of(items: Sequence[Any]) -> list[Any]:
    """
    What `in_pairs` should give.
    """
    return [tuple(items[at : at + 2]) for at in range(0, len(items), 2)]


FAULTS: dict[str, tuple[Operate, str]] = {
    "never closes": (on_the_source(never_closes), "expected one opening and one finished closing"),
    "closes at the end only": (on_the_source(closes_at_the_end_only), "expected one opening and one finished closing"),
    "closes twice": (on_the_source(closes_twice), "the probe was misused.*closed twice"),
    "closes in a task": (on_the_source(closes_in_a_task), "opened, read and closed by several tasks"),
    "reads one more": (on_the_source(reads_one_more), "2 items read to give 1"),
    "reads at build time": (reads_at_build_time, "building must not touch the source"),
    "swallows cancellation": (
        on_the_source(swallows_cancellation),
        "cancelled at await|cancellation at await|left its scope",
    ),
    "swallows the second cancellation": (
        on_the_source(swallows_cancellation_while_closing),
        "cancelled at await|cancellation at await|left its scope",
    ),
    "replaces the error": (on_the_source(replaces_the_error), "must come out as it is, not as RuntimeError"),
    "swallows the error": (on_the_source(swallows_the_error), "the source failed and the run did not"),
    "gives items after the error": (on_the_source(gives_items_after_the_error), "items before the error"),
    "drops items before the error": (on_the_source(drops_items_before_the_error), "items before the error"),
}


class TestOperators:
    """
    `check_operator` notices what is wrong with an operator.
    """

    async def test_no_fault(self) -> None:
        """
        It passes what has no fault.
        """
        await check_operator(on_the_source(passes), ITEMS, ITEMS, reads_ahead=0)
        await check_operator(on_the_source(in_pairs(times=1)), ITEMS, pairs_of(ITEMS))

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    @pytest.mark.leaks(allow_finalized=True, reason="what a fault leaves behind is the garbage collector's")
    async def test_fault(self, fault: str) -> None:
        """
        Each fault is noticed, and named.
        """
        operate, message = FAULTS[fault]
        with pytest.raises(AssertionError, match=message):
            await check_operator(operate, ITEMS, ITEMS, reads_ahead=0)

    @pytest.mark.parametrize("times", [0, 2])
    async def test_flush(self, times: int) -> None:
        """
        A last chunk that is lost, or comes twice, is noticed.
        """
        with pytest.raises(AssertionError, match="items from the source 'list'"):
            await check_operator(on_the_source(in_pairs(times=times)), ITEMS, pairs_of(ITEMS))

    async def test_flush_of_a_model(self) -> None:
        """
        The law of `chunk` alone notices a lost chunk of the stream's own, here by leaving out what `chunk` gives last.
        """
        await laws.chunks_flatten_to_the_items(ITEMS, 2)
        with pytest.raises(AssertionError, match="items from the source"):
            await laws.gives_what_its_model_gives(
                lambda s: s.chunk(2).filter(lambda c: len(c) == 2), ITEMS, pairs_of(ITEMS)
            )

    async def test_order_of_closing(self) -> None:
        """
        Sources that are closed in the order of opening are noticed.
        """
        with pytest.raises(AssertionError, match="source 0 was closed while source 1 was open"):
            await laws.closes_last_opened_first(closes_first_opened_first)

    async def test_never_lets_others_run(self) -> None:
        """
        An operator that never gives the loop a turn is noticed.
        """

        def busy(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            source: Any = stream._plan.source.origin
            return JaypieStream(lambda: [sum(1 for _ in source())])

        with pytest.raises(AssertionError, match=r"the event loop had no turn in 0\.1 seconds"):
            await laws.lets_others_run(busy, ITEMS, within=0.1)

    async def test_state_stays_behind(self) -> None:
        """
        A pipeline whose second run goes on with the state of the first is noticed.
        """

        def counted(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            seen: list[Any] = []
            return stream.tap(seen.append).map(lambda _: len(seen))

        with pytest.raises(AssertionError, match="items of the second run"):
            await laws.runs_again_over_what_can(counted, ITEMS, ITEMS)
