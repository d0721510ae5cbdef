"""
The pull of a sink: one run in the sink's own task, which timers and other tasks may end.

Lives here: the terminal that puts items into an outbox, and ending a run from outside without losing anybody else's
cancellation. What it means that a run was ended is the sink's business.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task, get_running_loop
from typing import TYPE_CHECKING, Any

from jaystream._core.fuse import execute
from jaystream._core.ownership import discard
from jaystream._core.plan import Stage
from jaystream._core.run import Run
from jaystream._core.shelter import Around

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from jaystream._core.plan import Plan
    from jaystream._core.writer import LoopWriter
    from jaystream.sinks.outbox import Outbox


class _Counted:
    """
    Awaits a coroutine and counts in *outbox* how often that waits: so it knows which items were ready.

    Everything that comes from the event loop is handed through, as `await` does.
    """

    __slots__ = ("_coroutine", "_outbox")

    def __init__(self, coroutine: Coroutine[Any, Any, object], outbox: Outbox) -> None:
        self._coroutine = coroutine
        self._outbox = outbox

    def __await__(self) -> Generator[Any, Any, object]:
        coroutine, outbox = self._coroutine, self._outbox
        thrown: BaseException | None = None
        try:
            while True:
                waits_for = coroutine.send(None) if thrown is None else coroutine.throw(thrown)
                outbox.turns += 1
                thrown = None
                try:
                    yield waits_for
                except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                    thrown = error
        except StopIteration as end:
            return end.value
        finally:
            thrown = None  # its traceback holds this frame


class Pull:
    """
    Runs a plan into an outbox, in the task that made this.

    `stop` cancels the run once, as `asyncio.timeout` would: the cancellation is taken back when the run has ended, and
    any other one goes on. What is being closed at that moment is closed first. A source that keeps the cancellation to
    itself is ended at its next item, and a write that this task has under way is finished first.

    Attributes:
        run: The run.
        running: Whether it is under way.
        cut: Whether `stop` has ended it, and not the stream itself in the same moment.
    """

    __slots__ = (
        "_cancelled",
        "_events",
        "_main",
        "_outbox",
        "_requests",
        "_shelter",
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
        self.run: Run = Run(self._shelter)
        self.running: bool = False
        self.cut: bool = False

    async def through(self, plan: Plan) -> Exception | None:
        """
        Run the plan; the failure it ended with, if so.

        Raises:
            CancelledError: If somebody else cancelled the task.
        """
        if self._stopping:
            discard(plan.source)
            self.cut = True
            return None
        self.running = True
        try:
            await _Counted(execute(plan, Write(self._outbox), self.run), self._outbox)
        except CancelledError as ended:
            if not self._stopping or self._main.cancelling() > self._requests + self._cancelled:
                raise
            self.cut = True
            # a source that made an error of the cancellation
            return ended.__cause__ if isinstance(ended.__cause__, Exception) else None
        except Exception as error:  # noqa: BLE001 - any failure is this one's business
            return error
        finally:
            self.running = False
            if self._cancelled:
                self._main.uncancel()
        return None

    def stop(self) -> None:
        """End the run, also one that has not begun; for other tasks and callbacks."""
        self._stopping = True
        self._outbox.stop()
        if not self.running or self._cancelled or self._outbox.here:
            return  # a write of this very task is not cut: the run ends when it is done
        if self._shelter.closing:
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
    names: tuple[str, ...] = ("box", "append", "as_bytes", "put", "drained")

    def __init__(self, outbox: Outbox) -> None:
        self.outbox: Outbox = outbox

    def values(self) -> tuple[object, ...]:
        outbox = self.outbox
        return (outbox, outbox.parts.append, outbox.as_bytes, outbox.put, outbox.drained)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        box = code.name("box")
        code.line("if x.__class__ is not bytes:")
        code.line(f"    x = {code.name('as_bytes')}(x)")
        code.line(f"if {box}.room > 0:")
        code.line(f"    {code.name('append')}(x)")
        code.line(f"    {box}.room -= len(x)")
        code.line(f"elif {code.name('put')}(x):")
        code.line(f"    await {code.name('drained')}()")
