"""
A small HTTP/1.1 server on h11 and anyio's sockets: one that can read trailers, and that sends a chunk per call.

The Runtime API and the fronts for clients are both served by it; an ASGI server would not do, since its applications
see no trailers. The runtime's own HTTP, `jaystream.aws.runtime.wire`, is without h11, and says why. What is answered is
not decided here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, TypeAlias

import h11
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, TypedAttributeLookupError
from anyio.abc import SocketAttribute, SocketStream

Headers: TypeAlias = Sequence[tuple[str, str]]

READ = 65_536
"""Bytes that are read at a time, and so the largest piece that is handed on."""

PHRASES = {int(status): status.phrase for status in HTTPStatus}

HEAD = 1 << 20
"""Bytes of a request's head, or of the trailers, which may hold a traceback."""


class PeerLeftError(Exception):
    """
    The other side of a connection has gone, or speaks something that is not HTTP.
    """


class BodyTooLargeError(Exception):
    """
    A request's body has more bytes than are taken; the rest of it has been read and dropped.
    """


class Exchange:
    """
    One request and its answer.

    Attributes:
        method: In capitals.
        path: Encoded, as it was sent.
        query: What stands behind the question mark, as it was sent.
        headers: Names in lower case, in their order.
        cased: The same with the names as they were sent.
        trailers: The same, of what came behind the body; there when `receive` has given None.
        client: The peer's address.
        started: Whether the answer's head has been sent.
    """

    __slots__ = (
        "_connection",
        "_ended",
        "_stream",
        "cased",
        "client",
        "headers",
        "method",
        "path",
        "query",
        "started",
        "trailers",
    )

    def __init__(self, connection: h11.Connection, stream: SocketStream, request: h11.Request, client: str) -> None:
        self._connection = connection
        self._stream = stream
        self._ended = False
        self.client: str = client
        self.method: str = request.method.decode("latin-1").upper()
        path, _, query = request.target.decode("latin-1").partition("?")
        if not path.startswith("/"):  # a client that takes us for a proxy names the host too
            path = "/" + path.partition("://")[2].partition("/")[2]
        self.path: str = path
        self.query: str = query
        self.headers: list[tuple[str, str]] = decoded(request.headers)
        self.cased: list[tuple[str, str]] = [
            (name.decode("latin-1"), value)
            for (name, _), (_, value) in zip(request.headers.raw_items(), self.headers, strict=True)
        ]
        self.trailers: list[tuple[str, str]] = []
        self.started: bool = False

    def header(self, name: str) -> str | None:
        """
        The value of a header, the first of several.
        """
        return next((value for known, value in self.headers if known == name), None)

    async def receive(self) -> bytes | None:
        """
        Give the next piece of the request's body, None at its end.

        Raises:
            PeerLeftError: If the body is cut.
        """
        while not self._ended:
            if self._connection.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            event = await next_event(self._connection, self._stream)
            if isinstance(event, h11.Data):
                return bytes(event.data)
            if isinstance(event, h11.EndOfMessage):
                self.trailers = decoded(event.headers)
                self._ended = True
        return None

    async def body(self, limit: int) -> bytes:
        """
        Give the whole body.

        Raises:
            BodyTooLargeError: If it has more than *limit* bytes.
            PeerLeftError: If it is cut.
        """
        pieces: list[bytes] = []
        size = 0
        while (piece := await self.receive()) is not None:
            size += len(piece)
            if size <= limit:
                pieces.append(piece)
            else:
                pieces.clear()
        if size > limit:
            raise BodyTooLargeError
        return b"".join(pieces)

    async def start(self, status: int, headers: Headers) -> None:
        """
        Send the answer's head. What is left of the request is read first: a client may not look before it has sent it.

        Raises:
            PeerLeftError: If the peer has gone.
        """
        while await self.receive() is not None:
            pass
        names = {name.lower() for name, _ in headers}
        dated = [] if "date" in names else [("date", formatdate(usegmt=True))]
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in [*headers, *dated]]
        response = h11.Response(status_code=status, reason=PHRASES.get(status, ""), headers=pairs)
        self.started = True
        await self._write(response)

    async def send(self, data: bytes) -> None:
        """
        Send a piece of the answer's body, as one chunk in one write where the answer is chunked.

        Raises:
            PeerLeftError: If the peer has gone.
        """
        if self.method != "HEAD" and data:
            await self._write(h11.Data(data=data))

    async def end(self) -> None:
        """
        End the answer.

        Raises:
            PeerLeftError: If the peer has gone.
        """
        await self._write(h11.EndOfMessage())

    async def answer(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """
        Send a whole answer.

        Raises:
            PeerLeftError: If the peer has gone.
        """
        sized = [] if status == 204 else [("content-length", str(len(body)))]
        await self.start(status, [*headers, *sized])
        await self.send(body)
        await self.end()

    async def _write(self, event: h11.Event) -> None:
        try:
            data = self._connection.send(event)
            if data:
                await self._stream.send(data)
        except h11.LocalProtocolError as error:
            # more or fewer bytes than the stated length, a header that is none: all that is left is to hang up
            raise PeerLeftError(str(error)) from error
        except (BrokenResourceError, ClosedResourceError, OSError) as error:
            raise PeerLeftError from error


Handler: TypeAlias = Callable[[Exchange], Awaitable[None]]


async def serve(handler: Handler, stream: SocketStream) -> None:
    """
    Serve the requests of one connection, one after the other, until either side hangs up.

    Args:
        handler: Answers one. When it raises `PeerLeftError`, or leaves an answer unfinished, the connection is closed.
        stream: The connection.
    """
    async with stream:
        hold(stream)
        client = peer_of(stream)[0]
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD)
        try:
            while True:
                request = await next_event(connection, stream)
                if not isinstance(request, h11.Request):
                    return
                await handler(Exchange(connection, stream, request, client))
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except PeerLeftError as error:
            await _complain(connection, stream, error)


