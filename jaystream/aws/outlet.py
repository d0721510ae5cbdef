"""
The way out to a Lambda response stream: heads, pieces, results, and the one end on every path.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

from jaystream._core.closing import GRACE, bounded
from jaystream.handlers.lambda_answer import PRELUDE_TYPE, prelude

if TYPE_CHECKING:
    from jaystream.handlers.lambda_request import LambdaRequest

__all__ = ["Outlet"]


class Outlet:
    """
    One response stream, as what is entered for the time of one invocation.

    A writer without `fail` is ended on every way out, since nobody else would. One with `fail` that was not ended
    belongs to the runtime, which cuts it by what we raise.

    Args:
        writer: `write` and `end`, whose results are awaited if they can be; `start`, `fail`, `respond` and
            `set_content_type` where it has them.

    Attributes:
        begun: Whether the head or a piece was given.
        ended: Whether the writer was ended, or told of a failure.
        broken: What the writer raised; it is told nothing any more.
    """

    def __init__(self, writer: Any) -> None:
        self.begun: bool = False
        self.ended: bool = False
        self.broken: Exception | None = None
        self._writer = writer
        self._pending: object = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if inspect.iscoroutine(self._pending):
            self._pending.close()
        if error is None or self.ended or hasattr(self._writer, "fail"):
            return
        self.ended = True
        with anyio.CancelScope(shield=True):
            try:
                await bounded(self._writer.end, self._writer, GRACE)
            except Exception as problem:  # noqa: BLE001 - a writer's, of any kind
                error.add_note(f"while ending the response stream: {type(problem).__name__}: {problem}")

    def give_head(
        self, request: LambdaRequest, status: int, headers: list[tuple[str, str]], cookies: Sequence[str]
    ) -> None:
        """
        Give the head, without waiting; what there is to wait for is waited for by the next call.
        """
        self.begun = True
        try:
            start = getattr(self._writer, "start", None)
            if start is not None:
                self._pending = start(status, headers, list(cookies))
                return
            self._set_content_type(PRELUDE_TYPE)
            self._pending = self._writer.write(prelude(request, status, headers, cookies))
        except Exception as error:  # noqa: BLE001 - the next call raises it
            self.broken = error

    async def write(self, data: bytes) -> None:
        """
        Write a piece, and wait as long as the writer asks to.
        """
        await self.settle()
        self.begun = True
        await self._call(self._writer.write, data)

    async def write_result(self, value: object) -> None:
        """
        Give what a function gives that does not stream: by `respond`, where the writer has it, else as JSON.
        """
        respond = getattr(self._writer, "respond", None)
        if respond is not None:
            await self._call(respond, value)
            self.ended = True
            return
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        self._set_content_type("application/json")
        await self.write(data)
        await self.end()

    async def end(self) -> None:
        """
        End the writer.
        """
        await self.settle()
        self.ended = True
        await self._call(self._writer.end)

    async def fail(self, error: Exception) -> None:
        """
        Tell the writer that *error* has cut what it was given; raise it where there is no way to.
        """
        fail = getattr(self._writer, "fail", None)
        if fail is None:
            raise error
        await self.settle()
        self.ended = True
        await self._call(fail, error)

    async def settle(self) -> None:
        """
        Wait for what the writer gave when it took the head; raise what it raised.
        """
        if self.broken is not None:
            raise self.broken
        pending, self._pending = self._pending, None
        if pending is not None:
            await self._call(lambda: pending)

    async def _call(self, function: Any, *given: Any) -> None:
        try:
            result = function(*given)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            self.broken = error
            raise

    def _set_content_type(self, media_type: str) -> None:
        set_content_type = getattr(self._writer, "set_content_type", None)
        if set_content_type is not None:
            set_content_type(media_type)
