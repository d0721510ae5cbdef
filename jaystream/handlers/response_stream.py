"""
The response that a handler writes to, the same for Lambda and for ASGI.

Lives here: the head until the first byte, and writing by hand. What takes the bytes is a response writer: a Lambda
runtime's, or a sink's.
"""

from __future__ import annotations

import inspect
from asyncio import Future, ensure_future
from collections.abc import Generator, MutableMapping
from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import describe
from jaystream._core.stages import check_int
from jaystream.errors import ResponseEndedError, ResponseStartedError
from jaystream.formats.raw import RawEncoder
from jaystream.formats.stream_error import ENCODERS
from jaystream.formats.wire import framed
from jaystream.handlers.cookies import set_cookie_value
from jaystream.integrations.plain import HeaderView
from jaystream.sinks.asgi_options import raw_headers
from jaystream.sinks.by_hand import ByHand
from jaystream.sinks.head import Head

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from typing import Literal

    from jaystream.formats.wire import WireEncoder
    from jaystream.sinks.aws_lambda import ResponseWriter

__all__ = ["ResponseStream"]


class ResponseStream:
    """
    A response that is written piece by piece. Its status, headers and cookies may be set until the first byte.

    It is a response writer itself: `JaypieStream.to_lambda` and `create_asgi_stream` take it.

    Args:
        writer: Takes the bytes: `write(bytes)` and `end()`; it may have `set_content_type(str)`,
            `start(status, headers, cookies)`, called once before the first byte, and `fail(error)`, called in the place
            of `end`.
        format: The format of chunks: what `send` frames them in.

    Attributes:
        cookies: What `set_cookie` has made of each cookie.
        jaypie_status: A failure before the first byte is told in the body of a 200.

    Raises:
        TypeError: If *writer* has no `write` or no `end`.
        ValueError: If no format has this name.
    """

    __slots__ = ("_by_hand", "_ended", "_head", "_pending", "_sent_chunks", "_writer", "jaypie_status")

    def __init__(self, writer: ResponseWriter, *, format: str = "sse") -> None:
        """
        Nothing is sent before the first `write`, `send` or `end`.
        """
        for method in ("write", "end"):
            if not callable(getattr(writer, method, None)):
                raise TypeError(f"ResponseStream() expects a writer with write() and end(), not {describe(writer)}")
        if format not in ENCODERS:
            raise ValueError(f"format must be one of {', '.join(map(repr, ENCODERS))}, got {format!r}")
        self._writer = writer
        self._by_hand: ByHand | None = writer if isinstance(writer, ByHand) else None  # whose sink sends the head
        self._head = Head(ENCODERS[format])
        self._ended = self._sent_chunks = False
        self._pending: set[Future[Any]] = set()
        self.jaypie_status: bool = False

    @classmethod
    def over(cls, writer: ResponseWriter, head: Head, *, jaypie_status: bool) -> ResponseStream:
        """
        Make one whose head somebody else sends, or has checked; for handlers.
        """
        made = cls(writer)
        made._head = head
        made.jaypie_status = jaypie_status
        return made

    # the head -------------------------------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        """
        Whether the head has gone out, so that it takes nothing more.
        """
        return self._head.sent

    @property
    def ended(self) -> bool:
        """
        Whether the response has been ended.
        """
        return self._ended

    @property
    def status(self) -> int:
        """
        The HTTP status. Setting it raises ResponseStartedError after the first byte.
        """
        return self._head.status

    @status.setter
    def status(self, status: int) -> None:
        self._check("status")
        if not 200 <= check_int(status, "ResponseStream", "status") < 600:
            raise ValueError(f"status must be a final HTTP status from 200 to 599, not {status}")
        self._head.status = status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """
        The headers by name, in any case. Setting one raises ResponseStartedError after the first byte.
        """
        return _OpenHeaders(self._head, self._check)

    @property
    def cookies(self) -> tuple[str, ...]:
        """
        The values of the ``set-cookie`` headers.
        """
        return self._head.cookies

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: datetime | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        http_only: bool = False,
        same_site: Literal["lax", "strict", "none"] | None = "lax",
    ) -> None:
        """
        Set a cookie; one of the same name, path and domain is replaced.

        Args:
            name: The cookie's name.
            value: Its value, of printable ASCII without spaces, quotes, commas, semicolons and backslashes.
            max_age: Seconds for which the client keeps it; 0 deletes it.
            expires: Until when, in the place of *max_age*; with a time zone.
            path: The path it is for.
            domain: The domain it is for, by default the host alone.
            secure: Send it over HTTPS only.
            http_only: Hide it from scripts.
            same_site: With which requests from other sites it goes.

        Raises:
            ResponseStartedError: After the first byte.
            ValueError: If something is no part of a cookie.
        """
        self._check("a cookie")
        made = set_cookie_value(
            name,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            http_only=http_only,
            same_site=same_site,
        )
        marks = f"{name}=", path, domain
        self._head.cookies = (*(each for each in self._head.cookies if _marks(each) != marks), made)

    def set_content_type(self, content_type: str) -> None:
        """
        Say what the body is. A content type of one of our formats is that format from now on; with another one the body
        is bytes and text of your own: there are no error events in it and no keepalive comments.

        Raises:
            ResponseStartedError: After the first byte.
        """
        self._check("the content type")
        ((_, raw),) = raw_headers({"content-type": content_type}, "set_content_type()")
        headers = self._head.headers
        headers[:] = [*(pair for pair in headers if pair[0] != b"content-type"), (b"content-type", raw)]
        self._head.wire = wire_for(content_type, self._head.wire)

    # the body -------------------------------------------------------------------------------------------------------

    def write(self, data: str | bytes | bytearray | memoryview) -> Awaitable[None]:
        """
        Write as it is; text becomes UTF-8. It takes effect at this call: awaiting the result waits for the peer.

        Raises:
            ResponseEndedError: After the end.
            TypeError: If *data* is neither text nor bytes.
            ValueError: If the status says that there is no body.
        """
        if self._ended:
            raise ResponseEndedError
        if isinstance(data, str):
            data = data.encode("utf-8")
        elif type(data) is not bytes:
            # a caller without types may pass anything
            if not isinstance(data, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"write() expects str or bytes, not {describe(data)}; send() takes chunks")
            data = bytes(data)
        if data and self._head.is_bodiless:
            raise ValueError(f"a response with status {self._head.status} has no body")
        if self._by_hand is not None:
            return self._by_hand.write(data)
        begun = self._begin()
        return _Pressure(begun, self._keep(self._writer.write(data)))

    def send(self, chunk: object) -> Awaitable[None]:
        """
        Frame a chunk in the response's format and write it: text is framed, bytes are framed already.

        Raises:
            ResponseEndedError: After the end.
            FormatError: If the format cannot carry it.
        """
        if self._ended:
            raise ResponseEndedError
        self._sent_chunks = True
        ready = framed(chunk)
        return self.write(self._head.wire.encode(chunk) if ready is None else ready)

    def end(self) -> Awaitable[None]:
        """
        End the response. A second call does nothing.
        """
        if self._ended:
            return _Pressure(None, None)
        self._close_format()
        begun = self._begin()
        self._ended = True
        return _Pressure(begun, self._keep(self._writer.end()), *self._pending)

    def start(self, status: int, headers: list[tuple[str, str]], cookies: list[str]) -> None:
        """
        Take the head of a sink that writes here; what has been set on this response wins, but for an error's status.

        Raises:
            ResponseStartedError: After the first byte.
        """
        self._check("the head")
        if status >= 400:
            self._head.headers[:] = [pair for pair in self._head.headers if not pair[0].startswith(b"content-")]
        if status != 200:
            self._head.status = status
        given = {name for name, _ in self._head.headers}
        for name, value in raw_headers(headers, "start()"):
            if name == b"content-type":
                self._head.wire = wire_for(value.decode("latin-1"), self._head.wire)
            if name not in given:
                self._head.headers.append((name, value))
        self._head.cookies += tuple(cookies)

    def fail(self, error: BaseException) -> Awaitable[None]:
        """
        End the response as one that is cut, because of *error*, where the writer can say so.
        """
        if self._ended:
            return _Pressure(None, None)
        self._ended = True
        fail = getattr(self._writer, "fail", None)
        return _Pressure(self._keep(self._writer.end() if fail is None else fail(error)))

    def expire(self) -> None:
        """
        Take nothing more, since the handler is done; for handlers. Who writes after that is told so.
        """
        self._ended = True

    async def settle(self) -> None:
        """
        Write what the format closes a body with, if `send` was used and `end` has not done so; for handlers.
        """
        if not self._ended:
            await self._close_format()

    # ----------------------------------------------------------------------------------------------------------------

    def _close_format(self) -> Awaitable[None]:
        last = self._head.wire.flush() if self._sent_chunks else b""
        self._sent_chunks = False
        return self.write(last) if last else _Pressure()

    def _check(self, what: str) -> None:
        if self._head.sent:
            raise ResponseStartedError(what)

    def _begin(self) -> object:
        """Send the head, once."""
        head, writer = self._head, self._writer
        if head.sent or self._by_hand is not None:
            return None
        head.sent = True
        set_encoder = getattr(writer, "set_encoder", None)
        if set_encoder is not None:
            set_encoder(lambda: head.wire)
        start: Callable[..., object] | None = getattr(writer, "start", None)
        if start is not None:
            return self._keep(start(head.status, head.pairs(), list(head.cookies)))
        set_content_type = getattr(writer, "set_content_type", None)
        return set_content_type and self._keep(set_content_type(head.media_type))

    def _keep(self, result: object) -> object:
        """What a writer gave, as something that goes on though nobody waits for it."""
        if not inspect.iscoroutine(result):
            return result
        task = ensure_future(result)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        return task


class _Pressure:
    """
    Waits, when awaited, until the peer has taken what was written.
    """

    __slots__ = ("_results",)

    def __init__(self, *results: object) -> None:
        self._results = results

    def __await__(self) -> Generator[Any, Any, None]:
        for result in self._results:
            if inspect.isawaitable(result):
                yield from result.__await__()


class _OpenHeaders(HeaderView):
    """
    Headers that may be set until they have been sent.
    """

    __slots__ = ("_check",)

    def __init__(self, head: Head, check: Callable[[str], None]) -> None:
        super().__init__(head.headers)
        self._check = check

    def __setitem__(self, name: str, value: str) -> None:
        self._check(f"the header {name!r}")
        raw_headers({name: value}, "the headers of a response")
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._check(f"the header {name!r}")
        super().__delitem__(name)


def wire_for(content_type: str, now: WireEncoder) -> WireEncoder:
    """
    The encoder of a body of that content type; *now* where it is in that format already.
    """
    wanted = _essence(content_type)
    if wanted == _essence(now.media_type):
        return now
    for encoder in ENCODERS.values():
        made: WireEncoder = encoder()
        if _essence(made.media_type) == wanted:
            return made
    return RawEncoder(content_type)


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _marks(cookie: str) -> tuple[str, str | None, str | None]:
    """What makes a cookie this one and no other."""
    pair, *attributes = cookie.split("; ")
    found = {name: value for name, _, value in (each.partition("=") for each in attributes)}
    return pair.partition("=")[0] + "=", found.get("Path"), found.get("Domain")
