"""
Sources that need nothing but what they are given: `of`, `never`, `fail`.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Never, TypeVar, overload

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, T_co
from jaystream.sources.make import make

if TYPE_CHECKING:
    from jaystream.stream import JaypieStream

__all__ = ["ItemsMixin"]

R = TypeVar("R")


class Waiting:
    """
    The source of `never`.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncGenerator[Never, None]:
        nothing: Never = await get_running_loop().create_future()
        yield nothing  # pragma: no cover - never reached: it makes this a generator

    def __repr__(self) -> str:
        return "never()"


class Failing:
    """
    The source of `fail`.
    """

    __slots__ = ("error",)

    def __init__(self, error: Exception | type[Exception]) -> None:
        self.error: Exception | type[Exception] = error

    def __iter__(self) -> Generator[Never, None, None]:
        error = self.error
        # an instance is raised by every run, and would carry the tracebacks of all the runs before
        raise error() if isinstance(error, type) else error.with_traceback(None)
        yield  # a generator: the error is raised by the first pull, not where the source is opened

    def __repr__(self) -> str:
        return f"fail({describe(self.error)})"


class ItemsMixin(Described[T_co]):
    """
    `of`, `never`, `fail`.
    """

    __slots__ = ()

    @overload
    @classmethod
    def of(cls) -> JaypieStream[Never]: ...
    @overload
    @classmethod
    def of(cls, *items: R) -> JaypieStream[R]: ...
    @classmethod
    def of(cls, *items: R) -> JaypieStream[R]:
        """
        Stream the arguments, each as one item, whatever it is; none make an empty stream.

        Args:
            items: The items.

        Flow:
            Keeps order. Can run again.

        >>> asyncio.run(JaypieStream.of("one", "two").to_list())
        ['one', 'two']
        """
        return make(cls, items)

    @classmethod
    def never(cls) -> JaypieStream[Never]:
        """
        Make a stream that gives nothing and does not end: it waits until it is cancelled.

        Flow:
            Waits at the first pull. Can run again.

        >>> asyncio.run(asyncio.wait_for(JaypieStream.never().first(), 0.01))
        Traceback (most recent call last):
        TimeoutError
        """
        return make(cls, Waiting())

    @classmethod
    def fail(cls, error: Exception | type[Exception]) -> JaypieStream[Never]:
        """
        Make a stream that gives nothing and fails.

        Args:
            error: What it fails with; a class is called without arguments, anew for each run.

        Raises:
            TypeError: At this call, if *error* is no exception below `Exception`, or a class that wants arguments.

        Flow:
            Raises at the first pull. Can run again.

        >>> asyncio.run(JaypieStream.of(1).concat(JaypieStream.fail(ValueError("no more"))).to_list())
        Traceback (most recent call last):
        ValueError: no more
        """
        made = error() if isinstance(error, type) else error
        # a caller without types may pass anything
        if not isinstance(made, Exception):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(
                f"fail() expects an exception below Exception, or a class of these, not {describe(error)}; "
                "a cancellation is never a stream's own"
            )
        return make(cls, Failing(error))
