"""
Keeping cancel scopes away from what is being closed.

Lives here: all that the kernel has to do with cancel scopes, which is two uses and one look. A scope may not stay open
across a yield, and scopes must be left in the order in which they were entered; so a run that is a plain coroutine has
one scope round all of it, which becomes a shield while something is closed, and a bare `async for` puts one up for each
closing. A shield keeps the scopes away that stand around it; where there are none, there is none.
"""

from __future__ import annotations

import sys
from asyncio import Task, current_task
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Protocol, Self

import anyio

_NOTHING: AbstractContextManager[object] = nullcontext()


class Shelter(Protocol):
    """
    What a run asks before it opens its source, and before and after it closes something.

    `failure` is what the run is being closed for: a generator that is closed from below learns of no error by itself.
    """

    failure: BaseException | None

    def opened(self) -> None: ...
    def up(self) -> None: ...
    def down(self) -> None: ...


class Around:
    """
    One scope round the whole run: for sinks, terminals and `open()`.

    Attributes:
        after: Called once when what is being closed is closed.
        failure: What the run is being closed for, if it is an error.
    """

    __slots__ = ("_depth", "_scope", "after", "failure")

    def __init__(self) -> None:
        self._scope: anyio.CancelScope | None = None
        self._depth = 0
        self.after: Callable[[], object] | None = None
        self.failure: BaseException | None = None

    @property
    def closing(self) -> bool:
        """Whether something is being closed."""
        return self._depth > 0

    def __enter__(self) -> Self:
        if in_scope():
            self._scope = anyio.CancelScope()
            self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scope is not None:
            self._scope.__exit__(kind, error, trace)  # it is never cancelled by itself, so it keeps no error back

    def opened(self) -> None:
        pass

    def up(self) -> None:
        self._depth += 1
        if self._scope is not None:
            self._scope.shield = True
        elif self._depth == 1:
            _count_closing(1)

    def down(self) -> None:
        self._depth -= 1
        if not self._depth:
            if self._scope is not None:
                self._scope.shield = False
            else:
                _count_closing(-1)
            if self.after is not None:
                after, self.after = self.after, None
                after()


class Loose:
    """
    A scope for each closing: for a bare `async for`.

    A source that left a scope of its own open must leave that one first, so it is closed without a shield.
    """

    __slots__ = ("_depth", "_known", "_outer", "_scope", "failure")

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self._depth = 0
        self._known = False
        self._outer: object = None
        self._scope: anyio.CancelScope | None = None

    def opened(self) -> None:
        if not self._known:
            self._known = True
            with anyio.CancelScope() as probe:  # noqa: ASYNC100 - looked at, not waited in
                self._outer = _outside(probe)

    def up(self) -> None:
        self._depth += 1
        if self._depth == 1:
            scope = anyio.CancelScope(shield=True)
            scope.__enter__()
            if _outside(scope) is self._outer:
                self._scope = scope
            else:
                scope.__exit__(None, None, None)

    def down(self) -> None:
        self._depth -= 1
        if not self._depth and self._scope is not None:
            scope, self._scope = self._scope, None
            scope.__exit__(None, None, None)


def shield() -> AbstractContextManager[object]:
    """
    What keeps away all cancel scopes that the current task is in.
    """
    return anyio.CancelScope(shield=True) if in_scope() else _NOTHING


def in_scope() -> bool:
    """
    Whether the current task is in a cancel scope; or may be, should anyio cease to tell.
    """
    backend = sys.modules.get("anyio._backends._asyncio")  # where it is not loaded there are no scopes
    if backend is None:
        return False
    states = getattr(backend, "_task_states", None)
    if states is None:
        return True
    state = states.get(current_task())
    return state is not None and getattr(state, "cancel_scope", state) is not None


_closing: dict[Task[Any] | None, int] = {}


def _count_closing(more: int) -> None:
    try:
        task = current_task()
    except RuntimeError:  # a coroutine that is closed outside an event loop
        task = None
    count = _closing.pop(task, 0) + more
    if count:
        _closing[task] = count


def closings_of(task: Task[Any]) -> int:
    """
    How many runs without a scope are closing something in *task*, each inside the one before.
    """
    return _closing.get(task, 0)


def is_shielded(task: Task[Any], within: anyio.CancelScope | None = None, closings: int = 0) -> bool:
    """
    Whether what *task* waits for may not be cut: it stands behind a shield, put up inside the scope *within*, or more
    than *closings* runs are closing something.
    """
    if closings_of(task) > closings:
        return True
    scope = scope_of(task)
    while scope is not None and scope is not within and not scope.shield:
        scope = _outside(scope)
    return scope is not None and scope is not within


def scope_of(task: Task[Any]) -> anyio.CancelScope | None:
    """
    The innermost scope that *task* is in; anyio has no public word for it.
    """
    backend = sys.modules.get("anyio._backends._asyncio")  # where it is not loaded there are no scopes
    state = getattr(backend, "_task_states", {}).get(task)
    return getattr(state, "cancel_scope", None)


def _outside(scope: anyio.CancelScope) -> anyio.CancelScope | None:
    """The scope that *scope* was entered in; anyio has no public word for it."""
    return getattr(scope, "_parent_scope", None)
