"""
Who closes what: how any source becomes an iterator, and which of the things on the way a run has to close.

Lives here: the order of contract "a source is". How a thing is closed is `closing.py`'s, when, `run.py`'s.
"""

from __future__ import annotations

import inspect
from asyncio import Future
from collections.abc import AsyncIterator, Iterator, Mapping
from types import AsyncGeneratorType, CoroutineType
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import ref

from jaystream._core.closing import Closer, Exit, Generated
from jaystream._core.inspecting import describe, is_a, special_method
from jaystream._core.plan import Described, Source
from jaystream.errors import StreamConsumedError

if TYPE_CHECKING:
    from jaystream._core.run import Run

PLAIN = frozenset({list, tuple, range, set, frozenset})
"""Iterables that need no opening and no closing."""

Pulls: TypeAlias = "AsyncIterator[Any] | Iterator[Any]"


def kind_of(origin: object) -> str:
    """
    How *origin* is read: "stream", "context", "async", "sync", "awaitable" or "callable", in this order.

    Raises:
        TypeError: For `str`, `bytes`, mappings and whatever is no source.
    """
    cls = type(origin)
    if cls in PLAIN:
        return "sync"
    if is_a(origin, Described):
        return "stream"
    if is_a(origin, (str, bytes, bytearray, memoryview, Mapping)):
        fix = ".items()" if is_a(origin, Mapping) else f"JaypieStream.of({describe(origin, 20)})"
        raise TypeError(
            f"a source of items is expected, not a {cls.__name__} ({describe(origin)}): its parts are rarely "
            f"what is meant; put it in a list or use {fix}"
        )
    if hasattr(cls, "__aenter__") and hasattr(cls, "__aexit__") and not is_aiostream(origin):
        return "context"
    if hasattr(cls, "__aiter__"):
        return "async"
    if is_a(origin, Future):  # iterable only as an old way to be awaited
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


def is_aiostream(thing: object) -> bool:
    """
    Whether it is a stream of aiostream: its `__aenter__` tells people to enter what its `__aiter__` gives.
    """
    cls = type(thing)
    return any(base.__module__ == "aiostream.core" for base in cls.__mro__) and hasattr(cls, "stream")


class Wrapped:
    """
    An awaitable round another one, for what a room makes of its result.

    Attributes:
        awaited: The other one.
    """

    __slots__ = ("awaited",)

    def __init__(self, awaited: object) -> None:
        self.awaited: Any = awaited

    def __repr__(self) -> str:
        return repr(self.awaited)


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
            origin = await special_method(subject, "__aenter__")(subject)
            owned.append(Exit(subject))
            managed = True
        elif kind == "async":
            iterator = subject.__aiter__()
            if iterator is subject:
                if entered is None:
                    spend(source, subject if called else None)
                if managed and not is_a(subject, AsyncGeneratorType):
                    return iterator, True  # its manager closes it; generators may be closed twice, and many are not
            elif special_method(iterator, "__aenter__") is not None:
                origin, entered, source = iterator, None, None  # made for this run
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
    origin: Any = source.origin
    coroutine: Any = origin.awaited if is_a(origin, Wrapped) else origin
    if is_a(coroutine, CoroutineType):
        source.spent = True
        coroutine.close()
