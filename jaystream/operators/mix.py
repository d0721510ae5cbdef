"""
Concurrent boundaries that put items of several sources into one stream, as they come and in fair turns: `merge`,
`flat_map(concurrency=)`, `flatten(concurrency=)`.

Lives here: the stages. The methods are `merge.py`'s and `transform.py`'s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Collection
from typing import TYPE_CHECKING, Any

from jaystream._core.fuse import Above, plan_of
from jaystream._core.guard import Guard, check_callable, is_async
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Plan, Source
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.run import LeftError, turn
from jaystream._core.stages import check_int, common_wire

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.formats.wire import WireEncoder


class Mix(Boundary):
    """
    What they share: the loop that gives one item of each inlet that has one, in turn.
    """

    __slots__ = ()
    pumped = True

    @abstractmethod
    def begin(self, pumps: Pumps, loop: Loop) -> None:
        """Start the first pumps."""

    async def settle(self, pumps: Pumps) -> None:
        """Wait for what must be known before the first item is given."""

    def halts(self, inlet: Inlet) -> bool:
        """Whether the stream ends, now that *inlet* has."""
        return False

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        ready, next_in_turn, left, look = pumps.ready, pumps.ready.append, 1, loop.look
        try:
            self.begin(pumps, loop)
            await self.settle(pumps)
            while pumps.running:
                if not ready:
                    await pumps.wait()
                    continue
                inlet = ready.popleft()
                held = inlet.held
                if held:
                    x = held.popleft()
                    # `inlet.taken()`, written out: this runs at each item
                    if held or inlet.ended:
                        next_in_turn(inlet)
                    giver = inlet.giver
                    if giver is not None:
                        inlet.giver = None
                        if not giver.done():
                            giver.set_result(None)
                    yield x
                    left -= 1
                    if not left:
                        left = look()
                        if left < 0:
                            left = -left
                            await turn()
                else:
                    pumps.forget(inlet)
                    if self.halts(inlet):
                        break
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Together(Mix):
    """
    The stream and further sources, all of them from the start.

    Attributes:
        others: The further sources.
        wire: Makes the encoder of the format that all of them are in, if there is one.
    """

    __slots__ = ("others", "wire")

    def __init__(self, plan: Plan, others: tuple[Plan, ...]) -> None:
        self.others: tuple[Plan, ...] = others
        self.wire: Callable[[], WireEncoder] | None = common_wire(plan.wire, others)

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        return self.wire

    def begin(self, pumps: Pumps, loop: Loop) -> None:
        size = self.size
        outer = None if self.wire is None else loop.run
        pumps.start(loop.upstream, Inlet(pumps, 0, size), outer=outer)
        for number, other in enumerate(self.others, 1):
            pumps.start(Above(other), Inlet(pumps, number, size))

    @property
    def size(self) -> int:
        """Items that each inlet holds."""
        return 1


class Merge(Together):
    __slots__ = ("halt", "prefetch")
    name = "merge"

    def __init__(self, plan: Plan, others: tuple[Plan, ...], halt: str, prefetch: int) -> None:
        if halt not in {"all", "first", "left"}:
            raise ValueError(f'merge(halt=) is "all", "first" or "left", not {describe(halt)}')
        super().__init__(plan, others)
        self.halt: str = halt
        self.prefetch: int = check_int(prefetch, self.name, "prefetch", 0)

    def describe(self) -> str:
        return f"merge({len(self.others)} more, halt={self.halt!r}, prefetch={self.prefetch})"

    @property
    def size(self) -> int:
        return max(1, self.prefetch)

    def halts(self, inlet: Inlet) -> bool:
        return self.halt == "first" or (self.halt == "left" and inlet.tag == 0)


class Opener(Inlet):
    """
    An inlet that opens each item as a source, read by a pump of its own; it is full when so many are open.
    """

    __slots__ = ("_open", "_plan_for")

    def __init__(self, pumps: Pumps, size: int, plan_for: Callable[[Any], Plan]) -> None:
        super().__init__(pumps, None, size)
        self._plan_for = plan_for
        self._open: set[Inlet] = set()
        self.load: Collection[Any] = self._open

    @property
    def append(self) -> Callable[[Any], object]:
        return self._start

    def came(self) -> None:
        """Nobody waits for that."""

    def _start(self, item: Any) -> None:
        if self.left:
            raise LeftError
        above = Above(self._plan_for(item))
        self._open.add(self.pumps.start(above, Inlet(self.pumps, self)))

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        if error is not None or not self._open:
            self.announce()

    def closed(self, inlet: Inlet) -> None:
        """A source has ended: the next one may be opened."""
        self._open.discard(inlet)
        self.wake()
        if self.ended and not self._open:
            self.announce()


class FlattenConcurrent(Mix):
    __slots__ = ("concurrency",)
    name = "flatten"

    def __init__(self, concurrency: int) -> None:
        self.concurrency: int = check_int(concurrency, self.name, "concurrency", 1)

    def describe(self) -> str:
        return f"{self.name}(concurrency={self.concurrency})"

    def plan_maker(self) -> Callable[[Any], Plan]:
        return plan_of

    def begin(self, pumps: Pumps, loop: Loop) -> None:
        pumps.start(loop.upstream, Opener(pumps, self.concurrency, self.plan_maker()))

    def halts(self, inlet: Inlet) -> bool:
        opener = inlet.tag
        if isinstance(opener, Opener):
            opener.closed(inlet)
        return False


class FlatMapConcurrent(FlattenConcurrent):
    """
    The callable runs in the pump of the source that it makes.
    """

    __slots__ = ("f",)
    name = "flat_map"

    def __init__(self, f: Callable[..., Any], concurrency: int) -> None:
        check_callable(f, self.name)
        super().__init__(concurrency)
        self.f: Callable[..., Any] = f

    def plan_maker(self) -> Callable[[Any], Plan]:
        return calling(self.f, self.name)


def calling(f: Callable[..., Any], name: str) -> Callable[[Any], Plan]:
    """
    What makes the plan of the source that *f* gives for an item; *f* is called by whoever runs the plan.
    """
    called = f if is_async(f) else Guard(f, name)
    return lambda item: Plan(Source(lambda: called(item)))
