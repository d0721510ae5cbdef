"""
`from_sse`, against a server on a socket.
"""

from __future__ import annotations

import asyncio
import gzip
import pickle
import sys
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from jaystream import JaypieStream, SseEvent
from jaystream.errors import BadGatewayError, FrameTooLargeError, UpstreamError
from jaystream.testing import Probe
from tests.checks import pause
from tests.sources.upstream import Answer, Connection, answered, cut, events, in_bytes, staying, upstream

FAST: dict[str, Any] = {"wait": 0.001, "jitter": 0}
PACKED = gzip.compress(b"data: 1\n\n")


async def data_of(stream: JaypieStream[SseEvent]) -> list[object]:
    """
    The data of all events.
    """
    return await stream.map(lambda event: event.data).to_list()


class TestEvents:
    """
    What comes of one connection.
    """

    async def test_events(self) -> None:
        """
        Events come as they are on the wire, and what was asked for them says what is wanted.
        """
        async with upstream(events("event: a\nid: 7\ndata: 1\n\n: ping\n\ndata: 2\n\n")) as server:
            got = await JaypieStream.from_sse(server.url + "?q=1", headers={"X-Key": "k"}, **FAST).to_list()
        assert got == [SseEvent("1", event="a", id="7"), SseEvent("2", id="7")]
        heard = server.heard[0]
        assert (heard.method, heard.target, heard.body) == ("GET", "/events?q=1", b"")
        assert heard.headers["accept"] == "text/event-stream"
        assert heard.headers["cache-control"] == "no-store"
        assert heard.headers["x-key"] == "k"
        assert "last-event-id" not in heard.headers

    async def test_slow(self) -> None:
        """
        However the bytes come the events are those of the whole, and of httpx2's own reader.
        """
        body = "data: caf\u00e9\r\n\r\nevent: x\rdata: 1\rdata:2\r\r: hm\n\ndata: 3\n\ndata: cut".encode()
        async with upstream(in_bytes(body), answered(200, "text/event-stream", body)) as server:
            got = await JaypieStream.from_sse(server.url).to_list()
            async with httpx2.AsyncClient() as client, client.stream("GET", server.url) as response:
                theirs = [(event.event, event.data) async for event in httpx2.EventSource(response)]
        assert [(event.event, event.data) for event in got] == theirs
        assert theirs == [("message", "caf\u00e9"), ("x", "1\n2"), ("message", "3")]

    async def test_runs_again(self) -> None:
        """
        Each run makes a connection of its own.
        """
        async with upstream(events("data: 1\n\n"), events("data: 2\n\n")) as server:
            stream = JaypieStream.from_sse(server.url)
            assert not server.heard
            assert await data_of(stream) == ["1"]
            assert await data_of(stream) == ["2"]

    async def test_post(self) -> None:
        """
        A body makes it a POST, as JSON or as it is; another method is sent as it was said.
        """
        async with upstream(*[events("data: 1\n\n")] * 3) as server:
            url = httpx2.URL(server.url)
            assert await data_of(JaypieStream.from_sse(url, json={"q": "\u00e9"}, params={"a": "b"})) == ["1"]
            assert await data_of(JaypieStream.from_sse(server.url, content=b"raw")) == ["1"]
            assert await data_of(JaypieStream.from_sse(server.url, method="put", content="raw")) == ["1"]
        assert [(heard.method, heard.target) for heard in server.heard] == [
            ("POST", "/events?a=b"),
            ("POST", "/events"),
            ("PUT", "/events"),
        ]
        assert [heard.body for heard in server.heard] == ['{"q":"\u00e9"}'.encode(), b"raw", b"raw"]

    async def test_redirect(self) -> None:
        """
        Redirections are followed.
        """
        async with upstream(answered(307, "text/plain", "", "Location: /there"), events("data: 1\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url)) == ["1"]
        assert [heard.target for heard in server.heard] == ["/events", "/there"]

    async def test_redirect_elsewhere(self) -> None:
        """
        But not to what is no HTTP.
        """
        async with upstream(answered(302, "text/plain", "", "Location: ftp://a/there")) as server:
            with pytest.raises(httpx2.UnsupportedProtocol):
                await JaypieStream.from_sse(server.url).drain()

    async def test_client(self) -> None:
        """
        A client is used with all it knows, and left open.
        """
        headers = {"Authorization": "Bearer x"}
        async with (
            upstream(events("data: 1\n\n"), events("data: 2\n\n")) as server,
            httpx2.AsyncClient(base_url=server.url.removesuffix("/events"), headers=headers) as client,
        ):
            assert await data_of(JaypieStream.from_sse("/events", client=client)) == ["1"]
            assert not client.is_closed
            assert await data_of(JaypieStream.from_sse("/more", client=client)) == ["2"]
        assert [heard.target for heard in server.heard] == ["/events", "/more"]
        assert server.heard[0].headers["authorization"] == "Bearer x"

    async def test_too_large(self) -> None:
        """
        An event beyond the bound is an error, after those before it, and not asked for again.
        """
        async with upstream(events("id: 1\ndata: 1\n\ndata: 123456789\n\n")) as server:
            got: list[Any] = []
            with pytest.raises(FrameTooLargeError, match="of more than 8 bytes"):
                await JaypieStream.from_sse(server.url, max_event=8).for_each(got.append)
        assert [event.data for event in got] == ["1"]
        assert len(server.heard) == 1


class TestBytes:
    """
    Events in bytes that are here already.
    """

    async def test_bytes(self) -> None:
        """
        Bytes, and any source of them, are parsed as they are.
        """
        wire = b"data: 1\n\ndata: 2\n\n"
        assert await data_of(JaypieStream.from_sse(wire)) == ["1", "2"]
        assert await data_of(JaypieStream.from_sse(bytearray(wire))) == ["1", "2"]
        assert await data_of(JaypieStream.from_sse([wire[:9], wire[9:]])) == ["1", "2"]
        probe = Probe([wire])
        assert await data_of(JaypieStream.from_sse(probe).take(1)) == ["1"]
        probe.assert_released()
        with pytest.raises(FrameTooLargeError):
            await JaypieStream.from_sse(wire, max_event=3).drain()

    async def test_response(self) -> None:
        """
        The bytes of an open response are such a source.
        """
        async with (
            upstream(events("data: 1\n\n")) as server,
            httpx2.AsyncClient() as client,
            client.stream("GET", server.url) as response,
        ):
            assert await data_of(JaypieStream.from_sse(response.aiter_bytes())) == ["1"]

    @pytest.mark.parametrize(
        "options", [{"json": {}}, {"method": "GET"}, {"reconnect": 1}, {"last_event_id": "1"}, {"headers": {}}]
    )
    def test_options(self, options: dict[str, Any]) -> None:
        """
        What is said of a request has no meaning for them.
        """
        with pytest.raises(TypeError, match=rf"from_sse\({next(iter(options))}=\) is for a URL, not for b'x'"):
            JaypieStream.from_sse(b"x", **options)


class TestReconnecting:
    """
    Connections that end.
    """

    async def test_goes_on(self) -> None:
        """
        It comes back after the time that the server named, with the id of the last event; 204 is the end.
        """
        async with upstream(events("retry: 1\nid: \u00e9 1\ndata: 1\n\n"), cut("data: 2\n\nid: 9\ndata: cu")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, jitter=0)) == ["1", "2"]
        ids = [heard.headers.get("last-event-id", "").encode("latin-1").decode() for heard in server.heard]
        assert ids == ["", "\u00e9 1", "\u00e9 1"]

    async def test_begins_behind(self) -> None:
        """
        The first connection may name an id, too, which the events carry on.
        """
        async with upstream(events("data: 1\n\n")) as server:
            stream = JaypieStream.from_sse(server.url, last_event_id="41", reconnect=0)
            assert await stream.to_list() == [SseEvent("1", id="41")]
        assert server.heard[0].headers["last-event-id"] == "41"

    async def test_end(self) -> None:
        """
        A body that ended well is the end, where the server has given nothing to come back with; or as is said.
        """
        async with upstream(events("data: 1\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url)) == ["1"]
        async with upstream(events("id: 1\ndata: 1\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, endless=False)) == ["1"]
        async with upstream(events("data: 1\n\n"), events("data: 2\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, endless=True, **FAST)) == ["1", "2"]
        assert len(server.heard) == 3

    async def test_lost(self) -> None:
        """
        Without ids, too, a connection that is lost is made again; an event that was cut off is dropped.
        """

        async def reset(connection: Connection) -> None:
            await connection.head()
            await connection.write(b"data: 1\n\ndata: 2")
            connection.abort()

        async with upstream(reset, cut("data: 3\n\ndata: 4"), events("data: 5\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, **FAST)) == ["1", "3", "5"]

    async def test_gives_up(self) -> None:
        """
        What fails again and again, without an event, is an error that tells how often; events begin the count anew.
        """
        async with upstream(cut(""), cut("data: 1\n\n"), *[cut("")] * 9) as server:
            got: list[Any] = []
            with pytest.raises(
                UpstreamError, match=r"RemoteProtocolError.*and 2 more connections before it failed"
            ) as raised:
                await JaypieStream.from_sse(server.url, reconnect=2, **FAST).for_each(got.append)
        assert len(got) == 1
        assert len(server.heard) == 4
        assert isinstance(raised.value.__cause__, httpx2.RemoteProtocolError)
        assert raised.value.status == 502

    async def test_gives_up_quietly(self) -> None:
        """
        A server that has nothing more to say, and says so again and again, is no error.
        """
        async with upstream(events("id: 1\ndata: 1\n\n"), *[events("")] * 9) as server:
            assert await data_of(JaypieStream.from_sse(server.url, reconnect=2, **FAST)) == ["1"]
        assert len(server.heard) == 3

    @pytest.mark.parametrize("options", [{"json": {}}, {"reconnect": 0}])
    async def test_not_at_all(self, options: dict[str, Any]) -> None:
        """
        A request with a body is made once, and so is any with ``reconnect=0``.
        """
        async with upstream(cut("id: 1\ndata: 1\n\n")) as server:
            got: list[Any] = []
            with pytest.raises(UpstreamError, match="RemoteProtocolError"):
                await JaypieStream.from_sse(server.url, **options).for_each(got.append)
        assert len(got) == len(server.heard) == 1

    async def test_post_again(self) -> None:
        """
        Unless that is wanted: then the body is sent again, too.
        """
        async with upstream(cut("data: 1\n\n"), events("data: 2\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, json=[1], reconnect=1, **FAST)) == ["1", "2"]
        assert [heard.body for heard in server.heard] == [b"[1]", b"[1]"]

    async def test_waits(self) -> None:
        """
        Waits begin with what the server named, double with each failure, and grow to the longest; a random part is
        added, never taken away.
        """
        from jaystream.sources.sse_client import Reconnecting  # noqa: PLC0415 - an inner part

        plain = Reconnecting(5, endless=None, wait=1, max_wait=30, jitter=0)
        assert [plain.pause(n, None) for n in (1, 2, 3, 6, 5000)] == [1, 2, 4, 30, 30]
        assert [plain.pause(n, 250) for n in (1, 2)] == [0.25, 0.5]
        assert [plain.pause(1, retry) for retry in (60_000, 10**4000)] == [30, 30]
        mixed = Reconnecting(5, endless=None, wait=1, max_wait=30, jitter=0.5)
        waits = [mixed.pause(1, None) for _ in range(200)]
        assert 1 <= min(waits) < 1.2
        assert 1.3 < max(waits) <= 1.5

    async def test_idle(self) -> None:
        """
        A connection on which nothing comes counts as lost.
        """
        async with upstream(staying("data: 1\n\n"), events("data: 2\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url, idle=0.05, **FAST)) == ["1", "2"]
        async with upstream(staying("data: 1\n\n")) as server:
            with pytest.raises(UpstreamError, match="ReadTimeout") as raised:
                await JaypieStream.from_sse(server.url, idle=0.05, reconnect=0).drain()
        assert raised.value.status == 504


class TestFailures:
    """
    What is no event stream.
    """

    async def test_refused(self) -> None:
        """
        A first connection that fails is an error at once.
        """
        async with upstream() as server:
            url = server.url
        with pytest.raises(UpstreamError, match=r"GET http://127.0.0.1:\d+/events: ConnectError") as raised:
            await JaypieStream.from_sse(url + "?key=secret").drain()
        assert raised.value.upstream_status is None
        assert isinstance(raised.value.__cause__, httpx2.ConnectError)

    @pytest.mark.parametrize(
        ("status", "ours"), [(401, 502), (404, 502), (500, 502), (429, 503), (503, 503), (504, 504), (201, 502)]
    )
    async def test_status(self, status: int, ours: int) -> None:
        """
        Another status is an error that knows it, and that clients see as one of ours; it is not asked again.
        """
        body = "no such key: \u00e9" + "x" * 5000
        async with upstream(answered(status, "text/plain", body, "Retry-After: 7")) as server:
            url = server.url.replace("//", "//me:word@") + "?key=secret"
            with pytest.raises(UpstreamError, match=f"answered with status {status}; it begins 'no such key") as raised:
                await JaypieStream.from_sse(url).drain()
        error = raised.value
        assert (error.status, error.upstream_status, error.retry_after) == (ours, status, 7)
        assert error.excerpt == body[:999]  # a character of two bytes is among them
        assert error.body()["errors"][0]["status"] == ours
        assert "key" not in str(error.body())
        assert not any(secret in str(error) for secret in ("secret", "word", "x" * 200))
        assert error.url.endswith("/events")
        assert len(server.heard) == 1

    async def test_status_later(self) -> None:
        """
        So it is when it comes after a good beginning.
        """
        async with upstream(cut("data: 1\n\n"), answered(500, "text/plain", "down"), events("")) as server:
            with pytest.raises(UpstreamError, match="answered with status 500; it begins 'down'"):
                await JaypieStream.from_sse(server.url, **FAST).drain()
        assert len(server.heard) == 2

    @pytest.mark.parametrize("kind", ["text/html", "", "text/event-streams", "application/json; text/event-stream"])
    async def test_content_type(self, kind: str) -> None:
        """
        Another content type is an error that names it.
        """
        async with upstream(answered(200, kind, "<html>")) as server:
            with pytest.raises(UpstreamError, match=f"content type '{kind}', which is not text/event-stream"):
                await JaypieStream.from_sse(server.url).drain()

    @pytest.mark.parametrize("kind", ["text/event-stream;", "Text/Event-Stream ; charset=utf-8"])
    async def test_content_type_with_parameters(self, kind: str) -> None:
        """
        Parameters do not matter, nor does case.
        """
        async with upstream(answered(200, kind, "data: 1\n\n")) as server:
            assert await data_of(JaypieStream.from_sse(server.url)) == ["1"]

    async def test_garbage(self) -> None:
        """
        So is what is no HTTP at all.
        """

        async def garbage(connection: Connection) -> None:
            await connection.write(b"\x00\x01 what?\r\n\r\n")

        async with upstream(garbage) as server:
            with pytest.raises(UpstreamError, match="RemoteProtocolError"):
                await JaypieStream.from_sse(server.url).drain()

    @pytest.mark.leaks(allow_finalized=True, reason="httpx2 leaves a generator when its own decoder fails")
    async def test_packed(self) -> None:
        """
        Compression is not asked for. A body that is compressed all the same is read; one that cannot be is an error.
        """
        packed = [answered(200, "text/event-stream", body, "Content-Encoding: gzip") for body in (PACKED, b"no gzip")]
        async with upstream(*packed) as server:
            assert await data_of(JaypieStream.from_sse(server.url)) == ["1"]
            with pytest.raises(UpstreamError, match="DecodingError"):
                await JaypieStream.from_sse(server.url).drain()
        assert server.heard[0].headers["accept-encoding"] == "identity"

    async def test_silent_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The body of an error is not waited for long.
        """
        monkeypatch.setattr("jaystream.sources.sse_client.PATIENCE", 0.05)

        async def silent(connection: Connection) -> None:
            await connection.head(500, "text/plain", "Content-Length: 100")
            await connection.write(b"beg")
            await connection.gone()

        async with upstream(silent) as server:
            with pytest.raises(UpstreamError, match="status 500; it begins 'beg'"):
                await JaypieStream.from_sse(server.url).drain()

    @pytest.mark.parametrize("answer", [answered(401), cut("data: 1\n\n")])
    async def test_no_circle(self, answer: Answer) -> None:
        """
        An error that nobody holds is gone at once.
        """
        found: list[weakref.ref[UpstreamError]] = []

        async def run(url: str) -> None:
            try:
                await JaypieStream.from_sse(url, reconnect=0).drain()
            except UpstreamError as error:
                found.append(weakref.ref(error))

        async with upstream(answer) as server:
            await run(server.url)
        assert [None] == [reference() for reference in found]

    def test_error(self) -> None:
        """
        The error is a `BadGatewayError`'s equal to clients, and can be pickled with all it knows.
        """
        error = UpstreamError("GET http://a/", "was lost", upstream_status=401, excerpt="no", retry_after=2.5)
        assert error.body() == BadGatewayError().body()
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (str(again), vars(again)) == (str(error), vars(error))
        assert str(error) == "GET http://a/: was lost; it begins 'no'"


class TestClosing:
    """
    The connection is closed on every way out, before the run returns.
    """

    async def test_early_exit(self) -> None:
        """
        When nobody asks for more.
        """
        async with upstream(*[staying("data: 1\n\ndata: 2\n\n")] * 3) as server:
            stream = JaypieStream.from_sse(server.url)
            assert await data_of(stream.take(1)) == ["1"]
            await server.quiet()
            async with stream.open() as items:
                await anext(items)
                assert server.open == 1
            await server.quiet()
            with pytest.raises(ZeroDivisionError):
                await stream.map(lambda event: 1 / 0).drain()
            await server.quiet()

    async def test_cancellation(self) -> None:
        """
        When the run is cancelled: while it connects, reads, waits for another connection, or closes.
        """

        async def slow_head(connection: Connection) -> None:
            await connection.gone()

        for turns in range(60):
            async with upstream(slow_head if turns % 2 else staying("data: 1\n\n")) as server:
                task = asyncio.create_task(JaypieStream.from_sse(server.url).drain())
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await server.quiet()

    async def test_more_in_one_piece(self) -> None:
        """
        So it is where more has come than was asked for, cut up by the server.
        """
        chunks = "".join(f"9\r\ndata: {number}\n\n\r\n" for number in range(9))
        many = answered(200, "text/event-stream", chunks, "Transfer-Encoding: chunked")
        async with upstream(many) as server:
            assert await data_of(JaypieStream.from_sse(server.url).take(2)) == ["0", "1"]

    async def test_other_transport(self) -> None:
        """
        Where a client has another transport than a socket, what that reads from is closed.
        """
        probe = Probe([b"data: 1\n\n", b"data: 2\n\n"])

        async def body() -> AsyncIterator[bytes]:
            async with aclosing(probe):
                async for piece in probe:
                    yield piece

        def answer(_: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body())

        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
            assert await data_of(JaypieStream.from_sse("http://a/", client=client).take(1)) == ["1"]
        probe.assert_released()

    async def test_cancelled_twice(self) -> None:
        """
        A second cancellation while it closes does not keep the connection open.
        """
        for turns in range(8):
            async with upstream(staying("data: 1\n\n")) as server:
                begun: list[SseEvent] = []
                task = asyncio.create_task(JaypieStream.from_sse(server.url).for_each(begun.append))
                while not begun:
                    await pause()
                task.cancel()
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await server.quiet()

    async def test_cancelled_wait(self) -> None:
        """
        A cancellation ends the wait for another connection, during which none is open.
        """
        async with upstream(cut("data: 1\n\n")) as server:
            task = asyncio.create_task(JaypieStream.from_sse(server.url, wait=1000, max_wait=1000).drain())
            await server.served(1)
            await server.quiet()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_timeout(self) -> None:
        """
        A limit of `timeout` closes it, too.
        """
        async with upstream(staying("data: 1\n\n")) as server:
            with pytest.raises(TimeoutError, match="nothing came for"):
                await JaypieStream.from_sse(server.url).timeout(idle=0.05).drain()
            await server.quiet()


class TestArguments:
    """
    What is refused where the pipeline is written.
    """

    @pytest.mark.parametrize(
        ("url", "options", "error", "message"),
        [
            ("ftp://a/", {}, ValueError, "URL that begins with http:// or https://, or bytes, not 'ftp://a/'"),
            ("http://", {}, ValueError, "a URL that names a host, not 'http://'"),
            ("https:///a", {}, ValueError, "a URL that names a host, not 'https:///a'"),
            ("/a", {}, ValueError, "expects a URL that begins with http"),
            ("http://a:b/", {}, ValueError, "cannot read the URL 'http://a:b/'"),
            ("http://a/", {"client": 5}, TypeError, r"client=\) expects an httpx2.AsyncClient, not 5"),
            ("http://a/", {"json": 1, "content": b"1"}, TypeError, "json= or content=, not both"),
            ("http://a/", {"method": 5}, TypeError, r"method=\) expects a str, not 5"),
            ("http://a/", {"reconnect": -1}, ValueError, r"reconnect=\) must be at least 0, not -1"),
            ("http://a/", {"wait": -1}, ValueError, r"wait=\) must be at least 0 seconds"),
            ("http://a/", {"max_wait": "1"}, TypeError, r"max_wait=\) expects a number of seconds"),
            ("http://a/", {"jitter": -1}, ValueError, r"jitter=\) must be at least 0"),
            ("http://a/", {"idle": 0}, ValueError, r"idle=\) must be above 0 seconds"),
            ("http://a/", {"connect_timeout": 0}, ValueError, r"connect_timeout=\) must be above 0 seconds"),
            ("http://a/", {"max_event": 0}, ValueError, "max_event must be at least 1"),
            ("http://a/", {"last_event_id": "a\nb"}, ValueError, "id must not hold CR or LF"),
        ],
    )
    def test_bad_arguments(self, url: str, options: dict[str, Any], error: type[Exception], message: str) -> None:
        """
        Each says what was expected and what came.
        """
        with pytest.raises(error, match=message):
            JaypieStream.from_sse(url, **options)

    def test_no_source(self) -> None:
        """
        What is neither a URL nor a source is refused as everywhere.
        """
        wrong: Any = 5
        with pytest.raises(TypeError):
            JaypieStream.from_sse(wrong)

    def test_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Without httpx2 a URL is an error that says what to do; bytes need none.
        """
        monkeypatch.setitem(sys.modules, "httpx2", None)
        with pytest.raises(ModuleNotFoundError, match=r"needs httpx2 .*: pip install 'jaystream\[http\]'"):
            JaypieStream.from_sse("http://a/")
        assert "from_sse" not in repr(JaypieStream.from_sse(b""))

    def test_told(self) -> None:
        """
        It shows where the events come from, without the query.
        """
        assert repr(JaypieStream.from_sse("http://me:word@a/b?key=1")) == "JaypieStream(from_sse('http://a/b'))"
