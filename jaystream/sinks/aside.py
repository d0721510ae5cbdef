"""
Work beside a task: coroutines of somebody else that run while the task itself waits for another thing.

Lives here: one coroutine at a time, and what becomes of it when it waits. What the coroutines do, and what it means
that one failed, is told by whoever has them run; as which task they run is `rounds.py`'s.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from jaystream.sinks.rounds import Rounds, join

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Awaitable, Generator
    from contextvars import Context

    from jaystream.sinks.spare import SpareTask

_ENDED: Any = object()


class Aside:
    """
    Runs one coroutine at a time, from the first of them on until `leave`.

    Attributes:
        context: What the coroutines run in: a copy of this one's.
    """

    __slots__ = ("_leaving", "_rounds", "_task", "context")

    def __init__(self) -> None:
        self._rounds: Rounds | None = None
        self._task: SpareTask | None = None  # what runs the rest of a coroutine
        self._leaving: tuple[Task[Any], ...] = ()
        self.context: Context = copy_context()

    @property
    def rounds(self) -> Rounds:
        """The rounds of the event loop, joined."""
        found = self._rounds
        if found is None:
            found = self._rounds = join()
        return found

    def run(self, awaitable: Awaitable[object]) -> bool:
        """
        Run *awaitable*; the one before it has ended. Whether it goes on.

        Raises:
            BaseException: What *awaitable* raised, where it has ended already.
        """
        rounds = self._rounds
        if rounds is None:
            rounds = self.rounds
        work = awaitable.__await__()
        waits_for: Any
        if rounds.on_stage:  # in a round
            waits_for = next(work, _ENDED)
            if waits_for is _ENDED:
                return False
        else:
            rounds.enter_stage()
            try:
                waits_for = self.context.run(next, work, _ENDED)
            except BaseException:
                rounds.leave_stage()
                raise
            if waits_for is _ENDED:
                rounds.leave_stage()
                return False
        if waits_for is not None:
            waits_for._asyncio_future_blocking = False  # others may wait for it before the task does
        self._task = rounds.hand_over()
        # servers give iterators that have a `__next__` alone
        self._task.run(self, work if hasattr(work, "throw") else _passed(work), waits_for)
        return True

    def over(self, error: BaseException | None) -> None:
        """What the spare task calls when what it ran has ended."""
        self._task = None
        self._ended(error)

    def _ended(self, error: BaseException | None) -> None:
        """A coroutine that went on beyond `run` has ended, with *error*; or its task was ended by somebody else."""
        raise NotImplementedError

    def cut(self) -> None:
        """Cancel what is being run."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """Need no task any more, as soon as what is being run has ended."""
        rounds, self._rounds = self._rounds, None
        if rounds is not None:
            if self._task is not None:
                self._task.leave()
                self._leaving += (self._task.task,)
            self._leaving += tuple(rounds.leave())

    def tasks(self) -> list[Task[Any]]:
        """The task that runs something, and those that end because of `leave`; for `waiting.over`."""
        running = [] if self._task is None or self._rounds is None else [self._task.task]
        return [*running, *self._leaving]


def _passed(work: Any) -> Generator[Any, Any, None]:
    """*work* with all that a coroutine has."""
    yield from work
