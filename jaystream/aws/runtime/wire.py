"""
The HTTP/1.1 that a Lambda runtime speaks, without any reading or writing: requests as bytes, replies out of bytes.

A plain invocation is two exchanges, and they cost more than everything else that the runtime does. So what is needed of
HTTP stands here, and the tests hold it against h11.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

HEAD_LIMIT = 1 << 20
"""Bytes that the head of a reply may have, and the trailers of one."""

_LINE_LIMIT = 4096
_NO_BODY = (204, 304)


class WireError(Exception):
    """
    A reply that is no HTTP/1.1.
    """


class Reply(NamedTuple):
    """
    What came back: the status, the headers by lower-case name, the body, and whether the connection can be used again.
    """

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    keeps: bool


def request_head(method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """
    The head of a request.

    Raises:
        ValueError: If a header or the target would not stay on its line.
    """
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, b"".join([b"%b: %b\r\n" % header for header in headers]))
    lines = len(headers) + 2
    if head.count(b"\r") != lines or head.count(b"\n") != lines or b"\0" in head:
        raise ValueError(f"a header or a target holds CR, LF or NUL: {head!r}")
    return head


def chunk(data: bytes) -> bytes:
    """
    One chunk of a body; *data* is not empty, since an empty chunk ends the body.
    """
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """
    The end of a chunked body, with what is said after it.
    """
    return b"0\r\n%b\r\n" % b"".join([b"%b: %b\r\n" % trailer for trailer in trailers])


class ReplyReader:
    """
    Reads replies out of bytes, one after another; the bytes may be cut anywhere.
    """

    __slots__ = ("_body", "_buffer", "_headers", "_keeps", "_length", "_room", "_status")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._status = 0  # 0 until the head of a final reply is read
        self._headers: dict[bytes, bytes] = {}
        self._keeps = True
        self._length: int | None = None  # bytes of body, None where it is chunked or goes to the connection's end
        self._room: int | None = None  # bytes of this chunk, None where its size is still to come
        self._body: list[bytes] | None = None  # the chunks so far, None where the body is not chunked

    @property
    def idle(self) -> bool:
        """
        Whether nothing of a reply has come.
        """
        return not self._status and not self._buffer

    def feed(self, data: bytes) -> Reply | None:
        """
        Take bytes; give the reply that they complete, None if none is complete.

        Raises:
            WireError: If this is no HTTP/1.1, or its head has no end.
        """
        self._buffer += data
        while not self._status:
            end = self._buffer.find(b"\r\n\r\n")
            if end > HEAD_LIMIT or (end < 0 and len(self._buffer) > HEAD_LIMIT):
                raise WireError(f"the head of a reply has more than {HEAD_LIMIT} bytes")
            if end < 0:
                return None
            self._read_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        if self._body is not None:
            return self._finish(b"".join(self._body)) if self._read_chunks(self._body) else None
        if self._length is None or len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return self._finish(body)

    def end(self) -> Reply | None:
        """
        Take note that nothing more comes; give the reply that this completes.
        """
        if not self._status or self._body is not None or self._length is not None:
            return None
        body = bytes(self._buffer)
        self._buffer.clear()
        return self._finish(body)

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        version, _, rest = first.partition(b" ")
        status = rest[:3]
        if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not status.isdigit() or rest[3:4] not in {b"", b" "}:
            raise WireError(f"a reply begins {first[:80]!r}, which is no status line of HTTP/1.1")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise WireError(f"a reply has the header line {line[:80]!r}")
            name, value = name.lower(), value.strip(b" \t")
            headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value
        number = int(status)
        if number < 200:
            return  # "continue" and its like: the reply is still to come
        connection = headers.get(b"connection", b"").lower()
        self._keeps = b"close" not in connection and (version == b"HTTP/1.1" or b"keep-alive" in connection)
        self._status, self._headers = number, headers
        encoding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if number in _NO_BODY:
            self._length = 0
        elif encoding is not None:
            if encoding.lower() != b"chunked":
                raise WireError(f"a reply has the transfer encoding {encoding[:80]!r}")
            self._body = []
        elif length is not None:
            if not length.isdigit():
                raise WireError(f"a reply has the content length {length[:80]!r}")
            self._length = int(length)
        else:
            self._keeps = False

    def _read_chunks(self, chunks: list[bytes]) -> bool:
        """Read what has come of a chunked body; whether that was its end."""
        buffer = self._buffer
        while True:
            if self._room is None:
                end = buffer.find(b"\r\n")
                if end < 0:
                    if len(buffer) > _LINE_LIMIT:
                        raise WireError("the size line of a chunk has no end")
                    return False
                size = bytes(buffer[:end]).partition(b";")[0].strip()
                if not size or size.strip(b"0123456789abcdefABCDEF"):
                    raise WireError(f"a chunk has the size {size[:80]!r}")
                self._room = int(size, 16)
                del buffer[: end + 2]
            if not self._room:
                return self._skip_trailers()
            if len(buffer) < self._room + 2:
                return False
            if not buffer.startswith(b"\r\n", self._room):
                raise WireError("a chunk is longer than its size")
            chunks.append(bytes(buffer[: self._room]))
            del buffer[: self._room + 2]
            self._room = None

    def _skip_trailers(self) -> bool:
        """Pass over what is said after the body; whether that has ended."""
        if self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
            return True
        end = self._buffer.find(b"\r\n\r\n")
        if end > HEAD_LIMIT or (end < 0 and len(self._buffer) > HEAD_LIMIT):
            raise WireError(f"the trailers of a reply have more than {HEAD_LIMIT} bytes")
        if end < 0:
            return False
        del self._buffer[: end + 4]
        return True

    def _finish(self, body: bytes) -> Reply:
        reply = Reply(self._status, self._headers, body, self._keeps)
        self._status, self._headers = 0, {}
        self._length = self._room = self._body = None
        return reply
