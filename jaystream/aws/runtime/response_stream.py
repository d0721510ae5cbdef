"""
What a streaming handler writes its response to.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from jaystream._core.inspecting import describe
from jaystream.aws.runtime.faults import report_of
from jaystream.aws.runtime.marshal import marshal, to_json
from jaystream.errors import BrokenResponseError, ResponseEndedError, ResponseStartedError

if TYPE_CHECKING:
    from jaystream.aws.runtime.api import Upload
    from jaystream.formats.wire import WireEncoder
    from jaystream.handlers.lambda_request import LambdaRequest

EMPTY_BODIES = ("none", "newline", "json204")
"""What may be sent in the place of no body."""

_DEFAULT_TYPE = "application/octet-stream"
_TRAILER_LIMIT = 12_288  # HTTP servers read 16 KiB of trailers
_KIND_LIMIT = 256


class LambdaResponseStream:
    """
    The response of one invocation: `write` sends a piece as soon as it is called, `end` ends it.

    For events of a Function URL and of a REST API that streams, status, headers and cookies go before the body; `start`
    gives them, and without it they are 200 and the content type. For a front that cannot stream, what was started is
    kept, and becomes one answer at the end. Other callers get the content type and the bytes.

    Made by the runtime: it is the `response_stream` of the context.
    """

    def __init__(self, upload: Upload, event: object, *, request_id: str = "", empty_body: str = "none") -> None:
        """
        Nothing is sent before the first call.
        """
        self._upload = upload
        self._event = event
        self._request_id = request_id
        self._empty_body = empty_body
        self._content_type: str | None = None
        self._media_type = ""
        self._find_encoder: Callable[[], WireEncoder] | None = None
        self._head: tuple[int, list[tuple[str, str]], list[str]] | None = None
        self._kept: list[bytes] | None = None  # the body, where the front takes a whole answer only
        self._stand_in = b""
        self._last = b""
        self._over = False
        self._expired = False
        self._sent = 0
        self._error: BaseException | None = None
        self._answer: dict[str, Any] | None = None
        self._result: tuple[bytes, bytes] | None = None

    @property
    def started(self) -> bool:
        """
        Whether anything has been sent, so that status and headers are settled.
        """
        return self._upload.begun or self._head is not None

    @property
    def ended(self) -> bool:
        """
        Whether nothing more can be written.
        """
        return self._over

    @property
    def bytes_sent(self) -> int:
        """
        The bytes of body so far.
        """
        return self._sent

    @property
    def failure(self) -> BaseException | None:
        """
        What `fail` was given.
        """
        return self._error

    @property
    def answer(self) -> dict[str, Any] | None:
        """
        The whole answer, for a front that cannot stream; None for all others, and before the end.
        """
        return self._answer

    @property
    def result(self) -> tuple[bytes, bytes]:
        """
        What is sent where nothing was streamed, and its content type.
        """
        return self._result or marshal(self._answer)

    def set_content_type(self, content_type: str) -> None:
        """
        Say what the body is.

        Raises:
            ResponseStartedError: After the first write or `start`.
            ResponseEndedError: After the end.
            TypeError: If *content_type* is no text.
            ValueError: If it cannot stand in a header.
        """
        if self._expired:
            return
        self._check_start("the content type")
        # a caller without types may pass anything
        if not isinstance(content_type, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"set_content_type() expects a content type, not {describe(content_type)}")
        if not content_type.isascii() or not content_type.isprintable():
            raise ValueError(f"set_content_type() expects a content type, not {content_type!r}")
        self._content_type = content_type

    def set_encoder(self, find: Callable[[], WireEncoder]) -> None:
        """
        Say by which encoder the body is made, so that a response which the runtime has to end is ended in its format.
        Without it the format is known by content type and headers, which several formats share.

        Args:
            find: Called when it is needed, in the event loop.
        """
        self._find_encoder = find

    def start(
        self, status: int, headers: Sequence[tuple[str, str]] = (), cookies: Sequence[str] = ()
    ) -> Awaitable[None] | None:
        """
        Send status, headers and cookies now, where the caller is an HTTP client.

        Args:
            status: The HTTP status.
            headers: Names and values.
            cookies: The values of ``set-cookie``.

        Returns:
            What to await for room where the reader is behind, else None.

        Raises:
            ResponseStartedError: After the first write, and for a second call.
            ResponseEndedError: After the end.
            BrokenResponseError: If the Runtime API has left.
            ValueError: If the front cannot take it; nothing has been sent then.
        """
        if self._expired:
            return None
        self._check_start("the head")
        request = self._front()
        given = [(name.lower(), value) for name, value in headers]
        types = [value for name, value in given if name == "content-type"]
        if types:
            self._content_type = types[-1]
        if request is not None and not request.can_stream:
            self._head = (status, given, list(cookies))
            self._whole([])  # raises what the front does not take
            self._kept = []
            return None
        if request is None:
            self._head = (status, given, list(cookies))
            return self._begin(b"")
        status, given = self._fit(request, status, given)
        return self._begin_http(request, status, given, cookies)

    def write(self, data: bytes | bytearray | memoryview | str) -> Awaitable[None] | None:
        """
        Send a piece of body now. An empty one sends nothing.

        Args:
            data: Bytes; text becomes UTF-8.

        Returns:
            What to await for room where the reader is behind, else None.

        Raises:
            ResponseEndedError: After the end.
            BrokenResponseError: If the Runtime API has left.
            TypeError: If *data* is neither bytes nor text.
        """
        if not isinstance(data, bytes):
            data = _as_bytes(data)
        if self._over:
            if self._expired:
                return None  # the runtime has ended it, and cancels who writes
            raise ResponseEndedError
        if not data:
            return None
        self._sent += len(data)
        if self._kept is not None:
            self._kept.append(data)
            return None
        self._check_connection()
        self._last = data[-4:] if len(data) > 3 else (self._last + data)[-4:]
        if self._upload.begun:
            return self._upload.send(data)
        return self._begin(data)

    def end(self) -> Awaitable[None] | None:
        """
        End the response. A second call does nothing.

        Returns:
            What to await for room where the reader is behind, else None.

        Raises:
            BrokenResponseError: If the Runtime API has left, and nothing had been sent.
        """
        if self._over:
            return None
        if self._kept is not None:
            self._answer = self._whole(self._kept)
            self._over = True
            return None
        if not self._upload.begun:
            self._begin(b"")
        self._over = True
        if not self._sent and self._stand_in:
            self._upload.send(self._stand_in)
        return self._upload.finish()

    def respond(self, result: object) -> None:
        """
        Answer with *result* as a function does that does not stream, and end: for fronts that want a whole answer, and
        for events that are no requests.

        Raises:
            ResponseStartedError: After the first write or `start`.
            ResponseEndedError: After the end.
            FaultError: If JSON has no form for *result*.
        """
        self._check_start("the result")
        self._result = marshal(result)
        self._over = True

    def fail(self, error: BaseException) -> Awaitable[None] | None:
        """
        End the response as one that *error* has cut: Lambda and the caller's SDK are told, in place of an end.

        Before the first byte the invocation fails with it. After an end it does nothing.

        Returns:
            What to await for room where the reader is behind, else None.
        """
        if self._over:
            return None
        self._over = True
        self._error = error
        if not self._upload.begun:
            self._kept = None
            return None
        report = report_of(error, self._request_id)
        return self._upload.finish(
            [
                (b"Lambda-Runtime-Function-Error-Type", report.kind[:_KIND_LIMIT].encode("ascii", "replace")),
                (b"Lambda-Runtime-Function-Error-Body", _as_trailer(report.body)),
            ]
        )

    def expire(self, error: BaseException, answer: Mapping[str, Any], status: int) -> None:
        """
        End the response for the handler, which is about to be cancelled: with an error event where the format has one,
        or as an answer of its own where nothing has been sent, and then as `fail`.

        Args:
            error: What Lambda is told.
            answer: The JSON:API body that the client is told.
            status: The status of that answer.
        """
        if self._over:
            return
        self._expired = True
        request = None if self.started else self._front()
        if self._upload.broken is None:
            if request is not None and request.can_stream:
                self._content_type = "application/vnd.api+json"
                self._begin_http(request, status, [("content-type", self._content_type)], ())
                self._upload.send(to_json(answer).encode("utf-8"))
            elif self._upload.begun and (notice := self._notice(answer)):
                self._upload.send(notice)
        self.fail(error)

    # ----------------------------------------------------------------------------------------------------------------

    def _check_start(self, what: str) -> None:
        if self._over:
            raise ResponseEndedError
        if self.started:
            raise ResponseStartedError(what)

    def _check_connection(self) -> None:
        broken = self._upload.broken
        if broken is not None:
            raise BrokenResponseError(f"the response cannot go on: {broken}")

    def _front(self) -> LambdaRequest | None:
        """The HTTP request that the event is, None if it is none."""
        event = self._event
        if not isinstance(event, dict) or "requestContext" not in event:
            return None
        from jaystream.handlers.lambda_request import LambdaRequest  # noqa: PLC0415 - for HTTP events alone

        request = LambdaRequest(cast("dict[str, Any]", event))
        return request if request.kind else None

    def _begin(self, first: bytes) -> Awaitable[None] | None:
        """Send the head, and *first* if it is not empty."""
        request = self._front() if self._head is None else None
        if request is not None and request.can_stream:
            status, headers = self._fit(request, 200, [("content-type", self._content_type or _DEFAULT_TYPE)])
            room = self._begin_http(request, status, headers, ())
            return self._upload.send(first) if first else room
        self._check_connection()
        self._media_type = self._content_type or _DEFAULT_TYPE
        return self._upload.begin(self._media_type, first)

    def _begin_http(
        self, request: LambdaRequest, status: int, headers: list[tuple[str, str]], cookies: Sequence[str]
    ) -> Awaitable[None] | None:
        """Send the prelude, which stands alone in its chunk."""
        from jaystream.handlers.lambda_answer import PRELUDE_TYPE, prelude  # noqa: PLC0415 - for HTTP events alone

        data = prelude(request, status, headers, cookies)
        self._check_connection()
        self._head = (status, headers, list(cookies))
        self._media_type = self._content_type or ""
        return self._upload.begin(PRELUDE_TYPE, data)

    def _fit(
        self, request: LambdaRequest, status: int, headers: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]]]:
        """Settle what a body that may be empty looks like: fronts have waited for ever for the first byte of none."""
        length = next((value for name, value in headers if name == "content-length"), None)
        others = [pair for pair in headers if pair[0] != "content-length"]
        if status == 204 and self._empty_body == "json204":
            self._stand_in = b"{}"
            self._content_type = "application/json"
            typed = [pair for pair in others if pair[0] != "content-type"]
            return 200, [*typed, ("content-type", "application/json")]
        if status in {204, 304}:
            return status, others
        if request.method == "HEAD":
            return status, [*others, ("content-length", "0")]
        if self._empty_body == "newline":
            self._stand_in = b"\n"
            return status, others
        return status, [*others, ("content-length", "0")] if length == "0" else others

    def _whole(self, parts: list[bytes]) -> dict[str, Any]:
        from jaystream.handlers.lambda_answer import buffered_answer  # noqa: PLC0415 - for HTTP events alone

        request = self._front()
        assert request is not None  # noqa: S101 - for type checkers
        assert self._head is not None  # noqa: S101 - for type checkers
        return buffered_answer(request, *self._head, b"".join(parts))

    def _notice(self, answer: Mapping[str, Any]) -> bytes:
        """An error event in the format of what was sent, behind what closes an open frame; empty if it has none."""
        from jaystream.aws.runtime.notice import encoder_of  # noqa: PLC0415 - for what was cut alone
        from jaystream.sinks.framing import gap  # noqa: PLC0415 - see above

        headers = None if self._head is None else dict(self._head[1])
        wire = encoder_of(self._media_type, headers, None if self._find_encoder is None else self._find_encoder())
        notice = None if wire is None else wire.error(answer)
        return b"" if wire is None or notice is None else gap(wire, self._last) + notice


def _as_trailer(body: dict[str, Any]) -> bytes:
    """An error's body in base64, since JSON may hold what a trailer may not; what is too long for one is cut."""
    kept = {**body, "errorType": body["errorType"][:_KIND_LIMIT]}
    while len(data := base64.b64encode(to_json(kept).encode("utf-8", "replace"))) > _TRAILER_LIMIT:
        kept["errorMessage"] = kept["errorMessage"][: len(kept["errorMessage"]) // 2]
        kept["stackTrace"] = kept["stackTrace"][(len(kept["stackTrace"]) + 1) // 2 :]
    return data


def _as_bytes(data: object) -> bytes:
    if isinstance(data, str):
        return data.encode("utf-8")
    if isinstance(data, (bytearray, memoryview)):
        return bytes(cast("bytearray", data))
    raise TypeError(f"write() expects bytes or text, not {describe(data)}; a stream of chunks goes by its to_lambda()")
