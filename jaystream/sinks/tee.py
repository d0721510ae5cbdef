"""
`tee`: one stream into several sinks.

Lives here: the run that hands each item to every sink, and what becomes of the others when one leaves or fails.
"""

from __future__ import annotations

from asyncio import Task, get_running_loop, wait
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

import anyio

from jaystream._core.closing import cancel_requests, recall
from jaystream._core.fuse import execute
from jaystream._core.guard import check_callable
from jaystream._core.lanes import Lane
from jaystream._core.ownership import discard
from jaystream._core.plan import Described, Plan, Source, Stage, T_co
from jaystream._core.side import serve
from jaystream._core.waiting import over

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["TeeMixin"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Give(Stage):
    """
    The terminal: each item goes to all lanes, and the next is pulled when all of them ask for it.
    """

    __slots__ = ("give",)
    name = "tee"
    names: tuple[str, ...] = ("give",)
    ends = True

    def __init__(self, give: Callable[[Any], Coroutine[Any, Any, bool]]) -> None:
        self.give: Callable[[Any], Coroutine[Any, Any, bool]] = give

    def values(self) -> tuple[object, ...]:
        return (self.give,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        code.stop(f"not await {code.name('give')}(x)")


class Part(Lane[Any]):
    """
    The lane of one sink.
    """

    __slots__ = ("_on_leave",)

    def __init__(self, on_leave: Callable[[], None]) -> None:
        super().__init__()
        self._on_leave = on_leave

    def leave(self) -> None:
        super().leave()
        self._on_leave()


class Tee:
    """
    One run into several sinks: the source is read in the caller's task, each sink has a task of its own.

    The tasks are no task group of anyio's: what a group takes back of its own cancelling may be one that came from
    outside, where sinks have groups as well.
    """

    __slots__ = ("_lanes", "_open", "_over", "_pulling", "_stopped", "_tasks")

    def __init__(self) -> None:
        self._tasks: list[Task[Any]] = []
        self._lanes: list[Part] = []
        self._open: list[Part] = []  # those that ask for the next item
        self._over = False  # there are no more items
        self._stopped = False  # a sink has failed before that, or the run was cancelled
        self._pulling: anyio.CancelScope | None = None

    async def run(
        self, plan: Plan, sinks: tuple[Callable[[Any], Any], ...], stream_over: Callable[[Source], JaypieStream[Any]]
    ) -> tuple[Any, ...]:
        requests = cancel_requests()
        failure: Exception | None = None
        for sink in sinks:
            self._start(sink, plan, stream_over)
        try:
            try:
                await self._read(plan)
            except Exception as error:  # noqa: BLE001 - it is every sink's error
                failure = error
            self._over = True
            for lane in self._lanes:
                lane.end(failure)
            await wait(self._tasks)
        except BaseException as error:
            self._stop()
            await over(self._tasks, within=None)
            failure = self._failure(failure)
            if failure is not None:
                error.add_note(f"while closing: {type(failure).__name__}: {failure}")
            raise
        else:
            failure = self._failure(failure)
            await recall(requests, failure)
            if failure is not None:
                raise failure
            return tuple(task.result() for task in self._tasks)  # one that cancelled itself does not pass for done
        finally:
            failure = None  # its traceback leads here: no circle is left behind
            self._tasks = []

    def _start(
        self, sink: Callable[[Any], Any], plan: Plan, stream_over: Callable[[Source], JaypieStream[Any]]
    ) -> None:
        lane = Part(self._on_leave)
        self._lanes.append(lane)
        task = get_running_loop().create_task(serve(sink, stream_over(Source(lane, plan.wire))))
        self._tasks.append(task)

        def done(_: object) -> None:
            lane.leave()
            if not task.cancelled() and task.exception() is not None and not self._over:
                self._stop()

        task.add_done_callback(done)

    def _stop(self) -> None:
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        if self._pulling is not None:
            self._pulling.cancel()

    def _failure(self, failure: Exception | None) -> Exception | None:
        """What it ended with: *failure* of the source, where no sink has seen it, and what the sinks failed with."""
        found: list[Exception] = []
        if failure is not None and not any(lane.told for lane in self._lanes):
            found.append(failure)
        for task in self._tasks:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, Exception) and all(error is not each for each in found):
                found.append(error)
        return ExceptionGroup("several sinks failed", found) if len(found) > 1 else found.pop() if found else None

    async def _read(self, plan: Plan) -> None:
        wanted = False
        try:
            wanted = await self._wanted()
        finally:
            if not wanted:
                discard(plan.source)
        if wanted:
            with anyio.CancelScope() as scope:
                self._pulling = scope
                try:
                    await execute(plan, Give(self._give))
                finally:
                    self._pulling = None

    async def _give(self, item: Any) -> bool:
        scope, self._pulling = self._pulling, None
        for lane in self._open:
            lane.put(item)
        wanted = await self._wanted()
        if wanted:
            self._pulling = scope
        return wanted

    async def _wanted(self) -> bool:
        """Wait until every sink asks for an item or has left; whether one asks, and none has failed."""
        self._open = [lane for lane in self._lanes if await lane.ready()]
        return not self._stopped and not all(lane.left for lane in self._open)

    def _on_leave(self) -> None:
        if self._pulling is not None and all(lane.left for lane in self._lanes):
            self._pulling.cancel()  # nobody is there any more for what the source would give


class TeeMixin(Described[T_co]):
    """
    `tee`.
    """

    __slots__ = ()

    @overload
    async def tee(self, a: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, A]], /) -> tuple[A]: ...
    @overload
    async def tee(
        self,
        a: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, A]],
        b: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, B]],
        /,
    ) -> tuple[A, B]: ...
    @overload
    async def tee(
        self,
        a: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, A]],
        b: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, B]],
        c: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, C]],
        /,
    ) -> tuple[A, B, C]: ...
    @overload
    async def tee(
        self,
        a: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, A]],
        b: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, B]],
        c: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, C]],
        d: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, D]],
        /,
    ) -> tuple[A, B, C, D]: ...
    @overload
    async def tee(self, *sinks: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, A]]) -> tuple[A, ...]: ...
    async def tee(self, *sinks: Callable[[JaypieStream[T_co]], Coroutine[Any, Any, Any]]) -> tuple[Any, ...]:
        """
        Run the stream once into several sinks, each in a task of its own.

        Args:
            sinks: One or more. Each is called with a stream of all the items and gives a coroutine. That stream runs
                once, and has the format of this one.

        Returns:
            What the sinks gave, in their order.

        Raises:
            TypeError: If a sink cannot be called, gives no coroutine, or there is none.
            ExceptionGroup: If several sinks failed, each for a reason of its own.

        Flow:
            Keeps order, holds one item, reads none ahead: an item is pulled when every sink asks for it, so the
            slowest sets the pace. A sink that leaves early is not waited for; when all have left, the source is closed.
            Every sink sees how the stream ends: the end, once the source is closed, or its error, after the items
            before it. That error is raised here only where a sink raises it, or none has seen it. When a sink fails
            before the end, the others are cancelled, and its error is raised. A cancellation cancels all sinks. The
            source and every sink are closed before this returns.

        >>> asyncio.run(JaypieStream.of(3, 4).tee(JaypieStream.to_list, JaypieStream.count))
        ([3, 4], 2)
        """
        if not sinks:
            raise TypeError("tee() expects at least one sink, a callable that takes a stream")
        for sink in sinks:
            check_callable(sink, "tee")
        return await Tee().run(self._plan, sinks, self._over)
