"""
The guard: a handler ends before Lambda ends it, whatever it does.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.aws.asgi_app import create_lambda_stream_handler
from jaystream.aws.runtime.faults import FaultError
from jaystream.aws.runtime.guard import Guard
from jaystream.errors import UnavailableError
from jaystream.handlers import lambda_stream_handler
from tests.aws.runtime.runs import URL_EVENT, serve, streaming
from tests.aws.runtime.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jaystream.testing import VirtualClock


async def forever() -> None:
    """
    Hang.
    """
    await asyncio.Event().wait()


class TestGuard:
    """
    In virtual time, by itself.
    """

    async def test_result(self, virtual_clock: VirtualClock) -> None:
        """
        A handler that ends in time gives its result, and its error.
        """

        async def fail() -> None:
            raise LookupError("x")

        assert 3 == await Guard(10, 0.5).run(asyncio.sleep(9.4, 3))
        with pytest.raises(LookupError, match="x"):
            await Guard(10, 0.5).run(fail())

    async def test_no_deadline(self, virtual_clock: VirtualClock) -> None:
        """
        Without a deadline, or without a reserve, nothing is cut.
        """
        assert 1 == await Guard(None, 0.5).run(asyncio.sleep(1000, 1))
        assert 1 == await Guard(10, 0).run(asyncio.sleep(1000, 1))

    async def test_cut(self, virtual_clock: VirtualClock) -> None:
        """
        It is cancelled when the reserve begins.
        """
        start = virtual_clock.now
        with pytest.raises(FaultError, match=r"0\.5 s before its deadline") as caught:
            await Guard(10, 0.5).run(forever())
        assert ("Function.Timeout", 9.5) == (caught.value.kind, virtual_clock.now - start)

    async def test_short(self, virtual_clock: VirtualClock) -> None:
        """
        Of a short time no more than a quarter is given away.
        """
        start = virtual_clock.now
        with pytest.raises(FaultError):
            await Guard(1, 0.5).run(forever())
        assert 0.75 == virtual_clock.now - start

    async def test_late_result(self, virtual_clock: VirtualClock) -> None:
        """
        What a handler gives though it was cut is its result.
        """

        async def insist() -> str:
            try:
                await forever()
            except asyncio.CancelledError:
                return "in spite of it"
            return ""

        assert "in spite of it" == await Guard(10, 0.5).run(insist())

    async def test_stuck(self, virtual_clock: VirtualClock) -> None:
        """
        One that goes on is left behind in half of the reserve.
        """
        release = asyncio.Event()

        async def ignore() -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        guard = Guard(10, 0.5)
        start = virtual_clock.now
        with pytest.raises(FaultError):
            await guard.run(ignore())
        assert (True, 9.75) == (guard.stuck, virtual_clock.now - start)
        release.set()
        await asyncio.sleep(1)

    async def test_error_of_cleanup(self, virtual_clock: VirtualClock) -> None:
        """
        What its cleanup raises is the cause of the fault.
        """

        async def stumble() -> None:
            try:
                await forever()
            finally:
                raise LookupError("on the way out")

        with pytest.raises(FaultError) as caught:
            await Guard(10, 0.5).run(stumble())
        assert isinstance(caught.value.__cause__, LookupError)

    async def test_cancels_itself(self, virtual_clock: VirtualClock) -> None:
        """
        A handler that cancels itself fails; the runtime goes on.
        """

        async def leave() -> None:
            raise asyncio.CancelledError

        with pytest.raises(FaultError, match="cancelled itself") as caught:
            await Guard(10, 0.5).run(leave())
        assert "CancelledError" == caught.value.kind

    async def test_stop(self, virtual_clock: VirtualClock) -> None:
        """
        A runtime that is told to stop cuts what runs, once.
        """
        guard = Guard(10, 0.5)
        running = asyncio.ensure_future(guard.run(forever()))
        await asyncio.sleep(1)
        guard.stop()
        guard.stop()
        with pytest.raises(FaultError, match="told to stop") as caught:
            await running
        assert "Runtime.Shutdown" == caught.value.kind
        guard.stop()

    async def test_not_yet_run(self) -> None:
        """
        A guard that guards nothing interrupts nothing.
        """
        Guard(10, 0.5).interrupt(FaultError("a", "b"), UnavailableError(), 1)

    async def test_cancelled(self, virtual_clock: VirtualClock) -> None:
        """
        When the runtime's own task is cancelled, so is the handler.
        """
        ended: list[str] = []

        async def handler() -> None:
            try:
                await forever()
            finally:
                ended.append("handler")

        running = asyncio.ensure_future(Guard(10, 0.5).run(handler()))
        await asyncio.sleep(1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ["handler"] == ended


class TestCutResponses:
    """
    What is on the wire when a handler was cut.
    """

    async def test_event_stream(self) -> None:
        """
        The open frame is closed, an error event follows, and trailers tell Lambda.
        """
        seen: list[object] = []

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            stream.set_content_type("text/event-stream; charset=utf-8")
            stream.write(b"data: 1\n")
            try:
                await forever()
            finally:
                seen.extend((stream.write(b"too late"), stream.set_content_type("text/plain"), stream.start(200)))

        async with StandIn() as api:
            api.offer({}, seconds=0.4)
            _, log = await serve(api, handler)
        (posted,) = api.posted
        event = posted.body.removeprefix(b"data: 1\n").decode()
        assert event.startswith("\n\nevent: error\ndata: ")
        assert 504 == json.loads(event.partition("data: ")[2])["errors"][0]["status"]
        assert "Function.Timeout" == posted.trailers["lambda-runtime-function-error-type"]
        assert ([None] * 3, True) == (seen, "[ERROR] Function.Timeout" in log)

    @pytest.mark.parametrize(
        ("headers", "begin"),
        [
            ({"x-vercel-ai-ui-message-stream": "v1"}, 'data: {"type":"error","errorText":'),
            ({"x-vercel-ai-ui-message-stream": "v9"}, "event: error\ndata: "),
            ({"cache-control": "no-cache"}, "event: error\ndata: "),
        ],
    )
    async def test_by_headers(self, headers: dict[str, str], begin: str) -> None:
        """
        A format with headers of its own is known by them: `useChat` gets an error of its protocol.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            stream.start(200, [("Content-Type", "text/event-stream"), *headers.items()])
            stream.write(b'data: {"type":"start"}\n\n')
            await forever()

        async with StandIn() as api:
            api.offer(URL_EVENT, seconds=0.4)
            await serve(api, handler)
        event = api.posted[0].pieces[-1].decode()
        assert (True, 1) == (event.startswith(begin), event.count("data: {"))

    @pytest.mark.parametrize(
        ("format_", "begin"),
        [
            ("sse", 'event: error\ndata: {"errors":'),
            ("openai", 'data: {"error":{"message":'),
            ("ag_ui", 'data: {"type":"RUN_ERROR","message":'),
            ("ai_sdk", 'data: {"type":"error","errorText":'),
            ("ndjson", '{"error":{"errors":'),
        ],
    )
    @pytest.mark.parametrize("event", [URL_EVENT, {}])
    async def test_by_format(self, event: dict[str, Any], format_: str, begin: str) -> None:
        """
        Several formats are event streams without headers of their own: each has an error that its clients know.
        """

        @lambda_stream_handler(format=format_)
        async def handler(event: Any, context: Any) -> AsyncIterator[Any]:
            yield {"type": "text", "content": "a"}
            await forever()

        async with StandIn() as api:
            api.offer(event, seconds=0.6)
            await serve(api, handler)
        assert begin == api.posted[0].pieces[-1].decode()[: len(begin)]
        assert "Function.Timeout" == api.posted[0].trailers["lambda-runtime-function-error-type"]

    async def test_format_of_an_app(self) -> None:
        """
        A web application's response is known by its format too.
        """

        async def words() -> AsyncIterator[Any]:
            yield {"type": "text", "content": "a"}
            await forever()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await JaypieStream(words()).format_openai().to_asgi(scope, receive, send)

        async with StandIn() as api:
            api.offer(URL_EVENT, seconds=0.6)
            await serve(api, create_lambda_stream_handler(app, lifespan="off"))
        assert api.posted[0].pieces[-1].startswith(b'data: {"error":{"message":')

    async def test_compressed(self) -> None:
        """
        Behind a body that is compressed nothing can be said in it.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            stream.start(200, [("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip")])
            stream.write(b"compressed")
            await forever()

        async with StandIn() as api:
            api.offer(URL_EVENT, seconds=0.4)
            await serve(api, handler)
        assert b"compressed" == api.posted[0].pieces[-1]
        assert "Function.Timeout" == api.posted[0].trailers["lambda-runtime-function-error-type"]

    async def test_other_body(self) -> None:
        """
        A format without an error event is cut, and trailers tell.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"bytes")
            await forever()

        async with StandIn() as api:
            api.offer({}, seconds=0.4)
            await serve(api, handler)
        assert ([b"bytes"], True) == (api.posted[0].pieces, bool(api.posted[0].trailers))

    async def test_nothing_sent(self) -> None:
        """
        An HTTP client to whom nothing was sent gets a 504; any other caller an invocation that failed.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            await forever()

        async with StandIn() as api:
            api.offer(URL_EVENT, seconds=0.4)
            api.offer({}, seconds=0.4)
            await serve(api, handler, 2)
        http, plain = api.posted
        head, _, body = http.body.partition(bytes(8))
        assert (504, 504) == (json.loads(head)["statusCode"], json.loads(body)["errors"][0]["status"])
        assert "Function.Timeout" == http.trailers["lambda-runtime-function-error-type"]
        assert (True, "Function.Timeout") == (plain.target.endswith("/error"), plain.json["errorType"])

    async def test_left(self) -> None:
        """
        Where the connection was lost before, the handler is cut all the same, and the invocation fails.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream._upload.close()
            await forever()

        async with StandIn() as api:
            api.offer(URL_EVENT, seconds=0.4)
            await serve(api, handler)
        assert "Function.Timeout" == api.posted[0].json["errorType"]

    async def test_whole_answer(self) -> None:
        """
        An ordinary function that is cut fails, and is told where it was.
        """

        async def handler(event: Any, context: Any) -> None:
            await forever()

        async with StandIn() as api:
            api.offer({}, seconds=0.4)
            _, log = await serve(api, handler)
        assert "Function.Timeout" == api.posted[0].json["errorType"]
        assert "Function.Timeout" == api.posted[0].headers["lambda-runtime-function-error-type"]
        assert "await asyncio.Event().wait()" in "".join(api.posted[0].json["stackTrace"])
        assert "await asyncio.Event().wait()" in log

    async def test_cut_after_end(self) -> None:
        """
        A response that was ended stays as it is, though its handler is cut.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"all")
            context.response_stream.end()
            await forever()

        async with StandIn() as api:
            api.offer({}, seconds=0.4)
            _, log = await serve(api, handler)
        assert ([b"all"], {}) == (api.posted[0].pieces, api.posted[0].trailers)
        assert "Function.Timeout" in log
