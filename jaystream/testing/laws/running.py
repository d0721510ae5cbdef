"""
What every operator keeps about its run, whatever it gives: laziness, demand, cancellation, errors, fair turns.
Its closing is in `jaystream.testing.laws.closing`.

Each function is one law; it takes the operator as a function from stream to stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from itertools import count, takewhile
from typing import Any, TypeAlias

import anyio

from jaystream import JaypieStream
from jaystream.testing.laws.planting import PlantedError, ended, failing_at, fails_with
from jaystream.testing.probes import ManagedProbe, Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.stepping import cancel_at_every_await
from jaystream.testing.ways import WAYS, close_iterator, finish, pause
from jaystream.testing.witness import Witness

__all__ = [
    "building_reads_nothing",
    "cancelled_runs_end_cancelled",
    "catch_sees_what_is_above",
    "failing_callbacks_end_the_run",
    "fails_once_after_the_items_before",
    "holds_no_scope_across_a_yield",
    "lets_others_run",
    "reads_what_it_needs",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]


# L16, L17 -------------------------------------------------------------------------------------------------------------


async def building_reads_nothing(operate: Operate, items: Sequence[Any]) -> None:
    """
    L16: building a pipeline, and opening it without asking for an item, touches no source.
    """
    for make in (Probe[Any], ManagedProbe[Any]):
        probe = make(items)
        stream = operate(JaypieStream(probe))
        expect_same([], probe.kinds, "building must not touch the source")
        async with stream.open():
            pass
        expect(not probe.opens, "nothing was asked for, so nothing may be opened")


async def reads_what_it_needs(
    operate: Operate,
    items: Sequence[Any],
    model: Callable[[Sequence[Any]], Sequence[Any]],
    *,
    so_far: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    ahead: int = 0,
) -> None:
    """
    L17: pulling k items reads no more of the source than decides those k, plus the *ahead* that the operator states;
    after the consumer has stopped, nothing is read.

    How many decide is taken from *model*, the operator on lists: the shortest beginning of *items* for which it gives
    the same first k. So *items* should differ from each other. *so_far* is what has come of a beginning that goes on,
    where that is not the same as for one that ends.
    """
    expected = list(model(items))
    decided = [_common(expected, (so_far or model)(items[:size])) for size in range(len(items) + 1)]
    for wanted in range(len(expected) + 1):
        needed = next((size for size, given in enumerate(decided) if given >= wanted), len(items))
        probe = Probe(items)
        async with operate(JaypieStream(probe)).open() as opened:
            got = [await anext(opened) for _ in range(wanted)]
            reads = probe.reads
            await pause()
        if ahead:
            # what reads ahead may do so until it is closed
            reads = probe.reads
            await pause()
        expect_same(expected[:wanted], got, f"the first {wanted} items")
        expect(reads <= needed + ahead, f"{reads} items read to give {wanted}, which {needed} items decide")
        expect_same(reads, probe.reads, "items read after the consumer had stopped")


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


# contract 3 -----------------------------------------------------------------------------------------------------------


async def holds_no_scope_across_a_yield(operate: Operate, items: Sequence[Any]) -> None:
    """
    Nothing yields inside a cancel scope or task group: the consumer, who runs between two items, would be inside too.
    """
    held: list[RuntimeError] = []

    async def consume() -> None:
        running = aiter(operate(JaypieStream(Probe(items))))
        more = True
        while more and not held:
            scope = anyio.CancelScope()
            scope.__enter__()
            more = await anext(running, held) is not held
            try:
                # one that was entered meanwhile, and not left, is in the way
                scope.__exit__(None, None, None)
            except RuntimeError as error:
                held.append(error)
        await close_iterator(running)

    # in a task of its own, since scopes left out of order break those round them too
    task = asyncio.ensure_future(consume())
    await asyncio.gather(task, return_exceptions=True)
    expect(not held, f"an item is given inside a cancel scope or task group: {held}")
    task.result()


# L20, L21 -------------------------------------------------------------------------------------------------------------


async def cancelled_runs_end_cancelled(operate: Operate, items: Sequence[Any]) -> None:
    """
    L20: a run that is cancelled at any of its awaits ends cancelled, and has closed its source; a second cancellation
    while it cleans up is not lost either.
    """
    for managed in (False, True):
        for way in WAYS:
            witnesses: list[Witness] = []

            def run(
                managed: bool = managed,  # noqa: FBT001 - the loop's own value, bound now
                way: Callable[[JaypieStream[Any]], Coroutine[Any, Any, Any]] = way,
                witnesses: list[Witness] = witnesses,
            ) -> Coroutine[Any, Any, Any]:
                witnesses.append(Witness())
                source = witnesses[-1].source(items, managed=managed, before=pause, on_close=pause)
                return way(operate(JaypieStream(source)))

            await cancel_at_every_await(run, "scope")
            for witness in witnesses:
                witness.assert_released()
            witnesses.clear()
            await cancel_at_every_await(run, "native")
            await cancel_at_every_await(run, "timeout")
            await cancel_at_every_await(run, "twice")
            # a native cancellation interrupts the close that it hits
            for probe in (probe for witness in witnesses for probe in witness.probes):
                expect_same(probe.opens, probe.closes, f"closings of a source with {probe.kinds}")
                expect_same([], probe.violations, "misuse of the source")


async def lets_others_run(
    operate: Callable[[JaypieStream[Any]], Any], items: Sequence[Any], *, within: float = 2.0
) -> None:
    """
    L21: over a source that is always ready the event loop still gets its turns, so timeouts fire. *operate* gives a
    stream, or the coroutine of a sink.
    """
    expect(items, "this law needs an item to give again and again")
    loop = asyncio.get_running_loop()
    turned: list[float] = []
    loop.call_soon(lambda: loop.call_soon(turned.append, time.perf_counter()))
    begun = time.perf_counter()

    def endless() -> Generator[Any, None, None]:
        while not turned and time.perf_counter() < begun + within:
            yield from items

    made = operate(JaypieStream(endless))
    await (made.drain() if isinstance(made, JaypieStream) else made)
    late = f"the event loop had no turn in {within} seconds of a source that is always ready"
    expect(turned or time.perf_counter() < begun + within, late)
    while not turned:  # the operator ended by itself, before anything was due
        await pause()


# L22 ------------------------------------------------------------------------------------------------------------------


async def fails_once_after_the_items_before(operate: Operate, items: Sequence[Any], before: Sequence[Any]) -> None:
    """
    L22: an error of the source comes out as it is, once, after the items *before* it, and nothing comes after it.
    """
    error = PlantedError("planted")
    probe = Probe(items, fail_at=len(items), error=error)
    got: list[Any] = []
    failure: Exception | None = None
    async with operate(JaypieStream(probe)).open() as opened:
        try:
            async for item in opened:
                got.append(item)  # noqa: PERF401 - what came before the error is wanted
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        if failure is not None:
            await ended(opened, "a run that failed")
    if failure is None:
        expect(probe.reads <= len(items), "the source failed and the run did not")
    else:
        expect(failure is error, f"the source's error must come out as it is, not as {failure!r}")
        expect_same(list(before), got, "items before the error")
    probe.assert_released()


async def failing_callbacks_end_the_run(
    operate_with: Callable[[Callable[..., Any]], Callable[[JaypieStream[Any]], Any]],
    f: Callable[..., Any],
    items: Sequence[Any],
) -> None:
    """
    L22: an error of the operator's own function, at whichever call, comes out as it is, and the source is closed.
    So for a terminal's function; *operate_with* then gives its coroutine.
    """
    for failing in range(len(items) + 1):
        error = PlantedError("in the function")
        calls = count()

        def call(*args: Any, failing: int = failing, error: Exception = error, calls: Any = calls) -> Any:
            if next(calls) == failing:
                raise error
            return f(*args)

        probe = Probe(items)
        failure: Exception | None = None
        try:
            await finish(operate_with(call)(JaypieStream(probe)))
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        called = next(calls)
        expect(
            failure is error or (failure is None and called <= failing), f"call {failing} failed, and {failure!r} came"
        )
        probe.assert_released()


async def catch_sees_what_is_above(items: Sequence[Any], at: int) -> None:
    """
    L22: `catch` sees errors from above it only; one from below passes through it untouched.
    """
    below = PlantedError("below")
    caught = JaypieStream(items).catch(PlantedError, [None])
    seen: list[BaseException] = []
    await fails_with(caught.map(failing_at(at, below)).for_each(lambda _: None), seen)
    expect_same([below] if at < len(items) else [], seen, "errors from below `catch`")
    probe = Probe(items, fail_at=at, error=PlantedError("above")) if at <= len(items) else Probe(items)
    expected = [*items[:at], *([None] if at <= len(items) else [])]
    expect_same(expected, await JaypieStream(probe).catch(PlantedError, [None]).to_list(), "after an error from above")
