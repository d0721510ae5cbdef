"""
The fronts that turn HTTP requests into invocations: Function URLs, REST and HTTP APIs, load balancers.

What they make of a response that is a stream is here; of a buffered one, in `proxy_result.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaystream.aws import events
from jaystream.aws.emulator.exchange import BodyTooLargeError, Exchange, PeerLeftError
from jaystream.aws.emulator.invocation import Invocation
from jaystream.aws.emulator.lambda_api import PAYLOAD_LIMIT, heads, throttle
from jaystream.aws.emulator.pool import Pool, ThrottledError
from jaystream.aws.emulator.proxy_result import Head, MalformedError, head_of_prelude, unpack
from jaystream.handlers.lambda_answer import PRELUDE_LIMIT, PRELUDE_TYPE

if TYPE_CHECKING:
    from jaystream.aws.emulator.reply import Reply
    from jaystream.aws.emulator.settings import Front, Settings

REST_PATH = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?")
"""Where the REST front always is, whatever is at ``/``: an API's id, its stage, the path."""

NULS = bytes(8)

MAKERS: dict[str, Callable[..., dict[str, Any]]] = {
    "alb": events.alb,
    "function-url": events.function_url,
    "http-api": events.http_api,
    "rest": events.rest,
}


class Fronts:
    """
    Answers HTTP requests by invoking the function.

    Args:
        settings: The function's.
        pool: Where it runs.
        port: Where this is served, for the event.
    """

    __slots__ = ("_pool", "_port", "_settings")

    def __init__(self, settings: Settings, pool: Pool, port: int) -> None:
        self._settings = settings
        self._pool = pool
        self._port = port

    async def __call__(self, exchange: Exchange) -> None:
        """
        Answer one request.
        """
        front, path, more = self._settings.front, exchange.path, {}
        if (match := REST_PATH.fullmatch(path)) is not None:
            front = "rest-buffered" if front == "rest-buffered" else "rest"
            path, more = match[3] or "/", {"stage": match[2]}
        try:
            body = await exchange.body(PAYLOAD_LIMIT)
            event = self._event(front, exchange, path, body, more)
            payload = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
            if len(payload) > PAYLOAD_LIMIT:
                raise BodyTooLargeError
        except BodyTooLargeError:
            await say(exchange, front, 413, "Request Too Long" if "api" in front else "Request Entity Too Large")
            return
        streamed = front in {"function-url", "rest"}
        trace = exchange.header("x-amzn-trace-id")
        headers = {"Lambda-Runtime-Trace-Id": trace} if trace else None
        label = f"{exchange.method} {path}"
        invocation = Invocation(self._settings, payload, label, streamed=streamed, headers=headers)
        try:
            await self._pool.submit(invocation)
        except ThrottledError:
            await throttle(exchange)
            return
        try:
            await Relay(exchange, invocation, front).run()
        finally:
            invocation.reply.leave()

    def _event(self, front: Front, exchange: Exchange, path: str, body: bytes, more: dict[str, str]) -> dict[str, Any]:
        forwarded = {
            "x-forwarded-for": exchange.client,
            "x-forwarded-port": str(self._port),
            "x-forwarded-proto": "http",
        }
        dropped = {*forwarded, "connection", "transfer-encoding"}
        headers = [pair for pair in exchange.cased if pair[0].lower() not in dropped]
        return MAKERS[front.removesuffix("-buffered")](
            exchange.method,
            path,
            query=exchange.query,
            headers=[*headers, *forwarded.items()],
            body=body,
            client=exchange.client,
            **more,
        )


class Relay:
    """
    One response from the function to the client.
    """

    __slots__ = ("_exchange", "_front", "_invocation", "_reply")

    def __init__(self, exchange: Exchange, invocation: Invocation, front: Front) -> None:
        self._exchange = exchange
        self._invocation = invocation
        self._reply: Reply = invocation.reply
        self._front: Front = front

    async def run(self) -> None:
        """
        Send the response as it comes, or the front's own error.

        Raises:
            PeerLeftError: If the client has gone.
        """
        if not await self._reply.begun():
            await self._fail(502)
            return
        try:
            if self._front in {"function-url", "rest"}:
                await self._stream()
            else:
                await self._buffer()
        except MalformedError as error:
            self._invocation.note = str(error)
            await self._fail(500 if self._front in {"function-url", "rest"} else 502)

    async def _stream(self) -> None:
        reply = self._reply
        rest = b""
        if reply.content_type == PRELUDE_TYPE:
            head, rest = await self._prelude()
        elif self._front == "rest":
            raise MalformedError(
                f"a REST API streams responses of type {PRELUDE_TYPE} only, not {reply.content_type!r}"
            )
        else:
            head = Head(200, [("content-type", reply.content_type)])
            if not reply.streamed:
                self._invocation.note = (
                    "passed on as it is: the function does not stream, and this front does not unpack"
                )
        await self._start(head)
        await self._exchange.send(rest)
        while (piece := await reply.get()) is not None:
            await self._exchange.send(piece)
        if reply.cut:
            raise PeerLeftError("the function's response is cut, and so is this one")
        await self._exchange.end()

    async def _prelude(self) -> tuple[Head, bytes]:
        """Read the head that stands before the body, and what has come behind it."""
        data = b""
        while (at := data.find(NULS)) < 0:
            if len(data) >= PRELUDE_LIMIT:
                raise MalformedError(f"no prelude ends within the first {PRELUDE_LIMIT} bytes")
            piece = await self._reply.get()
            if piece is None:
                raise MalformedError("the response ended before its prelude did")
            data += piece
        if at + len(NULS) > PRELUDE_LIMIT:
            raise MalformedError(f"no prelude ends within the first {PRELUDE_LIMIT} bytes")
        return head_of_prelude(data[:at], several=self._front == "rest"), data[at + len(NULS) :]

    async def _buffer(self) -> None:
        body = await self._reply.whole()
        if self._reply.failure is not None:
            await self._fail(502)
            return
        head, body = unpack(self._front, body)
        await self._start(head, length=len(body))
        await self._exchange.send(body)
        await self._exchange.end()

    async def _start(self, head: Head, length: int | None = None) -> None:
        self._invocation.status = head.status
        dropped = {"connection", "transfer-encoding", "keep-alive", "x-amz-executed-version"}
        headers = [pair for pair in head.headers if pair[0].lower() not in dropped]
        if length is not None:
            headers = [pair for pair in headers if pair[0].lower() != "content-length"]
            if head.status not in {204, 304}:
                headers.append(("content-length", str(length)))
        own = [pair for pair in heads(self._invocation) if pair[0] != "X-Amz-Executed-Version"]
        await self._exchange.start(head.status, [*headers, *own])

    async def _fail(self, status: int) -> None:
        self._invocation.status = status
        await say(self._exchange, self._front, status, "Internal Server Error", heads(self._invocation)[:2])


async def say(
    exchange: Exchange, front: Front, status: int, message: str, headers: list[tuple[str, str]] | None = None
) -> None:
    """
    Answer with an error of the front's own, in its form.
    """
    kind, body = "application/json", json.dumps({"message": message}).encode()
    if front == "alb":
        kind, body = "text/html", f"<html><head><title>{status} {message}</title></head></html>\r\n".encode()
    elif front.startswith("function-url"):
        body = message.encode() if status >= 500 else json.dumps({"Message": message}).encode()
    elif front.startswith("rest") and status >= 500:
        body = b'{"message": "Internal server error"}'
    await exchange.answer(status, [("content-type", kind), *(headers or [])], body)
