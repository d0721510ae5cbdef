"""
Who closes what: how any source becomes an iterator, and how what was opened is closed again.

Lives here: the order of contract "a source is", closing one thing, and closing many in order. When a run closes is
`run.py`'s.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError, Future, current_task, sleep, timeout
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import ref

from jaystream._core.plan import Described, Source
from jaystream.errors import CleanupTimeoutError, StreamConsumedError

if TYPE_CHECKING:
    from jaystream._core.run import Run

GRACE = 10.0
"""Seconds that closing one source may take."""

PLAIN = frozenset({list, tuple, range, set, frozenset})
"""Iterables that need no opening and no closing."""

Pulls: TypeAlias = "AsyncIterator[Any] | Iterator[Any]"


def describe(value: object, limit: int = 80) -> str:
    """
    A value as an error message shows it: its `repr`, cut.
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is(thing: object, kinds: type | tuple[type, ...]) -> bool:
    """`isinstance`, of which type checkers conclude nothing: a class without its parameters is of no use to them."""
    return isinstance(thing, kinds)


def _method(thing: object, name: str) -> Any:
    """A special method, looked up where Python looks: in the class. None if there is none."""
    return getattr(type(thing), name, None)


def kind_of(origin: object) -> str:
    """
    How *origin* is read: "stream", "context", "async", "sync", "awaitable" or "callable", in this order.

    Raises:
        TypeError: For `str`, `bytes`, mappings and whatever is no source.
    """
    cls = type(origin)
    if cls in PLAIN:
        return "sync"
    if _is(origin, Described):
        return "stream"
    if _is(origin, (str, bytes, bytearray, memoryview, Mapping)):
        fix = ".items()" if _is(origin, Mapping) else f"JaypieStream.of({describe(origin, 20)})"
        raise TypeError(
            f"a source of items is expected, not a {cls.__name__} ({describe(origin)}): its parts are rarely "
            f"what is meant; put it in a list or use {fix}"
        )
    if hasattr(cls, "__aenter__") and hasattr(cls, "__aexit__") and not _only_refuses_to_enter(cls):
        return "context"
    if hasattr(cls, "__aiter__"):
        return "async"
    if _is(origin, Future):  # iterable only as an old way to be awaited
        return "awaitable"
    if hasattr(cls, "__iter__"):
        return "sync"
    if inspect.isawaitable(origin):
        return "awaitable"
    if callable(origin):
        return "callable"
    raise TypeError(
        "a source is a JaypieStream, an async context manager, an async iterable, an iterable, an awaitable, "
        f"or a callable giving one of these, not {cls.__name__} ({describe(origin)})"
    )


def _only_refuses_to_enter(cls: type) -> bool:
    """Whether it is a stream of aiostream: its `__aenter__` tells people to enter what its `__aiter__` gives."""
    return any(base.__module__ == "aiostream.core" for base in cls.__mro__) and hasattr(cls, "stream")


def spend(source: Source | None, callable_gave: object = None) -> None:
    """
    Mark a source that can run once as spent; None is a source inside a run, which has no second one.

    Args:
        source: The node to mark.
        callable_gave: The iterator that its callable gave, which must be another one each time.

    Raises:
        StreamConsumedError: If it was spent already.
    """
    if source is None:
        return
    if callable_gave is not None:
        before, source.given = source.given, _weak(callable_gave)
        source.spent = callable_gave is (before() if isinstance(before, ref) else before)
    if source.spent:
        raise StreamConsumedError(
            f"this stream has run already, and its source ({describe(source.origin)}) can run only once; build the "
            "stream over a callable that makes the source, or collect the items with to_list() and stream the list"
        )
    source.spent = callable_gave is None


def _weak(thing: object) -> object:
    """A weak reference where there can be one; what has none is a small iterator over something else."""
    try:
        return ref(thing)
    except TypeError:
        return thing


class Closer:
    """
    One thing that was opened, and how it is closed.
    """

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing: object = thing

    async def close(self, error: BaseException | None) -> object:
        """Close by the first of `aclose` and `close`."""
        thing: Any = self.thing
        generator = _is(thing, AsyncGeneratorType)
        if generator and thing.ag_frame is None:
            return None  # it has ended by itself
        if generator and isinstance(error, CancelledError):
            cancellation = error
            return await bounded(lambda: _throw(thing, cancellation), thing, GRACE)
        close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
        if _is(thing, GeneratorType) or close is None:
            return close and close()
        await bounded(close, thing, GRACE)
        return None


