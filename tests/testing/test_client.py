"""
`StreamTestClient`: what streams is seen to stream, and nothing is left when the test leaves.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import Emitter, JaypieStream
from jaystream.testing import Probe, StreamTestClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """
    An app that answers with what it was asked.
    """
    message = await receive()
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "raw_path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        "body": message["body"].decode(),
    }
    await send({"type": "http.response.start", "status": 201, "headers": [(b"X-A", b"1"), (b"X-A", b"2")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def forever(_: int) -> None:
    """
    Wait for ever.
    """
    await asyncio.Event().wait()


class TestReading:
    """
    What comes back, as it comes.
    """

    async def test_events_come_one_by_one(self) -> None:
        """
        An event is read before the next one is made.
        """
        emitter = Emitter[str](4)
        client = StreamTestClient(emitter.stream.to_response())
        async with client.stream("GET", "/", wait=False) as response:
            for word in ("one", "two"):
                await emitter.send(word)
                assert word == (await response.next_event()).data
            emitter.close()
            with pytest.raises(EOFError, match="the body ended after 22 bytes"):
                await response.next_event()

    async def test_frames_show_comments(self, virtual_clock: object) -> None:
        """
        A keepalive is a frame, and no event.
        """

        async def slow() -> AsyncIterator[str]:
            yield "one"
            await asyncio.sleep(20)
            yield "two"

        client = StreamTestClient(JaypieStream(slow()).to_response(), timeout=None)
        async with client.stream("GET", "/") as response:
            frames = [await response.next_frame() for _ in range(3)]
        assert [b"data: one\n\n", b": ping\n\n", b"data: two\n\n"] == frames

    async def test_other_line_ends(self) -> None:
        """
        Frames of servers that write CRLF are frames too.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"data: 1\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n"})

        async with StreamTestClient(app).stream("GET", "/") as response:
            assert ["1\n2", "3"] == [event.data async for event in response.events()]

    @pytest.mark.parametrize("framed", [JaypieStream.format_sse, JaypieStream.format_ndjson])
    async def test_chunks(self, framed: Callable[[JaypieStream[Any]], JaypieStream[bytes]]) -> None:
        """
        The JSON of an event or of a line is read at once.
        """
        stream = framed(JaypieStream.of({"n": 1}, {"n": 2}))
        async with StreamTestClient(stream.to_response()).stream("GET", "/") as response:
            assert [{"n": 1}, {"n": 2}] == [await response.next_chunk(), await response.next_chunk()]

    async def test_rest_after_a_frame(self) -> None:
        """
        What stands behind a frame is not lost to `next_piece` and `read`.
        """
        stream = JaypieStream.of(b"data: 1\n\ndata: 2", b"\n\n")
        async with StreamTestClient(stream.to_response()).stream("GET", "/") as response:
            assert b"data: 1\n\n" == await response.next_frame()
            assert b"data: 2\n\n" == await response.next_piece()
            assert b"data: 1\n\ndata: 2\n\n" == await response.read() == response.body

    async def test_cut_frame(self) -> None:
        """
        A body that ends within a frame says so.
        """
        stream = JaypieStream.of(b"data: 1")
        async with StreamTestClient(stream.to_response()).stream("GET", "/") as response:
            with pytest.raises(EOFError, match="within a frame: b'data: 1'"):
                await response.next_event()

    async def test_timeout_says_what_came(self, virtual_clock: object) -> None:
        """
        A stream that gives nothing fails the step that waits for it.
        """
        source = JaypieStream.of("one") + JaypieStream.never()
        async with StreamTestClient(source.to_response()).stream("GET", "/") as response:
            await response.next_event()
            with pytest.raises(TimeoutError, match="did not come within 5 s; 1 events and 11 bytes did"):
                await response.next_event()


