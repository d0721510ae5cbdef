"""
A real server on a real socket whose answers are scripted: what it heard, and who is still connected. Not a test.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple, TypeAlias

EVENTS = "text/event-stream"


class Heard(NamedTuple):
    """
    A request.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """
    One request, and the way to answer it.

    Attributes:
        left: Set when the client has closed the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.left = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int = 200, kind: str = EVENTS, *more: str) -> None:
        lines = [f"HTTP/1.1 {status} Something", f"Content-Type: {kind}", "Connection: close", *more]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def gone(self) -> None:
        """Wait for the client to leave."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(1000):
                pass
        self.left.set()

    def abort(self) -> None:
        """Reset the connection."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Answer: TypeAlias = Callable[[Connection], Awaitable[None]]


class Upstream:
    """
    What the server knows.

    Attributes:
        url: Where it is.
        heard: The requests, in their order.
        open: Connections whose client is there.
    """

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._answers = list(answers)
        self._changed = asyncio.Event()
        self.url = ""
        self.heard: list[Heard] = []
        self.open = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            except asyncio.IncompleteReadError:
                return  # it has left without a word
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = head[0].split(" ")
            self.heard.append(Heard(method, target, headers, body))
            give = self._answers.pop(0) if self._answers else answered(204)
            with contextlib.suppress(ConnectionError):
                await give(Connection(reader, writer))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self.open -= 1
            self._changed.set()

    async def served(self, count: int) -> None:
        """Wait until so many requests have been answered."""
        async with asyncio.timeout(10):
            while len(self.heard) - self.open < count:
                self._changed.clear()
                await self._changed.wait()

    async def quiet(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(10):
            while self.open:
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def upstream(*answers: Answer) -> AsyncGenerator[Upstream, None]:
    """
    Serve *answers*, one for each connection; behind the last one it says 204.
    """
    made = Upstream(answers)
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events"
    try:
        yield made
        await made.quiet()
    finally:
        server.close()
        await server.wait_closed()


def answered(status: int, kind: str = EVENTS, body: str | bytes = "", *more: str) -> Answer:
    """
    An answer that ends well.
    """

    async def give(connection: Connection) -> None:
        await connection.head(status, kind, *more)
        await connection.write(body.encode() if isinstance(body, str) else body)

    return give


def events(body: str) -> Answer:
    """
    A stream that ends well.
    """
    return answered(200, EVENTS, body)


def cut(body: str) -> Answer:
    """
    A stream that is lost: the last chunk is promised, and does not come.
    """

    async def give(connection: Connection) -> None:
        await connection.head(200, EVENTS, "Transfer-Encoding: chunked")
        if body:
            await connection.write(f"{len(body.encode()):x}\r\n{body}\r\n".encode())

    return give


def staying(body: str) -> Answer:
    """
    A stream that goes on until the client leaves.
    """

    async def give(connection: Connection) -> None:
        await connection.head()
        await connection.write(body.encode())
        await connection.gone()

    return give


def in_bytes(body: bytes) -> Answer:
    """
    A stream that comes byte by byte, in turns of the loop.
    """

    async def give(connection: Connection) -> None:
        await connection.head()
        for at in range(len(body)):
            await connection.write(body[at : at + 1])
            await asyncio.sleep(0)

    return give
