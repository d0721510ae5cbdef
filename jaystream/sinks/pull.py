"""
The pull of a sink: one run in the sink's own task, which timers and other tasks may end.

Lives here: the terminal that puts items into an outbox, the moment at which that writes, and ending a run from outside
without losing anybody else's cancellation. What it means that a run was ended is the sink's business.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task, get_running_loop, sleep
from types import coroutine
from typing import TYPE_CHECKING, Any, Self

import anyio

from jaystream._core.closing import recall
from jaystream._core.fuse import begin, execute
from jaystream._core.ownership import discard
from jaystream._core.plan import Plan, Stage
from jaystream._core.run import Run
from jaystream._core.shelter import Around, closings_of, is_shielded, scope_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Generator
    from types import TracebackType

    from jaystream._core.writer import LoopWriter
    from jaystream.sinks.outbox import Outbox

FEW = 8
"""
Responses of an event loop, at most, that are stepped, and so write as soon as they wait. More of them write in rounds,
which cost each the less the more they are, but a lone one a turn of the event loop.
"""

GLANCE = 0.005
"""Seconds between two looks at whether a shield is down."""


class Pull:
    """
    Runs a plan into an outbox, in the task that made this; or any work that writes there, plans among it: once, as in
    ``async with pull: await pull.start(plan)``. What goes wrong in the block is kept in `outcome`, but for what the
    sink has nothing to do with: a cancellation of somebody else.

    `stop` cancels the run once, as `asyncio.timeout` would: the cancellation is taken back when the run has ended, and
    any other one goes on. What is being closed at that moment is closed first. A source that keeps the cancellation to
    itself is ended at its next item.

    Attributes:
        run: The run.
        running: Whether it is under way.
        cut: Whether `stop` has ended it, and not the stream itself in the same moment.
    """

    __slots__ = (
        "_cancelled",
        "_closings",
        "_events",
        "_main",
        "_outbox",
        "_outcome",
        "_outside",
        "_requests",
        "_scoped",
        "_shelter",
        "_spared",
        "_stopping",
        "cut",
        "run",
        "running",
    )

    def __init__(self, outbox: Outbox) -> None:
        task = current_task()
        assert task is not None  # noqa: S101 - for type checkers
        self._events = get_running_loop()
        self._main = task
        self._requests = task.cancelling()
        self._outbox = outbox
        self._cancelled = self._stopping = False
        self._spared = 0
        self._scoped = False
        self._outcome: Exception | None = None
        self._shelter = Around()
        self._outside = scope_of(task)
        self._closings = closings_of(task)
        self.run: Run = Run(self._shelter)
        self.running: bool = False
        self.cut: bool = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        ended = error
        try:
            if error is None or isinstance(error, (Exception, CancelledError)):
                ended = await self._recalled(error)
        finally:
            self.running = False
            ended = self._leave_scope(ended, trace)
            others = self._is_cancelled()
            if self._cancelled:
                self._main.uncancel()
        if isinstance(ended, CancelledError):
            if others or not self._stopping:
                if ended is error:
                    return False
                raise ended
            self.cut = True
            # a source that made an error of the cancellation
            ended = ended.__cause__ if isinstance(ended.__cause__, Exception) else None
        if ended is not None and not isinstance(ended, Exception):
            return False
        self._outcome = ended
        return True

    async def _recalled(self, error: Exception | CancelledError | None) -> BaseException | None:
        """What the block has ended with: a cancellation where something in it kept one to itself."""
        try:
            if self._scoped and not isinstance(error, CancelledError):
                await recall(self._requests, error)
            elif self._cancelled:
                await sleep(0)  # `stop` may have been called from within the block: it is still under way then
        except CancelledError as again:
            if self._is_cancelled() or (self._scoped and not isinstance(error, CancelledError)):
                return again
        return error

    def _is_cancelled(self) -> bool:
        """Whether somebody else has cancelled the task."""
        return self._main.cancelling() > self._requests + self._cancelled

    def _leave_scope(self, ended: BaseException | None, trace: TracebackType | None) -> BaseException | None:
        """What the block has ended with, after its scope has been left."""
        if self._scoped:
            try:
                self._shelter.__exit__(None if ended is None else type(ended), ended, trace)
            except Exception as error:
                if ended is None or isinstance(ended, (Exception, CancelledError)):
                    return error  # a scope that the source has left open
                raise
        return ended

    def outcome(self) -> Exception | None:
        """The failure that the block ended with, if so; told once, since its traceback leads here."""
        failure, self._outcome = self._outcome, None
        return failure

    def start(self, what: Plan | Coroutine[Any, Any, object]) -> Awaitable[object]:
        """The run of a plan, or work that writes into the outbox: to be awaited in the block."""
        if self._stopping:
            self.cut = True
            if isinstance(what, Plan):
                discard(what.source)
            else:
                what.close()
            return _nothing()
        outbox = self.run.driver = self._outbox
        self.running = True
        outbox.stepped = outbox.rounds.users <= FEW
        if isinstance(what, Plan):
            self._scoped = True
            self._shelter.__enter__()
            what = begin(what, Write(outbox), self.run)
        return self._step(what) if outbox.stepped else what

    def into(self, plan: Plan) -> Coroutine[Any, Any, object]:
        """The run of the plan into the outbox, for work that runs there."""
        return execute(plan, Write(self._outbox), self.run)

    @coroutine
    def _step(self, work: Coroutine[Any, Any, object]) -> Generator[Any, Any, None]:
        """
        Await *work*, and write whenever it waits: all that was ready is held by then.

        Everything that comes from the event loop is handed through, as `await` does.
        """
        outbox = self._outbox
        parts, rounds = outbox.parts, outbox.rounds
        thrown: BaseException | None = None
        try:
            waits_for = work.send(None)
            while True:
                outbox.waited = True
                try:
                    if parts and not outbox.busy:
                        rounds.write(outbox)
                    yield waits_for
                except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                    thrown = error
                else:
                    waits_for = work.send(None)
                    continue
                waits_for = work.throw(thrown)
        except StopIteration:
            pass
        finally:
            thrown = None  # its traceback holds this frame

    async def spare(self, work: Coroutine[Any, Any, object]) -> None:
        """Await a part of the work that neither `stop` nor a cancel scope may cut."""
        self._spared += 1
        try:
            with anyio.CancelScope(shield=True):
                await work
        finally:
            self._spared -= 1
            if not self._spared and self._stopping:
                self._events.call_soon(self.stop)

    @property
    def stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopping

    def stop(self) -> None:
        """End the run, also one that has not begun; for other tasks and callbacks."""
        self._stopping = True
        self._outbox.stop()
        if not self.running or self._cancelled or self._spared:
            return
        if not self._shelter.closing and is_shielded(self._main, self._outside, self._closings):
            # a run of its own, inside this one, is closing something
            self._events.call_later(GLANCE, self.stop)
        elif self._shelter.closing:
            self._shelter.after = lambda: self._events.call_soon(self.stop)
        else:
            self._cancelled = True
            self._main.cancel()


async def _nothing() -> None:
    """What is left to do where a pull was stopped before it began."""


class Write(Stage):
    """
    The terminal of a sink: each item goes into its outbox.
    """

    __slots__ = ("names", "outbox")
    name = "write"

    def __init__(self, outbox: Outbox) -> None:
        self.outbox: Outbox = outbox
        self.names: tuple[str, ...] = ("box", "parts") if outbox.stepped else ("box", "parts", "due", "rounds")

    @property
    def shape(self) -> tuple[type, bool]:
        return (type(self), self.outbox.stepped)

    def values(self) -> tuple[object, ...]:
        outbox = self.outbox
        if outbox.stepped:
            return (outbox, outbox.parts)
        return (outbox, outbox.parts, outbox.rounds.due, outbox.rounds)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        box, parts, due, room = (code.name(word) for word in ("box", "parts", "due", "room"))
        code.line("if type(x) is not bytes:")
        code.line(f"    x = {box}.as_bytes(x)")
        code.line(f"{room} = {box}.room - len(x)")
        code.line(f"if {room} < 0:")
        code.line(f"    await {box}.squeeze(x)")
        code.line("else:")
        if not self.outbox.stepped:
            code.line(f"    if not {parts}:")
            code.line(f"        if not {due}:")
            code.line(f"            {code.name('rounds')}.soon()")
            code.line(f"        {due}.append({box})")
        code.line(f"    {box}.room = {room}")
        code.line(f"    {parts}.append(x)")
