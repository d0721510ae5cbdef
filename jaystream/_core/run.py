"""
One run of one loop: what it opened, how it closes all of that, and when it lets the event loop run.

Lives here: the life of a loop, the same for every pipeline. What a loop does per item is written by `fuse.py`.
"""

from __future__ import annotations

from asyncio import CancelledError, get_running_loop, sleep
from collections.abc import AsyncIterator, Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from jaystream._core.closing import Closer, Generated, bounded, close_each
from jaystream._core.ownership import Pulls, kind_of, obtain
from jaystream._core.plan import Source

if TYPE_CHECKING:
    from jaystream._core.measure import Meter
    from jaystream._core.shelter import Shelter
    from jaystream.formats.wire import WireEncoder

SLICE = 0.005
"""Seconds after which an always-ready loop lets the event loop run."""

GLANCE = 0.0005
"""Seconds between two looks at the clock, aimed at."""

STRIDE = 64
"""Items between two looks at the clock, at most."""

PACED = 4
"""Items between two looks at the clock, at least, where the source waits by itself."""


class Driver(Protocol):
    """
    What a run gives its items to, where that sees the event loop turn.

    Attributes:
        waited: Whether the event loop has turned since this was last looked at, as far as is known.
    """

    waited: bool

    def is_sure(self) -> bool:
        """Whether *waited* would say so, had the event loop turned."""
        ...


class Outcome:
    """
    How a run ended, as `finalize` is told.

    Attributes:
        kind: "end" (the source ended), "stopped" (the stages below or the consumer wanted no more), "cancelled" or
            "error".
        error: What went wrong, above or below, for "cancelled" and "error".
    """

    __module__ = "jaystream"
    __slots__ = ("error", "kind")

    def __init__(self, kind: str, error: BaseException | None = None) -> None:
        self.kind: str = kind
        self.error: BaseException | None = error

    def __repr__(self) -> str:
        return f"Outcome({self.kind!r})" if self.error is None else f"Outcome({self.kind!r}, {self.error!r})"


class LeftError(BaseException):
    """
    Ends a loop whose taker, in another task, wants no more items. For what the loop has opened it is an early stop.

    It is no `GeneratorExit`: thrown into a coroutine, that one forbids it to await anything.
    """


class Run:
    """
    What the loops of one run have in common.

    Args:
        shelter: Keeps cancel scopes away while something is closed.
        outer: The run in another task that this one is a part of, if it gives its items there.

    Attributes:
        shelter: The same.
        driver: What takes its items, if that sees the event loop turn.
        turned: When the event loop has turned, as far as is known; 0 where that is seen at the next look.
        left: Set where the taker of the items is gone: the cancellation that tells a waiting loop of it is an early
            stop for everything that the loop has opened.
    """

    __slots__ = ("_marked", "_outer", "_wire", "driver", "left", "shelter", "turned")

    def __init__(self, shelter: Shelter, outer: Run | None = None) -> None:
        self.shelter: Shelter = shelter
        self.driver: Driver | None = None
        self.turned: float = 0.0
        self._marked: bool = False
        self.left: bool = False
        self._outer: Run | None = outer
        self._wire: WireEncoder | None = None

    @property
    def wire(self) -> WireEncoder | None:
        """The encoder that frames for the sink, once its loop has begun."""
        return self._wire

    @wire.setter
    def wire(self, encoder: WireEncoder) -> None:
        self._wire = encoder
        if self._outer is not None:
            self._outer.wire = encoder

    def inner(self) -> Run:
        """A stream inside this run: it frames for nobody."""
        return Run(self.shelter)

    # cooperation --------------------------------------------------------------------------------------------------

    def has_waited(self, now: float) -> bool:
        """
        Whether the event loop has turned since the last call.

        Its driver may tell; where it does not, a callback does that the event loop runs.
        """
        driver = self.driver
        if driver is not None and (driver.waited or driver.is_sure()):
            waited, driver.waited = driver.waited, False
        else:
            waited = self._marked
            if waited or not self.turned:
                self._marked = False
                get_running_loop().call_soon(self._mark)
        if waited or not self.turned:
            self.turned = now
        return waited

    def _mark(self) -> None:
        self._marked = True


