"""
`open()`: a run inside `async with`.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Generic

from jaystream._core.closing import Generated, cancel_requests, recall
from jaystream._core.plan import Described, T_co, iterate_in
from jaystream._core.run import Run
from jaystream._core.shelter import Around


class Opened(Generic[T_co]):
    """
    One run inside `async with`. A class, since a generator would be one more thing to finalise.
    """

    __slots__ = ("_items", "_requests", "_shelter", "_stream")

    def __init__(self, stream: Described[T_co]) -> None:
        self._stream = stream

    async def __aenter__(self) -> AsyncIterator[T_co]:
        self._requests = cancel_requests()
        self._shelter = Around()
        self._shelter.__enter__()
        self._items = iterate_in(self._stream, Run(self._shelter))
        return self._items

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        settled: object = False
        self._shelter.failure = error
        try:
            settled = await Generated(self._items).close(error)
        except Exception as problem:
            if error is None or (isinstance(error, CancelledError) and cancel_requests() <= self._requests):
                raise  # without a cancellation that is still asked for, the problem is where it came from
            error.add_note(f"while closing: {type(problem).__name__}: {problem}")
        finally:
            self._shelter.failure = None  # its traceback leads to the run: no circle is left behind
            self._shelter.__exit__(kind, error, trace)
        if error is None or isinstance(error, Exception):
            await recall(self._requests, error)
        return bool(settled)
