"""
Operators that make other items out of items: one in, one or none or many out.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, overload

from jaystream._core.closing import cancel_requests
from jaystream._core.guard import Guard, check_callable, is_async, is_misuse, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import AnySource, CallStage, Items
from jaystream.operators.concurrent import MapConcurrent
from jaystream.operators.mix import FlatMapConcurrent, FlattenConcurrent

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["TransformMixin"]

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")


class Map(CallStage):
    __slots__ = ()
    name = "map"

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {self.call(code.name('f'), 'x')}")


class MapOr(Map):
    """
    `map` with something to put in the place of what *f* fails with.
    """

    __slots__ = ("g", "g_is_async")
    names: tuple[str, ...] = ("f", "g", "fatal")

    def __init__(self, f: Callable[..., Any], g: Callable[..., Any]) -> None:
        super().__init__(f)
        check_callable(g, "map(on_error=)")
        self.g: Callable[..., Any] = g
        self.g_is_async: bool = is_async(g)

    @property
    def shape(self) -> Hashable:
        return (super().shape, self.g_is_async)

    def values(self) -> tuple[object, ...]:
        g = Guard(self.g, "map(on_error=)") if not self.g_is_async and needs_guard(self.g) else self.g
        return (self.f, g, cancel_requests if self.is_async else is_misuse)

    def write_setup(self, code: LoopWriter) -> None:
        if self.is_async:
            code.line(f"{code.name('asked')} = {code.name('fatal')}()")

    def write(self, code: LoopWriter) -> None:
        f, g, fatal = (code.name(word) for word in self.names)
        with code.block("try:"):
            super().write(code)
        with code.block("except Exception as error:"):
            # an error that a cancellation was dressed up as, or a plain function that gives a coroutine
            code.line(f"if {fatal}() > {code.name('asked')}:" if self.is_async else f"if {fatal}({f}):")
            code.line("    raise")
            code.line(f"x = {'await ' if self.g_is_async else ''}{g}(x, error)")


class StarMap(CallStage):
    __slots__ = ()
    name = "starmap"

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {self.call(code.name('f'), '*x')}")


class Filter(CallStage):
    __slots__ = ()
    name = "filter"
    keeps_items = True

    def write(self, code: LoopWriter) -> None:
        code.skip(f"not {self.call(code.name('f'), 'x')}")


class FilterMap(CallStage):
    __slots__ = ()
    name = "filter_map"

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {self.call(code.name('f'), 'x')}")
        code.skip("x is None")


class OfType(Stage):
    __slots__ = ("classes",)
    name = "of_type"
    names: tuple[str, ...] = ("cls",)
    keeps_items = True

    def __init__(self, classes: type | tuple[type, ...]) -> None:
        try:
            isinstance(None, classes)
        except TypeError:
            raise TypeError(f"of_type() expects a class or a tuple of classes, not {describe(classes)}") from None
        self.classes: type | tuple[type, ...] = classes

    def values(self) -> tuple[object, ...]:
        return (self.classes,)

    def write(self, code: LoopWriter) -> None:
        code.skip(f"not isinstance(x, {code.name('cls')})")


class FlatMap(CallStage):
    __slots__ = ()
    name = "flat_map"
    nests = True

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {self.call(code.name('f'), 'x')}")
        code.pull("x")


class Flatten(Stage):
    __slots__ = ()
    name = "flatten"
    nests = True

    def write(self, code: LoopWriter) -> None:
        code.pull("x")


class TransformMixin(Described[T_co]):
    """
    `map` and its family.
    """

    __slots__ = ()

    @overload
    def map(
        self,
        f: Callable[[T_co], Coroutine[Any, Any, R]],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        per_key: Callable[[T_co], Hashable] | None = None,
    ) -> JaypieStream[R]: ...
    @overload
    def map(self, f: Callable[[T_co], R]) -> JaypieStream[R]: ...
    @overload
    def map(
        self,
        f: Callable[[T_co], Coroutine[Any, Any, R]],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        per_key: Callable[[T_co], Hashable] | None = None,
        on_error: Callable[[T_co, Exception], Coroutine[Any, Any, A]],
    ) -> JaypieStream[R | A]: ...
    @overload
    def map(
        self,
        f: Callable[[T_co], Coroutine[Any, Any, R]],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        per_key: Callable[[T_co], Hashable] | None = None,
        on_error: Callable[[T_co, Exception], A],
    ) -> JaypieStream[R | A]: ...
    @overload
    def map(
        self, f: Callable[[T_co], R], *, on_error: Callable[[T_co, Exception], Coroutine[Any, Any, A]]
    ) -> JaypieStream[R | A]: ...
    @overload
    def map(self, f: Callable[[T_co], R], *, on_error: Callable[[T_co, Exception], A]) -> JaypieStream[R | A]: ...
    def map(
        self,
        f: Callable[[T_co], Any],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        per_key: Callable[[T_co], Hashable] | None = None,
        on_error: Callable[[T_co, Exception], Any] | None = None,
    ) -> JaypieStream[Any]:
        """
        Replace each item by what *f* makes of it.

        Args:
            f: Called with the item; an `async def` function is awaited, one item at a time.
            concurrency: For an `async def` function: how many calls may run at once, each in a task of its own; with 1
                the next one runs while the consumer has the last.
            ordered: With *concurrency*, whether results come in the order of the items, or as they are ready.
            per_key: With *concurrency*: items for which this gives the same key run one after the other.
            on_error: Called with the item and the error when *f* fails, sync or async. What it gives takes the item's
                place (None too; dropping is for `filter`). It is told of errors of *f* alone, below `Exception`, and
                of no cancellation.

        Raises:
            TypeError: At this call, if *f*, *per_key* or *on_error* cannot be called, or for *concurrency* with a plain
                callable, which would block (`asyncio.to_thread` runs it in a thread); in the run, if a plain one of
                them gives a coroutine.
            ValueError: At this call, for *concurrency* below 1, and for *per_key* or *ordered* without it.

        Flow:
            Keeps order, holds one item. An error of *f* ends the stream after the items before it, or with *on_error*
            the stream goes on. An error of *on_error* ends it, with that of *f* as its context.

            With *concurrency* the source is read in a task of its own, and holds at most so many items, counted from
            the oldest that has not been given: running, or done and waiting for their turn. An error of *f* stops
            reading, ends the stream after the results that come before it, and cancels and awaits the other calls; so
            do an early stop and a cancellation.

        >>> asyncio.run(JaypieStream.of("a", "b").map(str.upper).to_list())
        ['A', 'B']
        >>> asyncio.run(JaypieStream.of("1", "x").map(int, on_error=lambda item, error: -1).to_list())
        [1, -1]
        """
        if concurrency is not None:
            return self._then(MapConcurrent(f, concurrency, per_key, on_error, ordered=ordered))
        if per_key is not None or not ordered:
            raise ValueError("map(per_key=) and map(ordered=False) need concurrency=: one item at a time is in order")
        return self._then(Map(f) if on_error is None else MapOr(f, on_error))

    @overload
    def starmap(self: TransformMixin[tuple[A, B]], f: Callable[[A, B], Coroutine[Any, Any, R]]) -> JaypieStream[R]: ...
    @overload
    def starmap(self: TransformMixin[tuple[A, B]], f: Callable[[A, B], R]) -> JaypieStream[R]: ...
    @overload
    def starmap(self: TransformMixin[tuple[Any, ...]], f: Callable[..., Coroutine[Any, Any, R]]) -> JaypieStream[R]: ...
    @overload
    def starmap(self: TransformMixin[tuple[Any, ...]], f: Callable[..., R]) -> JaypieStream[R]: ...
    def starmap(self: TransformMixin[Any], f: Callable[..., Any]) -> JaypieStream[Any]:
        """
        Like `map`, with each item spread over the parameters of *f*.

        Args:
            f: Called with the parts of the item, sync or async.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            As `map`.

        >>> asyncio.run(JaypieStream.of((2, 3), (4, 5)).starmap(lambda a, b: a * b).to_list())
        [6, 20]
        """
        return self._then(StarMap(f))

    @overload
    def filter(self, f: Callable[[T_co], TypeGuard[R]]) -> JaypieStream[R]: ...
    @overload
    def filter(self, f: Callable[[T_co], Coroutine[Any, Any, object]]) -> JaypieStream[T_co]: ...
    @overload
    def filter(self, f: Callable[[T_co], object]) -> JaypieStream[T_co]: ...
    def filter(self, f: Callable[[T_co], Any]) -> JaypieStream[Any]:
        """
        Keep the items for which *f* is true.

        Args:
            f: Called with the item, sync or async; any true value keeps it.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            Keeps order, holds one item. An error of *f* ends the stream after the items before it.

        >>> asyncio.run(JaypieStream.of(1, 2, 3, 4).filter(lambda n: n % 2).to_list())
        [1, 3]
        """
        return self._then(Filter(f))

    @overload
    def filter_map(self, f: Callable[[T_co], Coroutine[Any, Any, R | None]]) -> JaypieStream[R]: ...
    @overload
    def filter_map(self, f: Callable[[T_co], R | None]) -> JaypieStream[R]: ...
    def filter_map(self, f: Callable[[T_co], Any]) -> JaypieStream[Any]:
        """
        Replace each item by what *f* makes of it, and drop the items for which that is None.

        Args:
            f: Called with the item, sync or async.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            Keeps order, holds one item. An error of *f* ends the stream after the items before it.

        >>> asyncio.run(JaypieStream.of({"id": 1}, {}).filter_map(lambda d: d.get("id")).to_list())
        [1]
        """
        return self._then(FilterMap(f))

    def of_type(self, cls: type[R] | tuple[type[R], ...]) -> JaypieStream[R]:
        """
        Keep the items that are instances of *cls*.

        Args:
            cls: A class or a tuple of classes, as `isinstance` takes them.

        Raises:
            TypeError: At this call, if *cls* is neither.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream.of(1, "a", 2).of_type(int).to_list())
        [1, 2]
        """
        return self._then(OfType(cls))

    @overload
    def flat_map(
        self, f: Callable[[T_co], Coroutine[Any, Any, Items[R]]], *, concurrency: int | None = None
    ) -> JaypieStream[R]: ...
    @overload
    def flat_map(self, f: Callable[[T_co], AnySource[R]], *, concurrency: int | None = None) -> JaypieStream[R]: ...
    def flat_map(self, f: Callable[[T_co], Any], *, concurrency: int | None = None) -> JaypieStream[Any]:
        """
        Replace each item by all the items of the source that *f* makes of it, one source after the other.

        Args:
            f: Called with the item, sync or async; gives any source (`JaypieStream` names the kinds).
            concurrency: How many inner sources may be open at once, each in a task of its own, their items given as
                they come, in fair turns; without it they are read one after the other.

        Raises:
            TypeError: At this call, if *f* cannot be called; in the run, if what it gives is no source.
            ValueError: At this call, for *concurrency* below 1.

        Flow:
            Keeps order, holds one item and one open inner source, which is closed when it ends and on every way out.
            An error of *f* or of an inner source ends the stream after the items before it.

            With *concurrency* it keeps the order of each inner source, holds one item of each, and treats errors, early
            stops and cancellations as `merge`. The next item is asked for when one of so many has ended.

        >>> asyncio.run(JaypieStream.of("a b", "c").flat_map(str.split).to_list())
        ['a', 'b', 'c']
        """
        return self._then(FlatMap(f) if concurrency is None else FlatMapConcurrent(f, concurrency))

    def flatten(self: TransformMixin[AnySource[R]], *, concurrency: int | None = None) -> JaypieStream[R]:
        """
        Replace each item, a source, by its items, one source after the other.

        Args:
            concurrency: As for `flat_map`.

        Raises:
            TypeError: In the run, at an item that is no source.
            ValueError: At this call, for *concurrency* below 1.

        Flow:
            As `flat_map`.

        >>> asyncio.run(JaypieStream.of([1, 2], (3,)).flatten().to_list())
        [1, 2, 3]
        """
        return self._then(Flatten() if concurrency is None else FlattenConcurrent(concurrency))
