"""
Operators that let fewer items through, by the clock: `debounce`, `sample`.

The source is read on whatever the consumer does, since what it gives meanwhile decides which items pass.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable
from math import floor
from typing import TYPE_CHECKING, Any

from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import check_seconds

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.stream import JaypieStream

__all__ = ["ThinMixin"]


class Newest(Inlet):
    """
    An inlet that holds the newest item; what it held is dropped.

    Args:
        seconds: The time that its kind goes by.
    """

    __slots__ = ("clock", "seconds", "since")

    def __init__(self, pumps: Pumps, seconds: float) -> None:
        super().__init__(pumps, None, 2)
        self.clock: Callable[[], float] = pumps.clock
        self.seconds: float = seconds
        self.since: float = 0.0

    @property
    def append(self) -> Callable[[Any], object]:
        return self.keep

    def came(self) -> None:
        """Nobody waits for that."""

    @abstractmethod
    def keep(self, item: Any) -> None:
        """Hold *item*."""

    @abstractmethod
    def due(self) -> float:
        """When what is held is to be given."""

    @abstractmethod
    def take(self) -> Any:
        """What is held, to give it now."""

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self.pumps.ring()


class Settling(Newest):
    """
    An item that nothing has followed for so many seconds is dropped no more: where the next one comes before it was
    taken, the source waits. `since` is when the last item came.
    """

    __slots__ = ()

    def keep(self, item: Any) -> None:
        held, now = self.held, self.clock()
        if held and now - self.since < self.seconds:
            held[0] = item
        else:
            held.append(item)
            self.pumps.ring()
        self.since = now

    def due(self) -> float:
        return self.since + self.seconds if len(self.held) == 1 else 0.0

    def take(self) -> Any:
        self.since: float = self.clock()  # for the item that came next, if there is one: the source was kept waiting
        self.wake()
        return self.held.popleft()


class Sampling(Newest):
    """
    An item is due at the tick after it came. `since` is when the first came of those that the newest has replaced.
    """

    __slots__ = ("_start", "_tick")

    def __init__(self, pumps: Pumps, seconds: float) -> None:
        super().__init__(pumps, seconds)
        self._start = self.clock()
        self._tick = 0

    def keep(self, item: Any) -> None:
        held = self.held
        if held:
            held[0] = item
        else:
            held.append(item)
            self.since: float = self.clock()
            self.pumps.ring()

    def due(self) -> float:
        # always counted from the start: what one tick is late does not add up
        return self._start + (max(self._tick, self._ticks(self.since)) + 1) * self.seconds

    def take(self) -> Any:
        self._tick = self._ticks(self.clock())
        return self.held.popleft()

    def _ticks(self, time: float) -> int:
        return floor((time - self._start) / self.seconds + 1e-6)


class Thin(Boundary):
    """
    What they share: the newest item is given when it is due, at the end, and before an error from above.
    """

    __slots__ = ("seconds",)
    pumped = True
    keeps_items = True
    kind: type[Newest]

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds

    def describe(self) -> str:
        return f"{self.name}({self.seconds:g})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        inlet, clock = self.kind(pumps, self.seconds), pumps.clock
        held = inlet.held
        try:
            pumps.start(loop.upstream, inlet, outer=loop.run)
            while True:
                if not held:
                    if inlet.ended:
                        pumps.forget(inlet)
                        break
                    await pumps.wait()
                elif inlet.ended or clock() >= (due := inlet.due()):
                    yield inlet.take()
                else:
                    await pumps.wait(due)
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Debounce(Thin):
    __slots__ = ()
    name = "debounce"
    kind: type[Newest] = Settling


class Sample(Thin):
    __slots__ = ()
    name = "sample"
    kind: type[Newest] = Sampling


class ThinMixin(Described[T_co]):
    """
    `debounce`, `sample`.
    """

    __slots__ = ()

    def debounce(self, seconds: float) -> JaypieStream[T_co]:
        """
        Give an item when nothing has followed it for *seconds*: the last of each burst.

        Args:
            seconds: The silence that ends a burst, above 0.

        Raises:
            TypeError: At this call, if *seconds* is no number.
            ValueError: At this call, if it is not above 0.

        Flow:
            Keeps order; drops items that were followed too soon. The source is read in a task of its own, where it is
            opened and closed, and read on while the consumer works. Holds two items: the last of a burst is never
            dropped, so the source waits where the next burst begins before a slow consumer has taken it. At the end,
            and before an error from above, the item that is held is given at once.

        >>> asyncio.run(JaypieStream.of("s", "se", "sea").debounce(0.01).to_list())
        ['sea']
        """
        return self._then(Debounce(check_seconds(seconds, "debounce", "seconds")))

    def sample(self, every: float) -> JaypieStream[T_co]:
        """
        Give the newest item every *every* seconds; where none is new, nothing.

        Args:
            every: Seconds between two looks, above 0, counted from the first pull on, without drift.

        Raises:
            TypeError: At this call, if *every* is no number.
            ValueError: At this call, if it is not above 0.

        Flow:
            Keeps order; drops all items but the newest, and holds that one. The source is read in a task of its own,
            where it is opened and closed, and read on at its own pace while the consumer works. A consumer that was
            away at the moment for an item gets what is newest as soon as it asks. At the end, and before an error from
            above, the newest item is given at once, if it was not yet.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).sample(0.01).to_list())
        [3]
        """
        return self._then(Sample(check_seconds(every, "sample", "every")))
