"""
`interleave`: one item of each source in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream._core.fuse import Above, plan_of
from jaystream._core.plan import Boundary, Described, Plan, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import common_wire

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

__all__ = ["InterleaveMixin"]

U = TypeVar("U")


class Interleave(Boundary):
    __slots__ = ("others", "wire")
    name = "interleave"
    pumped = True

    def __init__(self, plan: Plan, others: tuple[Plan, ...]) -> None:
        self.others: tuple[Plan, ...] = others
        self.wire: Callable[[], WireEncoder] | None = common_wire(plan.wire, others)

    def describe(self) -> str:
        return f"interleave({len(self.others)} more)"

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        return self.wire

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        turns: deque[Above | Inlet] = deque([loop.upstream, *map(Above, self.others)])
        outer = None if self.wire is None else loop.run
        try:
            while turns:
                turn = turns.popleft()
                if isinstance(turn, Inlet):
                    turn.wake()  # it is asked at its turn, and not before
                else:
                    turn = pumps.start(turn, Inlet(pumps), outer=outer if turn is loop.upstream else None)
                await pumps.next()
                if turn.held:
                    turns.append(turn)
                    yield turn.held.popleft()
                else:
                    pumps.forget(turn)
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class InterleaveMixin(Described[T_co]):
    """
    `interleave`.
    """

    __slots__ = ()

    def interleave(self, *others: AnySource[U]) -> JaypieStream[T_co | U]:
        """
        Give exactly one item of each source in turn, this stream first; what has ended is left out from then on.

        Args:
            others: Any sources.

        Raises:
            TypeError: At this call, if one of *others* is no source.

        Flow:
            Keeps order, holds one item, reads none ahead. The sources are asked one after the other, each when it is
            its turn, so a slow one holds up all; `merge` gives what there is. Each has a task of its own, in which it
            is opened at its first turn, and closed. An error of one ends the stream after the items before it, when
            the others are closed. Bytes in one wire format stay in it where all are in it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).interleave([10]).to_list())
        [1, 10, 2, 3]
        """
        return self._then(Interleave(self._plan, tuple(map(plan_of, others))))
