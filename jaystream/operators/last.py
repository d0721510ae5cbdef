"""
Operators that choose items by their place before the end.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import check_int

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["LastMixin"]


class TakeLast(Stage):
    __slots__ = ("size",)
    name = "take_last"
    names: tuple[str, ...] = ("deque", "size")
    keeps_items = True
    flushes = True
    gathers = True

    def __init__(self, size: int) -> None:
        self.size: int = size

    def values(self) -> tuple[object, ...]:
        return (deque, self.size)

    def describe(self) -> str:
        return f"take_last({self.size})"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('held')} = {code.name('deque')}((), {code.name('size')})")
        code.line(f"{code.name('append')} = {code.name('held')}.append")

    def write(self, code: LoopWriter) -> None:
        code.line(f"{code.name('append')}(x)")

    def write_flush(self, code: LoopWriter) -> None:
        code.send_each(code.name("held"))


class SkipLast(Stage):
    __slots__ = ("size",)
    name = "skip_last"
    names: tuple[str, ...] = ("deque", "size")
    keeps_items = True

    def __init__(self, size: int) -> None:
        self.size: int = size

    def values(self) -> tuple[object, ...]:
        return (deque, self.size)

    def describe(self) -> str:
        return f"skip_last({self.size})"

    def write_setup(self, code: LoopWriter) -> None:
        held = code.name("held")
        code.line(f"{held}, {code.name('n')} = {code.name('deque')}(), {code.name('size')}")
        code.line(f"{code.name('append')}, {code.name('oldest')} = {held}.append, {held}.popleft")

    def write(self, code: LoopWriter) -> None:
        n = code.name("n")
        code.line(f"{code.name('append')}(x)")
        with code.block(f"if {n}:"):
            code.line(f"{n} -= 1")
            code.go_on()
        code.line(f"x = {code.name('oldest')}()")


class LastMixin(Described[T_co]):
    """
    `take_last`, `skip_last`.
    """

    __slots__ = ()

    def take_last(self, size: int) -> JaypieStream[T_co]:
        """
        Give the last *size* items, when the source has ended; `stream[-size:]` is the same.

        Args:
            size: Items to give.

        Raises:
            ValueError: At this call, if *size* is negative.

        Flow:
            Keeps order, holds *size* items, reads to the end before it gives the first. An error from above passes
            and none is given: which items are the last is known only when the source has ended well.

        >>> asyncio.run(JaypieStream(range(9)).take_last(2).to_list())
        [7, 8]
        """
        return self._then(TakeLast(check_int(size, "take_last", "size", 0)))

    def skip_last(self, size: int) -> JaypieStream[T_co]:
        """
        Leave out the last *size* items; `stream[:-size]` is the same.

        Args:
            size: Items to leave out.

        Raises:
            ValueError: At this call, if *size* is negative.

        Flow:
            Keeps order, holds *size* items: an item is given when *size* more have been read. An error from above
            passes without those that are held.

        >>> asyncio.run(JaypieStream(range(4)).skip_last(2).to_list())
        [0, 1]
        """
        return self._then(SkipLast(check_int(size, "skip_last", "size", 0)))