def peer_of(stream: SocketStream) -> tuple[str, int]:
    """
    Address and port of the other side; empty and 0 where that has gone already.
    """
    try:
        address = stream.extra(SocketAttribute.remote_address)  # noqa: S610 - anyio's, not Django's
    except (OSError, TypedAttributeLookupError, AttributeError):  # the last where uvloop has dropped the socket
        return "", 0
    return str(address[0]), int(address[1])


def hold(stream: SocketStream) -> None:
    """
    Let a connection that was just accepted read no more than is asked for.

    anyio pauses a connection after each read that had to wait. One whose peer sends from the first moment on never has
    to, and would fill the memory.
    """
    transport: Any = getattr(stream, "_transport", None)
    if transport is not None and not transport.is_closing():
        transport.pause_reading()


async def _complain(connection: h11.Connection, stream: SocketStream, error: PeerLeftError) -> None:
    """Say what was wrong with a request, where there is somebody to hear it, and no answer has begun."""
    if not error.args or connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
        return
    body = f"{error}\n".encode()
    headers = [("content-type", "text/plain"), ("content-length", str(len(body))), ("connection", "close")]
    with suppress(BrokenResourceError, ClosedResourceError, OSError, h11.LocalProtocolError):
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            await stream.send(connection.send(event) or b"")


async def next_event(connection: h11.Connection, stream: SocketStream) -> h11.Event:
    """
    Give what comes next on a connection.

    Raises:
        PeerLeftError: If that is no HTTP, or is cut.
    """
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Event):
                return event
            try:
                data = await stream.receive(READ)
            except EndOfStream:
                data = b""
            connection.receive_data(data)
    except h11.RemoteProtocolError as error:
        raise PeerLeftError(str(error)) from error
    except (BrokenResourceError, ClosedResourceError, OSError) as error:
        raise PeerLeftError from error


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """
    Headers as text, names in lower case.
    """
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