class Loop:
    """
    One loop that runs. It owns its upstream and what its stages open, and closes it all, last opened first.

    Attributes:
        upstream: The source, or the generator of the loop above; for a boundary that runs it by
            itself, in pumps or again and again, the `Above` to run.
        owned: What is open, in the order of opening.
        ending: The stage that ended the loop before its upstream did (counted from 1), or 0.
        meter: What counts the items, where a `stats` stands below.
        counts: Items that came to each stage and out of the last, if so.
    """

    __slots__ = (
        "_asked",
        "_checked",
        "_stride",
        "counts",
        "ending",
        "meter",
        "owned",
        "run",
        "upstream",
    )

    def __init__(self, upstream: Any, run: Run) -> None:
        self.upstream: Any = upstream
        self.run: Run = run
        self.owned: list[Closer] = []
        self.ending: int = 0
        self.counts: list[int] | None = None
        self.meter: Meter | None = None
        self._checked: float = 0.0
        self._stride: int = 1
        self._asked: bool = True

    # opening ------------------------------------------------------------------------------------------------------

    def is_plain(self) -> bool:
        """Whether the upstream can be looped over without an async hop."""
        upstream = self.upstream
        return isinstance(upstream, Source) and self.meter is None and kind_of(upstream.origin) == "sync"

    async def begin(self) -> AsyncIterator[Any]:
        """Open the upstream as an async iterator."""
        upstream = self.upstream
        if not isinstance(upstream, Source):
            self.owned.append(Generated(upstream))
            return upstream  # type: ignore[no-any-return]
        self.upstream = None  # a run may last for hours, and there may be thousands
        self.run.shelter.opened()
        pulls, is_async = await obtain(upstream.origin, self.owned, self.run, upstream)
        del upstream
        items: Any = pulls
        if not is_async:
            items = _stepped(items)
            self.owned.append(Generated(items))
        return items if self.meter is None else self.meter.timed(items)

    async def begin_plain(self) -> Iterator[Any]:
        """Open an upstream that is known to be a plain iterable."""
        upstream: Any = self.upstream
        self.run.shelter.opened()
        items: Any = (await obtain(upstream.origin, self.owned, self.run, upstream))[0]
        return items  # type: ignore[no-any-return]

    async def own(self, origin: object) -> tuple[bool, Pulls]:
        """Open an inner source: whether it is plain, and its iterator."""
        source = origin if isinstance(origin, Source) else None
        pulls, is_async = await obtain(origin if source is None else source.origin, self.owned, self.run, source)
        return not is_async, pulls

    # closing ------------------------------------------------------------------------------------------------------

    async def release(self, mark: int) -> None:
        """Close what was opened since *mark* things were owned; the inner source has ended well."""
        await self._close(mark, None)

    async def close(self, error: BaseException | None = None) -> bool:
        """
        Close everything. Errors of closing become notes of *error* where there is one and are raised where not.

        A cancellation that lands here ends the close it hits, and is raised when all the others are done.

        Returns:
            Whether *error* is settled: the cancellation of a scope that a source held, which that source took back.
        """
        if not self.owned:
            return False
        if self.run.left and isinstance(error, (CancelledError, LeftError)):
            error = GeneratorExit()
        return await self._close(0, error)

    async def _close(self, mark: int, error: BaseException | None) -> bool:
        shelter = self.run.shelter
        failure = shelter.failure
        if error is not None and not isinstance(error, GeneratorExit):
            shelter.failure = error
        shelter.up()
        try:
            return await close_each(self.owned, error, mark, failure)
        finally:
            shelter.down()
            shelter.failure = failure

    # cooperation --------------------------------------------------------------------------------------------------

    def look(self) -> int:
        """
        Look at the clock: the number of items until the next look, negative when the event loop must run first.

        A source that waited by itself costs no extra turn.
        """
        run, stride = self.run, self._stride
        driver = run.driver
        if driver is not None and driver.waited and not self._asked:
            # The short way, for sources that wait before each item: what time it is matters when they cease to.
            driver.waited = False
            self._checked = run.turned = 0.0
            return max(stride, PACED)
        now = perf_counter()
        if self._checked:
            spent = now - self._checked
            if stride < STRIDE or spent > GLANCE:
                stride = max(1, min(STRIDE, 2 * stride, int(stride * GLANCE / spent) if spent else STRIDE))
                self._stride = stride
        self._checked = now
        if run.has_waited(now) and not self._asked:
            return max(stride, PACED)
        self._asked = now - run.turned >= SLICE
        return -stride if self._asked else stride


async def turn() -> None:
    """
    Let the event loop run once.
    """
    await sleep(0)


async def _stepped(items: Iterator[Any]) -> AsyncIterator[Any]:
    """
    A plain iterator that turned up where an async one is looped over.
    """
    for item in items:
        yield item


class Finalizer(Closer):
    """
    A `finalize` callback, at the bottom of what its loop owns: it runs when everything above it is closed.
    """

    __slots__ = ("grace", "index", "loop")

    def __init__(self, loop: Loop, index: int, callback: Callable[[Outcome], Any], grace: float) -> None:
        super().__init__(callback)
        self.loop: Loop = loop
        self.index: int = index
        self.grace: float = grace

    async def close(self, error: BaseException | None) -> object:
        callback: Any = self.thing
        stopped = isinstance(error, GeneratorExit) or (error is None and self.loop.ending > self.index)
        cause = self.loop.run.shelter.failure if stopped else error
        if cause is not None:
            outcome = Outcome("cancelled" if isinstance(cause, CancelledError) else "error", cause)
        else:
            outcome = Outcome("stopped" if stopped else "end")
        await bounded(lambda: callback(outcome), callback, self.grace)
        return None
