"""
Rounds of writes: what the responses of an event loop hold is written when the loop turns, one after the other.

Lives here: when writes begin, and as which task they run. What a response holds is `outbox.py`'s, how a write goes on
that waits `aside.py`'s.

A coroutine that may wait, such as an ASGI `send`, needs a task of its own: in the same one, its cancel scopes and
timeouts would stand inside those of whatever that task waits for. But most never wait, and then two switches between
tasks cost more than all they do. So the first portion of each, up to where it waits, is run at once: under the name of
a spare task, which "is on stage" then, and in a context of its own, so that it cannot tell the difference. Only the
rest, where there is one, is left to that task, and the next one runs under another's name.
"""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, Task, current_task, get_running_loop, tasks
from contextvars import Context
from typing import Any, Protocol

from jaystream.sinks.spare import SpareTask, SpareTasks


class Writer(Protocol):
    """
    What has something to write.
    """

    context: Context
    """What it writes in."""

    waited: bool
    """Set when the event loop has turned."""

    def send(self, now: float) -> None:
        """Begin to write what is held, if anything is; in a round, on stage and in `context`."""
        ...


class _Current:
    """
    Which task runs, by its loop, said in the documented words.
    """

    def get(self, events: AbstractEventLoop) -> Task[Any] | None:
        return current_task(events)

    def __setitem__(self, events: AbstractEventLoop, task: Task[Any]) -> None:
        if current_task(events) is not None:
            del self[events]
        tasks._enter_task(events, task)

    def __delitem__(self, events: AbstractEventLoop) -> None:
        before = current_task(events)
        assert before is not None  # noqa: S101 - for type checkers
        tasks._leave_task(events, before)


# Up to Python 3.13 these words come down to one entry of a dict, which takes a tenth of what they do.
_current: Any = _Current() if sys.version_info >= (3, 14) else vars(tasks)["_current_tasks"]


class Rounds:
    """
    Those of one event loop, and the tasks that it takes for them.

    Attributes:
        context: What callbacks run in that belong to no response.
        due: What has something to write when the loop turns; whoever puts the first there calls `soon`.
        events: The event loop.
        on_stage: It is a spare task that runs, as far as anybody can tell: the first of them.
        spares: These tasks.
        users: How many have joined and not left.
    """

    __slots__ = ("_before", "context", "due", "events", "on_stage", "spares", "users")

    def __init__(self, events: AbstractEventLoop) -> None:
        self.events: AbstractEventLoop = events
        self.due: list[Writer] = []
        self.spares: SpareTasks = SpareTasks(events)
        self.context: Context = Context()
        self.on_stage: bool = False
        self.users: int = 0
        self._before: Task[Any] | None = None

    def soon(self) -> None:
        """Have a round when the loop turns."""
        self.events.call_soon(self._turn)

    def _turn(self) -> None:
        now, writers = self.events.time(), self.due.copy()
        done = 0
        try:
            self.due.clear()
            for writer in writers:
                if not self.on_stage:
                    if not self.users:
                        break  # all have left, and hold nothing
                    self.enter_stage()
                writer.waited = True
                writer.context.run(writer.send, now)
                done += 1
        finally:
            if self.on_stage:
                self.leave_stage()
            if done < len(writers) and self.users:  # the program is interrupted: the next round writes the rest
                self.soon()
                self.due[:0] = writers[done:]

    def write(self, writer: Writer) -> None:
        """Have one write now, in the task and the context of whoever calls this, and not when the loop turns."""
        if self.on_stage:
            self._write_within(writer)
        else:
            writer.send(self.events.time())

    def _write_within(self, writer: Writer) -> None:
        """The same within another write: what it makes wait is another task's."""
        outer, before, self.on_stage = self.spares.first, self._before, False
        self.spares.first = None
        try:
            writer.send(self.events.time())
        finally:
            if self.spares.first is not None:
                self.spares.give_back(self.spares.first)
            self.spares.first, self._before, self.on_stage = outer, before, True

    def enter_stage(self) -> None:
        """Be a spare task from here on, as far as anybody can tell."""
        events, spares = self.events, self.spares
        spare = spares.first
        if spare is None:
            spare = spares.first = spares.take()
        self.on_stage = True
        self._before = _current.get(events)
        _current[events] = spare.task

    def leave_stage(self) -> None:
        """Be the task again that this is."""
        before = self._before
        self.on_stage = False
        if before is None:
            del _current[self.events]
        else:
            _current[self.events] = before
            self._before = None  # a task that has ended is not kept

    def hand_over(self) -> SpareTask:
        """Leave the stage to the spare task itself, which has work of its own from now on."""
        self.leave_stage()
        spare, self.spares.first = self.spares.first, None
        assert spare is not None  # noqa: S101 - for type checkers
        return spare

    def leave(self) -> list[Task[None]]:
        """Say, once for each call of `join`, that no rounds are needed any more; gives the tasks that end for it."""
        self.users -= 1
        if self.users:
            return []
        _of.pop(self.events, None)
        return self.spares.leave()

    def joined(self) -> Rounds:
        """Count a user more."""
        self.users += 1
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
