"""
A source that the clock makes: `tick`.
"""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from jaystream._core.plan import Described, T_co
from jaystream._core.stages import check_seconds
from jaystream.sources.make import make

if TYPE_CHECKING:
    from jaystream.stream import JaypieStream

__all__ = ["TickMixin"]


class Ticks:
    """
    The source of `tick`.
    """

    __slots__ = ("every", "immediate")

    def __init__(self, every: float, *, immediate: bool) -> None:
        self.every: float = every
        self.immediate: bool = immediate

    async def __aiter__(self) -> AsyncGenerator[int, None]:
        every, clock = self.every, get_running_loop().time
        start = clock() if self.immediate else clock() + every
        number = 0
        while True:
            # always counted from the start: what one tick is late does not add up
            late = clock() - (start + number * every)
            if late < 0:
                await sleep(-late)
            else:
                number += int(late / every)
            yield number
            number += 1

    def __repr__(self) -> str:
        return f"tick({self.every:g})"


class TickMixin(Described[T_co]):
    """
    `tick`.
    """

    __slots__ = ()

    @classmethod
    def tick(cls, every: float, *, immediate: bool = True) -> JaypieStream[int]:
        """
        Count 0, 1, 2 and so on, one number every *every* seconds, for ever.

        Number n comes n x *every* seconds after the first, by the event loop's clock, however long the items before it
        took: there is no drift. A consumer that is too slow gets the latest tick at once and not the ones it missed;
        its numbers then have a gap, which says how many these were.

        Args:
            every: Seconds between two ticks, above 0.
            immediate: Whether number 0 comes at once, or after *every* seconds.

        Raises:
            TypeError: At this call, if *every* is no number.
            ValueError: At this call, if it is not above 0.

        Flow:
            Time starts at the first pull. Holds nothing. Can run again.

        >>> asyncio.run(JaypieStream.tick(0.01).take(3).to_list())
        [0, 1, 2]
        """
        return make(cls, Ticks(check_seconds(every, "tick", "every"), immediate=immediate))
