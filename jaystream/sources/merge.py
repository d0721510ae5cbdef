"""
`merge`, the function: a stream of several sources, none of which is the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Never, TypeVar, overload

from jaystream._core.fuse import plan_of
from jaystream.sources.make import make_over

if TYPE_CHECKING:
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["merge"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


@overload
def merge(*, halt: Literal["all", "first", "left"] = "all", prefetch: int = 0) -> JaypieStream[Never]: ...
@overload
def merge(
    a: AnySource[A], /, *, halt: Literal["all", "first", "left"] = "all", prefetch: int = 0
) -> JaypieStream[A]: ...
@overload
def merge(
    a: AnySource[A], b: AnySource[B], /, *, halt: Literal["all", "first", "left"] = "all", prefetch: int = 0
) -> JaypieStream[A | B]: ...
@overload
def merge(
    a: AnySource[A],
    b: AnySource[B],
    c: AnySource[C],
    /,
    *,
    halt: Literal["all", "first", "left"] = "all",
    prefetch: int = 0,
) -> JaypieStream[A | B | C]: ...
@overload
def merge(
    a: AnySource[A],
    b: AnySource[B],
    c: AnySource[C],
    d: AnySource[D],
    /,
    *,
    halt: Literal["all", "first", "left"] = "all",
    prefetch: int = 0,
) -> JaypieStream[A | B | C | D]: ...
@overload
def merge(
    *sources: AnySource[A], halt: Literal["all", "first", "left"] = "all", prefetch: int = 0
) -> JaypieStream[A]: ...
def merge(
    *sources: AnySource[Any], halt: Literal["all", "first", "left"] = "all", prefetch: int = 0
) -> JaypieStream[Any]:
    """
    Read several sources at once, and give their items as they come, in fair turns; none give an empty stream.

    Args:
        sources: Any sources.
        halt: When the stream ends. "all": when all have ended. "first": with the first that ends. "left": with the
            first one that is given here.
        prefetch: Items that each source may be ahead, from 0 on.

    Raises:
        TypeError: At this call, if one of *sources* is no source.
        ValueError: At this call, for another *halt* or a negative *prefetch*.

    Flow:
        As `JaypieStream.merge`.

    >>> asyncio.run(merge([1, 2, 3], [10, 20]).to_list())
    [1, 10, 2, 20, 3]
    """
    first, *others = sources or ((),)
    return make_over(plan_of(first)).merge(*others, halt=halt, prefetch=prefetch)
