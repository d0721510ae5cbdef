"""
What every operator keeps about its run, whatever it gives: laziness, demand, closing, cancellation, errors, fair turns.

Each function is one law; it takes the operator as a function from stream to stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from itertools import count, takewhile
from typing import Any, TypeAlias

from jaystream import JaypieStream
from jaystream.testing.probes import ManagedProbe, Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.stepping import cancel_at_every_await
from jaystream.testing.ways import WAYS, close_iterator, pause
from jaystream.testing.witness import Witness

__all__ = [
    "PlantedError",
    "building_reads_nothing",
    "cancelled_runs_end_cancelled",
    "catch_sees_what_is_above",
    "closes_last_opened_first",
    "closes_on_every_way_out",
    "closing_again_is_harmless",
    "closing_during_a_pull_is_refused",
    "failing_callbacks_end_the_run",
    "fails_once_after_the_items_before",
    "lets_others_run",
    "reads_what_it_needs",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]


class PlantedError(Exception):
    """
    The error that a law plants.
    """


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
        expect_same(expected[:wanted], got, f"the first {wanted} items")
        expect(reads <= needed + ahead, f"{reads} items read to give {wanted}, which {needed} items decide")
        expect_same(reads, probe.reads, "items read after the consumer had stopped")


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


# L18, L19 -------------------------------------------------------------------------------------------------------------


async def closes_on_every_way_out(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L18: whichever way a run ends (at the end, left early, failed above or below), the source has been closed exactly
    once, in the task that opened it, before the run returns.
    """
    for managed in (False, True):
        for way in WAYS:
            witness = Witness()
            await way(operate(JaypieStream(witness.source(items, managed=managed))))
            witness.assert_released()
        for failing in range(len(items) + 1):
            for way in WAYS:
                witness = Witness()
                script: dict[str, Any] = {"fail_at": failing, "error": PlantedError("above"), "managed": managed}
                await _fails_with(way(operate(JaypieStream(witness.source(items, **script)))))
                witness.assert_released()
        for size in range(len(expected) + 1):
            for error in (None, PlantedError("below")):
                witness = Witness()
                stream = operate(JaypieStream(witness.source(items, managed=managed)))
                await _fails_with(_leave_after(stream, expected[:size], error))
                witness.assert_released()
            witness = Witness()
            stream = operate(JaypieStream(witness.source(items, managed=managed)))
            await _fails_with(stream.map(_failing_at(size)).drain())
            witness.assert_released()


async def closes_last_opened_first(build: Callable[[Witness], JaypieStream[Any]]) -> None:
    """
    L18: of several sources that are open at once, the last opened is closed first, also when the run is left early.
    """
    whole = Witness()
    given = len(await build(whole).to_list())
    whole.assert_released()
    for size in range(1, given + 1):
        witness = Witness()
        async with build(witness).open() as opened:
            for _ in range(size):
                await anext(opened)
        witness.assert_released()


async def closing_again_is_harmless(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L19: closing is idempotent: a run that was closed, or has ended, can be closed again, and its source is closed once.
    """
    for size in {0, min(1, len(expected)), len(expected)}:
        probe = Probe(items)
        running = aiter(operate(JaypieStream(probe)))
        for _ in range(size):
            await anext(running)
        await close_iterator(running)
        await close_iterator(running)
        probe.assert_released()
        await _ended(running, "a run that was closed")


async def closing_during_a_pull_is_refused(operate: Operate, items: Sequence[Any]) -> None:
    """
    L19: closing while a pull is under way raises `RuntimeError`, and harms neither the pull nor the closing afterwards.
    """
    gate, waits = asyncio.Event(), asyncio.Event()

    async def before(_: int) -> None:
        waits.set()
        await gate.wait()

    probe = Probe(items, before=before)
    running = aiter(operate(JaypieStream(probe)))
    pull = asyncio.ensure_future(anext(running, None))
    reached = asyncio.ensure_future(waits.wait())
    await asyncio.wait([pull, reached], return_when=asyncio.FIRST_COMPLETED)
    refused = not waits.is_set()  # an operator that reads nothing has no pull to disturb
    try:
        if waits.is_set():
            await close_iterator(running)
    except RuntimeError:
        refused = True
    gate.set()
    reached.cancel()
    await asyncio.wait([pull, reached])
    pull.result()
    await close_iterator(running)
    expect(refused, "closing during a pull must raise RuntimeError")
    expect_same(probe.opens, probe.closes, "closings of the source")
    expect_same([], probe.violations, "misuse of the source")


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
            await cancel_at_every_await(run, "twice")
            # a native cancellation interrupts the close that it hits
            for probe in (probe for witness in witnesses for probe in witness.probes):
                expect_same(probe.opens, probe.closes, f"closings of a source with {probe.kinds}")
                expect_same([], probe.violations, "misuse of the source")


async def lets_others_run(operate: Operate, items: Sequence[Any], *, within: float = 2.0) -> None:
    """
    L21: over a source that is always ready the event loop still gets its turns, so timeouts fire.
    """
    expect(items, "this law needs an item to give again and again")
    loop = asyncio.get_running_loop()
    turned: list[float] = []
    loop.call_soon(lambda: loop.call_soon(turned.append, time.perf_counter()))
    begun = time.perf_counter()

    def endless() -> Generator[Any, None, None]:
        while not turned and time.perf_counter() < begun + within:
            yield from items

    await operate(JaypieStream(endless)).drain()
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
            await _ended(opened, "a run that failed")
    if failure is None:
        expect(probe.reads <= len(items), "the source failed and the run did not")
    else:
        expect(failure is error, f"the source's error must come out as it is, not as {failure!r}")
        expect_same(list(before), got, "items before the error")
    probe.assert_released()


async def failing_callbacks_end_the_run(
    operate_with: Callable[[Callable[..., Any]], Operate], f: Callable[..., Any], items: Sequence[Any]
) -> None:
    """
    L22: an error of the operator's own function, at whichever call, comes out as it is, and the source is closed.
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
            await operate_with(call)(JaypieStream(probe)).drain()
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
    await _fails_with(caught.map(_failing_at(at, below)).for_each(lambda _: None), seen)
    expect_same([below] if at < len(items) else [], seen, "errors from below `catch`")
    probe = Probe(items, fail_at=at, error=PlantedError("above")) if at <= len(items) else Probe(items)
    expected = [*items[:at], *([None] if at <= len(items) else [])]
    expect_same(expected, await JaypieStream(probe).catch(PlantedError, [None]).to_list(), "after an error from above")


# helpers --------------------------------------------------------------------------------------------------------------


async def _fails_with(running: Awaitable[Any], seen: list[BaseException] | None = None) -> None:
    """Wait for *running*, which may fail as planned."""
    try:
        await running
    except PlantedError as error:
        if seen is not None:
            seen.append(error)


async def _leave_after(stream: JaypieStream[Any], expected: Sequence[Any], error: Exception | None) -> None:
    async with stream.open() as opened:
        got = [await anext(opened) for _ in expected]
        expect_same(list(expected), got, f"the first {len(expected)} items")
        if error is not None:
            raise error


def _failing_at(at: int, error: Exception | None = None) -> Callable[[Any], Any]:
    """A function for `map` that fails at an item."""
    left = iter(range(at))

    def call(item: Any) -> Any:
        if next(left, None) is None:
            raise error or PlantedError("below")
        return item

    return call


async def _ended(running: Any, what: str) -> None:
    """State that nothing more comes."""
    more: list[Any] = []
    try:
        more.append(await anext(running))
    except StopAsyncIteration:
        return
    expect(not more, f"{what} gave {more!r} afterwards")
