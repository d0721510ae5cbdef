"""
One random case: a pipeline over a source, and a way to stop it; and what must hold whatever happens.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, NamedTuple

import anyio
from hypothesis import strategies as st

from jaystream import JaypieStream, StreamTimeoutError
from jaystream.testing import VirtualLoop, Witness, guard_leaks
from jaystream.testing.clock import describe_waiting
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.stepping import Stepped
from jaystream.testing.ways import in_async_for, in_open, in_terminal
from tests.fuzz.scripts import FuzzError, Script, scripts
from tests.fuzz.steps import Drawn, Knowledge, steps

__all__ = ["Case", "cases", "check", "check_all"]

Run = Callable[[JaypieStream[Any]], Coroutine[Any, Any, list[Any]]]

ENDS: dict[str, Run] = {"terminal": in_terminal, "open": in_open, "async for": in_async_for}
EARLY = ("take", "break", "consumer error", "callback error")
MOST_TURNS = 20_000
"""
Turns of the event loop that no case takes.
"""

CANCELLED = ("native", "scope", "timeout", "twice", "native at a time", "scope at a time", "timeout at a time")


class Case(NamedTuple):
    """
    What is tried.

    Attributes:
        source: What is read.
        steps: The operators.
        run: How it is run: by a terminal, inside `open()`, by a bare `async for`.
        way: How it is stopped.
        at: After how many items, or at which await or second, by the way.
        again: Awaits between the two cancellations of "twice".
    """

    source: Script
    steps: list[Drawn]
    run: str = "terminal"
    way: str = "end"
    at: int = 0
    again: int = 1

    def describe(self) -> str:
        """
        The case, as its reader would write it.
        """
        lines = "".join(f"\n    .{step}" for step in self.steps)
        return f"over {self.source}{lines}\nrun: {self.run}, stopped: {self.way}, at: {self.at}, again: {self.again}"

    def build(self, witness: Witness) -> JaypieStream[Any]:
        """
        The stream.
        """
        stream: JaypieStream[Any] = JaypieStream(self.source.source(witness))
        for step in self.steps:
            stream = step.put(stream, witness)
        return stream

    def expected(self) -> tuple[Knowledge, Sequence[Any]]:
        """
        What comes at the end of it, as far as is known.
        """
        known: Knowledge = "list"
        items: Sequence[Any] = self.source.items
        if self.source.fails or any(step.may_fail or step.raises for step in self.steps):
            return "nothing", ()
        for step in self.steps:
            if step.knows == "nothing" or (known == "bag" and not step.keeps_bag):
                return "nothing", ()
            items = step.model(items)
            known = "bag" if "bag" in {known, step.knows} else "list"
        return known, items


def cases() -> st.SearchStrategy[Case]:
    """
    Cases of every kind.
    """
    ways = st.one_of(st.just("end"), st.sampled_from(EARLY), st.sampled_from(CANCELLED), st.sampled_from(CANCELLED))
    return st.builds(
        Case,
        scripts(),
        st.lists(steps(), min_size=1, max_size=4),
        st.sampled_from(sorted(ENDS)),
        ways,
        st.integers(0, 24),
        st.integers(1, 4),
    )


# the ways to stop -----------------------------------------------------------------------------------------------------


class Stopped:
    """
    What a run did.
    """

    def __init__(self) -> None:
        self.items: list[Any] | None = None
        self.error: BaseException | None = None
        self.cancelled = False
        self.task: asyncio.Task[None] | None = None
        self.fired = False
        self.interrupted = False


async def run_early(case: Case, stream: JaypieStream[Any]) -> list[Any]:
    """
    Run it and stop by itself.
    """
    if case.way == "take":
        return await ENDS[case.run](stream.take(case.at))
    left = case.at
    if case.way == "callback error":

        def fail(x: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise FuzzError("below")
            return x

        return await ENDS[case.run](stream.map(fail))
    got: list[Any] = []
    async with stream.open() as items:
        async for item in items:
            if left == 0:
                if case.way == "consumer error":
                    raise FuzzError("the consumer")
                break
            left -= 1
            got.append(item)
    return got


class Counting:
    """
    A coroutine whose n-th awaits are told, for a way that cancels.
    """

    def __init__(self, main: Coroutine[Any, Any, Any], at: tuple[int, ...], do: Callable[[], object]) -> None:
        self._stepped = Stepped(main, at, do)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._stepped.__await__()


async def cancelled_run(case: Case, stream: JaypieStream[Any], stopped: Stopped) -> list[Any]:
    """
    Run it, and cancel it as the case says; what cancels is noted as fired.
    """
    loop = asyncio.get_running_loop()
    main = ENDS[case.run](stream)
    kind, _, by_time = case.way.partition(" at ")
    result: list[Any] = []

    def native() -> None:
        task = stopped.task
        if task is not None and task.cancel():
            stopped.fired = True

    def at_await(do: Callable[[], object]) -> Any:
        wanted = (case.at + 1, case.at + 1 + case.again) if kind == "twice" else (case.at + 1,)
        return Counting(main, wanted, do)

    if kind in {"native", "twice"}:
        if by_time:
            timer = loop.call_at(loop.time() + case.at / 4, native)
            try:
                return await main
            finally:
                timer.cancel()
        result = await at_await(lambda: loop.call_soon(native))
        return result
    if kind == "scope":
        with anyio.CancelScope(deadline=loop.time() + case.at / 4 if by_time else float("inf")) as scope:
            result = await (main if by_time else at_await(lambda: loop.call_soon(scope.cancel)))
            await asyncio.sleep(0)
        expect_same(scope.cancel_called, scope.cancelled_caught, "the scope's cancellation, asked for and caught")
        return [] if scope.cancelled_caught else result
    limit = asyncio.timeout(case.at / 4 if by_time else None)
    caught = False
    try:
        async with limit:
            result = await (main if by_time else at_await(lambda: limit.reschedule(loop.time())))
            await asyncio.sleep(0)
    except StreamTimeoutError:
        raise  # one of the pipeline's own
    except TimeoutError:
        caught = stopped.interrupted = True
    expect_same(limit.expired(), caught, "the timeout, expired and raised")
    return result


async def stop(case: Case, witness: Witness) -> Stopped:
    """
    Run the case in a task of its own.
    """
    stopped = Stopped()

    async def main() -> None:
        stream = case.build(witness)
        if case.way == "end":
            stopped.items = await ENDS[case.run](stream)
        elif case.way in EARLY:
            stopped.items = await run_early(case, stream)
        else:
            await cancelled_run(case, stream, stopped)
            task = asyncio.current_task()
            expect(task is not None and task.cancelling() == 0, "the task counts as cancelled, and nobody asked for it")

    stopped.task = task = asyncio.ensure_future(main())
    await asyncio.wait([task])
    stopped.cancelled = task.cancelled()
    stopped.error = None if stopped.cancelled else task.exception()
    return stopped


# what must hold -------------------------------------------------------------------------------------------------------


def planned(error: BaseException, also: tuple[type[Exception], ...]) -> bool:
    """
    Whether an error is one that the case has planned, or a group of such.
    """
    parts: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    if parts:
        return len(parts) > 1 and all(planned(each, also) for each in parts)
    return isinstance(error, (FuzzError, *also))


async def check(case: Case) -> None:
    """
    Try one case.

    Raises:
        AssertionError: Where something does not hold.
    """
    witness = Witness()
    async with guard_leaks():
        stopped = await stop(case, witness)
    error = stopped.error
    raises = tuple(kind for step in case.steps for kind in step.raises)
    if error is not None and not planned(error, raises):
        raise AssertionError(f"a run ended with what nobody planned: {error!r}") from error
    expect_same(stopped.fired, stopped.cancelled, "the run, cancelled by its task and ended so")
    if stopped.cancelled or stopped.interrupted:
        # the close that a task's cancellation hits is interrupted; `asyncio.timeout` cancels the task, too
        for probe in witness.probes:
            expect_same(probe.opens, probe.closes, f"closings of a source with {probe.kinds}")
            expect_same([], probe.violations, "misuse of a source")
            expect(len(probe.tasks) <= 1, f"a source was in the hands of {probe.tasks}")
    else:
        witness.assert_released()
    if stopped.items is not None:
        check_items(case, stopped.items)


def same_bag(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """
    Whether both have the same items, each as often, in any order.
    """
    return Counter(map(repr, one)) == Counter(map(repr, other))


def check_items(case: Case, items: Sequence[Any]) -> None:
    """
    Hold what came against what is known of it.
    """
    known, expected = case.expected()
    if case.way == "end" and known == "list":
        expect_same(list(expected), items, "items")
    elif case.way == "end" and known == "bag":
        expect(same_bag(expected, items), f"in any order: expected {expected!r}, got {items!r}")
    elif case.way in {"take", "break"} and known == "list":
        expect_same(list(expected[: case.at]), items, f"the first {case.at} items")
    elif case.way in {"take", "break"} and known == "bag":
        expect_same(min(case.at, len(expected)), len(items), f"how many of the first {case.at} items came")


class ShortLoop(VirtualLoop):
    """
    A loop in virtual time, for what ends soon: after too many turns it fails once, so that what runs can be closed.
    """

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns == MOST_TURNS:
            waiting = "".join(f"\n  - {describe_waiting(task)}" for task in asyncio.all_tasks(self))
            raise AssertionError(f"still running after {MOST_TURNS} turns of the event loop:{waiting}")
        super()._run_once()  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - asyncio's own


def check_all(drawn: Case) -> None:
    """
    Try one case on a loop of its own, in virtual time.
    """
    with asyncio.Runner(loop_factory=ShortLoop) as runner:
        runner.run(check(drawn))
