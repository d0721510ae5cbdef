"""
A small Runtime API over real sockets, read with h11, that can misbehave. Not a test.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any, Self

import h11

if TYPE_CHECKING:
    from types import TracebackType

READ = 65_536

Trouble = int | bytes | str
"""What a request gets instead of its answer: a status, bytes as they are, "close", "stall" or "truncate"."""


class Posted:
    """
    A request with a body, as far as it came.
    """

    def __init__(self, target: str, headers: dict[str, str]) -> None:
        self.target = target
        self.headers = headers
        self.pieces: list[bytes] = []
        self.size = 0
        self.trailers: dict[str, str] = {}
        self.whole = False

    @property
    def body(self) -> bytes:
        """
        Everything that came.
        """
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        """
        The same as JSON.
        """
        return json.loads(self.body)


class StandIn:
    """
    The Runtime API while it is entered.

    Attributes:
        posted: What came, in the order of its ends.
        began: What has begun to come.
        connections: How many there have been.
        reading: Bodies are read while this is set.

    Args:
        buffer: Bytes of the system's receive buffer.
        keep: Bytes of a body that are kept; by default all.
    """

    def __init__(self, *, buffer: int | None = None, keep: int | None = None) -> None:
        self.posted: list[Posted] = []
        self.began: list[Posted] = []
        self.connections = 0
        self.polls = 0
        self.reading = asyncio.Event()
        self.reading.set()
        self._buffer = buffer
        self._keep = keep
        self._offered: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()
        self._troubles: dict[str, list[Trouble]] = {}
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.address = ""

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        if self._buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        self._server = await asyncio.start_server(self._connected, sock=listener, limit=READ)
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disappear()

    async def disappear(self) -> None:
        """
        Close everything.
        """
        if self._server is None:
            return
        self._server.close()
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])
        await self._server.wait_closed()
        self._server = None

    def offer(
        self,
        event: object = None,
        *,
        request_id: str = "request-1",
        seconds: float = 60,
        content_type: str = "application/json",
        **headers: str,
    ) -> None:
        """
        Give an event to whoever asks for the next.
        """
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        named = {f"Lambda-Runtime-{name.replace('_', '-').title()}": value for name, value in headers.items()}
        self._offered.put_nowait(
            (
                body,
                {
                    "Content-Type": content_type,
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                    **named,
                },
            )
        )

    def trouble(self, end: str, *troubles: Trouble) -> None:
        """
        Let the next requests whose target has this end get these troubles, one each.
        """
        self._troubles.setdefault(end, []).extend(troubles)

    async def answers(self, count: int = 1) -> list[Posted]:
        """
        Wait until so many requests with a body have come, whole or cut.
        """
        await self._until(lambda: len(self.posted) >= count)
        return self.posted

    async def has(self, size: int) -> Posted:
        """
        Wait until a body has begun that has this many bytes.
        """
        await self._until(lambda: bool(self.began) and len(self.began[-1].body) >= size)
        return self.began[-1]

    async def connected(self, count: int) -> None:
        """
        Wait until there have been so many connections.
        """
        await self._until(lambda: self.connections >= count)

    async def polled(self, count: int) -> None:
        """
        Wait until the next event was asked for so often.
        """
        await self._until(lambda: self.polls >= count)

    async def _until(self, condition: Any) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._changed.set()
        try:
            await self._converse(reader, writer)
        except (OSError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            request = await self._event(connection, reader)
            if not isinstance(request, h11.Request):
                return
            target = request.target.decode()
            posted = None
            if request.method != b"GET":
                posted = Posted(target, {name.decode(): value.decode("latin-1") for name, value in request.headers})
            trouble = self._take_trouble(target)
            if posted is not None:
                self.began.append(posted)
                if isinstance(trouble, str) and trouble == "early":
                    self._say(connection, writer, 413, b'{"errorType": "RequestTooLarge"}')
                    await writer.drain()
                    return
                try:
                    await self._read_body(connection, reader, posted)
                finally:
                    self.posted.append(posted)
                    self._changed.set()
            else:
                await self._event(connection, reader)
                self.polls += 1
                self._changed.set()
            if trouble == "close":
                return
            if trouble == "stall":
                await asyncio.Event().wait()
            if trouble == "truncate":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
                await writer.drain()
                return
            if isinstance(trouble, bytes):
                writer.write(trouble)
                await writer.drain()
                return
            if isinstance(trouble, int):
                self._say(connection, writer, trouble, b'{"errorType": "Planted"}')
            elif posted is not None:
                self._say(connection, writer, 202, b'{"status":"OK"}\n')
            elif target.endswith("/invocation/next"):
                body, headers = await self._offered.get()
                self._say(connection, writer, 200, body, headers)
            else:
                self._say(connection, writer, 200, b"")
            await writer.drain()
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()

    def _take_trouble(self, target: str) -> Trouble | None:
        for end, troubles in self._troubles.items():
            if target.endswith(end) and troubles:
                return troubles.pop(0)
        return None

    async def _read_body(self, connection: h11.Connection, reader: asyncio.StreamReader, posted: Posted) -> None:
        while True:
            event = await self._event(connection, reader)
            if isinstance(event, h11.Data):
                if event.chunk_start or not posted.pieces:
                    posted.pieces.append(b"")
                if self._keep is None or posted.size < self._keep:
                    posted.pieces[-1] += bytes(event.data)
                posted.size += len(event.data)
                self._changed.set()
            elif isinstance(event, h11.EndOfMessage):
                posted.trailers = {name.decode(): value.decode() for name, value in event.headers}
                posted.whole = True
                return
            else:
                return

    async def _event(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
        while True:
            event = connection.next_event()
            if event is not h11.NEED_DATA:
                return event
            await self.reading.wait()
            connection.receive_data(await reader.read(READ))

    @staticmethod
    def _say(
        connection: h11.Connection,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        given = {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(body))}
        response = h11.Response(status_code=status, headers=[*given.items()])
        parts = (response, h11.Data(data=body), h11.EndOfMessage())
        writer.write(b"".join([connection.send(part) or b"" for part in parts]))
