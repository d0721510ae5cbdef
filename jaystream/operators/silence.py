"""
Operators that look at how long nothing comes: `timeout`, `keepalive`.

The source runs in a task of its own and is asked for an item only when the consumer asks; so a limit that passes waits
beside the pull, and what the consumer takes for itself never counts as silence.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast, overload

from jaystream._core.guard import Guard, is_async, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import check_seconds
from jaystream.errors import StreamTimeoutError

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.stream import JaypieStream

__all__ = ["SilenceMixin"]

U = TypeVar("U")

Phase: TypeAlias = Literal["first", "idle", "total"]


class Timeout(Boundary):
    __slots__ = ("first", "idle", "total")
    name = "timeout"
    pumped = True
    keeps_items = True

    def __init__(self, first: float | None, idle: float | None, total: float | None) -> None:
        if first is None and idle is None and total is None:
            raise TypeError("timeout() expects a limit in seconds: timeout(first=), timeout(idle=) or timeout(total=)")
        self.first: float | None = None if first is None else check_seconds(first, self.name, "first")
        self.idle: float | None = None if idle is None else check_seconds(idle, self.name, "idle")
        self.total: float | None = None if total is None else check_seconds(total, self.name, "total")

    def describe(self) -> str:
        limits = {"first": self.first, "idle": self.idle, "total": self.total}
        return f"timeout({', '.join(f'{name}={limit:g}' for name, limit in limits.items() if limit is not None)})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        inlet, clock = Inlet(pumps), pumps.clock
        held = inlet.held
        total, idle = self.total, self.idle
        phase, limit = ("idle", idle) if self.first is None else ("first", self.first)
        asked = clock()
        until = inf if total is None else asked + total
        try:
            pumps.start(loop.upstream, inlet, outer=loop.run)
            while True:
                due = until if limit is None else min(until, asked + limit)
                if await pumps.next(None if due == inf else due) is None:
                    raise self._error("total" if due == until else phase)
                if not held:
                    pumps.forget(inlet)
                    break
                yield held.popleft()
                asked, phase, limit = clock(), "idle", idle
                if asked >= until:
                    raise self._error("total")
                inlet.wake()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()

    def _error(self, phase: str) -> StreamTimeoutError:
        return StreamTimeoutError(cast("Phase", phase), cast("float", getattr(self, phase)))


class Keepalive(Boundary):
    __slots__ = ("every", "item")
    name = "keepalive"
    pumped = True
    keeps_items = True

    def __init__(self, every: float, item: Any) -> None:
        self.every: float = check_seconds(every, self.name, "every")
        self.item: Any = item

    def describe(self) -> str:
        return f"keepalive({self.every:g}, item={describe(self.item, 20)})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        inlet, clock, every = Inlet(pumps), pumps.clock, self.every
        held = inlet.held
        make: Any = self.item
        called, awaited = callable(make), False
        if called:
            awaited = is_async(make)
            make = make if awaited or not needs_guard(make) else Guard(make, self.name)
        try:
            pumps.start(loop.upstream, inlet, outer=loop.run)
            while True:
                if await pumps.next(clock() + every) is None:
                    x = make() if called else make
                    yield await x if awaited else x
                elif held:
                    yield held.popleft()
                    inlet.wake()
                else:
                    pumps.forget(inlet)
                    break
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


_MISSING: Any = object()  # stands for an item that was left out, since None is one


class SilenceMixin(Described[T_co]):
    """
    `timeout`, `keepalive`.
    """

    __slots__ = ()

    def timeout(
        self, *, first: float | None = None, idle: float | None = None, total: float | None = None
    ) -> JaypieStream[T_co]:
        """
        Fail with a `StreamTimeoutError` when the source takes too long; its `phase` says which limit was passed.

        Args:
            first: Seconds until the first item, or the end, has come.
            idle: Seconds from when the consumer asks for an item until it, or the end, has come. It counts for the
                first item too where *first* is left out.
            total: Seconds until the end has come, from the first pull on. What the consumer takes counts here.

        Raises:
            TypeError: At this call, if no limit is given, or one is no number.
            ValueError: At this call, if a limit is not above 0.
            StreamTimeoutError: In the run.

        Flow:
            Keeps order, holds one item, reads nothing ahead. The source is read in a task of its own, where it is
            opened and closed. Time that the consumer takes for itself is no idle time, and is never cut: where *total*
            has passed meanwhile, the next pull fails at once. A limit that passes cancels the pull that is going on;
            the source is closed before the error goes on. Errors from above pass.

        >>> async def main():
        ...     try:
        ...         await JaypieStream.never().timeout(first=0.01).to_list()
        ...     except StreamTimeoutError as error:
        ...         print(error.phase, error.seconds)
        >>> asyncio.run(main())
        first 0.01
        """
        return self._then(Timeout(first, idle, total))

    @overload
    def keepalive(self: SilenceMixin[bytes], every: float) -> JaypieStream[bytes]: ...
    @overload
    def keepalive(self, every: float, *, item: Callable[[], Coroutine[Any, Any, U]]) -> JaypieStream[T_co | U]: ...
    @overload
    def keepalive(self, every: float, *, item: Callable[[], U]) -> JaypieStream[T_co | U]: ...
    @overload
    def keepalive(self, every: float, *, item: U) -> JaypieStream[T_co | U]: ...
    def keepalive(self, every: float, *, item: Any = _MISSING) -> JaypieStream[Any]:
        r"""
        Give *item* whenever the consumer has waited *every* seconds for an item, also for the first one.

        It keeps idle connections open. `to_response` and `to_asgi` do this by themselves on the wire; this one is for
        other sinks, and for items that the reader is to see.

        Args:
            every: Seconds, above 0.
            item: What to give, or a callable that makes it, sync or async. It may be left out on a stream whose format
                has a sign of life of its own, as server-sent events have: a comment, which readers skip.

        Raises:
            TypeError: At this call, if *every* is no number, or *item* is left out and the format has no sign of life.
            ValueError: At this call, if *every* is not above 0.

        Flow:
            Keeps order, holds one item, reads nothing ahead. The source is read in a task of its own, where it is
            opened and closed; its pull goes on while *item* is given. What the consumer takes for itself does not
            count. Nothing comes after the end. Errors from above, and of *item*, end the stream.

        >>> asyncio.run(JaypieStream.never().keepalive(0.01, item="-").take(2).to_list())
        ['-', '-']
        >>> asyncio.run(JaypieStream.never().format_sse().keepalive(0.01).take(1).to_list())
        [b': ping\n\n']
        """
        if item is _MISSING:
            wire = self._plan.wire
            item = None if wire is None else wire().ping
            if item is None:
                raise TypeError(
                    "keepalive() can leave item= out only where the format has a sign of life, as format_sse() has; "
                    f"give one, as in keepalive({every!r}, item=...)"
                )
        return self._then(Keepalive(every, item))
