"""
Work beside a task: coroutines of somebody else that run while the task itself waits for another thing.

Lives here: one task for one coroutine at a time. What the coroutines do, and what it means that one failed, is told by
whoever has them run.

A coroutine that may wait, such as an ASGI `send`, needs a task of its own: in the same one, its cancel scopes and
timeouts would stand inside those of whatever that task waits for. But most never wait, and then two switches between
tasks cost more than all they do. So the first portion, up to where the coroutine waits, is run at once: under the name
of the other task and in its context, so that it cannot tell the difference. Only the rest, where there is one, is left
to the event loop.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError, Future, Task, current_task, get_running_loop, tasks
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable, Generator


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
    Runs one coroutine at a time. The task is there from the first of them on until `rest`, and comes back by itself.

    Args:
        ended: Called when a coroutine that went on beyond `run` has ended, with what it raised; also where the task was
            ended by somebody else.
    """

    __slots__ = ("_asleep", "_context", "_ended", "_events", "_main", "_stays", "_task", "_waits_for", "_work")

    def __init__(self, ended: Callable[[BaseException | None], object]) -> None:
        self._ended = ended
        self._events = get_running_loop()
        main = current_task()
        assert main is not None  # noqa: S101 - for type checkers
        self._main = main
        # These two are there while it sleeps; who types them so would have to say it again at each item.
        self._task: Any = None
        self._context: Any = None
        self._asleep: Future[None] | None = None
        self._work: Any = None
        self._waits_for: Any = None
        self._stays = True

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
        asleep = self._asleep
        if asleep is None or not at_once:
            self._work = _steps(work)
            self._stays = True
            if self._task is None:
                self._begin()
            elif asleep is not None:
                self._wake(asleep)
            return True
        events = self._events
        _current[events] = self._task
        try:
            waits_for = self._context.run(next, work, _ENDED)
        finally:
            _current[events] = self._main
        if waits_for is _ENDED:
            return False
        if waits_for is not None:
            waits_for._asyncio_future_blocking = False  # others may wait for it before the task does
        self._work, self._waits_for = _steps(work), waits_for
        self._wake(asleep)
        return True

    def rest(self) -> None:
        """Let go of the task as soon as it has nothing to do."""
        self._stays = False
        if self._asleep is not None:
            self._wake(self._asleep)

    def cut(self) -> None:
        """Cancel what is being run."""
        if self._task is not None:
            self._task.cancel()

    def tasks(self) -> list[Task[Any]]:
        """The task, while there is one; for `over`."""
        return [] if self._task is None else [self._task]

    def part(self) -> None:
        """Tell nobody any more."""
        self._ended = _told

    def _wake(self, asleep: Future[None]) -> None:
        if not asleep.done():  # a loop that shuts down cancels it
            self._asleep = None
            asleep.set_result(None)

    def _begin(self) -> None:
        # not `create_task`, whose tasks may begin at once
        self._context = copy_context()
        self._task = Task(self._live(), loop=self._events, context=self._context)
        self._task.add_done_callback(self._gone)

    async def _live(self) -> None:
        while True:
            cancelled: CancelledError | None = None
            if self._work is None:
                if not self._stays:
                    return
                asleep = self._asleep = Future(loop=self._events)
                try:
                    await asleep
                except CancelledError as error:
                    if self._work is None:
                        raise
                    # as the task would have done it, had it waited for that already
                    if self._waits_for is None or not self._waits_for.cancel():
                        cancelled = error
            if self._work is not None:
                work, waits_for, self._work, self._waits_for = self._work, self._waits_for, None, None
                failure: BaseException | None = None
                try:
                    await _rest(work, waits_for, cancelled)
                except CancelledError as error:
                    failure, self._stays = error, False
                except Exception as error:  # noqa: BLE001 - told
                    failure = error
                work = waits_for = None  # nothing of it is kept while this sleeps
                self._ended(failure)

    def _gone(self, task: Task[None]) -> None:
        self._task = self._asleep = self._context = None
        if task.cancelled() or task.exception() is not None:
            # Cancelled while it slept or before it began, as a loop that shuts down does to every task; or ended by
            # KeyboardInterrupt or its like, which has passed through the loop already.
            if self._work is not None:
                self._work.close()
                self._work = None
            self._ended(ConnectionAbortedError("the task that writes was ended"))
        elif self._work is not None:
            self._begin()


def _told(_: BaseException | None) -> None:
    """Stands for somebody who does not want to know any more."""


def _steps(work: Any) -> Any:
    """*work* with all that a coroutine has: servers give iterators that have a `__next__` alone."""
    return work if hasattr(work, "throw") else _passed(work)


def _passed(work: Any) -> Generator[Any, Any, None]:
    yield from work


@coroutine
def _rest(work: Any, waits_for: Any, thrown: BaseException | None) -> Generator[Any, Any, None]:
    """
    Await what is left of *work*, which waits for *waits_for*, if it has begun.
    """
    try:
        if waits_for is not None and thrown is None and not waits_for.done():
            waits_for._asyncio_future_blocking = True  # as `await` leaves it for the task
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                thrown = error
        while True:
            waits_for = work.send(None) if thrown is None else work.throw(thrown)
            thrown = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                thrown = error
    except StopIteration:
        pass
    finally:
        thrown = None  # its traceback holds this frame