class TestRequests:
    """
    What the app is asked.
    """

    async def test_request(self) -> None:
        """
        Path, query, headers, cookies and body arrive as a server gives them.
        """
        response = await StreamTestClient(echo, headers={"X-One": "1", "X-Two": "2"}).post(
            "/a b/ü?x=1", params={"y": "2 3"}, headers={"X-Two": "3"}, cookies={"k": "v"}, json={"q": 1}
        )
        told = response.json()
        assert (201, "1, 2") == (response.status, response.headers["x-a"])
        assert ("POST", "/a b/ü", "/a%20b/%C3%BC") == (told["method"], told["path"], told["raw_path"])
        assert ("x=1&y=2+3", '{"q": 1}') == (told["query"], told["body"])
        assert {
            "x-one": "1",
            "x-two": "3",
            "cookie": "k=v",
            "content-type": "application/json",
            "content-length": "8",
            "host": "testserver",
            "accept": "*/*",
        } == told["headers"]

    async def test_get(self) -> None:
        """
        A request without a body.
        """
        response = await StreamTestClient(echo).get("/", content="text")
        assert "text" == response.json()["body"]
        assert json.loads(response.text()) == response.json()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"base_url": "testserver"}, "must be an address like"),
            ({"window": 0}, "at least 1 byte, not 0"),
        ],
    )
    def test_bad_arguments(self, arguments: dict[str, Any], message: str) -> None:
        """
        Arguments that cannot work fail at the call.
        """
        with pytest.raises(ValueError, match=message):
            partial(StreamTestClient, echo)(**arguments)

    def test_no_app(self) -> None:
        """
        So does what is no app.
        """
        app: Any = 1
        with pytest.raises(TypeError, match="expects an ASGI app, not 1"):
            StreamTestClient(app)

    async def test_bad_requests(self) -> None:
        """
        So do requests.
        """
        client = StreamTestClient(echo)
        with pytest.raises(ValueError, match="a path that begins with '/', not 'x'"):
            await client.get("x")
        with pytest.raises(ValueError, match="pass content= or json=, not both"):
            await client.post("/", content="a", json={})


class TestLeaving:
    """
    Early exits, failures, clients that do not read.
    """

    async def test_leaving_closes_the_source(self) -> None:
        """
        Leaving the block in the middle ends the app, and its source is closed.
        """
        probe = Probe(["a", "b"], before={1: forever})
        async with StreamTestClient(JaypieStream(probe).to_response()).stream("GET", "/") as response:
            await response.next_event()
        probe.assert_released()

    async def test_disconnect_within(self) -> None:
        """
        A disconnect is seen within the block, and the body is left.
        """
        probe = Probe(["a", "b"], before={1: forever})
        async with StreamTestClient(JaypieStream(probe).to_response()).stream("GET", "/") as response:
            await response.next_event()
            response.disconnect()
            with pytest.raises(EOFError, match="was left"):
                await response.next_event()
        probe.assert_released()

    async def test_a_client_that_does_not_read(self) -> None:
        """
        What is not read holds the source up at the window.
        """
        made: list[int] = []
        stream = JaypieStream(range(1000)).tap(made.append).map(lambda _: "x" * 70_000)
        async with StreamTestClient(stream.format_text().to_response()).stream("GET", "/") as response:
            await response.next_piece()
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(made) < 8

    async def test_app_error_is_raised(self) -> None:
        """
        What the app raises reaches the test; a body that was cut says so.
        """
        stream = (JaypieStream.of("a") + JaypieStream.fail(ValueError("broken"))).format_text()
        client = StreamTestClient(stream.to_response())
        with pytest.raises(ValueError, match="broken"):
            await client.get("/")
        quiet = StreamTestClient(stream.to_response(), raise_app_errors=False)
        async with quiet.stream("GET", "/") as response:
            assert b"a" == await response.next_piece()
            with pytest.raises(EOFError, match="was cut after 1 bytes"):
                await response.next_piece()
        assert "broken" == str(response.error)
        assert not response.ended

    async def test_app_error_before_the_start(self) -> None:
        """
        An app that fails before its headers has answered 500, as behind a server.
        """

        async def broken(scope: Any, receive: Any, send: Any) -> None:
            raise LookupError("no start")

        with pytest.raises(LookupError, match="no start"):
            await StreamTestClient(broken).get("/")
        response = await StreamTestClient(broken, raise_app_errors=False).get("/")
        assert (500, b"") == (response.status, response.body)

    async def test_error_of_the_test_comes_first(self) -> None:
        """
        The test's own error is raised, with the app's as a note.
        """

        async def stubborn(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await receive()
            await receive()
            raise OSError("the app's")

        with pytest.raises(AssertionError, match="the test's") as caught:
            async with StreamTestClient(stubborn).stream("GET", "/"):
                raise AssertionError("the test's")
        assert ["the app raised OSError: the app's"] == caught.value.__notes__

    async def test_an_app_that_does_not_end(self, virtual_clock: object) -> None:
        """
        An app that goes on without its client is ended, and the test fails.
        """

        async def deaf(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError, match="did not end within 5 s after its client had left"):
            async with StreamTestClient(deaf).stream("GET", "/"):
                pass

    @pytest.mark.parametrize(
        ("messages", "message"),
        [
            (["start", "start"], "a second http.response.start"),
            (["start", "end", "end"], "after the last one"),
            (["end"], "before the start"),
            ([], "ended without http.response.start"),
        ],
    )
    async def test_protocol(self, messages: list[str], message: str) -> None:
        """
        An app that breaks the protocol fails the test.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            for name in messages:
                if name == "start":
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                else:
                    await send({"type": "http.response.body", "body": b""})

        with pytest.raises(AssertionError, match=message):
            await StreamTestClient(app).get("/")
