"""
`group_within`: groups by size or by time, whichever comes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import CallStage, check_int, check_seconds

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["GroupWithinMixin"]


class Group(Inlet):
    """
    An inlet that holds the group which is being made, and the one before where that is whole and was not taken yet:
    then the pump waits.

    Attributes:
        since: When the first item of the group came.
        whole: The group before.
    """

    __slots__ = ("_most", "since", "whole")

    def __init__(self, pumps: Pumps, most: int) -> None:
        super().__init__(pumps)
        self.since: float = 0.0
        self.whole: deque[tuple[Any, ...]] = deque()
        self.load: Collection[Any] = self.whole
        self._most = most

    @property
    def append(self) -> Callable[[Any], object]:
        return self.add

    def came(self) -> None:
        self.pumps.ring()

    def add(self, item: Any) -> None:
        held = self.held
        held.append(item)
        size = len(held)
        if size == self._most:
            self.put_aside()
        elif size == 1:
            self.begin()

    def begin(self) -> None:
        self.since = self.pumps.clock()
        self.pumps.ring()

    def put_aside(self) -> None:
        self.whole.append((*self.held,))
        self.held.clear()

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self.pumps.ring()

    def take(self) -> tuple[Any, ...]:
        """The group that is whole, or else what there is."""
        if not self.whole:
            self.put_aside()
        self.wake()
        return self.whole.popleft()


class WeightedGroup(Group):
    """
    The same for pairs of weight and item.
    """

    __slots__ = ("_weight",)

    def __init__(self, pumps: Pumps, most: int) -> None:
        super().__init__(pumps, most)
        self._weight: float = 0

    def add(self, item: tuple[Any, Any]) -> None:
        weight, item = item
        if not isinstance(weight, (int, float)):
            raise TypeError(f"group_within(weight=) must give numbers, not {describe(weight)}")
        if not weight >= 0:
            raise ValueError(f"group_within(weight=) must give weights of at least 0, not {weight}")
        held = self.held
        if held and self._weight + weight > self._most:
            self.put_aside()
        held.append(item)
        self._weight += weight
        if len(held) == 1:
            self.begin()
        if self._weight >= self._most and not self.whole:
            self.put_aside()

    def put_aside(self) -> None:
        super().put_aside()
        self._weight = 0

    def take(self) -> tuple[Any, ...]:
        group = super().take()
        if self._weight >= self._most:
            self.put_aside()  # an item that is a group by itself
        return group


class GroupWithin(Boundary):
    __slots__ = ("seconds", "size", "weighted")
    name = "group_within"
    pumped = True

    def __init__(self, size: int, seconds: float, *, weighted: bool) -> None:
        self.size: int = size
        self.seconds: float = seconds
        self.weighted: bool = weighted

    def describe(self) -> str:
        return f"group_within({self.size}, seconds={self.seconds:g})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        inlet = (WeightedGroup if self.weighted else Group)(pumps, self.size)
        held, clock, seconds = inlet.held, pumps.clock, self.seconds
        try:
            pumps.start(loop.upstream, inlet)
            while True:
                if inlet.whole or (held and (inlet.ended or clock() >= inlet.since + seconds)):
                    yield inlet.take()
                elif held:
                    await pumps.wait(inlet.since + seconds)
                elif inlet.ended:
                    pumps.forget(inlet)
                    break
                else:
                    await pumps.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Weigh(CallStage):
    """
    Puts its weight before each item.
    """

    __slots__ = ()
    name = "group_within"

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = ({self.call(code.name('f'), 'x')}, x)")


class GroupWithinMixin(Described[T_co]):
    """
    `group_within`.
    """

    __slots__ = ()

    def group_within(
        self, size: int, *, seconds: float, weight: Callable[[T_co], float | Coroutine[Any, Any, float]] | None = None
    ) -> JaypieStream[tuple[T_co, ...]]:
        """
        Group items into tuples: of *size* items, or of those that came in *seconds*, whichever is first.

        Args:
            size: Items per tuple, at least 1. With *weight* the most that the weights of a tuple may sum up to; an item
                that is heavier by itself comes alone.
            seconds: Time from the first item of a tuple until the tuple is given, above 0.
            weight: Called with the item, sync or async; gives a number that is not negative, such as `len` of bytes.

        Raises:
            TypeError: At this call, if an argument is no number of its kind, or *weight* cannot be called; in the run,
                if *weight* gives no number.
            ValueError: At this call, if *size* is below 1, or *seconds* is not above 0; in the run, if a weight is
                negative.

        Flow:
            Keeps order; no tuple is empty, no item is lost. A tuple that is full is given at once, and what is held at
            the end, and before an error from above, as well. The source is read in a task of its own, where it is
            opened and closed, and fills the next tuple while the consumer works on the last: it may be *size* items
            ahead (one more with *weight*), which is what is held.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).group_within(2, seconds=60).to_list())
        [(1, 2), (3,)]
        >>> asyncio.run(JaypieStream.of("ab", "c", "def").group_within(3, seconds=60, weight=len).to_list())
        [('ab', 'c'), ('def',)]
        """
        check_int(size, "group_within", "size", 1)
        check_seconds(seconds, "group_within", "seconds")
        group = GroupWithin(size, seconds, weighted=weight is not None)
        return self._then(group) if weight is None else self._then(Weigh(weight))._then(group)
