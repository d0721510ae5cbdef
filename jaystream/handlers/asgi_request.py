"""
The request of an ASGI handler. Its names are those of `LambdaRequest`; its body comes in while the handler runs.
"""

from __future__ import annotations

import json
from asyncio import Event
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jaystream._core.inspecting import describe
from jaystream.errors import BadRequestError, ConfigurationError
from jaystream.handlers.cookies import read_cookies
from jaystream.handlers.lambda_request import HeaderMap

if TYPE_CHECKING:
    from jaystream.sinks.asgi_options import Message, Receive, Scope

__all__ = ["AsgiRequest"]

MAX_BODY = 10_485_760


class AsgiRequest:
    """
    An HTTP request out of an ASGI scope.

    Args:
        scope: The scope, of type "http".
        receive: The ASGI receive, which the body comes from.
        max_body: Bytes that the body may have.

    Attributes:
        scope: The same.
        locals: What the option `locals` of the handler has made.

    Raises:
        TypeError: If *scope* is no mapping.
        ValueError: If it is not of type "http".
    """

    def __init__(self, scope: Scope, receive: Receive, *, max_body: int = MAX_BODY) -> None:
        """
        Everything is read when it is asked for.
        """
        # a caller without types may pass anything
        if not isinstance(scope, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"AsgiRequest() expects an ASGI scope, a mapping, not {describe(scope)}")
        if scope.get("type") != "http":
            raise ValueError(f"AsgiRequest() expects a scope of type 'http', not {scope.get('type')!r}")
        self.scope: Scope = scope
        self.locals: dict[str, Any] = {}
        self._receive = receive
        self._max_body = max_body
        self._parts: list[bytes] = []
        self._size = 0
        self._arrived = False
        self._taken = False
        self._left = False
        self._watched = False
        self._replayed = False
        self._changed: Event | None = None

    def __repr__(self) -> str:
        return f"<AsgiRequest {self.method} {self.path}>"

    @property
    def method(self) -> str:
        """
        The method, in capitals.
        """
        return str(self.scope["method"]).upper()

    @property
    def path(self) -> str:
        """
        The path, decoded; with the part an app is mounted at.
        """
        return str(self.scope["path"])

    @property
    def raw_path(self) -> bytes:
        """
        The path, percent-encoded, where the server gives it.
        """
        return bytes(self.scope.get("raw_path") or self.path.encode("utf-8"))

    @property
    def query_string(self) -> bytes:
        """
        The query, percent-encoded, without the question mark.
        """
        return bytes(self.scope.get("query_string", b""))

    @cached_property
    def query_list(self) -> list[tuple[str, str]]:
        """
        The query as pairs, decoded, in their order.
        """
        return parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """
        The query by name; the last value of a name that comes twice.
        """
        return dict(self.query_list)

    @property
    def path_params(self) -> Mapping[str, Any]:
        """
        The parameters in the path, where a router has found some.
        """
        found: Mapping[str, Any] = self.scope.get("path_params", {})
        return found

    @cached_property
    def header_list(self) -> list[tuple[str, str]]:
        """
        The headers as pairs, names in lower case.
        """
        return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self.scope["headers"]]

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """
        The headers by name, in any case; several values are joined.
        """
        return HeaderMap(self.header_list)

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """
        The cookies by name.
        """
        return read_cookies("; ".join(value for name, value in self.header_list if name == "cookie"))

    @property
    def client(self) -> str | None:
        """
        The client's address, as the server sees it.
        """
        client = self.scope.get("client")
        return str(client[0]) if client else None

    @property
    def scheme(self) -> str:
        """
        ``http`` or ``https``.
        """
        return str(self.scope.get("scheme", "http"))

    @property
    def host(self) -> str:
        """
        The host the client asked, with its port if it gave one; empty if nothing tells.
        """
        return self.headers.get("host", "")

    def summary(self) -> Mapping[str, Any]:
        """
        Give what a log wants to know of it: no body.
        """
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "headers": dict(self.headers),
            "client": self.client,
        }

    async def body(self) -> bytes:
        """
        Wait for the whole body, and give it; again at every call.

        In an endpoint of FastAPI or Litestar it is theirs, if they have read it before.

        Raises:
            BadRequestError: If it is larger than *max_body*, or the client has left before its end.
            ConfigurationError: If a framework has read it, and not kept it.
        """
        while not (self._arrived or self._left or self._taken):
            await self._wait()
        if self._taken:
            raise ConfigurationError("the web framework has read the body, as a form: take it from its parameter")
        if self._size > self._max_body:
            raise BadRequestError(f"The body is larger than {self._max_body} bytes")
        if not self._arrived:
            raise BadRequestError("The body has no end: it was read elsewhere, or the client has left")
        return b"".join(self._parts)

    async def text(self) -> str:
        """
        Wait for the body, and give it as text, by its charset, else as UTF-8.

        Raises:
            BadRequestError: If it is not, and as `body`.
            ConfigurationError: As `body`.
        """
        charset = "utf-8"
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                charset = value.strip().strip('"')
        try:
            return (await self.body()).decode(charset)
        except (UnicodeDecodeError, LookupError) as error:
            raise BadRequestError(f"The body is not {charset} text") from error

    async def json(self) -> Any:
        """
        Wait for the body, and give it as JSON.

        Raises:
            BadRequestError: If it is not, and as `body`.
            ConfigurationError: As `body`.
        """
        body = await self.body()
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequestError("The body is not JSON") from error

    async def receive(self) -> Message:
        """
        The ASGI receive that the server gave, of which this request keeps what is body.
        """
        message = await self._receive()
        if message["type"] == "http.request":
            part = message.get("body", b"")
            self._size += len(part)
            if self._size <= self._max_body:
                self._parts.append(part)
            else:
                self._parts.clear()  # nobody can have it any more
            self._arrived = not message.get("more_body", False)
        elif message["type"] == "http.disconnect":
            self._left = True
        if self._changed is not None:
            self._changed.set()
            self._changed = None
        return message

    def follow(self, theirs: object) -> None:
        """
        Know what a web framework's own request object, of Starlette or Litestar, has read of the body: it does not
        come again.
        """
        body = getattr(theirs, "_body", None)
        if isinstance(body, bytes):
            self._parts, self._size, self._arrived = [body], len(body), True
        else:
            self._taken = getattr(theirs, "_stream_consumed", False) is True

    async def replay(self) -> Message:
        """
        An ASGI receive for others who want to read the request: the whole body at once, and then nothing but the end.
        """
        if not self._replayed:
            self._replayed = True
            return {"type": "http.request", "body": await self.body(), "more_body": False}
        while not self._left:
            await self._wait()
        return {"type": "http.disconnect"}

    async def _wait(self) -> None:
        """Wait until something more is known."""
        if self._watched:
            changed = self._changed = self._changed or Event()
            await changed.wait()
        else:
            await self.receive()

    def watch(self) -> Receive:
        """
        Leave receiving to somebody who waits for the client to leave; the body is read there, too.
        """
        self._watched = True
        return self.receive