class Generated(Closer):
    """
    One of our own generators: it bounds its closing by itself.

    A cancellation is thrown into it, as into every generator: the scope that it comes from may be one that the source
    holds, which then says what it was for.
    """

    __slots__ = ()

    async def close(self, error: BaseException | None) -> object:
        """Close it; whether it has settled *error*."""
        thing: Any = self.thing
        if isinstance(error, CancelledError) and thing.ag_frame is not None:
            return await _throw(thing, error)
        await thing.aclose()
        return False


async def _throw(generator: AsyncGeneratorType[Any, Any], error: CancelledError) -> bool:
    """Throw a cancellation where a generator waits, and close it; whether it ended without an error."""
    try:
        await generator.athrow(error)
    except StopAsyncIteration:
        return True
    await generator.aclose()  # it has given an item instead
    return False


class Exit(Closer):
    """
    An async context manager that was entered. An early stop is a clean exit for it.
    """

    __slots__ = ()

    async def close(self, error: BaseException | None) -> object:
        thing: Any = self.thing
        leave = _method(thing, "__aexit__")
        if error is None or isinstance(error, GeneratorExit):
            return await bounded(lambda: leave(thing, None, None, None), thing, GRACE)
        return await bounded(lambda: leave(thing, type(error), error, error.__traceback__), thing, GRACE)


def cancel_requests() -> int:
    """
    How often the current task has been cancelled without taking it back.
    """
    task = current_task()
    return task.cancelling() if task is not None else 0


async def recall(requests: int, error: Exception | None = None) -> None:
    """
    Raise the cancellation again that something in a run has kept to itself, or has made *error* of.

    A cancel scope cancels anew at each wait, and takes back none but its own; only a native cancellation is made here.

    Args:
        requests: What `cancel_requests` gave before the run.
        error: What the run ended with, if it failed.
    """
    if cancel_requests() > requests:
        try:
            await sleep(0)
        except CancelledError as again:
            raise again from error
        raise CancelledError("the run was cancelled, and something in it kept that to itself") from error


async def bounded(close: Callable[[], Any], thing: object, grace: float) -> object:
    """
    Call *close* and await what it gives, for at most *grace* seconds.

    The limit is a native one: sources hold cancel scopes of their own, and those nest, so none may be put round the
    leaving of an older one.

    Raises:
        CleanupTimeoutError: When *grace* is over; the close has then been cancelled.
    """
    result = close()
    if not inspect.isawaitable(result):
        return result
    limit = timeout(grace)
    try:
        async with limit:
            return await result
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise CleanupTimeoutError(
            f"closing {describe(thing)} took longer than {grace:g} seconds and was cut"
        ) from error


async def close_each(
    owned: list[Closer], error: BaseException | None, mark: int = 0, below: BaseException | None = None
) -> bool:
    """
    Close and forget what was opened since *mark* things were owned, last opened first, whatever goes wrong with some.

    Errors of closing become notes of *error* where there is one; where not they are raised, and what is closed later is
    told of the first, as by nested `async with`; unless the run has failed *below* here and this is closed for it. A
    cancellation that lands here ends the close it hits, and is raised when all the others are done.

    Returns:
        Whether *error* is settled: the cancellation of a scope that a source held, which that source took back.
    """
    problems: list[Exception] = []
    interrupt: BaseException | None = None
    settled = False
    told = error
    requests = cancel_requests()
    while len(owned) > mark:
        closer = owned.pop()
        taken: object = None
        try:
            taken = await closer.close(told)
        except Exception as problem:  # noqa: BLE001 - the others must be closed as well
            if problem is not told:
                problems.append(problem)
            if told is None or (isinstance(told, GeneratorExit) and below is None):
                told = problem
        except BaseException as problem:  # noqa: BLE001 - raised when the others are closed
            if problem is not told and (interrupt is None or not isinstance(problem, CancelledError)):
                interrupt = problem
        now = cancel_requests()
        if now < requests and isinstance(error, CancelledError) and (taken or problems):
            error, settled = None, not problems  # the source's own scope had cancelled, and says what of
            told = problems[-1] if problems else None
        elif now > requests and interrupt is None:
            interrupt = CancelledError("cancelled while closing, and what was being closed kept it to itself")
        requests = now
    carrier = interrupt or (None if isinstance(error, GeneratorExit) else error)
    if carrier is not None:
        for each in problems:
            carrier.add_note(f"while closing: {type(each).__name__}: {each}")
    if interrupt is not None:
        raise interrupt
    if problems and carrier is None:
        raise problems[0] if len(problems) == 1 else ExceptionGroup("several sources failed to close", problems)
    return settled


