"""
Streams lent to a function that loops over them by itself.

An async generator that is left early leaves the generators it loops over to the event loop, which closes them later. So
a stream that is handed to such a function notes what was opened from it, and the run that closes the function's
generator closes that too, at once and in the same task.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from types import AsyncGeneratorType, TracebackType
from typing import Any

from jaystream._core.closing import Generated, close_each


class Loan:
    """
    What was opened from one lent stream, while somebody looks after it.
    """

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: list[AsyncGenerator[Any, None]] | None = None

    def begin(self) -> None:
        self._opened = []

    def note(self, items: AsyncGenerator[Any, None]) -> None:
        if self._opened is not None:
            self._opened = [each for each in self._opened if getattr(each, "ag_frame", None) is not None]
            self._opened.append(items)

    async def end(self, error: BaseException | None) -> bool:
        opened, self._opened = self._opened or [], None
        return await close_each([Generated(items) for items in opened], error)


class Borrower:
    """
    The source that a function's async generator is: a context manager, so that the loan ends after the generator.
    """

    __slots__ = ("_loan", "_make")

    def __init__(self, loan: Loan, make: Callable[[], AsyncGenerator[Any, Any]]) -> None:
        self._loan = loan
        self._make = make

    async def __aenter__(self) -> AsyncGenerator[Any, Any]:
        self._loan.begin()
        return self._make()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return await self._loan.end(error)

    def __repr__(self) -> str:
        return repr(self._make)


def is_generator(thing: object) -> bool:
    """
    Whether *thing* is an async generator.
    """
    return isinstance(thing, AsyncGeneratorType)
