"""
A response that goes to a Lambda response stream piece by piece, as the application sends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from jaystream.aws.asgi_exchange import Exchange, Head
from jaystream.handlers.lambda_answer import prelude

if TYPE_CHECKING:
    from jaystream.aws.asgi_lifespan import AsgiApp
    from jaystream.aws.outlet import Outlet
    from jaystream.handlers.lambda_request import LambdaRequest

__all__ = ["EmptyBody", "Streamed"]

EmptyBody: TypeAlias = Literal["none", "newline", "json204"]


class Streamed(Exchange):
    """
    Gives the response on as it comes.

    The head waits for the first piece of body, so that an application that fails before it is answered for, but not
    longer than *eager_first*. It goes at once where nothing could be gained: with a length, or without a body.

    Args:
        request: What the application answers.
        outlet: Where the response goes.
        exclude_headers: Names of headers that do not leave.
        empty_body: What is sent in the place of no body.
        eager_first: Seconds that the head may wait.
    """

    def __init__(
        self,
        request: LambdaRequest,
        outlet: Outlet,
        exclude_headers: Collection[str] = (),
        empty_body: EmptyBody = "none",
        eager_first: float = 5.0,
    ) -> None:
        super().__init__(request, exclude_headers)
        self._outlet = outlet
        self._empty_body = empty_body
        self._eager_first = eager_first
        self._said_empty = self._wrote = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, app: AsgiApp, scope: dict[str, Any]) -> None:
        """
        Let the application answer.

        Raises:
            Exception: What the writer raised; and the application's failure amid its body, where the writer has no
                `fail` to be told by.
        """
        try:
            await super().run(app, scope)
        finally:
            self._stop_timer()

    def _check(self, head: Head) -> None:
        prelude(self._request, *head)

    async def _take_head(self, head: Head) -> None:
        length = head.value("content-length")
        if self._has_no_body(head) or length is not None:
            self._give_head(empty=self._has_no_body(head) or length == "0")
            await self._outlet.settle()
        elif self._eager_first != float("inf"):
            self._timer = asyncio.get_running_loop().call_later(self._eager_first, self._give_head)

    async def _take(self, body: bytes) -> None:
        if not self._outlet.begun:
            self._give_head(empty=self._complete and not body)
        if body:
            if self._said_empty:
                raise RuntimeError("the application sent a body after a content-length of 0")
            self._wrote = True
            await self._outlet.write(body)
        if self._complete:
            if not self._wrote and (stand_in := self._stand_in()):
                await self._outlet.write(stand_in)
            await self._outlet.end()

    def _give_head(self, *, empty: bool = False) -> None:
        """Give the head to the writer; also called when the first piece of body takes long."""
        self._stop_timer()
        head = cast("Head", self._head).without("content-length")
        if empty and self._stand_in() == b"{}":
            head = head.without("content-type")._replace(status=200)
            head.headers.append(("content-type", "application/json"))
        elif empty and not self._stand_in() and head.status not in {204, 304}:
            head.headers.append(("content-length", "0"))
            self._said_empty = True
        self._outlet.give_head(self._request, *head)

    def _stand_in(self) -> bytes:
        """What is sent in the place of no body."""
        status = cast("Head", self._head).status
        if self._request.method == "HEAD" or status == 304:
            return b""
        if status == 204:
            return b"{}" if self._empty_body == "json204" else b""
        return b"\n" if self._empty_body == "newline" else b""

    async def _failed(self, error: Exception) -> None:
        self._stop_timer()
        outlet = self._outlet
        if outlet.broken is not None:
            raise outlet.broken from None if error is outlet.broken else error
        if outlet.ended:
            self._log_late(error, "after its response")
        elif outlet.begun:
            self._log_late(error, "amid its response")
            await outlet.fail(error)
        else:
            self._head, body = self._error_answer(error)
            self._complete = True
            await self._take(b"" if self._has_no_body(self._head) else body)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
