"""
Emulated functions on the raw runtime, and a client that sees chunks as they are on the wire. Not a test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import anyio
import h11

from jaystream.testing.emulating import Emulation, emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from anyio.abc import SocketStream

RUNTIME = [sys.executable, "-I", "-S", "-u", str(Path(__file__).with_name("raw_runtime.py"))]


def raw(**options: Any) -> Emulation:
    """
    A function on the raw runtime.
    """
    options = {"timeout": 20, "runtime": RUNTIME, **options}
    return emulator("raw.handler", **options)


def steps(*steps: Any) -> bytes:
    """
    A request's body that tells the raw runtime what to do.
    """
    return json.dumps({"do": steps}).encode()


async def until(condition: Callable[[], bool]) -> None:
    """
    Wait until a condition holds that only another process can bring about.
    """
    while not condition():
        await anyio.sleep(0.002)


class Client:
    """
    One connection to a server; reads no faster than it is asked to.
    """

    def __init__(self, url: str) -> None:
        self.target = urlsplit(url)
        self.http = h11.Connection(h11.CLIENT)
        self.stream: SocketStream
        self.headers: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        self.stream = await anyio.connect_tcp(str(self.target.hostname), int(self.target.port or 80))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stream.aclose()

    async def ask(
        self, path: str = "/", body: bytes = b"", *, method: str = "POST", headers: list[tuple[str, str]] | None = None
    ) -> tuple[int, dict[str, str]]:
        """
        Send a request, and give status and headers of the response.
        """
        head = [("host", self.target.netloc), ("content-length", str(len(body))), *(headers or [])]
        data = self.http.send(h11.Request(method=method, target=path, headers=head))
        await self.stream.send((data or b"") + (self.http.send(h11.Data(data=body)) or b""))
        self.http.send(h11.EndOfMessage())
        response = await self._next()
        assert isinstance(response, h11.Response), response
        self.headers = [(name.decode(), value.decode("latin-1")) for name, value in response.headers]
        return response.status_code, dict(self.headers)

    def again(self) -> None:
        """
        Begin the next request on this connection.
        """
        self.http.start_next_cycle()

    async def piece(self) -> bytes | None:
        """
        Give the next piece of the body, None at its end.
        """
        event = await self._next()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        assert isinstance(event, h11.EndOfMessage), event
        return None

    async def body(self) -> bytes:
        """
        Give the rest of the body.
        """
        pieces: list[bytes] = []
        while (piece := await self.piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def _next(self) -> h11.Event:
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            try:
                self.http.receive_data(await self.stream.receive())
            except anyio.EndOfStream:
                self.http.receive_data(b"")
