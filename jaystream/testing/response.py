"""
What an app answers to a test's client, read as it comes: the app's side of the exchange, and the test's.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from jaystream.formats.sse_decoder import SseDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from jaystream import SseEvent

__all__ = ["StreamTestResponse"]

_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_LINE = re.compile(rb"\n")


class StreamTestResponse:
    """
    One answer; `StreamTestClient.stream` makes it.

    Attributes:
        scope: The request, as the app saw it.
        status: The HTTP status; 0 before there is one.
        header_list: The headers as pairs, names in lower case; empty before `started`.
        ended: Whether the app has ended the body as HTTP wants it.
        error: What the app raised, if it did; a server would have cut the connection.
    """

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Awaitable[None]],
        scope: MutableMapping[str, Any],
        content: bytes,
        window: int,
        timeout: float | None,
        *,
        raises: bool,
    ) -> None:
        """
        `StreamTestClient.stream` is the way to make one.
        """
        self.scope = scope
        self.status: int = 0
        self.header_list: list[tuple[str, str]] = []
        self.ended: bool = False
        self.error: Exception | None = None
        self._app = app
        self._content: bytes | None = content
        self._window = window
        self._timeout = timeout
        self._raises = raises
        self._pieces: deque[bytes] = deque()
        self._read: list[bytes] = []
        self._unread = 0
        self._pending = b""  # of a frame that is not whole yet
        self._decoder = SseDecoder(max_event=None)
        self._events = 0
        self._gone = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # what the test asks -----------------------------------------------------------------------------------------------

    @property
    def headers(self) -> dict[str, str]:
        """
        The headers by name, in lower case; several of one name are joined by commas.
        """
        joined: dict[str, str] = {}
        for name, value in self.header_list:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    @property
    def body(self) -> bytes:
        """
        The bytes that were read so far.
        """
        if len(self._read) > 1:
            self._read[:] = [b"".join(self._read)]
        return self._read[0] if self._read else b""

    @property
    def media_type(self) -> str:
        """
        The content type without its parameters.
        """
        return self.headers.get("content-type", "").partition(";")[0].strip()

    async def started(self) -> None:
        """
        Wait for the headers.

        Raises:
            TimeoutError: If they do not come in time.
            Exception: What the app raised instead; with ``raise_app_errors=False`` it has answered 500.
        """
        await self._until(lambda: bool(self.status) or self._over, "the response's headers")
        if not self.status:
            if self._raises or self.error is None:
                raise self.error or AssertionError("the app ended without http.response.start")
            self.status = 500

    async def next_piece(self) -> bytes:
        """
        Give the next bytes, as the app sent them.

        Raises:
            EOFError: If the body has ended.
            TimeoutError: If nothing comes in time.
        """
        await self.started()
        if self._pending:
            piece, self._pending = self._pending, b""
            return piece
        await self._until(lambda: bool(self._pieces) or self._over, "the next bytes")
        if not self._pieces:
            raise EOFError(f"the body {self._how_it_ended()} after {len(self.body)} bytes")
        piece = self._pieces.popleft()
        self._unread -= len(piece)
        self._read.append(piece)
        self._changed.set()
        return piece

    async def next_frame(self) -> bytes:
        r"""
        Give the next frame, comments too: up to a blank line, or a line where the body is no event stream.

        Raises:
            EOFError: If the body has ended. What stands behind the last whole frame is in the message.
            TimeoutError: If nothing comes in time.
        """
        await self.started()
        end = _BLANK_LINE if self.media_type == "text/event-stream" else _LINE
        pending, self._pending = self._pending, b""
        while not (found := end.search(pending)):
            try:
                pending += await self.next_piece()
            except EOFError as error:
                if pending:
                    raise EOFError(f"{error}, within a frame: {pending[:200]!r}") from None
                raise
        self._pending = pending[found.end() :]
        return pending[: found.end()]

    async def next_event(self) -> SseEvent:
        """
        Give the next server-sent event; comments are passed over, as a browser does.

        Raises:
            EOFError: If the body has ended.
            TimeoutError: If nothing comes in time.
        """
        while True:
            for event in self._decoder.feed(await self.next_frame()):  # one at most: a frame has one blank line
                self._events += 1
                return event

    async def next_chunk(self) -> Any:
        """
        Give what is in the next event or line, read as JSON.

        Raises:
            EOFError: If the body has ended.
            TimeoutError: If nothing comes in time.
            ValueError: If it is not JSON.
        """
        await self.started()
        if self.media_type == "text/event-stream":
            return json.loads(str((await self.next_event()).data))
        return json.loads(await self.next_frame())

    async def events(self) -> AsyncIterator[SseEvent]:
        """
        Give all events that are left.
        """
        while True:
            try:
                event = await self.next_event()
            except EOFError:
                return
            yield event

    async def read(self) -> bytes:
        """
        Read to the end and give the whole body.
        """
        while True:
            try:
                await self.next_piece()
            except EOFError:
                return self.body

    def text(self) -> str:
        """
        Give what was read so far, as text.
        """
        return self.body.decode()

    def json(self) -> Any:
        """
        Give what was read so far, as JSON.
        """
        return json.loads(self.body)

    def disconnect(self) -> None:
        """
        Leave, as a browser that is closed: the app is told, and what it sends from now on goes nowhere.
        """
        self._gone.set()
        self._changed.set()

    # what the client asks ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """
        Start the app.
        """
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """
        Leave, and wait until the app has ended.
        """
        self.disconnect()
        assert self._task is not None  # noqa: S101 - for type checkers: `begin` is always first
        _, running = await asyncio.wait([self._task], timeout=self._timeout)
        if running:
            self._task.cancel()
            await asyncio.wait([self._task])
            raise TimeoutError(f"the app did not end within {self._timeout:g} s after its client had left")

    # the app's side ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._app(self.scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - the client's caller gets it
            self.error = error
        finally:
            self._changed.set()

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._content is not None:
            content, self._content = self._content, None
            return {"type": "http.request", "body": content, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            if self.status:
                raise AssertionError("a second http.response.start")
            self.status = message["status"]
            self.header_list = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in message["headers"]]
            self._changed.set()
            return
        if not self.status or self.ended:
            raise AssertionError(f"http.response.body {'after the last one' if self.ended else 'before the start'}")
        while self._unread >= self._window and not self._gone.is_set():
            self._changed.clear()
            await self._changed.wait()
        self.ended = not message.get("more_body", False)
        if (body := message.get("body", b"")) and not self._gone.is_set():
            self._pieces.append(body)
            self._unread += len(body)
        self._changed.set()

    @property
    def _over(self) -> bool:
        return self.ended or self._gone.is_set() or (self._task is not None and self._task.done())

    def _how_it_ended(self) -> str:
        if self.ended:
            return "ended"
        return "was left" if self._gone.is_set() else "was cut"

    async def _until(self, happened: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                while not happened():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(
                f"{what} did not come within {self._timeout:g} s; {self._events} events and {len(self.body)} bytes did"
            ) from None
