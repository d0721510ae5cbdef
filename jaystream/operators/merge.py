"""
`merge`: several sources at once, in one stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from jaystream._core.fuse import plan_of
from jaystream._core.plan import Described, T_co
from jaystream.operators.mix import Merge

if TYPE_CHECKING:
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["MergeMixin"]

U = TypeVar("U")


class MergeMixin(Described[T_co]):
    """
    `merge`.
    """

    __slots__ = ()

    def merge(
        self, *others: AnySource[U], halt: Literal["all", "first", "left"] = "all", prefetch: int = 0
    ) -> JaypieStream[T_co | U]:
        """
        Read several sources at once, and give their items as they come, in fair turns.

        Args:
            others: Any sources.
            halt: When the stream ends. "all": when all have ended. "first": with the first that ends. "left": with
                this one.
            prefetch: Items that each source may be ahead, from 0 on. With 0 each is still asked for its next item
                while the consumer works; a number spares task switches where sources are fast.

        Raises:
            TypeError: At this call, if one of *others* is no source.
            ValueError: At this call, for another *halt* or a negative *prefetch*.

        Flow:
            Keeps the order of each source; sources that always have an item advance within one of each other (with
            *prefetch*, but for the moment in which one of them lets the event loop run). Each is read in a task of its
            own, where it is opened and closed. Holds one item of each, or *prefetch* items. An error of one ends the
            stream after the items that it gave before; those that the others have given and nobody has taken are
            dropped, and the others are cancelled and closed before the error goes on. With "first" and "left" the same
            is done at the end. An early stop and a cancellation close all of them, too. Bytes in one wire format stay
            in it where all are in it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).merge([10, 20]).to_list())
        [1, 10, 2, 20, 3]
        """
        return self._then(Merge(self._plan, tuple(map(plan_of, others)), halt, prefetch))
