"""
Operators that map with a memory: what they give depends on what came before.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.guard import check_callable
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import CallStage, MaybeCallStage, check_int

if TYPE_CHECKING:
    from jaystream._core.stages import AnySource
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["AccumulateMixin"]

A = TypeVar("A")
R = TypeVar("R")
U = TypeVar("U")


class Scan(CallStage):
    __slots__ = ("initial",)
    name = "scan"
    names: tuple[str, ...] = ("f", "initial")
    heads = True

    def __init__(self, f: Callable[..., Any], initial: object) -> None:
        super().__init__(f)
        self.initial: object = initial

    def values(self) -> tuple[object, ...]:
        return (self.f, self.initial)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('total')} = {code.name('initial')}")

    def write_head(self, code: LoopWriter) -> None:
        code.send(code.name("total"))

    def write(self, code: LoopWriter) -> None:
        total = code.name("total")
        code.line(f"{total} = x = {self.call(code.name('f'), f'{total}, x')}")


class MapAccum(CallStage):
    __slots__ = ("flushes", "on_end", "state")
    name = "map_accum"
    names: tuple[str, ...] = ("f", "state", "last")

    def __init__(self, f: Callable[..., Any], state: object, on_end: Callable[..., Any] | None) -> None:
        super().__init__(f)
        if on_end is not None:
            check_callable(on_end, "map_accum(on_end=)")
        self.state: object = state
        self.on_end: Callable[..., Any] | None = on_end
        self.flushes: bool = on_end is not None

    @property
    def shape(self) -> Hashable:
        return (super().shape, self.flushes)

    def values(self) -> tuple[object, ...]:
        return (self.f, self.state, self.on_end)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('held')} = {code.name('state')}")

    def write(self, code: LoopWriter) -> None:
        held = code.name("held")
        code.line(f"{held}, x = {self.call(code.name('f'), f'{held}, x')}")

    def write_flush(self, code: LoopWriter) -> None:
        code.line(f"x = await give({code.name('last')}, {code.name('held')})")
        code.send_all("x")


class Enumerate(Stage):
    __slots__ = ("start",)
    name = "enumerate"
    names: tuple[str, ...] = ("start",)

    def __init__(self, start: int) -> None:
        self.start: int = check_int(start, "enumerate", "start")

    def values(self) -> tuple[object, ...]:
        return (self.start,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('n')} = {code.name('start')} - 1")

    def write(self, code: LoopWriter) -> None:
        n = code.name("n")
        code.line(f"{n} += 1")
        code.line(f"x = ({n}, x)")


class Timestamp(MaybeCallStage):
    __slots__ = ()
    name = "timestamp"
    names: tuple[str, ...] = ("f", "running")

    def values(self) -> tuple[object, ...]:
        return (self.f, get_running_loop)

    def write_setup(self, code: LoopWriter) -> None:
        if not self.called:
            code.line(f"{code.name('clock')} = {code.name('running')}().time")

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = ({self.call(code.name('f' if self.called else 'clock'), '')}, x)")


class Intersperse(Stage):
    __slots__ = ("separator",)
    name = "intersperse"
    names: tuple[str, ...] = ("separator",)
    keeps_items = True
    nests = True

    def __init__(self, separator: object) -> None:
        self.separator: object = separator

    def values(self) -> tuple[object, ...]:
        return (self.separator,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('begun')} = False")

    def write(self, code: LoopWriter) -> None:
        begun = code.name("begun")
        code.line(f"x, {begun} = (({code.name('separator')}, x) if {begun} else (x,)), True")
        code.loop("x", many=False)


class AccumulateMixin(Described[T_co]):
    """
    `scan`, `map_accum`, `enumerate`, `timestamp`, `intersperse`.
    """

    __slots__ = ()

    @overload
    def scan(self, f: Callable[[A, T_co], Coroutine[Any, Any, A]], initial: A) -> JaypieStream[A]: ...
    @overload
    def scan(self, f: Callable[[A, T_co], A], initial: A) -> JaypieStream[A]: ...
    def scan(self, f: Callable[[Any, T_co], Any], initial: Any) -> JaypieStream[Any]:
        """
        Give *initial*, and then after each item the running result: `f(result so far, item)`.

        Args:
            f: Called with the result so far and the item, sync or async.
            initial: The first result. It is shared by all runs, so *f* should make new values and not change it.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            Keeps order, holds the result. *initial* is given before anything is read.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).scan(lambda total, n: total + n, 0).to_list())
        [0, 1, 3, 6]
        """
        return self._then(Scan(f, initial))

    @overload
    def map_accum(
        self,
        f: Callable[[A, T_co], Coroutine[Any, Any, tuple[A, R]]],
        state: A,
        *,
        on_end: Callable[[A], AnySource[R] | None] | None = None,
    ) -> JaypieStream[R]: ...
    @overload
    def map_accum(
        self,
        f: Callable[[A, T_co], tuple[A, R]],
        state: A,
        *,
        on_end: Callable[[A], AnySource[R] | None] | None = None,
    ) -> JaypieStream[R]: ...
    def map_accum(
        self, f: Callable[[Any, T_co], Any], state: Any, *, on_end: Callable[[Any], Any] | None = None
    ) -> JaypieStream[Any]:
        """
        Map with a memory: *f* gets the state and the item, and gives the next state and the new item.

        Args:
            f: Gives a pair (next state, new item), sync or async.
            state: The first state. It is shared by all runs, so *f* should make new values and not change it.
            on_end: Called with the last state when the source has ended well; gives items for the end, or None.

        Raises:
            TypeError: At this call, if *f* or *on_end* cannot be called.

        Flow:
            Keeps order, holds the state. An error of *f* ends the stream after the items before it, without *on_end*.

        >>> def gaps(last, n):
        ...     return n, n - last
        >>> asyncio.run(JaypieStream.of(3, 5, 9).map_accum(gaps, 0).to_list())
        [3, 2, 4]
        """
        return self._then(MapAccum(f, state, on_end))

    def enumerate(self, start: int = 0) -> JaypieStream[tuple[int, T_co]]:
        """
        Pair each item with its number.

        Args:
            start: The number of the first item.

        Raises:
            TypeError: At this call, if *start* is no whole number.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream.of("a", "b").enumerate(1).to_list())
        [(1, 'a'), (2, 'b')]
        """
        return self._then(Enumerate(start))

    @overload
    def timestamp(self, clock: None = None) -> JaypieStream[tuple[float, T_co]]: ...
    @overload
    def timestamp(self, clock: Callable[[], Coroutine[Any, Any, R]]) -> JaypieStream[tuple[R, T_co]]: ...
    @overload
    def timestamp(self, clock: Callable[[], R]) -> JaypieStream[tuple[R, T_co]]: ...
    def timestamp(self, clock: Callable[[], Any] | None = None) -> JaypieStream[tuple[Any, T_co]]:
        """
        Pair each item with the time at which it came.

        Args:
            clock: Called without arguments for each item, sync or async: `time.time`, say. Without one it is the event
                loop's clock, in seconds from no particular moment, which never goes back.

        Raises:
            TypeError: At this call, if *clock* cannot be called.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream.of("a", "b").timestamp(iter([0.5, 2.0]).__next__).to_list())
        [(0.5, 'a'), (2.0, 'b')]
        """
        return self._then(Timestamp(clock))

    def intersperse(self, separator: U) -> JaypieStream[T_co | U]:
        """
        Give *separator* between each two items; not before the first, not after the last.

        Args:
            separator: The same object each time.

        Flow:
            Keeps order, holds one item. A separator is given when the item behind it has been read, so none stands at
            the end, or before an error from above.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).intersperse(0).to_list())
        [1, 0, 2, 0, 3]
        """
        return self._then(Intersperse(separator))
