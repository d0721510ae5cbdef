"""
Operators that make the end of a stream a part of it, and undo that; with the three kinds of notes they speak in.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast, final

from jaystream._core.closing import cancel_requests
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, Stage, T_co

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["End", "Failure", "Item", "MaterializeMixin"]

R = TypeVar("R")


@final
class Item(Generic[T_co]):
    """
    An item of a stream that was materialized.

    Attributes:
        value: The item itself.
    """

    __slots__ = ("value",)
    __match_args__ = ("value",)

    value: T_co

    def __init__(self, value: T_co) -> None:
        """
        Note that a stream gave *value*.
        """
        self.value = value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == cast("Item[object]", other).value) if isinstance(other, Item) else NotImplemented

    def __hash__(self) -> int:
        return hash((Item, self.value))

    def __repr__(self) -> str:
        return f"Item({self.value!r})"


@final
class Failure:
    """
    The error that a stream which was materialized ended with.

    Attributes:
        error: The exception itself.
    """

    __slots__ = ("error",)
    __match_args__ = ("error",)

    def __init__(self, error: Exception) -> None:
        """
        Note that a stream failed with *error*.

        Raises:
            TypeError: If *error* is no `Exception`; a cancellation is never a note.
        """
        if not isinstance(error, Exception):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
            raise TypeError(f"Failure() expects an exception below Exception, not {describe(error)}")
        self.error: Exception = error

    def __eq__(self, other: object) -> bool:
        return self.error == other.error if isinstance(other, Failure) else NotImplemented

    def __hash__(self) -> int:
        return hash((Failure, self.error))

    def __repr__(self) -> str:
        return f"Failure({self.error!r})"


@final
class End:
    """
    The good end of a stream that was materialized.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, End) or NotImplemented

    def __hash__(self) -> int:
        return hash(End)

    def __repr__(self) -> str:
        return "End()"


Note: TypeAlias = "Item[R] | Failure | End"


class Materialize(Boundary):
    """It stands alone, so that errors of the stages below never come by."""

    __slots__ = ()
    name = "materialize"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        requests = cancel_requests()
        last: list[Note[Any]] = [End()]
        below = False  # the stages below have the item: what is raised now is not the stream's own
        try:
            try:
                async for x in await loop.begin():
                    below = True
                    yield Item(x)
                    below = False
            except BaseException as error:
                if not await loop.close(error):
                    raise
            # Closed before the end is told: an error of closing is the stream's own.
            await loop.close()
        except Exception as error:
            if below or cancel_requests() > requests:
                raise  # nobody reads on; or a cancellation that the source has dressed up as an error
            last = [Failure(error)]
        if not below:
            yield last.pop()  # taken away, or the error's traceback would keep the error alive


class Dematerialize(Stage):
    __slots__ = ()
    name = "dematerialize"
    names: tuple[str, ...] = ("item", "over")
    ends = True

    def values(self) -> tuple[object, ...]:
        return (Item, _over)

    def write(self, code: LoopWriter) -> None:
        with code.block(f"if type(x) is not {code.name('item')}:"):
            code.stop(f"{code.name('over')}(x)")
        code.line("x = x.value")


def _over(note: object) -> Literal[True]:
    if isinstance(note, Failure):
        raise note.error
    if not isinstance(note, End):
        raise TypeError(
            f"dematerialize() expects Item, Failure and End, as materialize() gives them, not {describe(note)}"
        )
    return True


class MaterializeMixin(Described[T_co]):
    """
    `materialize`, `dematerialize`.
    """

    __slots__ = ()

    def materialize(self) -> JaypieStream[Note[T_co]]:
        """
        Give each item as `Item(value)`, and at last how the stream ended: `Failure(error)` or `End()`.

        The stream itself then ends well, so an error can be looked at, stored or sent like any item.

        Flow:
            Keeps order, holds one item. Everything above is closed before the last note is given; an error of closing
            is a `Failure` too. Errors of the stages below and of the consumer never come here, nor do cancellations.

        >>> asyncio.run(JaypieStream.of("1", "x").map(int).materialize().to_list())
        [Item(1), Failure(ValueError("invalid literal for int() with base 10: 'x'"))]
        >>> asyncio.run(JaypieStream.of(1).materialize().to_list())
        [Item(1), End()]
        """
        return self._then(Materialize())

    def dematerialize(self: MaterializeMixin[Note[R]]) -> JaypieStream[R]:
        """
        Undo `materialize`: give the values of the notes, end at `End()`, raise at `Failure(error)`.

        Raises:
            TypeError: In the run, at an item that is no note.

        Flow:
            Keeps order, holds one item, reads nothing behind `End()` or `Failure(error)`. Where neither comes, the
            stream ends with its source.

        >>> asyncio.run(JaypieStream.of(1, 2).materialize().dematerialize().to_list())
        [1, 2]
        """
        return self._then(Dematerialize())
