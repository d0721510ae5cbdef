"""
`group_by`: a stream for each key, all of them open at once.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, TimerHandle
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.closing import Closer
from jaystream._core.hub import Hub, Port
from jaystream._core.inspecting import describe
from jaystream._core.parts import Part
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Pumps
from jaystream._core.stages import check_int, check_seconds
from jaystream.errors import DetachedError, LimitExceededError
from jaystream.operators.broadcast import Label

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.stream import JaypieStream

__all__ = ["GroupByMixin"]

K = TypeVar("K", bound=Hashable)


class Groups(Hub):
    """
    Each item goes to the port of its key. One port is the stream of groups itself.

    Attributes:
        outer: That port.
    """

    __slots__ = ("_clock", "_idle", "_make", "_most", "_open", "_since", "_timer", "_when", "outer")

    def __init__(self, clock: AbstractEventLoop, make: Callable[[Port], Any], most: int, idle: float | None) -> None:
        super().__init__()
        self.outer: Port = self.add("the stream of group_by()")
        self._clock = clock
        self._make = make
        self._most = most
        self._idle = inf if idle is None else idle
        self._open: dict[Any, Port] = {}
        self._since: OrderedDict[Any, float] = OrderedDict()  # when each group that is open had its last item
        self._timer: TimerHandle | None = None
        self._when = inf

    def deliver(self, item: Any) -> None:
        key, x = item
        port = self._open.get(key)
        if port is None:
            if len(self._open) >= self._most:
                raise LimitExceededError("group_by()", self._most, "open groups", "max_open")
            port = self._open[key] = self.add(f"the group {describe(key, 40)} of group_by()")
            self.outer.put((key, self._make(port)))
            self.full.add(self.outer)
        if not port.left:
            port.put(x)
            self.full.add(port)
        if self._idle < inf:
            self._touch(key)
            if self._timer is None:
                self._watch()

    # idle groups --------------------------------------------------------------------------------------------------

    def _touch(self, key: Any) -> None:
        self._since[key] = self._clock.time()
        self._since.move_to_end(key)

    def _watch(self) -> None:
        """Set the timer for the group that had its last item the longest ago."""
        self._when = next(iter(self._since.values())) + self._idle
        self._timer = self._clock.call_at(self._when, self._look)

    def _look(self) -> None:
        """End the groups that have been idle; one whose item waits to be taken has not."""
        self._timer = None
        for key in [key for key, since in self._since.items() if since + self._idle <= self._when]:
            port = self._open[key]
            if port.held:
                self._touch(key)
            else:
                del self._open[key], self._since[key]
                port.end(None)
        if self._since:
            self._watch()

    # ends ---------------------------------------------------------------------------------------------------------

    def end(self, error: BaseException | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._since.clear()
        super().end(error)

    def cut(self, failure: BaseException | None) -> None:
        """End all groups, since the stream of groups has ended because of *failure*."""
        for port in tuple(self.ports):
            if isinstance(failure, CancelledError):
                port.end(DetachedError(port.name, "the stream of groups was cancelled"))
            else:
                port.end(failure)


class Cut(Closer):
    """
    The end of the groups, with that of the stream that gives them.
    """

    __slots__ = ("_hub", "_loop")

    def __init__(self, hub: Groups, loop: Loop) -> None:
        super().__init__(hub)
        self._hub = hub
        self._loop = loop

    async def close(self, error: BaseException | None) -> object:
        self._hub.cut(self._loop.run.shelter.failure if isinstance(error, GeneratorExit) else error)
        return None


class GroupBy(Boundary):
    __slots__ = ("idle", "make", "max_open")
    name = "group_by"
    pumped = True

    def __init__(self, make: Callable[[Port], Any], max_open: int, idle: float | None) -> None:
        self.make: Callable[[Port], Any] = make
        self.max_open: int = check_int(max_open, self.name, "max_open", 1)
        self.idle: float | None = None if idle is None else check_seconds(idle, self.name, "idle")

    def describe(self) -> str:
        return f"group_by(max_open={self.max_open}, idle={self.idle})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        hub = Groups(pumps.events, self.make, self.max_open, self.idle)
        loop.owned.append(Cut(hub, loop))
        outer, held = hub.outer, hub.outer.held
        try:
            hub.start(pumps, loop.upstream)
            outer.begun = True
            while True:
                if held:
                    outer.taken()
                    yield held.popleft()
                elif outer.ended:
                    outer.finish()
                    break
                else:
                    await outer.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class GroupByMixin(Described[T_co]):
    """
    `group_by`.
    """

    __slots__ = ()

    @overload
    def group_by(
        self, key: Callable[[T_co], Coroutine[Any, Any, K]], *, max_open: int = 1000, idle: float | None = None
    ) -> JaypieStream[tuple[K, JaypieStream[T_co]]]: ...
    @overload
    def group_by(
        self, key: Callable[[T_co], K], *, max_open: int = 1000, idle: float | None = None
    ) -> JaypieStream[tuple[K, JaypieStream[T_co]]]: ...
    def group_by(
        self, key: Callable[[T_co], Any], *, max_open: int = 1000, idle: float | None = None
    ) -> JaypieStream[tuple[Any, JaypieStream[T_co]]]:
        """
        Give a pair of key and stream for each key that comes; the stream has the items with that key.

        The streams must be read while the stream of pairs goes on: `flat_map(f, concurrency=)` with room for all groups
        that are open does that. For groups of neighbours, one after the other, there is `group_adjacent`.

        Args:
            key: Sync or async; gives the key of an item, which must be hashable.
            max_open: Groups that may be open at once, at least 1.
            idle: Seconds without an item after which a group ends; a later item with its key opens a new one. The item
                of a group that nobody has taken yet keeps it open. None: groups end with the source.

        Raises:
            TypeError: At this call, if *key* cannot be called; in the run, if a key is not hashable.
            ValueError: At this call, if *max_open* is below 1 or *idle* not above 0.
            LimitExceededError: In the run, when an item would open more than *max_open* groups.
            StreamConsumedError: In the run, when the stream of a group is run a second time.

        Flow:
            The source is read in a task of its own. An item is pulled when somebody waits for one: a group's consumer,
            or that of the pairs; it is held until it is taken, and nothing is pulled meanwhile: holds one item and one
            pair. So a group that is not read holds up all others; a warning in the log names it after a while. Keeps
            the order in each group. A group that is left early stays open, and its further items are dropped; so does
            one whose stream nobody has any more. An error, of the source or of *key*, comes to all groups and to the
            stream of pairs. When the stream of pairs is left early, the source is closed and all groups end; an error
            below is their error, and after a cancellation they end with `DetachedError`.

        >>> async def count(group):
        ...     key, words = group
        ...     return [(key, await words.count())]
        >>> words = JaypieStream.of("apple", "bean", "avocado")
        >>> asyncio.run(words.group_by(lambda word: word[0]).flat_map(count, concurrency=100).to_list())
        [('a', 2), ('b', 1)]
        """
        over, wire = self._over, self._plan.wire

        def make(port: Port) -> JaypieStream[Any]:
            return over(*Part.over(port, wire))

        return self._then(Label(key, "group_by"))._then(GroupBy(make, max_open, idle))
