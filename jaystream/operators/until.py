"""
Operators that end a stream from outside: `take_until`, `take_for`, `deadline_from`.

The source runs in a task of its own, and is asked for an item only when the consumer asks. So the end comes between two
items: while the consumer waits it cancels the pull, and what the consumer does with an item is never cut.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from jaystream._core.fuse import Above, plan_of
from jaystream._core.inspecting import describe
from jaystream._core.ownership import discard, kind_of, spend
from jaystream._core.plan import Boundary, Described, Plan, Source, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import check_seconds

if TYPE_CHECKING:
    import anyio

    from jaystream._core.run import Loop
    from jaystream._core.stages import Opened
    from jaystream.stream import JaypieStream

__all__ = ["LambdaContext", "UntilMixin"]

Happening: TypeAlias = "Awaitable[Any] | Opened[Any]"
Signal: TypeAlias = "asyncio.Event | anyio.Event | Happening | Callable[[], Happening]"


class LambdaContext(Protocol):
    """
    What `deadline_from` wants to know of an invocation; the context object of AWS Lambda's Python runtime has it.
    """

    def get_remaining_time_in_millis(self) -> int:
        """
        Give the milliseconds until the invocation is cut.
        """
        ...


class EventSignal:
    """
    A source that ends when an event is set.
    """

    __slots__ = ("event",)

    def __init__(self, event: Any) -> None:
        self.event: Any = event

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        await self.event.wait()
        return
        yield


class AwaitedSignal:
    """
    A source that ends when an awaitable is done; what it gives is not looked at.
    """

    __slots__ = ("source",)

    def __init__(self, awaitable: Any) -> None:
        self.source: Source = Source(awaitable)

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        awaitable: Any = self.source.origin
        waited: list[Any] = [awaitable]
        if isinstance(awaitable, asyncio.Future):
            # not awaited by itself, which would cancel it when the stream ends first
            await asyncio.wait(waited)
            if not awaitable.cancelled():
                awaitable.result()
        else:
            spend(self.source)
            try:
                await awaitable
            finally:
                discard(self.source)
        return
        yield


def signal(thing: Any) -> Any:
    """
    A source that gives an item or ends when *thing* fires.

    Raises:
        TypeError: If it is nothing that does.
    """
    wait: Any = getattr(thing.__class__, "wait", None)
    if wait is not None and callable(getattr(thing, "is_set", None)):
        if iscoroutinefunction(wait):
            return EventSignal(thing)
        raise TypeError(
            f"take_until() cannot wait for {describe(thing)} without blocking the event loop; use an asyncio.Event or "
            "an anyio.Event, set by loop.call_soon_threadsafe(event.set) from other threads"
        )
    kind = kind_of(thing)
    if kind == "awaitable":
        return AwaitedSignal(thing)
    return (lambda: signal(thing())) if kind == "callable" else thing


class Until(Boundary):
    """
    What they share: one source in a pump, and something that ends the stream.
    """

    __slots__ = ()
    pumped = True
    keeps_items = True

    @abstractmethod
    def begin(self, pumps: Pumps) -> tuple[Callable[[], object], float | None]:
        """Start what ends the stream: whether it has, looked at before each item, and the time when it will."""

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        inlet = Inlet(pumps)
        held = inlet.held
        try:
            over, until = self.begin(pumps)
            if not over():
                pumps.start(loop.upstream, inlet, outer=loop.run)
                while True:
                    came = await pumps.next(until)
                    if came is None or over():  # over, where what ends it has come
                        break
                    if not held:
                        pumps.forget(inlet)
                        break
                    yield held.popleft()
                    if over():
                        break
                    inlet.wake()
            # a signal that has failed is no end
            for each in [*pumps.running]:
                if each is not inlet and each.error is not None:
                    pumps.forget(each)
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class TakeUntil(Until):
    __slots__ = ("plan", "thing")
    name = "take_until"

    def __init__(self, thing: Any) -> None:
        self.thing: Any = thing
        self.plan: Plan = plan_of(signal(thing))

    def describe(self) -> str:
        return f"take_until({describe(self.thing, 40)})"

    def begin(self, pumps: Pumps) -> tuple[Callable[[], object], float | None]:
        event = self.plan.source.origin
        inlet = pumps.start(Above(self.plan), Inlet(pumps, self))
        held = inlet.held
        if isinstance(event, EventSignal):
            is_set: Callable[[], object] = event.event.is_set
            return lambda: is_set() or inlet.ended, None
        future: Any = event.source.origin if isinstance(event, AwaitedSignal) else None
        if isinstance(future, asyncio.Future):
            return lambda: inlet.ended or (future.done() and (future.cancelled() or not future.exception())), None
        return lambda: held or inlet.ended, None


class TakeFor(Until):
    __slots__ = ("seconds",)
    name = "take_for"

    def __init__(self, seconds: float) -> None:
        self.seconds: float = check_seconds(seconds, self.name, "seconds", zero=True)

    def describe(self) -> str:
        return f"take_for({self.seconds:g})"

    def left(self) -> float:
        """Seconds from now."""
        return self.seconds

    def begin(self, pumps: Pumps) -> tuple[Callable[[], object], float | None]:
        clock = pumps.clock
        until = clock() + self.left()
        return lambda: clock() >= until, until


class DeadlineFrom(TakeFor):
    __slots__ = ("context", "reserve")
    name = "deadline_from"

    def __init__(self, context: Any, reserve: float) -> None:
        if not callable(getattr(context, "get_remaining_time_in_millis", None)):
            raise TypeError(
                "deadline_from() expects the context that AWS Lambda gives a handler, which has "
                f"get_remaining_time_in_millis(), not {describe(context)}"
            )
        self.context: LambdaContext = context
        self.reserve: float = check_seconds(reserve, self.name, "reserve", zero=True)

    def describe(self) -> str:
        return f"deadline_from(reserve={self.reserve:g})"

    def left(self) -> float:
        return self.context.get_remaining_time_in_millis() / 1000 - self.reserve


class UntilMixin(Described[T_co]):
    """
    `take_until`, `take_for`, `deadline_from`.
    """

    __slots__ = ()

    def take_until(self, event_or_stream: Signal) -> JaypieStream[T_co]:
        """
        End the stream when something else happens.

        Args:
            event_or_stream: An `asyncio.Event` or `anyio.Event`: when it is set. An awaitable, or a callable that gives
                one: when it is done, whatever its result. Any other source: with its first item, or its end. A future
                or task that is done later goes on when the stream has ended.

        Raises:
            TypeError: At this call, if it is none of these; also for events of threads, which block.

        Flow:
            Keeps order, holds one item, reads nothing ahead. The source and what ends it are read in tasks of their
            own, where they are opened and closed. The end comes between two items: a pull that is going on is
            cancelled, and the source is closed, as after an early stop; what the consumer does with an item is never
            cut. Where an event is set or a future is done before the run, the source is not opened. An error of either
            ends the stream.

        >>> stop = asyncio.Event()
        >>> def show(n):
        ...     if n == 2:
        ...         stop.set()
        >>> asyncio.run(JaypieStream.tick(0.01).tap(show).take_until(stop).to_list())
        [0, 1]
        """
        return self._then(TakeUntil(event_or_stream))

    def take_for(self, seconds: float) -> JaypieStream[T_co]:
        """
        End the stream some time after its first pull.

        Where taking too long is a failure, use `timeout(total=)`.

        Args:
            seconds: From 0 on; with 0 nothing is read.

        Raises:
            TypeError: At this call, if *seconds* is no number.
            ValueError: At this call, if it is negative.

        Flow:
            Keeps order, holds one item, reads nothing ahead. The source is read in a task of its own, where it is
            opened and closed. A pull that is going on at the end is cancelled, and the source is closed, as after an
            early stop. What the consumer takes counts, and is never cut. Errors pass.

        >>> asyncio.run(JaypieStream.of("a").concat(JaypieStream.never()).take_for(0.01).to_list())
        ['a']
        """
        return self._then(TakeFor(seconds))

    def deadline_from(self, lambda_context: LambdaContext, *, reserve: float = 2.0) -> JaypieStream[T_co]:
        """
        End the stream before AWS Lambda cuts the invocation, so that what comes after the last item can still be done.

        Args:
            lambda_context: What the handler was given; asked for the time that is left when the run begins.
            reserve: Seconds that are kept for what comes afterwards: closing, `on_end`, the sink's last bytes.

        Raises:
            TypeError: At this call, if *lambda_context* has no `get_remaining_time_in_millis`, or *reserve* is no
                number.
            ValueError: At this call, if *reserve* is negative.

        Flow:
            As `take_for` with the time that is left less *reserve*; where that is nothing, the source is not opened.

        >>> class Context:
        ...     def get_remaining_time_in_millis(self):
        ...         return 2010
        >>> asyncio.run(JaypieStream.never().deadline_from(Context()).to_list())
        []
        """
        return self._then(DeadlineFrom(lambda_context, reserve))
