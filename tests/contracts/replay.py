"""
A server that replays what a provider sends, over real HTTP on loopback, cut where a test wants it. Not a test.

It runs in threads of its own, so that blocking clients can ask it, and so that nothing of it is in a test's event loop.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from binascii import crc32
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

EVENT_STREAM = "text/event-stream"
AWS_STREAM = "application/vnd.amazon.eventstream"


class Script(NamedTuple):
    """
    What the server does with each request.

    Attributes:
        pieces: The body; each is sent by itself.
        status: The HTTP status.
        media_type: The content type.
        hold: The number of the piece before which the server waits until the client leaves, if any.
        drop: The number of the piece before which the server resets the connection, if any.
        framed: Whether the body is chunked, so that HTTP itself marks its end; if not, the connection's end does.
    """

    pieces: Sequence[bytes] = ()
    status: int = 200
    media_type: str = EVENT_STREAM
    hold: int | None = None
    drop: int | None = None
    framed: bool = True


class Replay:
    """
    The server. What it replays is set by `script`.

    Attributes:
        url: Its address.
        script: What it does with the next requests.
        requests: The path and the body of each request, newest last.
        left: Set when a client has left an answer that was held.
        holding: Set while an answer is held.
    """

    def __init__(self) -> None:
        self.script: Script = Script()
        self.requests: list[tuple[str, Any]] = []
        self.left: threading.Event = threading.Event()
        self.holding: threading.Event = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url: str = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def play(self, pieces: Iterable[bytes], **options: Any) -> None:
        """
        Replay these pieces from now on.
        """
        self.left.clear()
        self.holding.clear()
        self.script = Script([piece for piece in pieces if piece], **options)

    def close(self) -> None:
        """
        Close everything, and wait for the threads.
        """
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in [*self._open]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as received, suppress(OSError):
            while self._request(received) and self._answer(connection, self.script):
                pass
        self._open.discard(connection)

    def _request(self, received: Any) -> bool:
        first = received.readline()
        if not first:
            return False
        headers = dict[bytes, bytes]()
        while (line := received.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        body = received.read(int(headers.get(b"content-length", b"0")))
        self.requests.append((first.split()[1].decode(), json.loads(body or b"null")))
        return True

    def _answer(self, connection: socket.socket, script: Script) -> bool:
        framing = "transfer-encoding: chunked" if script.framed else "connection: close"
        head = f"HTTP/1.1 {script.status} X\r\ncontent-type: {script.media_type}\r\n{framing}\r\n\r\n"
        connection.sendall(head.encode())
        for number, piece in enumerate([*script.pieces, b""]):
            if number == script.hold:
                self._hold(connection)
                return False
            if number == script.drop:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if script.framed:
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            elif piece:
                connection.sendall(piece)
        return script.framed

    def _hold(self, connection: socket.socket) -> None:
        self.holding.set()
        select.select([connection], [], [], 30)
        try:
            gone = connection.recv(1) == b""
        except OSError:
            gone = True
        if gone:
            self.left.set()


@contextmanager
def replaying() -> Generator[Replay, None, None]:
    """
    A server while the block runs.
    """
    server = Replay()
    try:
        yield server
    finally:
        server.close()


def sse(events: Iterable[dict[str, Any]], *, named: bool, ending: str = "\n", done: bool = False) -> list[bytes]:
    """
    Events as a provider frames them.

    Args:
        named: Whether their type is the event's name, too.
        ending: What ends a line.
        done: Whether OpenAI's mark of the end follows.
    """
    frames = list[str]()
    for event in events:
        name = f"event: {event['type']}{ending}" if named else ""
        frames.append(f"{name}data: {json.dumps(event)}{ending}{ending}")
    return [frame.encode() for frame in [*frames, *([f"data: [DONE]{ending}{ending}"] if done else [])]]


def aws(events: Iterable[dict[str, Any]]) -> list[bytes]:
    """
    Events as Amazon's binary event stream has them, one message each.
    """
    messages = list[bytes]()
    for event in events:
        ((kind, body),) = event.items()
        exception = kind.endswith("Exception")
        headers = {
            ":message-type": "exception" if exception else "event",
            ":exception-type" if exception else ":event-type": kind,
            ":content-type": "application/json",
        }
        messages.append(_message(headers, json.dumps(body).encode()))
    return messages


def _message(headers: dict[str, str], payload: bytes) -> bytes:
    encoded = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    message = prelude + struct.pack("!I", crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", crc32(message))