async def obtain(origin: object, owned: list[Closer], run: Run, source: Source | None = None) -> tuple[Pulls, bool]:
    """
    Turn *origin* into an iterator, noting on *owned* whatever must be closed, at once when it was opened.

    Args:
        origin: Anything that `kind_of` knows.
        owned: What the run has opened so far.
        run: The run that a stream becomes a part of.
        source: The node to mark as spent, where *origin* turns out to run once.

    Returns:
        The iterator, and whether it is an async one.

    Raises:
        TypeError: If *origin*, or what it gave, is no source.
        StreamConsumedError: If it can run once and has.
    """
    if source is not None and source.lender is not None:
        return _borrow(source, source.lender, owned)
    entered: object = None
    called = managed = False
    while True:
        subject: Any = origin
        kind = kind_of(subject) if subject is not entered else _inside(subject)
        if kind == "stream":
            items = subject._iterate(run.inner())
            owned.append(Generated(items))
            return items, True
        if kind == "context":
            spend(None if called else source)
            entered = subject
            origin = await _method(subject, "__aenter__")(subject)
            owned.append(Exit(subject))
            managed = True
        elif kind == "async":
            iterator = subject.__aiter__()
            if iterator is subject:
                if entered is None:
                    spend(source, subject if called else None)
                if managed and not _is(subject, AsyncGeneratorType):
                    return iterator, True  # its manager closes it; generators may be closed twice, and many are not
            elif _method(iterator, "__aenter__") is not None:
                origin = iterator
                continue
            owned.append(Closer(iterator))
            return iterator, True
        elif kind == "sync":
            items = iter(subject)
            if items is subject and entered is None:
                spend(source, subject if called else None)
            if items is not entered and hasattr(items, "close"):
                owned.append(Closer(items))
            return items, False
        elif kind == "awaitable":
            spend(None if called else source)
            origin = await subject
        else:
            origin = subject()
            called = True
        if kind != "context":
            entered = None
        if kind != "callable":
            source = None  # what comes now was made for this run, and nobody else has it


def _borrow(source: Source, lender: Source, owned: list[Closer]) -> tuple[Pulls, bool]:
    """Read an iterator that stays open; only an iterator that it makes for this run is closed with the run."""
    if lender.spent:
        spend(lender)
    subject: Any = source.origin
    is_async = can_go_on(subject) == "async"
    iterator = aiter(subject) if is_async else iter(subject)
    if iterator is not subject:
        owned.append(Closer(iterator))
    return iterator, is_async


def can_go_on(origin: object) -> str | None:
    """
    Whether a run of *origin* can go on where another has stopped: "async" or "sync" for iterators, None for the rest.
    """
    cls = type(origin)
    if hasattr(cls, "__anext__") and hasattr(cls, "__aiter__"):
        return "async"
    return "sync" if hasattr(cls, "__next__") and hasattr(cls, "__iter__") else None


def _inside(entered: object) -> str:
    """How a context manager that gave itself is read."""
    if hasattr(type(entered), "__aiter__"):
        return "async"
    if hasattr(type(entered), "__iter__"):
        return "sync"
    raise TypeError(
        f"the async context manager {describe(entered)} gives itself, and is neither an async iterable nor an iterable"
    )


def discard(source: Source) -> None:
    """
    Let go of a source that will not run: a coroutine must not warn that it was never awaited.
    """
    coroutine: Any = source.origin
    if _is(coroutine, CoroutineType):
        source.spent = True
        coroutine.close()
