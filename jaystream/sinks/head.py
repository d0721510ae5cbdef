"""
The head of a response until it is sent: its status, headers and cookies, and the format of what follows.

Both web sinks send one, and what stands before a sink, such as a handler, may write on it until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream.sinks.asgi_options import response_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream.formats.wire import WireEncoder
    from jaystream.sinks.asgi_options import Message, RawHeaders

BODILESS = frozenset({204, 304})
"""Statuses whose responses have no body."""


class Head:
    """
    What a response says before its first byte.

    Attributes:
        status: The HTTP status.
        headers: Headers that win over those of the format, as ASGI carries them.
        cookies: The values of `set-cookie` headers.
        wire: An encoder of the format that the body is in, as far as is known; made when somebody asks for it.
        sent: Whether it has gone out, or is about to.
    """

    __slots__ = ("_make", "_wire", "cookies", "headers", "sent", "status")

    def __init__(self, make: Callable[[], WireEncoder], status: int = 200, headers: RawHeaders | None = None) -> None:
        self._make = make
        self._wire: WireEncoder | None = None
        self.status: int = status
        self.headers: RawHeaders = [] if headers is None else headers
        self.cookies: tuple[str, ...] = ()
        self.sent: bool = False

    @property
    def wire(self) -> WireEncoder:
        wire = self._wire
        if wire is None:
            wire = self._wire = self._make()
        return wire

    @wire.setter
    def wire(self, encoder: WireEncoder) -> None:
        self._wire = encoder

    def be(self, make: Callable[[], WireEncoder]) -> None:
        """Have a body in another format from now on."""
        self._make, self._wire = make, None

    @property
    def media_type(self) -> str:
        """The content type."""
        given = [value.decode("latin-1") for name, value in self.headers if name == b"content-type"]
        return given[-1] if given else self.wire.media_type

    @property
    def is_bodiless(self) -> bool:
        """Whether the status says that there is no body."""
        return self.status in BODILESS

    def refuse(self, status: int, size: int) -> None:
        """
        Become the head of a JSON:API body in the place of the stream.

        What does not speak of the body stays: without its CORS headers a browser would hide the answer.
        """
        own = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]
        kept = [pair for pair in response_headers(self.wire, self.headers) if not pair[0].startswith(b"content-")]
        self.status = status
        self.headers = own + kept

    def message(self) -> Message:
        """The head as ASGI sends it."""
        headers = response_headers(self.wire, self.headers)
        headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.cookies]
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    def pairs(self) -> list[tuple[str, str]]:
        """The headers as text, without the cookies."""
        pairs = response_headers(self.wire, self.headers)
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]
