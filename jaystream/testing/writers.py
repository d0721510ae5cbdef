"""
Recording writers: the two ends a stream is sent to, an ASGI server's and a Lambda runtime's, as plain recorders.

They hold to the protocol: what a real peer would refuse, they refuse. What a stream reads *from* is scripted in
`jaystream.testing.probes`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from jaystream.testing.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

__all__ = ["AsyncRecordingResponseStream", "RecordingResponseStream", "RecordingSend"]


class RecordingSend(Recorder):
    """
    The server's side of an ASGI exchange: call it as ``send``, pass its `receive`, and read what came.

    It insists on the order of messages, on one start and one end, on ``bytes``, and on one send at a time.

    Args:
        request: The request's body, given by the first `receive`.
        disconnect_after: Be gone after this many pieces of body; 0 is before the first.
        refuse: After the peer is gone, raise ``OSError`` from a send, as servers of ASGI 2.4 do; the others take the
            message and drop it, which is the default here.
        clock: What tells the time.

    Attributes:
        messages: Every message that was sent, those after the peer was gone too.
        pieces: The non-empty pieces of body that reached the peer, with their times.
        violations: Every `WriterError` raised.
    """

    def __init__(
        self,
        *,
        request: bytes = b"",
        disconnect_after: int | None = None,
        refuse: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Take the script.
        """
        super().__init__(clock)
        self.messages: list[MutableMapping[str, Any]] = []
        self._request: bytes | None = request
        self._disconnect_after = disconnect_after
        self._refuse = refuse
        self._gone = asyncio.Event()
        self._started: MutableMapping[str, Any] | None = None
        self._busy = False
        if disconnect_after == 0:
            self.disconnect()

    @property
    def status(self) -> int | None:
        """
        The response's status, None before the start.
        """
        return None if self._started is None else int(self._started["status"])

    @property
    def headers(self) -> dict[str, str]:
        """
        The response's headers, names in lower case; empty before the start.
        """
        pairs: list[tuple[bytes, bytes]] = [] if self._started is None else self._started.get("headers", [])
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}

    @property
    def disconnected(self) -> bool:
        """
        Whether the peer is gone.
        """
        return self._gone.is_set()

    def disconnect(self) -> None:
        """
        Make the peer go away: `receive` says so at once, a held send goes on.
        """
        self._gone.set()
        self.release()

    async def receive(self) -> MutableMapping[str, Any]:
        """
        Give the request once, then wait until the peer is gone.
        """
        if self._request is not None:
            body, self._request = self._request, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """
        Take one message, as ``send`` does.
        """
        if self._busy:
            raise self.violation("two sends at once")
        self._busy = True
        try:
            await self.gate.wait()
            self.messages.append(message)
            self._check(message)
            if self.disconnected:
                if self._refuse:
                    raise OSError("the peer is gone")
                return
            self._take(message)
        finally:
            self._busy = False

    def _check(self, message: MutableMapping[str, Any]) -> None:
        kind = message["type"]
        if kind not in {"http.response.start", "http.response.body"}:
            raise self.violation(f"unexpected message {kind!r}")
        if kind == "http.response.start":
            if self._started is not None:
                raise self.violation("a second http.response.start")
            if not all(isinstance(part, bytes) for pair in message.get("headers", []) for part in pair):
                raise self.violation(f"headers must be pairs of bytes, not {message['headers']!r}")
            self._started = message
            return
        if self._started is None:
            raise self.violation("http.response.body before http.response.start")
        if self._ended:
            raise self.violation("http.response.body after the last one")
        if not isinstance(message.get("body", b""), bytes):
            raise self.violation(f"a body must be bytes, not {message['body']!r}")
        self._ended = not message.get("more_body", False)

    def _take(self, message: MutableMapping[str, Any]) -> None:
        if body := message.get("body", b""):
            self.record(body)
            if self._disconnect_after is not None and len(self.pieces) >= self._disconnect_after:
                self.disconnect()
        self.wake()


