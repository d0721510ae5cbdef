"""
`combine_latest`, `with_latest_from`: the newest items of several sources, side by side.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.fuse import Above, plan_of
from jaystream._core.plan import Boundary, Described, Plan, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.run import turn

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["LatestMixin"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

NOTHING = object()
"""Stands for the item of a source that has given none."""


class CombineLatest(Boundary):
    __slots__ = ("others",)
    name = "combine_latest"
    pumped = True

    def __init__(self, others: tuple[Plan, ...]) -> None:
        self.others: tuple[Plan, ...] = others

    def describe(self) -> str:
        return f"{self.name}({len(self.others)} more)"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        missing, left, look = 1 + len(self.others), 1, loop.look
        newest: list[Any] = [NOTHING] * missing
        try:
            pumps.start(loop.upstream, Inlet(pumps, 0))
            for number, other in enumerate(self.others, 1):
                pumps.start(Above(other), Inlet(pumps, number))
            while pumps.running:
                if not pumps.ready:
                    await pumps.wait()
                    continue
                inlet = pumps.ready.popleft()
                at = inlet.tag
                if not inlet.held:
                    pumps.forget(inlet)
                    if newest[at] is NOTHING:
                        break
                    continue
                if newest[at] is NOTHING:
                    missing -= 1
                newest[at] = inlet.held.popleft()
                inlet.taken()
                if missing:
                    continue
                yield tuple(newest)
                left -= 1
                if not left:
                    left = look()
                    if left < 0:
                        left = -left
                        await turn()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Newest(Inlet):
    """
    An inlet that keeps the newest item, whose pump never waits for room.
    """

    __slots__ = ("item",)

    def __init__(self, pumps: Pumps) -> None:
        super().__init__(pumps)
        self.item: Any = NOTHING
        self.load: Collection[Any] = ()

    @property
    def append(self) -> Callable[[Any], object]:
        return self._keep

    def _keep(self, item: Any) -> None:
        self.item = item


class Beside(Inlet):
    """
    An inlet that puts the newest of others beside each item, and drops those that came too early for that.
    """

    __slots__ = ("_complete", "_others")

    def __init__(self, pumps: Pumps, others: Sequence[Newest]) -> None:
        super().__init__(pumps)
        self._others = others
        self._complete = False

    @property
    def append(self) -> Callable[[Any], object]:
        return self._pair

    def _pair(self, item: Any) -> None:
        if not self._complete:
            if any(other.item is NOTHING for other in self._others):
                return
            self._complete = True
        self.held.append((item, *[other.item for other in self._others]))


class WithLatestFrom(Boundary):
    __slots__ = ("others",)
    name = "with_latest_from"
    pumped = True

    def __init__(self, others: tuple[Plan, ...]) -> None:
        self.others: tuple[Plan, ...] = others

    def describe(self) -> str:
        return f"{self.name}({len(self.others)} more)"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        try:
            # the others first: what they have at once is there for the first item
            others = [Newest(pumps) for _ in self.others]
            for other, plan in zip(others, self.others, strict=True):
                pumps.start(Above(plan), other)
            main = pumps.start(loop.upstream, Beside(pumps, others))
            while True:
                if not pumps.ready:
                    await pumps.wait()
                    continue
                inlet = pumps.ready.popleft()
                if inlet.held:
                    x = inlet.held.popleft()
                    inlet.taken()
                    yield x  # the next one comes from another task, so the event loop has its turns
                else:
                    pumps.forget(inlet)
                    if inlet is main or (isinstance(inlet, Newest) and inlet.item is NOTHING):
                        break
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class LatestMixin(Described[T_co]):
    """
    `combine_latest`, `with_latest_from`.
    """

    __slots__ = ()

    @overload
    def combine_latest(self, a: AnySource[A], /) -> JaypieStream[tuple[T_co, A]]: ...
    @overload
    def combine_latest(self, a: AnySource[A], b: AnySource[B], /) -> JaypieStream[tuple[T_co, A, B]]: ...
    @overload
    def combine_latest(
        self, a: AnySource[A], b: AnySource[B], c: AnySource[C], /
    ) -> JaypieStream[tuple[T_co, A, B, C]]: ...
    @overload
    def combine_latest(
        self, a: AnySource[A], b: AnySource[B], c: AnySource[C], d: AnySource[D], /
    ) -> JaypieStream[tuple[T_co, A, B, C, D]]: ...
    @overload
    def combine_latest(self, /) -> JaypieStream[tuple[T_co]]: ...
    @overload
    def combine_latest(self, *others: AnySource[A]) -> JaypieStream[tuple[T_co | A, ...]]: ...
    def combine_latest(self, *others: AnySource[Any]) -> JaypieStream[tuple[Any, ...]]:
        """
        Give the newest item of each source in a tuple, whenever one of them gives an item, from when all have given.

        Args:
            others: Any sources.

        Raises:
            TypeError: At this call, if one of *others* is no source.

        Flow:
            Each source is read in a task of its own, where it is opened and closed; they are read at once, in fair
            turns. Holds the newest and one item more of each. Every item makes a tuple, however slow the consumer is,
            except for those that came before all had given one: of these the last of each source counts. The stream
            ends when all have ended, or when one ends without an item. An error of one ends the stream after the items
            that it gave before; the others are cancelled and closed before it goes on, as on an early stop and a
            cancellation.

        >>> asyncio.run(JaypieStream.of(1, 2).combine_latest(["a"]).to_list())
        [(1, 'a'), (2, 'a')]
        """
        return self._then(CombineLatest(tuple(map(plan_of, others))))

    @overload
    def with_latest_from(self, a: AnySource[A], /) -> JaypieStream[tuple[T_co, A]]: ...
    @overload
    def with_latest_from(self, a: AnySource[A], b: AnySource[B], /) -> JaypieStream[tuple[T_co, A, B]]: ...
    @overload
    def with_latest_from(
        self, a: AnySource[A], b: AnySource[B], c: AnySource[C], /
    ) -> JaypieStream[tuple[T_co, A, B, C]]: ...
    @overload
    def with_latest_from(
        self, a: AnySource[A], b: AnySource[B], c: AnySource[C], d: AnySource[D], /
    ) -> JaypieStream[tuple[T_co, A, B, C, D]]: ...
    @overload
    def with_latest_from(self, /) -> JaypieStream[tuple[T_co]]: ...
    @overload
    def with_latest_from(self, *others: AnySource[A]) -> JaypieStream[tuple[T_co | A, ...]]: ...
    def with_latest_from(self, *others: AnySource[Any]) -> JaypieStream[tuple[Any, ...]]:
        """
        Put beside each item of this stream the newest item of each other source, as a tuple.

        Args:
            others: Any sources.

        Raises:
            TypeError: At this call, if one of *others* is no source.

        Flow:
            Keeps order. Items of this stream that come before all others have given one are dropped. What counts is
            the moment at which an item comes. Each source is read in a task of its own, where it is opened and closed;
            the others first, and as fast as they give, also while the consumer works: one that always has an item is
            better slowed down. Holds one tuple and the newest of each other. The stream ends with this one, or when an
            other ends without an item; an other that ends after one keeps its last. An error of one ends the stream;
            the others are cancelled and closed before it goes on, as on an early stop and a cancellation.

        >>> asyncio.run(JaypieStream.of(1, 2).with_latest_from(["a", "b"]).to_list())
        [(1, 'b'), (2, 'b')]
        """
        return self._then(WithLatestFrom(tuple(map(plan_of, others))))
