"""
A source that blocks, off the event loop: `from_blocking`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from inspect import isasyncgenfunction, isawaitable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from jaystream._core.guard import is_async
from jaystream._core.inspecting import describe
from jaystream._core.ownership import can_go_on, kind_of, spend
from jaystream._core.plan import Described, Source, T_co
from jaystream.sources.make import make

if TYPE_CHECKING:
    from jaystream.stream import JaypieStream

__all__ = ["BlockingMixin"]

R = TypeVar("R")

Blocks: TypeAlias = "Iterable[R] | AbstractContextManager[Iterable[R]]"

Interrupt: TypeAlias = "Callable[[list[Any]], bool]"

_END: Final = object()


class BlockingPulls:
    """
    One run: its thread, and what is open in it. The methods with an underscore run in the thread.
    """

    __slots__ = ("_busy", "_failure", "_interrupt", "_next", "_opened", "_stack", "_subject", "_worker", "closing")

    def __init__(self, subject: object, interrupt: Interrupt | None = None) -> None:
        self.closing: bool = False
        self._busy = False
        self._interrupt = interrupt
        self._opened: list[object] = []
        self._subject = subject
        from jaystream._core.worker import Worker  # noqa: PLC0415 - it loads with the first thread, not with the package

        self._worker = Worker()
        self._stack = ExitStack()
        self._next: Callable[[Any], Any] | None = None
        self._failure: BaseException | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        self._busy = True  # until the thread has done it, whether or not anybody still waits
        item = await self._worker.call(self._pull)
        if item is _END:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close what the thread has opened, in the thread, when it comes back from what it does now."""
        if self._worker.begun and not self.closing:
            self.closing = True
            if self._busy and self._interrupt is not None and not self._interrupt([*self._opened]):
                self._worker.submit(self._close)
                self._worker.leave()
                return
            try:
                await self._worker.call(self._close)
            finally:
                self._worker.leave()

    def _pull(self) -> Any:
        try:
            if self.closing:
                return _END  # the consumer left before the thread came to it
            following = self._next or self._open()
            left: bool = self.closing  # by now
            return _END if left else following(_END)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._busy = False

    def _open(self) -> Callable[[Any], Any]:
        subject: Any = self._subject
        if calls(subject):
            subject = subject()
            check(subject, "the callable of from_blocking() gave")
        stack = self._stack
        if managed(subject):
            subject = stack.enter_context(subject)
            check(subject, "the context manager of from_blocking() gave")
        elif hasattr(subject, "close"):
            stack.callback(subject.close)
        self._opened.append(subject)
        iterator: Any = iter(subject)
        if iterator is not subject and hasattr(iterator, "close"):
            stack.callback(iterator.close)

        def following(end: Any) -> Any:
            return next(iterator, end)

        self._next = following
        return following

    def _close(self) -> None:
        failure, self._failure = self._failure, None
        self._next = None
        self._opened.clear()
        if failure is None:
            self._stack.close()
        else:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)

    def __repr__(self) -> str:
        busy = ", whose thread has not come back" if self.closing else ""
        return f"from_blocking({describe(self._subject, 30)}){busy}"


class Blocking:
    """
    The source of `from_blocking`.

    Args:
        subject: What gives the items.
        interrupt: Makes the thread come back from what it waits for, given what it has opened; false where it cannot,
            and then nobody waits for the thread, which closes all the same when it does.

    Attributes:
        runs_once: Whether its subject is spent by a run: what can be closed is.
    """

    __slots__ = ("interrupt", "runs_once", "source", "subject")

    def __init__(self, subject: Any, interrupt: Interrupt | None = None) -> None:
        self.subject: Any = subject
        self.interrupt: Interrupt | None = interrupt
        self.runs_once: bool = not calls(subject) and (
            managed(subject) or hasattr(subject, "close") or can_go_on(subject) is not None
        )
        self.source: Source = Source(subject)

    def __aiter__(self) -> AsyncIterator[Any]:
        if self.runs_once:
            spend(self.source)
        return BlockingPulls(self.subject, self.interrupt)

    def __repr__(self) -> str:
        return f"from_blocking({describe(self.subject, 30)})"


def managed(subject: object) -> bool:
    """
    Whether it is a context manager.
    """
    return has(subject, "__enter__") and has(subject, "__exit__")


def has(subject: object, name: str) -> bool:
    """
    Whether it has a special method.
    """
    return hasattr(type(subject), name)


def calls(subject: object) -> bool:
    """
    Whether it is to be called for what it gives, and is no source by itself.
    """
    return callable(subject) and not has(subject, "__iter__") and not managed(subject)


def check(thing: object, what: str) -> None:
    """
    Raises:
        TypeError: If *thing* is nothing that gives items by blocking.
    """
    subject: Any = thing
    if isawaitable(subject) or has(subject, "__aiter__") or has(subject, "__aenter__"):
        close = getattr(subject, "close", None)
        if isawaitable(subject) and close is not None:
            close()  # a coroutine that will not be awaited
        raise TypeError(
            f"{what} {describe(subject)}, which is async and needs no thread: give it to JaypieStream() as it is"
        )
    if not managed(subject) and not has(subject, "__iter__"):
        raise TypeError(f"{what} {describe(subject)}, which is no iterable")
    if not managed(subject):
        kind_of(subject)  # says why `str`, `bytes` and mappings are none


class BlockingMixin(Described[T_co]):
    """
    `from_blocking`.
    """

    __slots__ = ()

    @classmethod
    def from_blocking(cls, iterable_or_callable: Blocks[R] | Callable[[], Blocks[R]]) -> JaypieStream[R]:
        """
        Stream what blocks while it waits for its next item: an SDK without async, a database cursor, a queue.

        One worker thread does all of it: the call, the iteration and the closing, in a copy of the context (context
        variables) that the run began in.

        Args:
            iterable_or_callable: An iterable, an iterator, a context manager that gives one, or a callable that gives
                any of these. A callable can run again, and so can an iterable that has nothing to close.

        Raises:
            TypeError: At this call, if it is none of these, or async.
            StreamConsumedError: At a second run, if it can run only once.

        Flow:
            Keeps order, holds one item, reads nothing ahead. At the end, on an error, an early stop and a cancellation
            the thread closes what it opened: it leaves a context manager, or calls the `close()` of the iterator and of
            the iterable, where there is one. A thread that is waiting cannot be stopped: the run waits for it for 10
            seconds, then fails with a `CleanupTimeoutError`; the thread closes all the same, when it comes back. It
            does not keep the interpreter from ending. Errors pass with their traceback.

        >>> def rows():
        ...     yield from ["a", "b"]  # may block
        >>> asyncio.run(JaypieStream.from_blocking(rows).to_list())
        ['a', 'b']
        """
        subject: Any = iterable_or_callable
        if not calls(subject):
            check(subject, "from_blocking() expects a blocking iterable or a callable that gives one, not")
        elif is_async(subject) or isasyncgenfunction(subject):
            raise TypeError(
                f"from_blocking() is for what blocks, and {describe(subject)} is async: give it to JaypieStream() as "
                "it is"
            )
        return make(cls, Blocking(subject))
