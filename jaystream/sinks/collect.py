"""
Terminals that give a value: they end the loop and are written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.fuse import execute
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import CallStage
from jaystream.operators.concurrent import ForEachConcurrent

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter

__all__ = ["CollectMixin"]

A = TypeVar("A")
D = TypeVar("D")

MISSING: Any = object()


class ToList(Stage):
    __slots__ = ()
    name = "to_list"

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = []")
        code.line("append = result.append")

    def write(self, code: LoopWriter) -> None:
        code.line("append(x)")


class Reduce(CallStage):
    __slots__ = ("initial",)
    name = "reduce"
    names: tuple[str, ...] = ("f", "initial")

    def __init__(self, f: Callable[..., Any], initial: object) -> None:
        super().__init__(f)
        self.initial: object = initial

    @property
    def shape(self) -> tuple[object, ...]:
        return (super().shape, self.initial is MISSING)

    def values(self) -> tuple[object, ...]:
        return (self.f, self.initial)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"result = {code.name('initial')}")

    def write(self, code: LoopWriter) -> None:
        call = self.call(code.name("f"), "result, x")
        if self.initial is MISSING:
            call = f"x if result is {code.name('initial')} else {call}"
        code.line(f"result = {call}")


class Count(Stage):
    __slots__ = ()
    name = "count"

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = 0")

    def write(self, code: LoopWriter) -> None:
        code.line("result += 1")


class First(Stage):
    __slots__ = ()
    name = "first"
    names: tuple[str, ...] = ("missing",)
    ends = True

    def values(self) -> tuple[object, ...]:
        return (MISSING,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"result = {code.name('missing')}")

    def write(self, code: LoopWriter) -> None:
        code.line("result = x")
        code.stop("True")


class Last(First):
    __slots__ = ()
    name = "last"
    ends = False

    def write(self, code: LoopWriter) -> None:
        code.line("result = x")


class ForEach(CallStage):
    __slots__ = ()
    name = "for_each"

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = 0")

    def write(self, code: LoopWriter) -> None:
        code.line(self.call(code.name("f"), "x"))
        code.line("result += 1")


class CollectMixin(Described[T_co]):
    """
    `to_list` and its family.
    """

    __slots__ = ()

    async def to_list(self) -> list[T_co]:
        """
        Run the stream and collect its items.

        Flow:
            Holds all items. An error or a cancellation leaves nothing.

        >>> asyncio.run(JaypieStream.of(1, 2).to_list())
        [1, 2]
        """
        result: list[T_co] = await execute(self._plan, ToList())
        return result

    @overload
    async def reduce(self, f: Callable[[A, T_co], Coroutine[Any, Any, A]], initial: A) -> A: ...
    @overload
    async def reduce(self, f: Callable[[A, T_co], A], initial: A) -> A: ...
    @overload
    async def reduce(self, f: Callable[[T_co, T_co], Coroutine[Any, Any, T_co]]) -> T_co: ...
    @overload
    async def reduce(self, f: Callable[[T_co, T_co], T_co]) -> T_co: ...
    async def reduce(self, f: Callable[[Any, Any], Any], initial: Any = MISSING) -> Any:
        """
        Run the stream and fold its items into one value: `f(value so far, item)`.

        Args:
            f: Sync or async.
            initial: The first value; without it that is the first item.

        Raises:
            TypeError: If *f* cannot be called.
            ValueError: If there are no items and no *initial*.

        Flow:
            Holds the value.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).reduce(lambda a, b: a + b))
        6
        """
        result = await execute(self._plan, Reduce(f, initial))
        if result is MISSING:
            raise ValueError("reduce() of a stream without items needs an initial value: reduce(f, initial)")
        return result

    async def count(self) -> int:
        """
        Run the stream and count its items.

        Flow:
            Holds one item.

        >>> asyncio.run(JaypieStream.of("a", "b").count())
        2
        """
        result: int = await execute(self._plan, Count())
        return result

    @overload
    async def first(self) -> T_co: ...
    @overload
    async def first(self, default: D) -> T_co | D: ...
    async def first(self, default: Any = MISSING) -> Any:
        """
        Run the stream until its first item, close it, and give that item.

        Args:
            default: What is given if there is none.

        Raises:
            ValueError: If there is none and no *default*.

        Flow:
            Reads one item.

        >>> asyncio.run(JaypieStream.of(1, 2).first())
        1
        """
        return _found(await execute(self._plan, First()), default, "first")

    @overload
    async def last(self) -> T_co: ...
    @overload
    async def last(self, default: D) -> T_co | D: ...
    async def last(self, default: Any = MISSING) -> Any:
        """
        Run the stream and give its last item.

        Args:
            default: What is given if there is none.

        Raises:
            ValueError: If there is none and no *default*.

        Flow:
            Holds one item.

        >>> asyncio.run(JaypieStream.of(1, 2).last())
        2
        """
        return _found(await execute(self._plan, Last()), default, "last")

    @overload
    async def for_each(
        self, f: Callable[[T_co], Coroutine[Any, Any, object]], *, concurrency: int | None = None
    ) -> int: ...
    @overload
    async def for_each(self, f: Callable[[T_co], object]) -> int: ...
    async def for_each(self, f: Callable[[T_co], Any], *, concurrency: int | None = None) -> int:
        """
        Run the stream and call *f* with each item.

        Args:
            f: Sync or async, one item at a time.
            concurrency: For an `async def` function: how many calls may run at once, each in a task of its own.

        Returns:
            The number of items.

        Raises:
            TypeError: If *f* cannot be called, is plain and gives a coroutine, or is plain and *concurrency* is given.
            ValueError: For *concurrency* below 1.

        Flow:
            Holds one item; the next is read when *f* is done with it. With *concurrency* it holds so many, and treats
            errors and cancellations as `map(f, concurrency=..., ordered=False)`.

        >>> asyncio.run(JaypieStream.of("a", "b").for_each(print))
        a
        b
        2
        """
        if concurrency is None:
            result: int = await execute(self._plan, ForEach(f))
        else:
            result = await execute(self._plan.then(ForEachConcurrent(f, concurrency)), Count())
        return result

    async def drain(self) -> None:
        """
        Run the stream to its end and drop the items.

        Flow:
            Holds one item.

        >>> asyncio.run(JaypieStream.of("a").tap(print).drain())
        a
        """
        await execute(self._plan, Count())


def _found(item: Any, default: Any, name: str) -> Any:
    if item is not MISSING:
        return item
    if default is MISSING:
        raise ValueError(f"{name}() of a stream without items needs a default: {name}(default)")
    return default
