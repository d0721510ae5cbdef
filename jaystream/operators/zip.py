"""
`zip`: sources side by side, one item of each in a tuple.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from jaystream._core.fuse import Above, follow, plan_of
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, Plan, T_co
from jaystream._core.pumps import Inlet, Pumps

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["ZipMixin"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
F = TypeVar("F")

Pull: TypeAlias = Callable[[], Awaitable[Any]]


class Zip(Boundary):
    __slots__ = ("fill", "others", "strict")
    name = "zip"

    def __init__(self, others: tuple[Plan, ...], strict: object, fill: object) -> None:
        if not isinstance(strict, bool) and strict != "longest":
            raise ValueError(f'zip(strict=) is True, False or "longest", not {describe(strict)}')
        if fill is not None and strict != "longest":
            raise ValueError(f'zip(fill={describe(fill)}) needs strict="longest": nothing is filled up otherwise')
        self.others: tuple[Plan, ...] = others
        self.strict: object = strict
        self.fill: object = fill

    def describe(self) -> str:
        return f"zip({len(self.others)} more, strict={self.strict!r})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        longest, strict, fill, count = self.strict == "longest", self.strict is True, self.fill, 0
        try:
            upstream = await loop.begin()
            pulls: list[Pull | None] = [upstream.__anext__, *(follow(other, loop).__anext__ for other in self.others)]
            while (row := await (_fill_row(pulls, fill) if longest else _row(pulls, count, strict=strict))) is not None:
                yield row
                count += 1
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


async def _row(pulls: Sequence[Any], count: int, *, strict: bool) -> tuple[Any, ...] | None:
    """One item of each, or None where one has ended."""
    row: list[Any] = []
    for pull in pulls:
        try:
            row.append(await pull())
        except StopAsyncIteration:
            if strict:
                longer = 1 if row else await _first_to_go_on(pulls)
                if longer:
                    raise _unequal(len(row) + 1, count, longer) from None
            return None
    return tuple(row)


def _unequal(ended: int, count: int, longer: int) -> ValueError:
    return ValueError(
        f"zip(strict=True) of sources that are not equally long: source {ended} ended after {count} "
        f"{'item' if count == 1 else 'items'}, and source {longer} goes on"
    )


async def _first_to_go_on(pulls: Sequence[Any]) -> int:
    """The number of a source that gives an item where the first has ended, 0 if there is none."""
    for number, pull in enumerate(pulls[1:], 2):
        try:
            await pull()
        except StopAsyncIteration:
            continue
        return number
    return 0


async def _fill_row(pulls: list[Pull | None], fill: object) -> tuple[Any, ...] | None:
    """One item of each, *fill* for those that have ended, or None where all have; *pulls* keeps who has."""
    row: list[Any] = []
    for at, pull in enumerate(pulls):
        item: Any = fill
        if pull is not None:
            try:
                item = await pull()
            except StopAsyncIteration:
                pulls[at] = None
        row.append(item)
    return tuple(row) if any(pulls) else None


class ZipConcurrent(Zip):
    """
    The same, asking all at once.
    """

    __slots__ = ()
    pumped = True

    def describe(self) -> str:
        return f"zip({len(self.others)} more, strict={self.strict!r}, concurrent=True)"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps, count = Pumps(loop, self.describe()), 0
        try:
            inlets = [pumps.start(loop.upstream, Inlet(pumps, 1))]
            inlets += [pumps.start(Above(other), Inlet(pumps, number)) for number, other in enumerate(self.others, 2)]
            while await self._is_complete(pumps, inlets, count):
                yield tuple([inlet.held.popleft() if inlet.held else self.fill for inlet in inlets])
                count += 1
                for inlet in pumps.running:
                    inlet.taken()  # asked for the next one not before the next tuple is wanted
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()

    async def _is_complete(self, pumps: Pumps, inlets: Sequence[Inlet], count: int) -> bool:
        """Wait for one item of each that goes on; False at the end of the stream."""
        missing = len(pumps.running)
        while missing:
            if not pumps.ready:
                await pumps.wait()
                continue
            inlet = pumps.ready.popleft()
            missing -= 1
            if not inlet.held:
                pumps.forget(inlet)
                if self.strict is False:
                    return False
            if self.strict is True and len(pumps.running) < len(inlets):
                longer = next((each.tag for each in inlets if each.held), 0)
                if longer:
                    raise _unequal(next(each.tag for each in inlets if each not in pumps.running), count, longer)
        return bool(pumps.running)


class ZipMixin(Described[T_co]):
    """
    `zip`.
    """

    __slots__ = ()

    @overload
    def zip(
        self, a: AnySource[A], /, *, strict: bool = False, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co, A]]: ...
    @overload
    def zip(
        self, a: AnySource[A], b: AnySource[B], /, *, strict: bool = False, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co, A, B]]: ...
    @overload
    def zip(
        self, a: AnySource[A], b: AnySource[B], c: AnySource[C], /, *, strict: bool = False, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co, A, B, C]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        c: AnySource[C],
        d: AnySource[D],
        /,
        *,
        strict: bool = False,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co, A, B, C, D]]: ...
    @overload
    def zip(self, /, *, strict: bool = False, concurrent: bool = False) -> JaypieStream[tuple[T_co]]: ...
    @overload
    def zip(
        self, *others: AnySource[A], strict: bool = False, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | A, ...]]: ...
    @overload
    def zip(
        self, a: AnySource[A], /, *, strict: Literal["longest"], fill: None = None, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | None, A | None]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        /,
        *,
        strict: Literal["longest"],
        fill: None = None,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co | None, A | None, B | None]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        c: AnySource[C],
        /,
        *,
        strict: Literal["longest"],
        fill: None = None,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co | None, A | None, B | None, C | None]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        c: AnySource[C],
        d: AnySource[D],
        /,
        *,
        strict: Literal["longest"],
        fill: None = None,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co | None, A | None, B | None, C | None, D | None]]: ...
    @overload
    def zip(
        self, *others: AnySource[A], strict: Literal["longest"], fill: None = None, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | A | None, ...]]: ...
    @overload
    def zip(
        self, a: AnySource[A], /, *, strict: Literal["longest"], fill: F, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | F, A | F]]: ...
    @overload
    def zip(
        self, a: AnySource[A], b: AnySource[B], /, *, strict: Literal["longest"], fill: F, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | F, A | F, B | F]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        c: AnySource[C],
        /,
        *,
        strict: Literal["longest"],
        fill: F,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co | F, A | F, B | F, C | F]]: ...
    @overload
    def zip(
        self,
        a: AnySource[A],
        b: AnySource[B],
        c: AnySource[C],
        d: AnySource[D],
        /,
        *,
        strict: Literal["longest"],
        fill: F,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[T_co | F, A | F, B | F, C | F, D | F]]: ...
    @overload
    def zip(
        self, *others: AnySource[A], strict: Literal["longest"], fill: F, concurrent: bool = False
    ) -> JaypieStream[tuple[T_co | A | F, ...]]: ...
    def zip(
        self,
        *others: AnySource[Any],
        strict: bool | Literal["longest"] = False,
        fill: object = None,
        concurrent: bool = False,
    ) -> JaypieStream[tuple[Any, ...]]:
        """
        Put one item of each source into a tuple, item by item.

        Args:
            others: Any sources.
            strict: What happens when one ends before another. False, as for Python's `zip`: the stream ends. True:
                that is an error. "longest": the stream goes on to the end of the longest.
            fill: With "longest", stands for the items of what has ended.
            concurrent: Ask all sources at once, each in a task of its own, and not one after the other.

        Raises:
            TypeError: At this call, if one of *others* is no source.
            ValueError: At this call, for another *strict*, or *fill* without "longest". In the run, with True, if one
                source ends before another; the error says which one, and after how many items.

        Flow:
            Keeps order, holds one tuple. The sources are asked one after the other, in one task, this stream first,
            and opened in that order. One that ends is closed at once, and when the stream ends those still open are,
            last opened first. For k tuples each is asked for k items; where one ends, those before it have given one
            more, which is dropped. An error of one ends the stream after the tuples before it. Sources that hold cancel
            scopes or task groups across their items need *concurrent*: in one task they would be left out of order.

            With *concurrent* a tuple takes as long as the slowest of them. They are asked when a tuple is, so none is
            ahead of the others by more than one item; that one is held, and dropped where another has ended. Each is
            opened, read and closed in its own task. An error, an early stop and a cancellation cancel and close all.

        >>> asyncio.run(JaypieStream.of("a", "b").zip([1, 2, 3]).to_list())
        [('a', 1), ('b', 2)]
        >>> asyncio.run(JaypieStream.of("a").zip([1, 2], strict="longest", fill="-").to_list())
        [('a', 1), ('-', 2)]
        """
        stage = ZipConcurrent if concurrent else Zip
        return self._then(stage(tuple(map(plan_of, others)), strict, fill))
