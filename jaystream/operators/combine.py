"""
Operators that put streams behind one another.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream._core.fuse import follow, plan_of
from jaystream._core.ownership import kind_of
from jaystream._core.plan import Boundary, Described, Plan, Source, Stage, T_co
from jaystream._core.stages import common_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream._core.writer import LoopWriter
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

__all__ = ["CombineMixin"]

U = TypeVar("U")


class Concat(Boundary):
    __slots__ = ("others",)
    name = "concat"

    def __init__(self, others: tuple[Plan, ...]) -> None:
        self.others: tuple[Plan, ...] = others

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        return common_wire(above, self.others)

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        try:
            async for x in await loop.begin():
                yield x
            for other in self.others:
                await loop.release(0)
                async for x in follow(other, loop):
                    yield x
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class OnEnd(Stage):
    __slots__ = ("items",)
    name = "on_end"
    names: tuple[str, ...] = ("items",)
    keeps_items = True
    flushes = True

    def __init__(self, items: Any) -> None:
        kind = kind_of(items)
        self.items: Any | Source = items if kind in {"callable", "stream"} else Source(items)

    def values(self) -> tuple[object, ...]:
        return (self.items,)

    def write_flush(self, code: LoopWriter) -> None:
        items = code.name("items")
        code.line(f"x = await give({items}) if callable({items}) else {items}")
        code.send_all("x")


class CombineMixin(Described[T_co]):
    """
    `concat` and its family.
    """

    __slots__ = ()

    def concat(self, *others: AnySource[U]) -> JaypieStream[T_co | U]:
        """
        When this stream has ended, go on with *others*, one after the other. `a + b` is the same.

        Args:
            others: Any sources.

        Raises:
            TypeError: At this call, if one is no source.

        Flow:
            Keeps order, holds one item; a source is opened when the one before it is closed. An error ends the stream
            after the items before it, and the sources behind it are never opened.

        >>> asyncio.run(JaypieStream.of(1).concat([2], (3,)).to_list())
        [1, 2, 3]
        """
        plans = tuple(plan_of(other) for other in others)
        last = self._plan.stages[-1] if self._plan.stages else None
        if isinstance(last, Concat):  # a + b + c is one concat, not a tower
            return self._replace_last(Concat(last.others + plans))
        return self._then(Concat(plans))

    def __add__(self, other: AnySource[U]) -> JaypieStream[T_co | U]:
        """
        `concat` with one other source.
        """
        return self.concat(other)

    def on_end(self, items: AnySource[U] | Callable[[], AnySource[U] | None]) -> JaypieStream[T_co | U]:
        """
        Add items when the source has ended well; nothing is added on an error, an early stop or a cancellation.

        Args:
            items: A source of the items, or a callable that gives one (or None for nothing), sync or async.

        Raises:
            TypeError: At this call, if *items* is no source.

        Flow:
            Keeps order, holds one item. An error of *items* ends the stream.

        >>> asyncio.run(JaypieStream.of("a").on_end(["[DONE]"]).to_list())
        ['a', '[DONE]']
        """
        return self._then(OnEnd(items))
