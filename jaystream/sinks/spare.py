"""
Spare tasks of an event loop: each waits until there is something to run, runs it to its end, and waits again.

What runs beside a task needs a task of its own for as long as it waits, and mostly it never does. So tasks are shared
by all responses of an event loop, and there are as many as have something that waits at the same time, and a few more.
`rounds.py` has them; they go with the last response.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, Future, Task
from contextvars import Context
from types import coroutine
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

KEPT = 8
"""Tasks that wait for something to run beside the first, at most; more than these end when they have nothing to do."""


class Owner(Protocol):
    """
    Whose work it is.
    """

    context: Context
    """What its steps run in."""

    def over(self, error: BaseException | None) -> None:
        """Take note that it has ended, with what it raised if so; the task is free again."""
        ...


class SpareTasks:
    """
    Those of one event loop.

    Attributes:
        events: The event loop.
        first: The one that is taken next, while it is left here.
        others: Those that have nothing to run, either.
    """

    __slots__ = ("_left", "events", "first", "others")

    def __init__(self, events: AbstractEventLoop) -> None:
        self.events: AbstractEventLoop = events
        self.first: SpareTask | None = None
        self.others: list[SpareTask] = []
        self._left = False

    def take(self) -> SpareTask:
        """One that has nothing to run; whoever takes it has it run something, or gives it back."""
        return self.others.pop() if self.others else SpareTask(self)

    def give_back(self, spare: SpareTask) -> None:
        """Take back what was taken."""
        if self._left or (self.first is not None and len(self.others) >= KEPT):
            spare.leave()
        elif self.first is None:
            self.first = spare
        else:
            self.others.append(spare)

    def forget(self, spare: SpareTask) -> None:
        """Let go of one that has ended, if it is here."""
        if self.first is spare:
            self.first = None
        elif spare in self.others:
            self.others.remove(spare)

    def leave(self) -> list[Task[None]]:
        """Have none any more: those that have nothing to run end now, and are given; the others when they are done."""
        self._left = True
        leaving = self.others if self.first is None else [*self.others, self.first]
        self.first, self.others = None, []
        for spare in leaving:
            spare.leave()
        return [spare.task for spare in leaving]


class SpareTask:
    """
    One task, which runs one coroutine at a time.

    Attributes:
        task: The task.
    """

    __slots__ = ("_all", "_asleep", "_began", "_cut", "_owner", "_stays", "_waits_for", "_work", "task")

    def __init__(self, those: SpareTasks) -> None:
        self._all = those
        self._asleep: Future[None] | None = None
        self._owner: Owner | None = None
        self._work: Any = None
        self._waits_for: Any = None
        self._stays = True
        self._began = False
        self._cut: CancelledError | None = None
        # Not `create_task`, whose tasks may begin at once. It and its callback have contexts of their own: it stays for
        # others, and may not keep what the response has in its context for which it was made.
        self.task: Task[None] = Task(self._live(), loop=those.events, context=Context())
        self.task.add_done_callback(self._gone, context=Context())

    def run(self, owner: Owner, work: Any, waits_for: Any) -> None:
        """
        Run what is left of *work*, which waits for *waits_for* if it has begun; for one that was idle.
        """
        self._owner, self._work, self._waits_for = owner, work, waits_for
        self._wake()

    def cancel(self) -> None:
        """Cancel what is being run."""
        if self._began:
            self.task.cancel()
        else:
            self._cut = CancelledError()  # a task that is cancelled before it began never begins

    def leave(self) -> None:
        """End, as soon as there is nothing to run."""
        self._stays = False
        self._wake()

    def _wake(self) -> None:
        asleep = self._asleep
        if asleep is not None and not asleep.done():  # a loop that shuts down cancels it
            asleep.set_result(None)

    async def _live(self) -> None:
        self._began = True
        while self._owner is not None or self._stays:
            cancelled, self._cut = self._cut, None
            if self._owner is None:
                self._asleep = Future(loop=self._all.events)
                try:
                    await self._asleep
                except CancelledError as error:
                    if self._owner is None:
                        raise
                    cancelled = error
                self._asleep = None
            owner = self._owner
            if owner is not None:
                work, waits_for, self._waits_for = self._work, self._waits_for, None
                failure: BaseException | None = None
                if cancelled is not None and waits_for is not None and waits_for.cancel():
                    cancelled = None  # as the task would have done it, had it waited for that already
                try:
                    await _rest(owner.context, work, waits_for, cancelled)
                except CancelledError as error:
                    failure, self._stays = error, False
                except Exception as error:  # noqa: BLE001 - told
                    failure = error
                self._owner = self._work = work = waits_for = None
                if self._stays and not self.task.cancelling():
                    self._all.give_back(self)
                else:
                    self._stays = False
                owner.over(failure)
                owner = failure = None  # nothing of it is kept

    def _gone(self, task: Task[None]) -> None:
        self._all.forget(self)  # cancelled while it slept, as a loop that shuts down does to every task
        if not task.cancelled():
            task.exception()  # KeyboardInterrupt or its like, which has passed through the loop already
        owner, self._owner = self._owner, None
        if owner is not None:
            self._work.close()
            self._work = None
            owner.over(ConnectionAbortedError("the task that writes was ended"))


@coroutine
def _rest(context: Context, work: Any, waits_for: Any, thrown: BaseException | None) -> Generator[Any, Any, None]:
    """
    Await what is left of *work* in *context*; it waits for *waits_for*, if it has begun.
    """
    step, throw = context.run, work.throw
    try:
        if waits_for is not None and thrown is None and not waits_for.done():
            waits_for._asyncio_future_blocking = True  # as `await` leaves it for the task
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                thrown = error
        while True:
            waits_for = step(work.send, None) if thrown is None else step(throw, thrown)
            thrown = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine's to deal with
                thrown = error
    except StopIteration:
        pass
    finally:
        thrown = None  # its traceback holds this frame
