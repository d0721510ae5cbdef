"""
Operators that go on after an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jaystream._core.closing import cancel_requests
from jaystream._core.fuse import follow, plan_of
from jaystream._core.guard import give
from jaystream._core.ownership import kind_of
from jaystream._core.plan import Boundary, Described, T_co

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream._core.stages import AnySource
    from jaystream.stream import JaypieStream

__all__ = ["RecoverMixin"]

E = TypeVar("E", bound=Exception)
U = TypeVar("U")


class Catch(Boundary):
    __slots__ = ("handler", "types")
    name = "catch"
    keeps_items = True

    def __init__(self, types: Any, handler: Any) -> None:
        for each in cast("tuple[object, ...]", types if isinstance(types, tuple) else (types,)):
            if not (isinstance(each, type) and issubclass(each, Exception)):
                raise TypeError(
                    f"catch() expects exception classes below Exception, not {each!r}; a cancellation is never caught"
                )
        self.types: tuple[type[Exception], ...] = types if isinstance(types, tuple) else (types,)
        self.handler: Any = handler if kind_of(handler) == "callable" else plan_of(handler)

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        failure: Any = None
        requests = cancel_requests()
        try:
            try:
                async for x in await loop.begin():
                    yield x
            except self.types as error:
                if cancel_requests() > requests:
                    raise  # a cancellation that the source has dressed up as an error
                failure = error
            if failure is not None:
                await loop.close(failure)
                handler = self.handler
                rest = plan_of(await give(handler, failure)) if callable(handler) else handler
                failure = None
                async for x in follow(rest, loop):
                    yield x
        except BaseException as error:
            if failure is not None and error.__context__ is None and error is not failure:
                error.__context__ = failure
            failure = None
            if not await loop.close(error):
                raise
        await loop.close()


class RecoverMixin(Described[T_co]):
    """
    `catch` and its family.
    """

    __slots__ = ()

    def catch(
        self,
        types: type[E] | tuple[type[E], ...],
        handler: Callable[[E], AnySource[U] | None] | AnySource[U],
    ) -> JaypieStream[T_co | U]:
        """
        When something above fails with one of *types*, go on with what *handler* gives.

        Args:
            types: An exception class below `Exception`, or a tuple of them.
            handler: Called with the error, sync or async; gives a source to go on with, or None to end the stream. Or
                such a source itself.

        Raises:
            TypeError: At this call, if *types* are no such classes or *handler* is neither.

        Flow:
            Keeps order, holds one item. The items before the error have been given; what failed is closed before the
            handler runs. Errors of the stages below and of the consumer never come here, nor do cancellations. An
            error of the handler goes on, with the first as its context.

        >>> asyncio.run(JaypieStream.of("1", "x").map(int).catch(ValueError, lambda e: [0]).to_list())
        [1, 0]
        """
        return self._then(Catch(types, handler))
