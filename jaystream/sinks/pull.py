"""
The pull of a sink: one run in the sink's own task, which timers and other tasks may end.

Lives here: ending a run from outside without losing anybody else's cancellation. What it means that a run was ended is
the sink's business.
"""

from __future__ import annotations

from asyncio import CancelledError, current_task, get_running_loop
from typing import TYPE_CHECKING

from jaystream._core.fuse import execute
from jaystream._core.ownership import discard
from jaystream._core.run import Run
from jaystream._core.shelter import Around
from jaystream.sinks.outbox import Outbox, Write

if TYPE_CHECKING:
    from jaystream._core.plan import Plan


class Pull:
    """
    Runs a plan into an outbox, in the task that made this.

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
            await execute(plan, Write(self._outbox), self.run)
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
        if not self.running or self._cancelled:
            return
        if self._shelter.closing:
            self._shelter.after = lambda: self._events.call_soon(self.stop)
        else:
            self._cancelled = True
            self._main.cancel()