class RecordingResponseStream(Recorder):
    """
    A Lambda response stream that records, in its synchronous form: `write` and `end` return nothing to await.

    As the real one, it takes a content type or the head of an HTTP answer before the first write only, one head, and
    nothing after the end, which `end` or `fail` makes.

    Args:
        fail_at: The number of the write that raises *error*.
        error: What it raises.
        clock: What tells the time.

    Attributes:
        content_type: What `set_content_type` was given, or the content type that `start` was given, else None.
        status: The status that `start` was given, else None.
        headers: The headers that `start` was given.
        cookies: The cookies that `start` was given.
        error: What `fail` was given, else None.
        pieces: What was written, with the times.
        violations: Every `WriterError` raised.
    """

    def __init__(
        self,
        *,
        fail_at: int | None = None,
        error: BaseException | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Take the script.

        Raises:
            ValueError: If *fail_at* is given without *error* or the other way round.
        """
        if (fail_at is None) != (error is None):
            raise ValueError("fail_at and error belong together")
        super().__init__(clock)
        self.content_type: str | None = None
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.cookies: list[str] = []
        self.error: BaseException | None = None
        self._fail_at = fail_at
        self._error = error
        self._writes = 0

    def set_content_type(self, content_type: str) -> None:
        """
        Take the content type.
        """
        if self.pieces or self._ended:
            raise self.violation("set_content_type after the first write")
        if self.status is not None:
            raise self.violation("set_content_type after start, which has said it")
        self.content_type = content_type

    def start(self, status: int, headers: list[tuple[str, str]], cookies: list[str]) -> Awaitable[None] | None:
        """
        Take the head of an HTTP answer.
        """
        self._begin(status, headers, cookies)
        return None

    def write(self, data: str | bytes) -> Awaitable[None] | None:
        """
        Take a piece; text becomes UTF-8.
        """
        self._take(data)
        return None

    def end(self) -> Awaitable[None] | None:
        """
        Take note that nothing more comes.
        """
        self._finish("end")
        return None

    def fail(self, error: BaseException) -> Awaitable[None] | None:
        """
        Take note that nothing more comes, since *error* has cut the body.
        """
        self._finish("fail")
        self.error = error
        return None

    def _begin(self, status: int, headers: list[tuple[str, str]], cookies: list[str]) -> None:
        if self.status is not None:
            raise self.violation("a second start")
        if self.pieces or self._ended:
            raise self.violation("start after the first write")
        if self.content_type is not None:
            raise self.violation("start after set_content_type, which it makes needless")
        given: list[tuple[object, ...]] = list(headers)  # a caller without types may pass anything
        if not all(len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in given):
            raise self.violation(f"headers must be pairs of str, not {headers!r}")
        self.status, self.headers, self.cookies = status, list(headers), list(cookies)
        self.content_type = next((value for name, value in headers if name.lower() == "content-type"), None)

    def _take(self, data: str | bytes) -> None:
        if self._ended:
            raise self.violation("write after end")
        # a caller without types may pass anything
        if not isinstance(data, (str, bytes)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise self.violation(f"write takes str or bytes, not {data!r}")
        index = self._writes
        self._writes += 1
        if index == self._fail_at and self._error is not None:
            raise self._error
        self.record(data.encode() if isinstance(data, str) else data)

    def _finish(self, how: str) -> None:
        if self._ended:
            raise self.violation(f"{how} after {'end' if self.error is None else 'fail'}")
        self._ended = True
        self.wake()


class AsyncRecordingResponseStream(RecordingResponseStream):
    """
    The same with awaitable results: a write takes effect at the call, and its result is ready when the peer reads on.
    """

    def start(self, status: int, headers: list[tuple[str, str]], cookies: list[str]) -> Awaitable[None]:
        """
        Take the head now; the result waits while the writer is held.
        """
        self._begin(status, headers, cookies)
        return _Opening(self.gate)

    def write(self, data: str | bytes) -> Awaitable[None]:
        """
        Take a piece now; the result waits while the writer is held.
        """
        self._take(data)
        return _Opening(self.gate)

    def end(self) -> Awaitable[None]:
        """
        Take note of the end now; the result waits while the writer is held.
        """
        self._finish("end")
        return _Opening(self.gate)

    def fail(self, error: BaseException) -> Awaitable[None]:
        """
        Take note of the failure now; the result waits while the writer is held.
        """
        super().fail(error)
        return _Opening(self.gate)


class _Opening:
    """
    Waits for the gate when awaited; unlike a coroutine, it may be dropped.
    """

    __slots__ = ("_event",)

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def __await__(self) -> Any:
        yield from self._event.wait().__await__()
