"""
One connection to the Runtime API: bytes out, with back-pressure, and replies back.

It is a protocol of asyncio's own, not one of anyio's streams: a write has to take effect when it is called, and a
function's cold start has no time for what is not needed.
"""

from __future__ import annotations

import asyncio
import errno
import select
import socket
from collections.abc import Generator
from typing import Any, cast

from jaystream.aws.runtime.wire import Reply, ReplyReader, WireError

HIGH_WATER = 65_536
"""Bytes that may wait for a slow reader before writers have to wait as well."""


def _connect_locally(host: str, port: int) -> socket.socket | None:
    """
    Connect where that takes no waiting: Lambda's Runtime API listens on the same machine. None if it does take some, or
    cannot be done; the loop then does it, and says what is wrong.
    """
    if not host.replace(".", "").isdecimal():
        return None
    # the loop switches Nagle's algorithm off for a socket that says it is TCP
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setblocking(False)
    try:
        code = made.connect_ex((host, port))
        if code in {0, errno.EINPROGRESS} and select.select([], [made], [], 0)[1]:
            code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                made.getpeername()
                return made
    except (OSError, ValueError, OverflowError):
        pass
    made.close()
    return None


class ConnectionLostError(ConnectionError):
    """
    The connection ended, and a reply was due.

    Attributes:
        untouched: Whether the peer had closed it before anything of the reply came.
    """

    def __init__(self, reason: str, *, untouched: bool) -> None:
        super().__init__(reason)
        self.untouched = untouched


class Room:
    """
    What a write gives while the reader is behind: await it, any number of times, to go on when there is room.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __await__(self) -> Generator[Any, None, None]:
        return self._connection.drained().__await__()


class Connection(asyncio.Protocol):
    """
    A connection that is open until it is lost or closed.
    """

    __slots__ = ("_loop", "_lost", "_reader", "_reply", "_room", "_transport", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = ReplyReader()
        self._reply: asyncio.Future[Reply] | None = None
        self._room: Room | None = None  # set while the reader is behind
        self._waiting: list[asyncio.Future[None]] = []
        self._lost: str | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """
        Connect.

        Raises:
            OSError: If nobody listens.
        """
        loop = asyncio.get_running_loop()
        sock = _connect_locally(host, port)
        if sock is None:
            _, connection = await loop.create_connection(lambda: cls(loop), host, port)
        else:
            _, connection = await loop.create_connection(lambda: cls(loop), sock=sock)
        return connection

    @property
    def lost(self) -> str | None:
        """
        Why the connection is of no more use; None while it is.
        """
        return self._lost

    @property
    def answer(self) -> Reply | None:
        """
        The reply to what is being sent, if it has come.
        """
        reply = self._reply
        return reply.result() if reply is not None and reply.done() and reply.exception() is None else None

    def send(self, data: bytes) -> Room | None:
        """
        Write bytes now. Gives what can be awaited for room where the reader is behind.
        """
        if self._lost is None and self._transport is not None:
            self._transport.write(data)
        return self._room

    def expect(self) -> None:
        """
        Expect a reply to what is sent from here on, over a connection that is not lost.
        """
        self._reply = self._loop.create_future()

    async def reply(self, limit: float | None) -> Reply:
        """
        Wait for the reply that is expected; the connection is lost when *limit* seconds are over.

        Raises:
            ConnectionLostError: If there is none.
        """
        assert self._reply is not None  # noqa: S101 - for type checkers
        if limit is None:
            return await self._reply
        timer = self._loop.call_later(limit, self.close, f"no answer within {limit:.1f} s")
        try:
            return await self._reply
        finally:
            timer.cancel()

    async def drained(self) -> None:
        """
        Wait until there is room, or nobody to wait for.
        """
        while self._room is not None and self._lost is None:
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                self._waiting.remove(waiter)

    def close(self, reason: str = "it was closed") -> None:
        """
        Give the connection up, with whatever has not been sent.
        """
        self._lose(reason)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """
        Keep the transport. asyncio's and uvloop's have switched Nagle's algorithm off.
        """
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """
        Read a reply.
        """
        if self._reply is None or self._reply.done():
            self.close("the Runtime API spoke without being asked")
            return
        try:
            reply = self._reader.feed(data)
        except WireError as error:
            self.close(str(error))
            return
        if reply is not None:
            self._settle(reply)

    def eof_received(self) -> None:
        """
        Take what ends with the connection.
        """
        if self._reply is not None and not self._reply.done() and (reply := self._reader.end()) is not None:
            self._settle(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """
        Tell everyone who waits.
        """
        self._lose("the connection was closed" if exc is None else f"{type(exc).__name__}: {exc}", by_peer=True)

    def pause_writing(self) -> None:
        """
        Let writers wait.
        """
        self._room = Room(self)

    def resume_writing(self) -> None:
        """
        Let writers go on.
        """
        self._room = None
        self._wake()

    def _settle(self, reply: Reply) -> None:
        assert self._reply is not None  # noqa: S101 - for type checkers
        self._reply.set_result(reply)
        if not reply.keeps or not self._reader.idle:
            self.close()

    def _lose(self, reason: str, *, by_peer: bool = False) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        if self._reply is not None and not self._reply.done():
            idle = self._reader.idle
            cut = "" if idle else " amid a reply"
            self._reply.set_exception(ConnectionLostError(f"{reason}{cut}", untouched=by_peer and idle))
            self._reply.exception()  # who does not wait for it sees it at the next write
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
