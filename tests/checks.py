"""
What every operator and terminal has to keep, as functions that any test can call with its operator.

Here live the checks and the stepping of a run from await to await. What an operator gives is said by its own test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, Generic, Literal, TypeVar

import anyio

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")


class SourceFailedError(Exception):
    """
    The planted error of a source.
    """


async def check_operator(
    operate: Callable[[JaypieStream[A]], JaypieStream[B]],
    items: Sequence[A],
    expected: Sequence[B],
    *,
    before_error: Sequence[B] | None = None,
    reads_ahead: int | None = None,
) -> None:
    """
    Run an operator over *items* in every way, and hold it to the contracts that all operators keep.

    Args:
        operate: Puts the operator on a stream. Called again for each run, so that its callables may count.
        items: What the source gives.
        expected: What must come out.
        before_error: What must come out before an error of the source behind *items*; *expected* where it is the same.
        reads_ahead: How many items it may read that it does not need for what it gives; None where any number is
            right, as for operators that gather.

    Raises:
        AssertionError: Where a contract is broken.
    """
    await check_result(operate, items, expected)
    await check_source_error(operate, items, expected if before_error is None else before_error)
    await check_early_exit(operate, items, expected, reads_ahead)
    await check_cancellation(operate, items)


async def check_result(
    operate: Callable[[JaypieStream[A]], JaypieStream[B]], items: Sequence[A], expected: Sequence[B]
) -> None:
    """
    The same items come out of every kind of source and every way to run; building reads nothing.
    """
    wanted = list(expected)
    for make in (Probe[A], ManagedProbe[A]):
        for gather in (in_terminal, in_open, in_async_for):
            probe = make(items)
            stream = operate(JaypieStream[A](probe))
            assert probe.events == [], "building must not touch the source"
            assert wanted == await gather(stream), f"{gather.__name__} over a {make.__name__}"
            probe.assert_released()
    plain = list(items)
    twice = operate(JaypieStream[A](plain))
    assert wanted == await twice.to_list(), "over a list"
    assert wanted == await operate(JaypieStream[A](iter(plain))).to_list(), "over a plain iterator"
    assert wanted == await operate(JaypieStream[A](lambda: Probe(items))).to_list(), "over a callable"
    assert plain == list(items), "the source's list must not be changed"


async def check_source_error(
    operate: Callable[[JaypieStream[A]], JaypieStream[B]], items: Sequence[A], before: Sequence[B]
) -> None:
    """
    An error of the source comes out bare and unchanged, after the items before it, and everything is closed.
    """
    error = SourceFailedError("planted")
    probe = Probe(items, fail_at=len(items), error=error)
    got: list[B] = []
    failure: Exception | None = None
    try:
        async with operate(JaypieStream[A](probe)).open() as opened:
            async for item in opened:
                got.append(item)  # noqa: PERF401 - what came before the error is wanted
    except SourceFailedError as raised:
        failure = raised
    if failure is None:
        assert probe.reads <= len(items), "the source failed and the run did not"
    else:
        assert failure is error
        assert list(before) == got, "items before the error"
    probe.assert_released()


async def check_early_exit(
    operate: Callable[[JaypieStream[A]], JaypieStream[B]],
    items: Sequence[A],
    expected: Sequence[B],
    reads_ahead: int | None = None,
) -> None:
    """
    Leaving after any number of items closes the source at once, and has read no more than the operator states.
    """
    for count in range(len(expected) + 1):
        probe = Probe(items)
        got: list[B] = []
        async with operate(JaypieStream[A](probe)).open() as opened:
            while len(got) < count:
                got.append(await anext(opened))
        assert list(expected[:count]) == got
        probe.assert_released()
        if reads_ahead is not None:
            assert probe.reads <= count + reads_ahead, f"{probe.reads} items read to give {count}"
        if not count:
            assert not probe.opens, "nothing was asked for, so nothing may be opened"


async def check_cancellation(operate: Callable[[JaypieStream[A]], JaypieStream[Any]], items: Sequence[A]) -> None:
    """
    A run that is cancelled at any of its awaits ends cancelled, with everything closed.
    """
    for make in (Probe[A], ManagedProbe[A]):
        for gather in (in_terminal, in_open, in_async_for):
            probes: list[Probe[A]] = []

            def run(
                make: type[Probe[A]] = make,
                gather: Callable[[JaypieStream[Any]], Coroutine[Any, Any, list[Any]]] = gather,
                probes: list[Probe[A]] = probes,
            ) -> Coroutine[Any, Any, list[Any]]:
                probes.append(make(items, before=pause, on_close=pause))
                return gather(operate(JaypieStream[A](probes[-1])))

            await cancel_at_every_await(run, "scope")
            for probe in probes:
                probe.assert_released()
            probes.clear()
            await cancel_at_every_await(run, "native")
            for probe in probes:  # a native cancellation interrupts the close that it hits
                assert probe.opens == probe.closes, probe.kinds
                assert probe.violations == []


# ways to run ----------------------------------------------------------------------------------------------------------


async def in_terminal(stream: JaypieStream[B]) -> list[B]:
    """
    Collect by a terminal.
    """
    return await stream.to_list()


async def in_open(stream: JaypieStream[B]) -> list[B]:
    """
    Collect inside `open()`.
    """
    async with stream.open() as items:
        return [item async for item in items]


async def in_async_for(stream: JaypieStream[B]) -> list[B]:
    """
    Collect by a bare `async for` that runs to its end, and is closed here where it does not.
    """
    items = aiter(stream)
    try:
        return [item async for item in items]
    finally:
        await close_generator(items)


WAYS = (in_terminal, in_open, in_async_for)


async def close_generator(items: AsyncIterator[Any]) -> None:
    """
    Close what a bare `async for` runs over.
    """
    close: Callable[[], Awaitable[None]] = getattr(items, "aclose")  # noqa: B009 - iterators need not have one
    await close()


async def pause(*_: object) -> None:
    """
    Let the loop run once.
    """
    await asyncio.sleep(0)


# stepping -------------------------------------------------------------------------------------------------------------


class Stepped(Generic[R]):
    """
    A coroutine that is counted from await to await; at one of them something is done.

    Args:
        main: What runs.
        at: The number of the await, the first is 1.
        do: Called there, before the event loop sees the await.
    """

    def __init__(self, main: Coroutine[Any, Any, R], at: int, do: Callable[[], object]) -> None:
        """
        Take what runs; nothing has run yet.
        """
        self.awaits = 0
        self._main = main
        self._at = at
        self._do = do

    @property
    def reached(self) -> bool:
        """
        Whether the run got to the await.
        """
        return self.awaits >= self._at

    def __await__(self) -> Generator[Any, Any, R]:
        """
        Run, handing every await on to whoever drives this one.
        """
        main = self._main.__await__()
        error: BaseException | None = None
        while True:
            try:
                waits_for = next(main) if error is None else main.throw(error)
            except StopIteration as stop:
                result: R = stop.value
                return result
            self.awaits += 1
            if self.awaits == self._at:
                self._do()
            try:
                yield waits_for
                error = None
            except BaseException as thrown:
                error = thrown


async def cancel_at_every_await(
    make: Callable[[], Coroutine[Any, Any, Any]], how: Literal["native", "scope"], *, most: int = 500
) -> int:
    """
    Run *make* again and again, cancelled at its first await, its second and so on, until one run is not reached.

    Args:
        make: Gives the coroutine of one run.
        how: By `Task.cancel` or by the cancel scope of anyio round the run.
        most: Awaits after which the run is taken for an endless one.

    Returns:
        How many awaits a whole run has.

    Raises:
        AssertionError: If a run that was cancelled ended in any other way, or left its task cancelled.
    """
    for at in range(1, most):
        reached = await (_cancel_natively if how == "native" else _cancel_by_scope)(make(), at)
        if not reached:
            return at - 1
    raise AssertionError(f"a run of more than {most} awaits")


async def _cancel_natively(main: Coroutine[Any, Any, Any], at: int) -> bool:
    loop = asyncio.get_running_loop()
    stepped = Stepped(main, at, lambda: loop.call_soon(lambda: task.cancel()))  # noqa: PLW0108 - eager tasks run before `task` is bound

    async def run() -> Any:
        return await stepped

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    if stepped.reached:
        assert task.cancelled(), f"cancelled at await {at}, and the run ended with {_ending(task)}"
    else:
        task.result()
    return stepped.reached


async def _cancel_by_scope(main: Coroutine[Any, Any, Any], at: int) -> bool:
    loop = asyncio.get_running_loop()

    async def run() -> bool:
        with anyio.CancelScope() as scope:
            stepped = Stepped(main, at, lambda: loop.call_soon(scope.cancel))
            await stepped
            await asyncio.sleep(0)  # a cancellation that fell on a shielded close comes here
        current = asyncio.current_task()
        assert current is not None
        assert current.cancelling() == 0, "the scope is left, and the task still counts as cancelled"
        assert scope.cancelled_caught == scope.cancel_called, f"the scope's cancellation at await {at} was lost"
        return scope.cancel_called

    return await asyncio.ensure_future(run())


def _ending(task: asyncio.Task[Any]) -> str:
    error = task.exception()
    return repr(task.result()) if error is None else repr(error)


async def check_terminal(run: Callable[[JaypieStream[A]], Coroutine[Any, Any, Any]], items: Sequence[A]) -> None:
    """
    Hold a terminal to the contracts that all of them keep.

    Args:
        run: Calls the terminal on a stream.
        items: What the source gives; the terminal must read all of them.

    Raises:
        AssertionError: Where a contract is broken.
    """
    for make in (Probe[A], ManagedProbe[A]):
        probe = make(items)
        running = run(JaypieStream[A](probe))
        assert probe.events == [], "calling is not running"
        await running
        assert probe.reads == len(items)
        probe.assert_released()
    error = SourceFailedError("planted")
    failing = Probe(items, fail_at=0, error=error)
    failure: Exception | None = None
    try:
        await run(JaypieStream[A](failing))
    except SourceFailedError as raised:
        failure = raised
    assert failure is error, "the source's error must come out as it is"
    failing.assert_released()
    probes: list[Probe[A]] = []

    def again() -> Coroutine[Any, Any, Any]:
        probes.append(Probe(items, before=pause, on_close=pause))
        return run(JaypieStream[A](probes[-1]))

    reached = await cancel_at_every_await(again, "scope")
    assert reached > len(items)
    for probe in probes:
        probe.assert_released()
    await cancel_at_every_await(again, "native")
    for probe in probes:
        assert probe.opens == probe.closes, probe.kinds


def cancel_me() -> None:
    """
    Cancel the task that this is called in; its next await is where that lands.
    """
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
