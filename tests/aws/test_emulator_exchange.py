"""
The emulator's HTTP server by itself; what it says is tested through everything that it serves.
"""

from __future__ import annotations

import socket
from asyncio import Event
from contextlib import suppress

import anyio
import anyio.lowlevel
from anyio import create_task_group
from anyio.abc import SocketAttribute, SocketStream

from jaystream.aws.emulator.exchange import Exchange, serve

MIB = 1 << 20


class TestBackPressure:
    """
    A peer that sends more than is read.
    """

    async def test_accepted_connection(self) -> None:
        """
        It is held up, even if it began to send before the connection was taken.
        """
        go, held = Event(), Event()

        async def handler(exchange: Exchange) -> None:
            await exchange.receive()
            held.set()
            await go.wait()

        async def connection(stream: SocketStream) -> None:
            await serve(handler, stream)

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        data = memoryview(bytes(MIB))
        async with listener, create_task_group() as group:
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.setblocking(False)
                peer.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n")
                sent = peer.send(data)
                group.start_soon(listener.serve, connection)
                for _ in range(3000):
                    with suppress(BlockingIOError):
                        sent += peer.send(data)
                    await anyio.lowlevel.checkpoint()
                assert held.is_set()
                assert sent < 32 * MIB
                go.set()
                group.cancel_scope.cancel()
