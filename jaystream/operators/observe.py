"""
Operators that watch items go by and change none: `tap`, `finalize`, `stats`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import GRACE
from jaystream._core.guard import check_callable, give
from jaystream._core.measure import Meter, StreamStats
from jaystream._core.plan import Boundary, Described, Stage, T_co
from jaystream._core.run import Finalizer, Loop, Outcome
from jaystream._core.stages import CallStage, check_seconds

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["ObserveMixin"]


class Tap(CallStage):
    __slots__ = ()
    name = "tap"
    keeps_items = True

    def write(self, code: LoopWriter) -> None:
        code.line(self.call(code.name("f"), "x"))


class TapEnd(Stage):
    __slots__ = ("f",)
    name = "tap"
    names: tuple[str, ...] = ("f",)
    keeps_items = True
    flushes = True

    def __init__(self, f: Callable[[], Any]) -> None:
        check_callable(f, "tap(on_end=)")
        self.f: Callable[[], Any] = f

    def values(self) -> tuple[object, ...]:
        return (self.f,)

    def write_flush(self, code: LoopWriter) -> None:
        code.line(f"await give({code.name('f')})")


class TapError(Boundary):
    """It stands alone, so that errors of the stages below never come by."""

    __slots__ = ("f",)
    name = "tap"
    keeps_items = True

    def __init__(self, f: Callable[[Exception], Any]) -> None:
        check_callable(f, "tap(on_error=)")
        self.f: Callable[[Exception], Any] = f

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        try:
            async for x in await loop.begin():
                yield x
        except Exception as error:
            await loop.close(error)
            await give(self.f, error)
            raise
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Finalize(Stage):
    __slots__ = ("f", "grace")
    name = "finalize"
    keeps_items = True
    finalizes = True

    def __init__(self, f: Callable[[Outcome], Any], grace: float) -> None:
        check_callable(f, self.name)
        self.f: Callable[[Outcome], Any] = f
        self.grace: float = check_seconds(grace, self.name, "grace")

    def finalizer(self, loop: Loop, number: int) -> Finalizer:
        return Finalizer(loop, number, self.f, self.grace)


class Stats(Boundary):
    __slots__ = ("report",)
    name = "stats"
    keeps_items = True
    measures = True

    def __init__(self, report: Callable[[StreamStats], Any]) -> None:
        check_callable(report, self.name)
        self.report: Callable[[StreamStats], Any] = report

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        meter, began = loop.meter or Meter(), perf_counter()
        stats = meter.stats

        def finish(outcome: Outcome) -> object:
            return self.report(meter.finish(perf_counter() - began, outcome.kind))

        loop.owned.append(Finalizer(loop, 0, finish, GRACE))
        try:
            async for x in await loop.begin():
                given = perf_counter()
                if not stats.items:
                    stats.first_item = given - began
                stats.items += 1
                yield x
                stats.consumer_wait += perf_counter() - given
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class ObserveMixin(Described[T_co]):
    """
    `tap`, `finalize`, `stats`.
    """

    __slots__ = ()

    def tap(
        self,
        f: Callable[[T_co], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
        on_end: Callable[[], object] | None = None,
    ) -> JaypieStream[T_co]:
        """
        Call *f* with each item and pass the item on unchanged.

        Args:
            f: Called with the item, sync or async; what it gives is ignored.
            on_error: Called with the error when something above fails, before the error goes on.
            on_end: Called when the source has ended well and all its items have passed.

        Raises:
            TypeError: At this call, if a callable is none, or none is given.

        Flow:
            Keeps order, holds one item. Errors of the callables end the stream after the items before them. None of
            the callables sees an early stop or a cancellation: `finalize` does.

        >>> asyncio.run(JaypieStream.of(1, 2).tap(print).count())
        1
        2
        2
        """
        if f is None and on_error is None and on_end is None:
            raise TypeError("tap() expects a callable: tap(f), tap(on_error=f) or tap(on_end=f)")
        made: Any = self
        if f is not None:
            made = made._then(Tap(f))
        if on_error is not None:
            made = made._then(TapError(on_error))
        if on_end is not None:
            made = made._then(TapEnd(on_end))
        return made  # type: ignore[no-any-return]

    def finalize(self, f: Callable[[Outcome], object], *, grace: float = 10.0) -> JaypieStream[T_co]:
        """
        Call *f* once on every way out of a run, when everything above has been closed.

        Args:
            f: Called with an `Outcome` ("end", "stopped", "cancelled" or "error"), sync or async. It cannot change how
                the run ends, other than by an error of its own.
            grace: Seconds an async *f* may take before it is cancelled.

        Raises:
            TypeError: At this call, if *f* cannot be called.
            ValueError: At this call, if *grace* is not above 0.
            CleanupTimeoutError: From the run, if *f* took longer than *grace* and the run had gone well.

        Flow:
            Keeps order, holds nothing. *f* is shielded from cancel scopes. Its error becomes a note where the run had
            failed, and is raised where it had not. A run that was never pulled never calls it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).finalize(print).take(1).to_list())
        Outcome('stopped')
        [1]
        """
        return self._then(Finalize(f, grace))

    def stats(self, report: Callable[[StreamStats], object]) -> JaypieStream[T_co]:
        """
        Measure the stages above, and call *report* with a `StreamStats` when the run ends, however it ends.

        Args:
            report: Called with the report, sync or async.

        Raises:
            TypeError: At this call, if *report* cannot be called.

        Flow:
            Keeps order, holds one item, costs one more async hop and a counter per stage above; streams without it
            pay nothing.

        >>> def show(stats):
        ...     print(*stats.stages)
        >>> asyncio.run(JaypieStream.of(1, 2, 3).filter(lambda n: n > 1).stats(show).to_list())
        StageStats('filter', items_in=3, items_out=2)
        [2, 3]
        """
        return self._then(Stats(report))
