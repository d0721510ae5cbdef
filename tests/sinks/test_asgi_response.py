"""
The ASGI sink's plain answers: messages, headers, status, requests that want no body, and arguments.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import answer, scope, yielding


class TestMessages:
    """
    What goes to the server, and the report of it.
    """

    async def test_one_start_bodies_one_end(self) -> None:
        """
        A response is one start, its bodies, and one last empty body.
        """
        send = RecordingSend()
        report = await answer(JaypieStream(yielding("a", "b")), send)
        assert [] == send.violations
        assert ["http.response.start", *["http.response.body"] * 3] == [message["type"] for message in send.messages]
        assert [True, True, False] == [message["more_body"] for message in send.messages[1:]]
        assert [b"data: a\n\n", b"data: b\n\n"] == send.chunks
        assert ("end", 2, 18, None) == (report.ended, report.items, report.bytes, report.error)

    async def test_empty_stream(self) -> None:
        """
        A stream of nothing is a start and an end.
        """
        send = RecordingSend()
        report = await answer(JaypieStream[str]([]), send)
        assert (200, b"", True) == (send.status, send.body, send.ended)
        assert (0, 0, None) == (report.items, report.bytes, report.first_byte)

    async def test_report_times(self) -> None:
        """
        The report tells when the first byte went and when all was over.
        """
        report = await answer(JaypieStream.of("a"), RecordingSend())
        assert report.first_byte is not None
        assert 0 < report.first_byte <= report.seconds
        assert "ended='end', items=1, bytes=9" in repr(report)

    async def test_wire_rule(self) -> None:
        """
        Text is framed, bytes are framed already, everything else is a chunk to encode.
        """
        send = RecordingSend()
        await answer(JaypieStream[Any].of("t\nu", b": raw\n\n", bytearray(b": b\n\n"), {"type": "x"}), send)
        assert b'data: t\ndata: u\n\n: raw\n\n: b\n\nevent: x\ndata: {"type":"x"}\n\n' == send.body

    async def test_added_behind_a_format(self) -> None:
        """
        What joins a stream behind its format is framed by that format, and bytes are not.
        """
        send = RecordingSend()
        added: list[Any] = ["b", bytearray(b"data: c\n\n"), {"type": "d"}]
        report = await answer(JaypieStream.of("a").format_sse().on_end(added), send)
        assert b'data: a\n\ndata: b\n\ndata: c\n\nevent: d\ndata: {"type":"d"}\n\n' == send.body
        assert (4, len(send.body)) == (report.items, report.bytes)

    async def test_many_responses_at_once(self) -> None:
        """
        Responses of one loop have nothing in common.
        """
        sends = [RecordingSend() for _ in range(20)]
        await asyncio.gather(*[answer(JaypieStream(yielding(str(n), "x")), send) for n, send in enumerate(sends)])
        assert [f"data: {n}\n\ndata: x\n\n".encode() for n in range(20)] == [send.body for send in sends]


class TestHeaders:
    """
    What the response says of itself.
    """

    async def test_own_headers(self) -> None:
        """
        The format's content type and what keeps proxies from holding it back; no connection header, illegal in HTTP/2.
        """
        send = RecordingSend()
        await answer(JaypieStream.of("a"), send)
        assert send.headers == {
            "content-type": "text/event-stream",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }

    @pytest.mark.parametrize(
        ("name", "media_type"),
        [("format_ndjson", "application/x-ndjson"), ("format_text", "text/plain; charset=utf-8")],
    )
    async def test_content_type(self, name: str, media_type: str) -> None:
        """
        The content type is the format's.
        """
        send = RecordingSend()
        await answer(getattr(JaypieStream.of("a"), name)(), send)
        assert media_type == send.headers["content-type"]

    async def test_overrides(self) -> None:
        """
        Headers that are given win, whatever their case; others are added, a pair may repeat.
        """
        send = RecordingSend()
        pairs = [("Cache-Control", "no-store"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2")]
        await answer(JaypieStream.of("a"), send, headers=pairs)
        raw = send.messages[0]["headers"]
        assert [b"no-store"] == [value for name, value in raw if name == b"cache-control"]
        assert [b"a=1", b"b=2"] == [value for name, value in raw if name == b"set-cookie"]

    @pytest.mark.parametrize("value", ["a\r\nset-cookie: x=1", "a\nb", "a\0b"])
    async def test_injection(self, value: str) -> None:
        """
        What could end a header line early is refused, in values and in names.
        """
        probe = Probe(["a"])
        with pytest.raises(ValueError, match="may not hold CR, LF or NUL"):
            await answer(JaypieStream(probe), RecordingSend(), headers={"x-name": value})
        with pytest.raises(ValueError, match="may not hold CR, LF or NUL"):
            await answer(JaypieStream(probe), RecordingSend(), headers={value: "x"})
        assert 0 == probe.opens

    @pytest.mark.parametrize(
        ("headers", "says"),
        [
            ({"set-cookie: a": "x"}, r"the name of a header is letters, digits and a few marks, not 'set-cookie: a'"),
            ({"": "x"}, r"the name of a header is letters, digits and a few marks, not ''"),
            ({"x": "\u20ac"}, r"to_asgi\(headers=\): the value of a header is Latin-1 text, not 'x': '\u20ac'"),
            ({"x": 1}, r"to_asgi\(headers=\) expects names and values as str, not 'x': 1"),
            ("x", r"to_asgi\(headers=\) expects a mapping, or pairs of str, not "),
            (5, r"to_asgi\(headers=\) expects a mapping, or pairs of str, not "),
        ],
    )
    async def test_no_headers(self, headers: Any, says: str) -> None:
        """
        What is no header is refused, with what is expected.
        """
        with pytest.raises((ValueError, TypeError), match=says):
            await answer(JaypieStream.of("a"), RecordingSend(), headers=headers)

    async def test_status(self) -> None:
        """
        The status is the given one.
        """
        send = RecordingSend()
        await answer(JaypieStream.of("a"), send, status=207)
        assert 207 == send.status


class TestNoBody:
    """
    Requests and statuses that have no body never open the source.
    """

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 418)])
    async def test_source_stays_closed(self, method: str, status: int) -> None:
        """
        The headers are those of the stream, the body is empty, the source is not touched.
        """
        probe, send = Probe(["a"]), RecordingSend()
        report = await answer(JaypieStream(probe), send, method, status=status)
        assert (status, "text/event-stream", b"", True) == (
            send.status,
            send.headers["content-type"],
            send.body,
            send.ended,
        )
        assert ([], "head", 0) == (probe.events, report.ended, report.items)

    async def test_coroutine_source(self) -> None:
        """
        A coroutine that will not run does not warn that nobody awaited it.
        """

        async def items() -> list[str]:
            return ["a"]  # pragma: no cover - the point is that it never runs

        assert "head" == (await answer(JaypieStream(items()), RecordingSend(), "HEAD")).ended

    async def test_client_gone(self) -> None:
        """
        A server that raises since the client has left is no failure.
        """
        send = RecordingSend(disconnect_after=0, refuse=True)
        assert "disconnected" == (await answer(JaypieStream.of("a"), send, "HEAD")).ended

    async def test_send_fails(self) -> None:
        """
        Whatever else a server raises is its own to answer for.
        """

        async def send(message: Any) -> None:
            raise RuntimeError("no send")

        with pytest.raises(RuntimeError, match="no send"):
            await JaypieStream.of("a").to_asgi(scope("HEAD"), RecordingSend().receive, send)


class TestArguments:
    """
    What is refused, before anything runs.
    """

    @pytest.mark.parametrize("kind", ["websocket", "lifespan"])
    async def test_scope(self, kind: str) -> None:
        """
        Only HTTP requests can be answered.
        """
        probe, send = Probe(["a"]), RecordingSend()
        with pytest.raises(ValueError, match=f"type 'http', not '{kind}'"):
            await JaypieStream(probe).to_asgi(scope(kind=kind), send.receive, send)
        assert ([], []) == (probe.events, send.messages)

    @pytest.mark.parametrize(
        ("given", "error", "match"),
        [
            ({"status": 199}, ValueError, "200 to 599, not 199"),
            ({"status": 600}, ValueError, "200 to 599, not 600"),
            ({"status": "200"}, TypeError, "status.*'200'"),
            ({"keepalive": 0}, ValueError, "keepalive.*above 0 seconds, not 0"),
            ({"keepalive": "1"}, TypeError, "keepalive.*'1'"),
            ({"eager_first": -1}, ValueError, "eager_first.*at least 0 seconds, not -1"),
            ({"send_timeout": float("nan")}, ValueError, "send_timeout.*not nan"),
            ({"max_duration": 0}, ValueError, "max_duration.*above 0 seconds, not 0"),
            ({"on_disconnect": "ignore"}, ValueError, "'cancel' or 'drain', not 'ignore'"),
            ({"shutdown": 3}, TypeError, "async wait.*3"),
            ({"headers": {"a": 1}}, TypeError, "as str, not 'a': 1"),
        ],
    )
    async def test_bad(self, given: dict[str, Any], error: type[Exception], match: str) -> None:
        """
        A bad argument fails with its value in the message, in `to_asgi` and already in `to_response`.
        """
        probe, send = Probe(["a"]), RecordingSend()
        with pytest.raises(error, match=match):
            await answer(JaypieStream(probe), send, **given)
        with pytest.raises(error, match=match):
            JaypieStream(probe).to_response(**given)
        assert ([], []) == (probe.events, send.messages)
