"""
One request and its response, as an ASGI application sees them: what `receive` gives and what `send` takes.

`Buffered` makes one answer of the response. The other way, piece by piece into a writer, is `asgi_streamed`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from jaystream._core.closing import cancel_requests, recall
from jaystream.formats.json import encode_json
from jaystream.handlers.lambda_answer import buffered_answer
from jaystream.sinks.framing import answer_to

if TYPE_CHECKING:
    from jaystream.aws.asgi_lifespan import AsgiApp
    from jaystream.handlers.lambda_request import LambdaRequest

__all__ = ["Buffered", "Exchange", "Head"]

log: logging.Logger = logging.getLogger("jaystream.aws")


class Head(NamedTuple):
    """
    Status, headers and cookies.
    """

    status: int
    headers: list[tuple[str, str]]
    cookies: list[str]

    def without(self, *names: str) -> Head:
        """The same without some headers."""
        return self._replace(headers=[pair for pair in self.headers if pair[0] not in names])

    def value(self, name: str) -> str | None:
        """The first value of a header, None without one."""
        return next((value for key, value in self.headers if key == name), None)


class Exchange:
    """
    One request and its response.

    Args:
        request: What the application answers.
        exclude_headers: Names of headers, in lower case, that do not leave.
    """

    def __init__(self, request: LambdaRequest, exclude_headers: Collection[str] = ()) -> None:
        self._request = request
        self._exclude = exclude_headers
        self._asked = False
        self._over = asyncio.Event()
        self._head: Head | None = None
        self._complete = False

    async def run(self, app: AsgiApp, scope: dict[str, Any]) -> None:
        """
        Let the application answer.

        An application that fails before anything has left is answered for; what it does after the response's end is
        awaited, and its failures there are only logged.
        """
        requests = cancel_requests()
        try:
            _ = self._request.body  # a body that cannot be read is the client's fault, not the application's
            await app(scope, self._receive, self._send)
            if not self._complete:
                raise RuntimeError("the application returned without completing its response")
        except asyncio.CancelledError as error:
            if cancel_requests() > requests:
                raise
            own = RuntimeError("the application raised a CancelledError, and nobody had cancelled it")
            own.__cause__ = error
            await self._failed(own)
        except Exception as error:  # noqa: BLE001 - the application's, of any kind
            await self._failed(error)
        finally:
            self._over.set()
        await recall(requests)

    async def _receive(self) -> MutableMapping[str, Any]:
        """Give the request, and once the response has ended the disconnect: Lambda tells of no other."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            head = self._read_head(message)
            self._check(head)
            self._head = head
            await self._take_head(head)
        elif kind == "http.response.body" and self._head is not None and not self._complete:
            given: object = message.get("body", b"")
            if not isinstance(given, (bytes, bytearray, memoryview)):
                raise TypeError(f"the body of a response must be bytes, not {type(given).__name__}")
            body = bytes(cast("bytes", given))
            self._complete = not message.get("more_body", False)
            await self._take(b"" if self._has_no_body(self._head) else body)
            if self._complete:
                self._over.set()
        else:
            when = (
                "before the start" if self._head is None else "after the end" if self._complete else "amid a response"
            )
            raise RuntimeError(f"unexpected ASGI message {kind!r} {when}")

    def _read_head(self, message: Mapping[str, Any]) -> Head:
        head = Head(message["status"], [], [])
        for raw_name, raw_value in message.get("headers", ()):
            name, value = bytes(raw_name).decode("latin-1").lower(), bytes(raw_value).decode("latin-1")
            if name == "set-cookie":
                if name not in self._exclude:
                    head.cookies.append(value)
            elif name not in self._exclude and name != "transfer-encoding":
                head.headers.append((name, value))
        return head

    def _has_no_body(self, head: Head) -> bool:
        return self._request.method == "HEAD" or head.status in {204, 304}

    def _error_answer(self, error: Exception) -> tuple[Head, bytes]:
        status, body = answer_to(error)
        log.log(
            logging.ERROR if status >= 500 else logging.INFO,
            "%s %s failed: %s",
            self._request.method,
            self._request.raw_path.decode(),
            error,
            exc_info=error,
        )
        return Head(status, [("content-type", "application/json")], []), encode_json(body)

    def _log_late(self, error: Exception, when: str) -> None:
        log.error(
            "%s %s failed %s: %s", self._request.method, self._request.raw_path.decode(), when, error, exc_info=error
        )

    def _check(self, head: Head) -> None:
        """Refuse a head that the front would not take."""
        raise NotImplementedError

    async def _take_head(self, head: Head) -> None:
        """Send the head, if it is time to."""

    async def _take(self, body: bytes) -> None:
        raise NotImplementedError

    async def _failed(self, error: Exception) -> None:
        raise NotImplementedError


class Buffered(Exchange):
    """
    Keeps the response and makes one answer of it.

    Args:
        request: What the application answers.
        exclude_headers: Names of headers that do not leave.
        text_types: Content types that are text, besides the usual.

    Attributes:
        answer: What Lambda is given, when `run` is over.
    """

    def __init__(
        self, request: LambdaRequest, exclude_headers: Collection[str] = (), text_types: Collection[str] = ()
    ) -> None:
        super().__init__(request, exclude_headers)
        self._text_types = text_types
        self._parts: list[bytes] = []
        self.answer: dict[str, Any] = {}

    def _check(self, head: Head) -> None:
        self._answer(head, b"")

    async def _take(self, body: bytes) -> None:
        if body:
            self._parts.append(body)
        if self._complete:
            self._answer(cast("Head", self._head), b"".join(self._parts))

    async def _failed(self, error: Exception) -> None:
        if self._complete:
            self._log_late(error, "after its response")
            return
        head, body = self._error_answer(error)
        self._answer(head, b"" if self._has_no_body(head) else body)

    def _answer(self, head: Head, body: bytes) -> None:
        self.answer = buffered_answer(self._request, *head, body, text_types=self._text_types)
