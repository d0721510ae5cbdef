"""
Rounds of writes: what the responses of an event loop hold is written when the loop turns, one after the other.

Lives here: when writes begin, and as which task they run. What a response holds is `outbox.py`'s, how a write goes on
that waits `aside.py`'s.

A coroutine that may wait, such as an ASGI `send`, needs a task of its own: in the same one, its cancel scopes and
timeouts would stand inside those of whatever that task waits for. But most never wait, and then two switches between
tasks cost more than all they do. So the first portion of each, up to where it waits, is run here: under the name of a
spare task and in a context of its own, so that it cannot tell the difference. Only the rest, where there is one, is
left to that task, and the next one runs under another's name.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task, current_task, get_running_loop, tasks
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol

from jaystream.sinks.spare import SpareTask, SpareTasks

if TYPE_CHECKING:
    from collections.abc import Iterable


class Writer(Protocol):
    """
    What has something to write.
    """

    context: Context
    """What it writes in."""

    waited: bool
    """Set when the event loop has turned."""

    def send(self, now: float) -> None:
        """Begin to write what is held, if anything is."""
        ...


class Rounds:
    """
    Those of one event loop, and the tasks that it takes for them.

    Attributes:
        context: What callbacks run in that belong to no response.
        due: What has something to write when the loop turns; whoever puts the first there calls `soon`.
        events: The event loop.
        acting: The task that runs, as far as anybody can tell; None outside of a write.
        spares: Those that may.
    """

    __slots__ = ("_before", "_users", "acting", "context", "due", "events", "spares")

    def __init__(self, events: AbstractEventLoop) -> None:
        self.events: AbstractEventLoop = events
        self.due: list[Writer] = []
        self.acting: SpareTask | None = None
        self.spares: SpareTasks = SpareTasks(events)
        self._before: Task[Any] | None = None
        self.context: Context = Context()
        self._users = 0

    def soon(self) -> None:
        """Have a round when the loop turns."""
        self.events.call_soon(self._turn, context=self.context)

    def _turn(self) -> None:
        writers = self.due.copy()
        self.due.clear()
        for writer in writers:
            writer.waited = True
        self.write(writers)

    def write(self, writers: Iterable[Writer]) -> None:
        """Have each of them write, now."""
        outer = self.acting, self._before  # somebody who writes within a write
        self.acting = None
        now, left = self.events.time(), iter(writers)
        try:
            for writer in left:
                writer.context.run(writer.send, now)
        finally:
            if self.acting is not None:
                self.spares.give_back(self.leave_stage())
            self.acting, self._before = outer
            self._put_back([*left])

    def _put_back(self, writers: list[Writer]) -> None:
        """Leave to another round what an interruption of the program has kept from this one."""
        if writers:
            if not self.due:
                self.soon()
            self.due += writers

    def enter_stage(self) -> None:
        """Be another task from here on, as far as anybody can tell."""
        self._before = current_task(self.events)
        self.acting = self.spares.take()
        _rename(self.events, self._before, self.acting.task)

    def leave_stage(self) -> SpareTask:
        """Be the task again that this is; gives the other one."""
        acting, self.acting = self.acting, None
        assert acting is not None  # noqa: S101 - for type checkers
        _rename(self.events, acting.task, self._before)
        return acting

    def leave(self) -> list[Task[None]]:
        """Say, once for each call of `join`, that no rounds are needed any more; gives the tasks that end for it."""
        self._users -= 1
        if self._users:
            return []
        _of.pop(self.events, None)
        leaving = self.spares.leave()
        return leaving if self.acting is None else [*leaving, self.acting.task]

    def joined(self) -> Rounds:
        """Count a user more."""
        self._users += 1
        return self


_of: dict[AbstractEventLoop, Rounds] = {}


def join() -> Rounds:
    """
    The rounds of the running event loop, which are there until as many have left as have joined.
    """
    events = get_running_loop()
    found = _of.get(events)
    if found is None:
        for closed in [each for each in [*_of] if each.is_closed()]:
            _of.pop(closed, None)  # closed before the last response had come to its end
        found = _of[events] = Rounds(events)
    return found.joined()


def _rename(events: AbstractEventLoop, before: Task[Any] | None, after: Task[Any] | None) -> None:
    """Say which task runs, in the words that Python documents for those who write tasks of their own."""
    if before is not None:
        tasks._leave_task(events, before)
    if after is not None:
        tasks._enter_task(events, after)
