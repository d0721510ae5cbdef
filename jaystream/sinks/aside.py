"""
Work beside a task: coroutines of somebody else that run while the task itself waits for another thing.

Lives here: one coroutine at a time, and under whose name it runs. What the coroutines do, and what it means that one
failed, is told by whoever has them run.

A coroutine that may wait, such as an ASGI `send`, needs a task of its own: in the same one, its cancel scopes and
timeouts would stand inside those of whatever that task waits for. But most never wait, and then two switches between
tasks cost more than all they do. So the first portion, up to where the coroutine waits, is run at once: under the name
of a spare task and in a context of its own, so that it cannot tell the difference. Only the rest, where there is one,
is left to that task.
"""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, Task, current_task, get_running_loop, tasks
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from jaystream.sinks.spare import SpareTask, SpareTasks, join

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from contextvars import Context


class _Current:
    """
    Which task runs, by its loop, said in the documented words.
    """

    def __setitem__(self, loop: AbstractEventLoop, task: Task[Any]) -> None:
        before = current_task(loop)
        if before is not None:
            tasks._leave_task(loop, before)
        tasks._enter_task(loop, task)


# Up to Python 3.13 these words come down to one entry of a dict, which takes a tenth of what they do.
_current: Any = _Current() if sys.version_info >= (3, 14) else vars(tasks)["_current_tasks"]

_ENDED: Any = object()


class Aside:
    """
    Runs one coroutine at a time, from the first of them on until `leave`.

    Args:
        ended: Called when a coroutine that went on beyond `run` has ended, with what it raised; also where its task was
            ended by somebody else.

    Attributes:
        context: What the coroutines run in: a copy of this one's.
    """

    __slots__ = ("_ended", "_events", "_leaving", "_main", "_spares", "_task", "context")

    def __init__(self, ended: Callable[[BaseException | None], object]) -> None:
        self._ended = ended
        self._events = get_running_loop()
        self._main = current_task()
        self._spares: SpareTasks | None = None
        self._task: SpareTask | None = None  # what runs the rest of a coroutine
        self._leaving: tuple[Task[Any], ...] = ()
        self.context: Context = copy_context()

    def run(self, awaitable: Awaitable[object], at_once: bool) -> bool:  # noqa: FBT001 - the one call names it
        """
        Run *awaitable*; the one before it has ended. Whether it goes on.

        Args:
            awaitable: What to run.
            at_once: Run the first portion here and now; for the task that made this.

        Raises:
            BaseException: What *awaitable* raised, where it has ended already.
        """
        work = awaitable.__await__()
        spares = self._spares
        if spares is None:
            spares = self._spares = join()
        spare = spares.first
        if spare is None:
            spare = spares.take()
        spares.first = None
        if not at_once:
            self._task = spare
            spare.run(self, _steps(work), None)
            return True
        events = self._events
        _current[events] = spare.task
        try:
            waits_for = self.context.run(next, work, _ENDED)
        except BaseException:
            _current[events] = self._main
            spares.give_back(spare)
            raise
        _current[events] = self._main
        if waits_for is _ENDED:
            if spares.first is None:
                spares.first = spare
            else:
                spares.give_back(spare)
            return False
        if waits_for is not None:
            waits_for._asyncio_future_blocking = False  # others may wait for it before the task does
        self._task = spare
        spare.run(self, _steps(work), waits_for)
        return True

    def over(self, error: BaseException | None) -> None:
        """What the spare task calls when what it ran has ended."""
        self._task = None
        self.context.run(self._ended, error)

    def cut(self) -> None:
        """Cancel what is being run."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """Need no task any more, as soon as what is being run has ended."""
        spares, self._spares = self._spares, None
        if spares is not None:
            if self._task is not None:
                self._task.leave()
                self._leaving += (self._task.task,)
            self._leaving += tuple(spares.leave())

    def tasks(self) -> list[Task[Any]]:
        """The task that runs something, and those that end because of `leave`; for `waiting.over`."""
        running = [] if self._task is None or self._spares is None else [self._task.task]
        return [*running, *self._leaving]

    def part(self) -> None:
        """Leave, and tell nobody any more."""
        self.leave()
        self._ended = _told


def _told(_: BaseException | None) -> None:
    """Stands for somebody who does not want to know any more."""


def _steps(work: Any) -> Any:
    """*work* with all that a coroutine has: servers give iterators that have a `__next__` alone."""
    return work if hasattr(work, "throw") else _passed(work)


def _passed(work: Any) -> Generator[Any, Any, None]:
    yield from work
