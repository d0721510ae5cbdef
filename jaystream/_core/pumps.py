"""
Pumps: tasks that run what stands above a boundary, and the inlets that they put items into.

Lives here: the life of these tasks as something that a loop owns, the fair turns of their inlets, and the bell that
wakes the boundary. What the items and the end of an inlet mean is for the boundary to say.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, Future, Task, TimerHandle, get_running_loop, wait
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import GRACE, Closer, bounded
from jaystream._core.plan import Stage
from jaystream._core.run import LeftError, Run
from jaystream._core.shelter import Around, is_shielded
from jaystream._core.waiting import over

if TYPE_CHECKING:
    from jaystream._core.fuse import Above
    from jaystream._core.run import Loop
    from jaystream._core.writer import LoopWriter

SHIELDED = 0.005
"""Seconds until a pump whose source holds up a shield is looked at again."""


class Into(Stage):
    """
    The end of a pump's loop: each item goes into an inlet, and the loop waits where that is full.
    """

    __slots__ = ("_inlet",)
    name = "into an inlet"
    names: tuple[str, ...] = ("inlet", "append", "load", "came", "size", "future", "gone")

    def __init__(self, inlet: Inlet | None) -> None:
        self._inlet = inlet

    def values(self) -> tuple[object, ...]:
        inlet = self._inlet
        if inlet is None:
            return ()
        future: partial[Future[None]] = partial(Future, loop=inlet.pumps.events)
        return (inlet, inlet.append, inlet.load, inlet.came, inlet.size, future, LeftError)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        inlet, append, load, came, size, future, gone = (code.name(word) for word in self.names)
        code.line(f"{append}(x)")
        code.line(f"n = len({load})")
        code.line("if n == 1:")
        code.line(f"    {came}()")
        with code.block(f"if n >= {size}:"):
            code.line(f"if {inlet}.left:")
            code.line(f"    raise {gone}")
            code.line(f"{inlet}.giver = {future}()")
            code.line(f"await {inlet}.giver")
            code.line("if left < 2:")  # the event loop has just run: no look at the clock for the next item
            code.line("    left = 2")


class Inlet:
    """
    Where one pump puts its items for a boundary.

    It stands in `Pumps.ready` as long as it holds something, or its end has not been looked at: whoever takes items
    out calls `taken`. A boundary that does more with an item than to hold it has an inlet of its own kind.

    Args:
        pumps: What it is a part of.
        tag: Whatever the boundary knows it by.
        size: Items that it holds before the pump waits, at least 1.

    Attributes:
        tag: The same.
        size: The same.
        held: The items, oldest first.
        load: What counts for *size*; the same in most cases.
        ended: The pump is done; nothing comes after what is held.
        error: What the pump failed with, if it did.
        left: Nobody wants the items any more.
        giver: What the pump waits for, while it waits for room; it fails with `LeftError` if nobody wants the items.
    """

    __slots__ = ("ended", "error", "giver", "held", "left", "load", "pumps", "size", "tag")

    def __init__(self, pumps: Pumps, tag: Any = None, size: int = 1) -> None:
        self.pumps: Pumps = pumps
        self.tag: Any = tag
        self.size: int = size
        self.held: deque[Any] = deque()
        self.load: Collection[Any] = self.held
        self.ended: bool = False
        self.error: BaseException | None = None
        self.left: bool = False
        self.giver: Future[None] | None = None

    @property
    def append(self) -> Callable[[Any], object]:
        """What the pump calls with each item; asked for once, and not kept, since it may be a method of this."""
        return self.held.append

    # the pump's end -----------------------------------------------------------------------------------------------

    def announce(self) -> None:
        """Take a turn among those that are ready."""
        pumps = self.pumps
        pumps.ready.append(self)
        if pumps.sleeper is not None:
            pumps.ring()

    came = announce
    """What the pump calls when the first item is there."""

    def end(self, error: BaseException | None) -> None:
        """End it after what it holds."""
        self.ended = True
        self.error = error
        if not self.held:
            self.announce()

    # the boundary's end -------------------------------------------------------------------------------------------

    def taken(self) -> None:
        """Tell the pump that there is room, and stay in turn if there is more to take, or the end to look at."""
        if self.held or self.ended:
            self.pumps.ready.append(self)
        self.wake()

    def wake(self) -> None:
        """Let the pump go on, if it waits for room."""
        giver, self.giver = self.giver, None
        if giver is not None and not giver.done():
            giver.set_result(None)

    def leave(self) -> bool:
        """Say that nobody wants the items any more; whether the pump was waiting for room, and so will know it."""
        self.left = True
        giver, self.giver = self.giver, None
        if giver is None or giver.done():
            return False
        giver.set_exception(LeftError())
        giver.exception()  # seen, even if the pump is cancelled before it wakes
        return True


class Pump:
    """
    The task that runs one upstream into an inlet, from opening to closing, in a context of its own.

    A pump that is left while it waits for room, ends there as a generator does; one that waits for its source is
    cancelled; one that closes something is let be until that is closed, and so is one whose source holds up a shield.
    """

    __slots__ = ("_inlet", "_run", "_shelter", "task")

    task: Task[None]

    def __init__(self, inlet: Inlet, outer: Run | None) -> None:
        self._inlet = inlet
        self._shelter = Around()
        self._run = Run(self._shelter, outer)

    def begin(self, above: Above) -> None:
        # Nothing is wrapped round the loop: each coroutine on the way would cost time at each item.
        self.task = self._inlet.pumps.events.create_task(above.run(Into(self._inlet), self._run))
        self.task.add_done_callback(self._done)

    def _done(self, task: Task[None]) -> None:
        if self._inlet.ended:
            return  # told when it was left
        failure = CancelledError() if task.cancelled() else task.exception()
        if self._inlet.left and isinstance(failure, Exception):
            self._inlet.pumps.problems.append(failure)
        # that nobody wants more is no error to keep: its traceback leads back to the inlet
        self._inlet.end(None if isinstance(failure, LeftError) else failure)

    def over(self) -> bool:
        """Whether it is done, and its inlet has ended: the callback may be on the way."""
        if self.task.done():
            self._done(self.task)
        return self._inlet.ended

    def leave(self, failure: BaseException | None) -> None:
        """Say that nobody wants its items any more, because of *failure* if that is not None."""
        if self.over():
            return
        if isinstance(failure, CancelledError):
            self._inlet.left = True
        else:
            self._run.left = True
            self._shelter.failure = failure
            if self._inlet.leave():
                return
        self._stop()

    def _stop(self) -> None:
        if self.task.done():
            return
        if self._shelter.closing:
            # it may be closing one thing of several, and would go on with the next
            self._shelter.after = self._stop_soon
        elif is_shielded(self.task):
            self._inlet.pumps.events.call_later(SHIELDED, self._stop)
        else:
            self.task.cancel()

    def _stop_soon(self) -> None:
        # not at once: a closing that follows without a wait is seen by then
        self._inlet.pumps.events.call_soon(self._stop)


class Pumps(Closer):
    """
    The pumps and other tasks of one boundary, which its loop closes together.

    Args:
        loop: The loop that owns them.
        name: The boundary, for error messages.

    Attributes:
        events: The event loop.
        ready: The inlets that hold something or have ended, in fair turns: who takes one item of the first puts it
            back at the end (`Inlet.taken`).
        running: The pumps whose end has not been looked at, by their inlets.
        tasks: Further tasks that are cancelled when the boundary closes. They keep their errors to themselves.
        problems: What tasks failed with after they were left.
        sleeper: What the boundary awaits, while it waits for the bell.
    """

    __slots__ = ("_fired", "_loop", "_timer", "_when", "events", "problems", "ready", "running", "sleeper", "tasks")

    def __init__(self, loop: Loop, name: str) -> None:
        super().__init__(name)
        self.events: AbstractEventLoop = get_running_loop()
        self.ready: deque[Inlet] = deque()
        self.running: dict[Inlet, Pump] = {}
        self.tasks: set[Task[Any]] = set()
        self.problems: list[Exception] = []
        self._loop = loop
        self.sleeper: Future[None] | None = None
        self._timer: TimerHandle | None = None
        self._when = inf
        self._fired = -inf
        loop.run.shelter.opened()
        loop.owned.append(self)

    def start(self, above: Above, inlet: Inlet, *, outer: Run | None = None) -> Inlet:
        """
        Start a pump into *inlet*.

        Args:
            above: What it runs.
            inlet: Where its items go.
            outer: The run whose sink is told of the wire format above.
        """
        pump = self.running[inlet] = Pump(inlet, outer)
        pump.begin(above)  # an eager task runs at once, so the pump must be known by now
        return inlet

    # the bell -----------------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Wake the boundary, if it waits."""
        sleeper, self.sleeper = self.sleeper, None
        if sleeper is not None and not sleeper.done():
            sleeper.set_result(None)

    def wait(self, until: float | None = None) -> Future[None]:
        """
        What the boundary awaits until the bell rings, or until a time on the loop's clock; it may ring for nothing.
        """
        if until is not None and until < self._when:
            # a timer that is too early is left alone: it rings for nothing, and is set anew then
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.events.call_at(until, self._due)
            self._when = until
        sleeper = self.sleeper = Future(loop=self.events)
        return sleeper

    def _due(self) -> None:
        self._fired, self._timer, self._when = self._when, None, inf
        self.ring()

    def clock(self) -> float:
        """
        The time on the loop's clock, but never before the time of a timer that has rung.

        An event loop may take a timer for due a little before its clock says so (uvloop, up to a millisecond); whoever
        would set it anew then, again and again, would spin.
        """
        return max(self.events.time(), self._fired)

    async def next(self, until: float | None = None) -> Inlet | None:
        """Wait for an inlet that holds something or has ended, and take it out of `ready`; None when it is *until*."""
        while not self.ready:
            if until is not None and self.clock() >= until:
                return None
            await self.wait(until)
        return self.ready.popleft()

    # ends ---------------------------------------------------------------------------------------------------------

    def forget(self, inlet: Inlet) -> None:
        """
        Let go of an inlet whose end has come.

        Raises:
            BaseException: What it failed with; a group where other pumps have failed by now, too.
        """
        if inlet.error is not None:
            raise self._failure(inlet.error)
        del self.running[inlet]

    def _failure(self, first: BaseException) -> BaseException:
        found = [inlet.error for inlet in self.running if isinstance(inlet.error, Exception)]
        errors = [*{id(error): error for error in found}.values()]  # parts of one run fail with the same error
        return ExceptionGroup("several sources failed", errors) if len(errors) > 1 else first

    async def drop(self, inlets: Iterable[Inlet]) -> None:
        """Close some pumps, and forget them with what they hold; the others go on meanwhile."""
        dropped = set(inlets)
        shelter = self._loop.run.shelter
        shelter.up()
        try:
            await self._leave([self.running[inlet] for inlet in dropped], None, ())
        finally:
            shelter.down()
        for inlet in dropped:
            del self.running[inlet]
        kept = [inlet for inlet in self.ready if inlet not in dropped]
        self.ready.clear()
        self.ready.extend(kept)

    async def close(self, error: BaseException | None) -> object:
        """Leave all pumps, cancel all other tasks, and wait until they are over."""
        if self._timer is not None:
            self._timer.cancel()
        failure = error
        if isinstance(error, GeneratorExit):
            failure = self._loop.run.shelter.failure
            if failure is not None:  # what nobody has seen by now becomes a note of it
                self.problems += [
                    inlet.error
                    for inlet, pump in self.running.items()
                    if pump.over() and isinstance(inlet.error, Exception)
                ]
        try:
            await self._leave([*self.running.values()], failure, self.tasks)
        finally:
            self.ready.clear()  # what stands in a circle is left to the garbage collector
            self.running.clear()
        return None

    async def _leave(self, pumps: list[Pump], failure: BaseException | None, others: Iterable[Task[Any]]) -> None:
        for pump in reversed(pumps):
            pump.leave(failure)
        tasks = [pump.task for pump in pumps]
        for task in others:
            task.cancel()
            tasks.append(task)
        tasks = [task for task in tasks if not task.done()]
        if tasks:
            await bounded(lambda: _over(tasks), self.thing, GRACE)
        if self.problems:
            problems, self.problems = self.problems, []
            raise problems[0] if len(problems) == 1 else ExceptionGroup("several sources failed to close", problems)


async def _over(tasks: list[Task[Any]]) -> None:
    try:
        await wait(tasks)
    except CancelledError:
        for task in tasks:
            task.cancel()
        await over(tasks, within=GRACE)
        raise
