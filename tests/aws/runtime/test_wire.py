"""
The runtime's HTTP, held against h11 at the other end.
"""

from __future__ import annotations

import itertools
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.aws.runtime import wire
from jaystream.aws.runtime.wire import Reply, ReplyReader, WireError, chunk, last_chunk, request_head

bodies = st.binary(max_size=300)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in {"content-length", "transfer-encoding", "connection"}
)
values = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


def said(status: int, headers: list[tuple[str, str]], pieces: list[bytes], *, chunked: bool) -> bytes:
    """
    A reply as h11 writes it.
    """
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.next_event()
    server.next_event()
    length = [] if chunked else [("Content-Length", str(sum(map(len, pieces))))]
    parts: list[Any] = [h11.Response(status_code=status, headers=[*headers, *length])]
    parts += [h11.Data(data=piece) for piece in pieces]
    return b"".join(server.send(part) or b"" for part in [*parts, h11.EndOfMessage()])


def cut(data: bytes, marks: list[int]) -> list[bytes]:
    """
    The same bytes in pieces.
    """
    edges = [0, *sorted(mark % (len(data) + 1) for mark in marks), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def read(reader: ReplyReader, data: bytes) -> Reply:
    """
    The reply that *data* completes.
    """
    reply = reader.feed(data)
    assert reply is not None
    return reply


class TestReplies:
    """
    Reading.
    """

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([200, 202, 400, 500]),
                st.lists(st.tuples(names, values), max_size=4),
                st.lists(bodies, max_size=3),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        ),
        st.lists(st.integers(0, 10_000), max_size=12),
    )
    def test_as_h11_writes(self, replies: list[tuple[int, Any, list[bytes], bool]], marks: list[int]) -> None:
        """
        Whatever h11 writes is read, however it is cut, one reply after another.
        """
        reader = ReplyReader()
        for status, headers, pieces, chunked in replies:
            found = [
                reply
                for data in cut(said(status, headers, pieces, chunked=chunked), marks)
                if (reply := reader.feed(data))
            ]
            assert [(status, b"".join(pieces), True)] == [(reply.status, reply.body, reply.keeps) for reply in found]
            expected: dict[bytes, bytes] = {}
            for name, value in headers:
                key = name.lower().encode()
                expected[key] = b", ".join([expected[key], value.encode()]) if key in expected else value.encode()
            assert expected.items() <= found[0].headers.items()
            assert reader.idle

    def test_continue(self) -> None:
        """
        An answer on the way is passed over.
        """
        reader = ReplyReader()
        assert reader.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 OK\r\n") is None
        assert b"x" == read(reader, b"Content-Length: 1\r\n\r\nx").body

    def test_without_body(self) -> None:
        """
        204 and 304 have none, whatever they say.
        """
        reader = ReplyReader()
        assert b"" == read(reader, b"HTTP/1.1 204 No Content\r\n\r\n").body
        assert b"" == read(reader, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").body

    def test_until_end(self) -> None:
        """
        Without a length the body ends with the connection.
        """
        reader = ReplyReader()
        assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nab") is None
        assert Reply(200, {}, b"ab", keeps=False) == reader.end()

    @pytest.mark.parametrize(
        "begun",
        [
            b"",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        ],
    )
    def test_cut_short(self, begun: bytes) -> None:
        """
        What has another end is not complete.
        """
        reader = ReplyReader()
        assert reader.feed(begun) is None
        assert reader.end() is None

    @pytest.mark.parametrize(
        ("head", "keeps"),
        [
            (b"HTTP/1.1 200 OK\r\n", True),
            (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n", False),
            (b"HTTP/1.0 200 OK\r\n", False),
            (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
            (b"HTTP/1.1 200\r\n", True),
        ],
    )
    def test_keeps(self, head: bytes, keeps: bool) -> None:
        """
        Whether the connection can be used again.
        """
        assert keeps is read(ReplyReader(), head + b"Content-Length: 0\r\n\r\n").keeps

    def test_chunks_in_all_forms(self) -> None:
        """
        Extensions and trailers are passed over.
        """
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        data = head + b"3;a=b\r\nabc\r\nA \r\n0123456789\r\n0\r\nX: y\r\n\r\n"
        for at in range(len(data)):
            reader = ReplyReader()
            found = reader.feed(data[:at]), reader.feed(data[at:])
            assert (None, b"abc0123456789") == (found[0], found[1] and found[1].body)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"HTTP/2 200\r\n\r\n", "no status line"),
            (b"HTTP/1.1 20x\r\n\r\n", "no status line"),
            (b"HTTP/1.1 2000 OK\r\n\r\n", "no status line"),
            (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header line"),
            (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "header line"),
            (b"HTTP/1.1 200 OK\r\n folded: b\r\n\r\n", "header line"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "content length"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "content length"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer encoding"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "size b'x'"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "longer than its size"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 5000, "no end"),
        ],
    )
    def test_garbage(self, data: bytes, message: str) -> None:
        """
        What is no HTTP/1.1 is refused.
        """
        with pytest.raises(WireError, match=message):
            ReplyReader().feed(data)

    @pytest.mark.parametrize(
        "begun", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "]
    )
    @pytest.mark.parametrize("rest", [b"", b"\r\n\r\n"])
    def test_endless(self, begun: bytes, rest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A head without an end is refused, and so are trailers.
        """
        monkeypatch.setattr(wire, "HEAD_LIMIT", 100)
        with pytest.raises(WireError, match="more than 100 bytes"):
            ReplyReader().feed(begun + b"y" * 200 + rest)


class TestRequests:
    """
    Writing.
    """

    @given(st.lists(bodies.filter(bool), max_size=5), st.lists(st.tuples(names, values), max_size=3))
    def test_as_h11_reads(self, pieces: list[bytes], trailers: list[tuple[str, str]]) -> None:
        """
        h11 reads the chunks that were written, and the trailers.
        """
        server = h11.Connection(h11.SERVER)
        server.receive_data(request_head(b"POST", b"/x", [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")]))
        for piece in pieces:
            server.receive_data(chunk(piece))
        server.receive_data(last_chunk([(name.encode(), value.encode()) for name, value in trailers]))
        found: list[bytes] = []
        request = server.next_event()
        while not isinstance(event := server.next_event(), h11.EndOfMessage):
            assert isinstance(event, h11.Data)
            found.append(bytes(event.data))
        assert isinstance(request, h11.Request)
        assert (b"POST", b"/x") == (request.method, request.target)
        assert b"".join(pieces) == b"".join(found)
        assert [(name.lower().encode(), value.encode()) for name, value in trailers] == list(event.headers)

    @pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b", b"a\r\n"])
    def test_injection(self, value: bytes) -> None:
        """
        A header stays on its line, and so does the target.
        """
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            request_head(b"GET", b"/", [(b"A", value)])
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            request_head(b"GET", value, [])
