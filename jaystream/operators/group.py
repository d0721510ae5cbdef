"""
Operators that put items together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import check_int

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["GroupMixin"]


class Chunk(Stage):
    __slots__ = ("size",)
    name = "chunk"
    names: tuple[str, ...] = ("size",)
    flushes = True
    flushes_on_error = True

    def __init__(self, size: int) -> None:
        self.size: int = size

    def values(self) -> tuple[object, ...]:
        return (self.size,)

    def describe(self) -> str:
        return f"chunk({self.size})"

    def write_setup(self, code: LoopWriter) -> None:
        held = code.name("held")
        code.line(f"{held}, {code.name('n')} = [], {code.name('size')}")
        code.line(f"{code.name('append')} = {held}.append")

    def write(self, code: LoopWriter) -> None:
        held, n = code.name("held"), code.name("n")
        code.line(f"{code.name('append')}(x)")
        code.line(f"{n} -= 1")
        code.skip(n)
        code.line(f"x, {n} = tuple({held}), {code.name('size')}")
        code.line(f"{held}.clear()")

    def write_flush(self, code: LoopWriter) -> None:
        # What is held goes out before an error from above; it is empty when the error came from below.
        held = code.name("held")
        code.line(f"x = tuple({held})")
        code.line(f"{held}.clear()")
        code.send("x", when="x")


class GroupMixin(Described[T_co]):
    """
    `chunk` and its family.
    """

    __slots__ = ()

    def chunk(self, size: int) -> JaypieStream[tuple[T_co, ...]]:
        """
        Group items into tuples of *size*; the last may be shorter, none is empty.

        Args:
            size: Items per tuple, at least 1.

        Raises:
            ValueError: At this call, if *size* is below 1.

        Flow:
            Keeps order. Holds at most *size* items. A source error passes after the items before it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).chunk(2).to_list())
        [(1, 2), (3,)]
        """
        return self._then(Chunk(check_int(size, "chunk", "size", 1)))
