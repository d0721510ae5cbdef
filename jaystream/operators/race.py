"""
`race`: of several sources the first that comes up with something, alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from jaystream._core.fuse import plan_of
from jaystream._core.plan import Described, T_co
from jaystream.operators.mix import Together

if TYPE_CHECKING:
    from jaystream._core.pumps import Pumps
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["RaceMixin"]

U = TypeVar("U")


class Race(Together):
    __slots__ = ()
    name = "race"

    def describe(self) -> str:
        return f"race({len(self.others)} more)"

    async def settle(self, pumps: Pumps) -> None:
        """Leave the winner alone in the run."""
        failed: dict[int, Exception] = {}
        while pumps.running:
            if not pumps.ready:
                await pumps.wait()
                continue
            inlet = pumps.ready.popleft()
            error = inlet.error
            if inlet.held or not isinstance(error, Exception):
                pumps.ready.appendleft(inlet)
                await pumps.drop([each for each in pumps.running if each is not inlet])
                return
            failed[inlet.tag] = error
            del pumps.running[inlet]
        errors = [failed[number] for number in sorted(failed)]
        raise errors[0] if len(errors) == 1 else ExceptionGroup("every source of a race failed", errors)


class RaceMixin(Described[T_co]):
    """
    `race`.
    """

    __slots__ = ()

    def race(self, *others: AnySource[U]) -> JaypieStream[T_co | U]:
        """
        Start several sources at once, and go on with the first that gives an item or ends; the others are closed.

        Args:
            others: Any sources.

        Raises:
            TypeError: At this call, if one of *others* is no source.
            ExceptionGroup: In the run, if all of them fail before one gives an item; of two or more. Where there is one
                alone, its error comes as it is.

        Flow:
            Keeps the order of the winner, and holds one item of it. Each source is read in a task of its own. One that
            fails before there is a winner drops out; an error of the winner, later on, ends the stream. The losers are
            cancelled and closed before the winner's first item is given, and what they gave is dropped; an error of
            their closing ends the stream. An early stop and a cancellation close all of them.

        >>> asyncio.run(JaypieStream.never().race(JaypieStream.fail(OSError("down")), [1, 2]).to_list())
        [1, 2]
        """
        return self._then(Race(self._plan, tuple(map(plan_of, others))))
