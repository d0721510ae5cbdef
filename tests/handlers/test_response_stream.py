"""
The response stream by itself, over writers of every kind.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from jaystream import JaypieStream, ResponseStream, create_asgi_stream, create_lambda_stream
from jaystream.errors import NotFoundError, ResponseEndedError, ResponseStartedError
from jaystream.testing import AsyncRecordingResponseStream, Probe, RecordingResponseStream
from tests.handlers.asking import Headless
from tests.sinks.exchange import turns


class Coroutines(Headless):
    """
    A writer whose methods are coroutine functions: they begin when somebody waits.
    """

    async def write(self, data: bytes) -> None:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """
        Take a piece.
        """
        super().write(data)

    async def end(self) -> None:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """
        Take the end.
        """
        super().end()


class TestHead:
    """
    Until the first byte.
    """

    async def test_defaults(self) -> None:
        """
        Without a word it is a 200 of the format.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        await response.end()
        headers = {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}
        assert (200, headers, []) == (writer.status, dict(writer.headers), writer.cookies)

    async def test_everything(self) -> None:
        """
        What was set goes out, once, before the first byte.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer, format="ndjson")
        response.status = 201
        response.headers["X-A"] = "1"
        response.headers["cache-control"] = "no-store"
        response.set_cookie("a", "1", max_age=60, secure=True, http_only=True, same_site="strict", domain="x.org")
        assert (201, "1", False) == (response.status, response.headers["x-a"], response.started)
        await response.send({"n": 1})
        await response.send({"n": 2})
        assert response.started
        status, headers, cookies = writer.status, dict(writer.headers), writer.cookies
        assert (201, "1", "no-store", "application/x-ndjson") == (
            status,
            headers["x-a"],
            headers["cache-control"],
            headers["content-type"],
        )
        assert ["a=1; Max-Age=60; Domain=x.org; Path=/; Secure; HttpOnly; SameSite=Strict"] == cookies
        assert [b'{"n":1}\n', b'{"n":2}\n'] == writer.chunks

    async def test_afterwards(self) -> None:
        """
        After the first byte all of that is an error that says so.
        """
        response = ResponseStream(RecordingResponseStream())
        await response.write("x")
        with pytest.raises(ResponseStartedError, match="status was set after the response had begun"):
            response.status = 404
        with pytest.raises(ResponseStartedError, match="the header 'x-a'"):
            response.headers["x-a"] = "1"
        with pytest.raises(ResponseStartedError, match="the header"):
            del response.headers["content-type"]
        with pytest.raises(ResponseStartedError, match="a cookie"):
            response.set_cookie("a", "1")
        with pytest.raises(ResponseStartedError, match="the content type"):
            response.set_content_type("text/plain")
        assert 200 == response.status

    @pytest.mark.parametrize("status", [99, 100, 199, 600])
    async def test_status_out_of_range(self, status: int) -> None:
        """
        A status is final.
        """
        with pytest.raises(ValueError, match=f"not {status}"):
            ResponseStream(RecordingResponseStream()).status = status

    async def test_injection(self) -> None:
        """
        A header cannot bring another one.
        """
        response = ResponseStream(RecordingResponseStream())
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            response.headers["x-a"] = "1\r\nset-cookie: b=2"
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            response.set_content_type("text/plain\nx: y")

    @pytest.mark.parametrize(
        ("name", "value", "options", "complaint"),
        [
            ("a b", "1", {}, "a cookie's name"),
            ("a", "1; Secure", {}, "a cookie's value may not hold"),
            ("a", "1\r\n", {}, "a cookie's value may not hold"),
            ("a", "1", {"path": "/;x"}, "a cookie's path"),
            ("a", "1", {"domain": "x\n"}, "a cookie's domain"),
            ("a", "1", {"same_site": "maybe"}, "same_site must be"),
            ("a", "1", {"same_site": "none"}, "needs secure=True"),
            ("a", "1", {"expires": datetime(2030, 1, 1)}, "a time zone"),  # noqa: DTZ001 - the fault
        ],
    )
    async def test_bad_cookie(self, name: str, value: str, options: Any, complaint: str) -> None:
        """
        What is no cookie is refused.
        """
        with pytest.raises(ValueError, match=complaint):
            ResponseStream(RecordingResponseStream()).set_cookie(name, value, **options)

    async def test_cookie_again(self) -> None:
        """
        The last of a name, path and domain counts; others stay.
        """
        response = ResponseStream(RecordingResponseStream())
        response.set_cookie("a", "1", same_site=None)
        response.set_cookie("a", "2", path="/x", same_site=None)
        zone = timezone(timedelta(hours=1))
        response.set_cookie("a", "3", same_site=None, expires=datetime(2030, 1, 1, 1, tzinfo=zone))
        assert ("a=2; Path=/x", "a=3; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Path=/") == response.cookies

    async def test_writer_without_heads(self) -> None:
        """
        A writer that knows no status is told the content type.
        """
        writer = Headless()
        response = ResponseStream(writer)
        response.set_content_type("text/plain; charset=utf-8")
        await response.write("a")
        await response.end()
        assert ("text/plain; charset=utf-8", b"a", []) == (writer.content_type, writer.body, writer.violations)


class TestBody:
    """
    What is written.
    """

    @pytest.mark.parametrize("make", [RecordingResponseStream, AsyncRecordingResponseStream, Headless])
    async def test_takes_effect_at_the_call(self, make: Any) -> None:
        """
        A write is there before anybody waits for it, and so is the end.
        """
        writer = make()
        response = ResponseStream(writer)
        response.write("ä")
        response.write(b"b")
        response.write(bytearray(b"c"))
        assert ["ä".encode(), b"b", b"c"] == writer.chunks
        response.end()
        assert (True, []) == (writer.ended, writer.violations)

    async def test_awaits_the_peer(self) -> None:
        """
        Awaiting a write waits until the peer reads.
        """
        writer = AsyncRecordingResponseStream()
        writer.hold()
        response = ResponseStream(writer)
        waiting = response.write("a").__await__()
        assert next(waiting) is not None
        assert [b"a"] == writer.chunks
        writer.release()
        await turns(2)
        with pytest.raises(StopIteration):
            next(waiting)

    async def test_writer_of_coroutines(self) -> None:
        """
        A writer that needs to be awaited gets everything, in order, though nobody waits but at the end.
        """
        writer = Coroutines()
        response = ResponseStream(writer)
        response.write("a")
        response.write("b")
        await response.end()
        assert ([b"a", b"b"], True, []) == (writer.chunks, writer.ended, writer.violations)

    async def test_end_is_idempotent(self) -> None:
        """
        A second end does nothing, a write after it is an error.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        await response.end()
        await response.end()
        await response.fail(ValueError())
        assert (True, [], True) == (writer.ended, writer.violations, response.ended)
        with pytest.raises(ResponseEndedError, match="takes nothing more"):
            response.write("x")
        with pytest.raises(ResponseEndedError):
            response.send("x")

    async def test_send_frames(self) -> None:
        """
        Text is framed, bytes are framed already, a chunk is encoded.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        for chunk in ("a", b"b\n\n", memoryview(b"c\n\n"), {"type": "x"}):
            await response.send(chunk)
        assert b'data: a\n\nb\n\nc\n\nevent: x\ndata: {"type":"x"}\n\n' == writer.body

    async def test_content_type_is_format(self) -> None:
        """
        A content type of one of our formats is that format.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        response.set_content_type("application/x-ndjson")
        await response.send({"n": 1})
        assert b'{"n":1}\n' == writer.body

    async def test_not_bytes(self) -> None:
        """
        A chunk is sent, not written.
        """
        bad: Any = {"n": 1}
        with pytest.raises(TypeError, match="send\\(\\) takes chunks"):
            ResponseStream(RecordingResponseStream()).write(bad)

    @pytest.mark.parametrize("status", [204, 304])
    async def test_no_body(self, status: int) -> None:
        """
        A status without a body takes none.
        """
        response = ResponseStream(RecordingResponseStream())
        response.status = status
        with pytest.raises(ValueError, match=f"status {status} has no body"):
            response.write("x")
        await response.end()

    async def test_fail(self) -> None:
        """
        A failure goes to a writer that can tell of it, and is the end for any other.
        """
        writer, plain, error = RecordingResponseStream(), Headless(), ValueError("planted")
        await ResponseStream(writer).fail(error)
        await ResponseStream(plain).fail(error)
        assert (error, True, True) == (writer.error, writer.ended, plain.ended)

    def test_bad_arguments(self) -> None:
        """
        A writer has its methods, a format its name.
        """
        bad: Any = object()
        with pytest.raises(TypeError, match=r"a writer with write\(\) and end\(\)"):
            ResponseStream(bad)
        with pytest.raises(ValueError, match="format must be one of"):
            ResponseStream(RecordingResponseStream(), format="xml")


