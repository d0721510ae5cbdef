"""
The pull of a sink: one run in the sink's own task, which timers and other tasks may end.

Lives here: the terminal that puts items into an outbox, the moment at which the outbox writes, and ending a run from
outside without losing anybody else's cancellation. What it means that a run was ended is the sink's business.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task, get_running_loop
from types import coroutine
from typing import TYPE_CHECKING, Any

import anyio

from jaystream._core.fuse import execute
from jaystream._core.ownership import discard
from jaystream._core.plan import Stage
from jaystream._core.run import Run
from jaystream._core.shelter import Around, closings_of, is_shielded, scope_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Generator

    from jaystream._core.plan import Plan
    from jaystream._core.writer import LoopWriter
    from jaystream.sinks.outbox import Outbox

GLANCE = 0.005
"""Seconds between two looks at whether a shield is down."""


class Pull:
    """
    Runs a plan into an outbox, in the task that made this; or any work that writes there, plans among it.

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
        "_outside",
        "_requests",
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
        self._shelter = Around()
        self._cancelled = self._stopping = False
        self._spared = 0
        self._outside = scope_of(task)
        self._closings = closings_of(task)
        self.run: Run = Run(self._shelter)
        self.running: bool = False
        self.cut: bool = False

    def through(self, plan: Plan) -> Awaitable[Exception | None]:
        """
        Run the plan; gives the failure it ended with, if so.

        Raises:
            CancelledError: If somebody else cancelled the task.
        """
        if self._stopping:
            discard(plan.source)
        return self.during(self.into(plan))

    def into(self, plan: Plan) -> Coroutine[Any, Any, object]:
        """The run of the plan into the outbox; for `during`, or for work that runs there."""
        return execute(plan, Write(self._outbox), self.run)

    @coroutine
    def during(self, work: Coroutine[Any, Any, object]) -> Generator[Any, Any, Exception | None]:
        """
        Await work that writes into the outbox; the failure it ended with, if so.

        Whenever the work waits, the outbox writes: all that was ready is in it then. Everything that comes from the
        event loop is handed through, as `await` does.

        Raises:
            CancelledError: If somebody else cancelled the task.
        """
        if self._stopping:
            work.close()
            self.cut = True
            return None
        outbox = self.run.driver = self._outbox
        parts, outbox.waited = outbox.parts, True
        thrown: BaseException | None = None
        self.running = True
        try:
            waits_for = work.send(None)
            while True:
                outbox.waited = True
                try:
                    if parts:
                        outbox.send()
                    yield waits_for
                except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                    thrown = error
                else:
                    waits_for = work.send(None)
                    continue
                waits_for = work.throw(thrown)
        except StopIteration:
            return None
        except CancelledError as ended:
            if not self._stopping or self._main.cancelling() > self._requests + self._cancelled:
                raise
            self.cut = True
            # a source that made an error of the cancellation
            return ended.__cause__ if isinstance(ended.__cause__, Exception) else None
        except Exception as error:  # noqa: BLE001 - any failure is this one's business
            return error
        finally:
            thrown = None  # its traceback holds this frame
            self.running = False
            if self._cancelled:
                self._main.uncancel()

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


class Write(Stage):
    """
    The terminal of a sink: each item goes into its outbox.
    """

    __slots__ = ("outbox",)
    name = "write"
    names: tuple[str, ...] = ("box", "parts")

    def __init__(self, outbox: Outbox) -> None:
        self.outbox: Outbox = outbox

    def values(self) -> tuple[object, ...]:
        outbox = self.outbox
        return (outbox, outbox.parts)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        box, room = code.name("box"), code.name("room")
        code.line("if type(x) is not bytes:")
        code.line(f"    x = {box}.as_bytes(x)")
        code.line(f"{room} = {box}.room - len(x)")
        code.line(f"if {room} < 0:")
        code.line(f"    await {box}.squeeze(x)")
        code.line("else:")
        code.line(f"    {box}.room = {room}")
        code.line(f"    {code.name('parts')}.append(x)")
