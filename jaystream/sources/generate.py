"""
Sources that a function makes step by step: `unfold`, `paginate`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.guard import Guard, check_callable, is_async
from jaystream._core.inspecting import describe
from jaystream._core.ownership import kind_of
from jaystream._core.plan import Described, T_co
from jaystream._core.run import turn
from jaystream.sources.make import make

if TYPE_CHECKING:
    from jaystream.stream import JaypieStream

__all__ = ["GenerateMixin"]

R = TypeVar("R")
S = TypeVar("S")
C = TypeVar("C")

STEP = "unfold(f) gives (item, next state), or None to end"
PAGE = "paginate(fetch) gives (items of the page, next cursor)"


class Unfold:
    """
    What the two sources of `unfold` share.
    """

    __slots__ = ("f", "state")

    def __init__(self, f: Callable[[Any], Any], state: object) -> None:
        self.f: Callable[[Any], Any] = f
        self.state: object = state

    def __repr__(self) -> str:
        return f"unfold({describe(self.f)}, {describe(self.state)})"


class Unfolded(Unfold):
    """
    With a plain function: a plain iterable, which the loop reads without an async hop.
    """

    __slots__ = ()

    def __iter__(self) -> Generator[Any, None, None]:
        f = self.f
        made = Guard(f, "unfold")(self.state)  # its first result tells whether it gives coroutines
        while made is not None:
            item, state = pair(made, STEP)
            yield item
            made = f(state)


class AsyncUnfolded(Unfold):
    """
    With an `async def` function.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        made = await self.f(self.state)
        while made is not None:
            item, state = pair(made, STEP)
            yield item
            made = await self.f(state)


class Pages:
    """
    The source of `paginate`.
    """

    __slots__ = ("fetch", "start")

    def __init__(self, fetch: Callable[[Any], Any], start: object) -> None:
        self.fetch: Callable[[Any], Any] = fetch
        self.start: object = start

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        fetch, cursor = self.fetch, self.start
        awaited = is_async(fetch)
        call = fetch if awaited else Guard(fetch, "paginate")
        while True:
            made = call(cursor)
            page, cursor = pair(await made if awaited else made, PAGE)
            if kind_of(page) != "sync":
                raise TypeError(
                    f"paginate(fetch) gives the items of a page as a list or its like, not {describe(page)}"
                )
            for item in page:
                yield item
            if cursor is None:
                return
            await turn()  # pages that are all empty and come at once may not stop the event loop

    def __repr__(self) -> str:
        return f"paginate({describe(self.fetch)}, {describe(self.start)})"


def pair(made: Any, expected: str) -> tuple[Any, Any]:
    """
    Unpack what a function gave.

    Raises:
        TypeError: If it is no pair.
    """
    try:
        first, second = made
    except (TypeError, ValueError):
        raise TypeError(f"{expected}, not {describe(made)}") from None
    return first, second


class GenerateMixin(Described[T_co]):
    """
    `unfold`, `paginate`.
    """

    __slots__ = ()

    @overload
    @classmethod
    def unfold(cls, f: Callable[[S], Coroutine[Any, Any, tuple[R, S] | None]], state: S) -> JaypieStream[R]: ...
    @overload
    @classmethod
    def unfold(cls, f: Callable[[S], tuple[R, S] | None], state: S) -> JaypieStream[R]: ...
    @classmethod
    def unfold(cls, f: Callable[[Any], Any], state: Any) -> JaypieStream[Any]:
        """
        Make items from a state, step by step.

        Args:
            f: Called with the state, sync or async; gives a pair (item, next state), or None to end the stream.
            state: The first state. It is shared by all runs, so *f* should make new values and not change it.

        Raises:
            TypeError: At this call, if *f* cannot be called. In the run, if it gives something else.

        Flow:
            Calls *f* once for each item that is asked for. An error of *f* ends the stream after the items before it.
            Can run again.

        >>> def halves(n):
        ...     return (n, n // 2) if n else None
        >>> asyncio.run(JaypieStream.unfold(halves, 10).to_list())
        [10, 5, 2, 1]
        """
        check_callable(f, "unfold")
        return make(cls, AsyncUnfolded(f, state) if is_async(f) else Unfolded(f, state))

    @overload
    @classmethod
    def paginate(
        cls, fetch: Callable[[C | None], Coroutine[Any, Any, tuple[Iterable[R], C | None]]]
    ) -> JaypieStream[R]: ...
    @overload
    @classmethod
    def paginate(cls, fetch: Callable[[C | None], tuple[Iterable[R], C | None]]) -> JaypieStream[R]: ...
    @overload
    @classmethod
    def paginate(
        cls, fetch: Callable[[C], Coroutine[Any, Any, tuple[Iterable[R], C | None]]], start: C
    ) -> JaypieStream[R]: ...
    @overload
    @classmethod
    def paginate(cls, fetch: Callable[[C], tuple[Iterable[R], C | None]], start: C) -> JaypieStream[R]: ...
    @classmethod
    def paginate(cls, fetch: Callable[[Any], Any], start: Any = None) -> JaypieStream[Any]:
        """
        Stream the items of an API that gives them page by page.

        Args:
            fetch: Called with the cursor of a page, sync or async; gives a pair of the page's items and the cursor of
                the next page, None after the last.
            start: The cursor of the first page.

        Raises:
            TypeError: At this call, if *fetch* cannot be called. In the run, if it gives something else.

        Flow:
            Keeps order, holds one page. A page is fetched when its first item is asked for, not before; empty pages
            are passed over. An error of *fetch* ends the stream after the items before it. Can run again.

        >>> async def fetch(page):
        ...     return [f"{page}a", f"{page}b"], page + 1 if page < 2 else None
        >>> asyncio.run(JaypieStream.paginate(fetch, 1).to_list())
        ['1a', '1b', '2a', '2b']
        """
        check_callable(fetch, "paginate")
        return make(cls, Pages(fetch, start))