class TestAsTarget:
    """
    Streams that are delivered into it.
    """

    @pytest.mark.parametrize("deliver", [create_lambda_stream, create_asgi_stream])
    async def test_stream(self, deliver: Any) -> None:
        """
        The stream's format is the response's, and what was set before stays.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        response.status = 201
        response.headers["x-a"] = "1"
        await deliver(JaypieStream.of({"n": 1}).format_ndjson(), response)
        status, headers = writer.status, dict(writer.headers)
        assert (201, "application/x-ndjson", "1") == (status, headers["content-type"], headers["x-a"])
        assert (b'{"n":1}\n', True, []) == (writer.body, writer.ended, writer.violations)
        assert response.ended

    async def test_after_a_write(self) -> None:
        """
        A response that has begun goes on.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        await response.send("a")
        await JaypieStream.of("b").to_lambda(response)
        assert (b"data: a\n\ndata: b\n\n", []) == (writer.body, writer.violations)

    async def test_failure_before_the_first_byte(self) -> None:
        """
        It is a status.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        response.headers["access-control-allow-origin"] = "*"
        await JaypieStream(Probe((), fail_at=0, error=NotFoundError())).to_lambda(response)
        status, headers = writer.status, dict(writer.headers)
        assert (404, "application/json", "*") == (
            status,
            headers["content-type"],
            headers["access-control-allow-origin"],
        )

    async def test_failure_in_jaypies_way(self) -> None:
        """
        Or a 200 and an event, if so wanted.
        """
        writer = RecordingResponseStream()
        response = ResponseStream(writer)
        response.jaypie_status = True
        await JaypieStream(Probe((), fail_at=0, error=NotFoundError())).to_lambda(response)
        assert (200, True) == (writer.status, writer.body.startswith(b"event: error\n"))

    async def test_throw(self) -> None:
        """
        A failure that is raised is told to the writer, too.
        """
        writer, error = RecordingResponseStream(), ValueError("planted")
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream(Probe("a", fail_at=1, error=error)).to_lambda(ResponseStream(writer), throw=True)
        assert (error, 1) == (writer.error, writer.body.count(b"event: error"))
