"""
Operators that put neighbours together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from sys import maxsize
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import CallStage, check_int

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["GroupMixin"]

K = TypeVar("K")


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


class Pairwise(Stage):
    __slots__ = ()
    name = "pairwise"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('first')}, {code.name('last')} = True, None")

    def write(self, code: LoopWriter) -> None:
        first, last = code.name("first"), code.name("last")
        code.line(f"{last}, x = x, ({last}, x)")
        with code.block(f"if {first}:"):
            code.line(f"{first} = False")
            code.go_on()


class Window(Stage):
    __slots__ = ("size", "step")
    name = "window"
    names: tuple[str, ...] = ("deque", "size", "step")

    def __init__(self, size: int, step: int) -> None:
        self.size: int = size
        self.step: int = step

    def values(self) -> tuple[object, ...]:
        return (deque, self.size, self.step)

    def describe(self) -> str:
        return f"window({self.size}, step={self.step})"

    def write_setup(self, code: LoopWriter) -> None:
        held, size = code.name("held"), code.name("size")
        code.line(f"{held}, {code.name('n')} = {code.name('deque')}((), {size}), {size}")
        code.line(f"{code.name('append')} = {held}.append")

    def write(self, code: LoopWriter) -> None:
        n = code.name("n")
        code.line(f"{code.name('append')}(x)")
        code.line(f"{n} -= 1")
        code.skip(n)
        code.line(f"x, {n} = tuple({code.name('held')}), {code.name('step')}")


class GroupAdjacent(CallStage):
    __slots__ = ("max_size",)
    name = "group_adjacent"
    names: tuple[str, ...] = ("f", "most")
    flushes = True
    flushes_on_error = True
    nests = True

    def __init__(self, key: Callable[..., Any], max_size: int) -> None:
        super().__init__(key)
        self.max_size: int = max_size

    def values(self) -> tuple[object, ...]:
        return (self.f, self.max_size)

    def write_setup(self, code: LoopWriter) -> None:
        held = code.name("held")
        code.line(f"{held}, {code.name('last')} = [], None")
        code.line(f"{code.name('append')} = {held}.append")

    def write(self, code: LoopWriter) -> None:
        held, append, key, last, kept = (code.name(word) for word in ("held", "append", "key", "last", "kept"))
        code.line(f"{key} = {self.call(code.name('f'), 'x')}")
        with code.block(f"if {held} and {key} == {last} and len({held}) < {code.name('most')}:"):
            code.line(f"{append}(x)")
            code.go_on()
        # The item that begins the next group is put aside, so that nothing is held if a stage below fails now.
        code.line(f"{kept}, x = x, ({last}, tuple({held}))")
        code.line(f"{held}.clear()")
        begin = (f"{append}({kept})", f"{last}, {kept} = {key}, None")
        code.loop("(x,) if x[1] else ()", many=False, after=begin)

    def write_flush(self, code: LoopWriter) -> None:
        held = code.name("held")
        code.line(f"x = ({code.name('last')}, tuple({held}))")
        code.line(f"{held}.clear()")
        code.send("x", when="x[1]")


class GroupMixin(Described[T_co]):
    """
    `chunk`, `pairwise`, `window`, `group_adjacent`.
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
            Keeps order. Holds at most *size* items. An error from above passes after the items before it. An error
            behind the last item that is wanted below is not raised: `take(1)` takes the rest that came before it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).chunk(2).to_list())
        [(1, 2), (3,)]
        """
        return self._then(Chunk(check_int(size, "chunk", "size", 1)))

    def pairwise(self) -> JaypieStream[tuple[T_co, T_co]]:
        """
        Give each item together with the one before it, as `itertools.pairwise` does; a single item gives nothing.

        Flow:
            Keeps order, holds one item. An error from above passes after the pairs before it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).pairwise().to_list())
        [(1, 2), (2, 3)]
        """
        return self._then(Pairwise())

    def window(self, size: int, *, step: int = 1) -> JaypieStream[tuple[T_co, ...]]:
        """
        Give each *size* neighbours as a tuple; the next tuple begins *step* items further on.

        Every tuple is whole: items at the end that fill none are left out, and `chunk(size)` is what gives a shorter
        rest. With a *step* above *size* the items between two tuples are left out too.

        Args:
            size: Items per tuple, at least 1.
            step: Items from the beginning of one tuple to that of the next, at least 1.

        Raises:
            ValueError: At this call, if *size* or *step* is below 1.

        Flow:
            Keeps order, holds *size* items. A tuple is given with its last item; an error from above passes after the
            whole tuples before it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3, 4).window(3).to_list())
        [(1, 2, 3), (2, 3, 4)]
        >>> asyncio.run(JaypieStream.of(1, 2, 3, 4, 5).window(2, step=3).to_list())
        [(1, 2), (4, 5)]
        """
        return self._then(Window(check_int(size, "window", "size", 1), check_int(step, "window", "step", 1)))

    @overload
    def group_adjacent(
        self, key: Callable[[T_co], Coroutine[Any, Any, K]], *, max_size: int | None = None
    ) -> JaypieStream[tuple[K, tuple[T_co, ...]]]: ...
    @overload
    def group_adjacent(
        self, key: Callable[[T_co], K], *, max_size: int | None = None
    ) -> JaypieStream[tuple[K, tuple[T_co, ...]]]: ...
    def group_adjacent(
        self, key: Callable[[T_co], Any], *, max_size: int | None = None
    ) -> JaypieStream[tuple[Any, tuple[T_co, ...]]]:
        """
        Group neighbours of equal key: pairs of the key and a tuple of the items, which is never empty.

        Args:
            key: Called with the item, sync or async; two keys are compared by `==`.
            max_size: Items that a tuple may have. A longer group comes as several pairs with the same key; None puts
                no bound on it.

        Raises:
            TypeError: At this call, if *key* cannot be called.
            ValueError: At this call, if *max_size* is below 1.

        Flow:
            Keeps order. Holds one group, of at most *max_size* items; it is given when the first item of the next has
            been read, at the end, and before an error, one of *key* too. An error behind the last item that is wanted
            below is not raised.

        >>> asyncio.run(JaypieStream.of(1, 3, 4, 5).group_adjacent(lambda n: n % 2).to_list())
        [(1, (1, 3)), (0, (4,)), (1, (5,))]
        """
        most = maxsize if max_size is None else check_int(max_size, "group_adjacent", "max_size", 1)
        return self._then(GroupAdjacent(key, most))
