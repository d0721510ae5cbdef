"""
Streamed responses: what goes over the wire, and what a caller is told when something fails.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from typing import Any

from jaystream.errors import BrokenResponseError, ResponseEndedError, ResponseStartedError, RuntimeApiError
from tests.aws.runtime.runs import serve, streaming
from tests.aws.runtime.stand_in import StandIn


def trailer(posted: Any) -> dict[str, Any]:
    """
    The error that a response's trailers tell.
    """
    return dict(json.loads(base64.b64decode(posted.trailers["lambda-runtime-function-error-body"])))


class TestStreaming:
    """
    Against a Runtime API that reads with h11.
    """

    async def test_plain(self) -> None:
        """
        Each write is a chunk; the head has the three headers that Lambda wants, and the invocation's id is echoed.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            stream.set_content_type("text/event-stream")
            stream.write(b"data: 1\n\n")
            stream.write("data: ü\n\n")
            stream.write(b"")
            stream.end()

        async with StandIn() as api:
            api.offer({}, invocation_id="echo-me")
            await serve(api, handler)
        (posted,) = api.posted
        assert "/2018-06-01/runtime/invocation/request-1/response" == posted.target
        assert [b"data: 1\n\n", "data: ü\n\n".encode()] == posted.pieces
        assert (True, {}) == (posted.whole, posted.trailers)
        assert "text/event-stream" == posted.headers["content-type"]
        assert "streaming" == posted.headers["lambda-runtime-function-response-mode"]
        assert "echo-me" == posted.headers["lambda-runtime-invocation-id"]
        assert "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body" == posted.headers["trailer"]

    async def test_state(self) -> None:
        """
        It tells how far it is.
        """
        seen: list[tuple[bool, bool, int]] = []

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            steps = [
                lambda: None,
                lambda: stream.write(memoryview(b"ab")),
                lambda: stream.write(bytearray(b"c")),
                stream.end,
            ]
            for step in steps:
                step()
                seen.append((stream.started, stream.ended, stream.bytes_sent))
            assert (None, None) == (stream.failure, stream.answer)

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        assert [(False, False, 0), (True, False, 2), (True, False, 3), (True, True, 3)] == seen
        assert b"abc" == api.posted[0].body

    async def test_error_without_end(self) -> None:
        """
        An error whose name alone is longer than a trailer is told by its name's beginning.
        """
        kind = type("E" * 20_000, (Exception,), {})

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"x")
            raise kind

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        assert "E" * 256 == api.posted[0].trailers["lambda-runtime-function-error-type"]

    async def test_left_before(self) -> None:
        """
        A connection that was lost before the first byte fails the invocation, over another one.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream._upload.close()
            if event:
                context.response_stream.write(b"x")

        async with StandIn() as api:
            api.offer(True)
            api.offer(False)
            await serve(api, handler, 2)
        assert ["BrokenResponseError"] * 2 == [posted.json["errorType"] for posted in api.posted]

    async def test_raises_before(self) -> None:
        """
        A failure before the first byte is an invocation that fails; no response is begun.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            raise LookupError("none")

        async with StandIn() as api:
            api.offer({}, invocation_id="echo-me")
            _, log = await serve(api, handler)
        (posted,) = api.posted
        assert "/2018-06-01/runtime/invocation/request-1/error" == posted.target
        assert ("LookupError", "none") == (posted.json["errorType"], posted.json["errorMessage"])
        assert "Function.LookupError" == posted.headers["lambda-runtime-function-error-type"]
        assert "echo-me" == posted.headers["lambda-runtime-invocation-id"]
        assert "[ERROR] LookupError: none" in log

    async def test_no_event(self) -> None:
        """
        An event that is no JSON fails the invocation before the handler is called.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            """Not called."""

        async with StandIn() as api:
            api.offer(b"{")
            await serve(api, handler)
        assert (True, "Runtime.UnmarshalError") == (
            api.posted[0].target.endswith("/error"),
            api.posted[0].json["errorType"],
        )

    async def test_raises_amid(self) -> None:
        """
        A failure after the first byte is told by trailers, and by nothing else.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"one")
            raise LookupError("ä\n" * 20_000)  # longer than a trailer may be

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
            api.offer({})
        (posted,) = api.posted
        assert ([b"one"], True) == (posted.pieces, posted.whole)
        assert "LookupError" == posted.trailers["lambda-runtime-function-error-type"]
        told = trailer(posted)
        assert ("LookupError", "request-1") == (told["errorType"], told["requestId"])
        assert told["errorMessage"].startswith("ä\n")
        assert len(told["errorMessage"]) < 20_000

    async def test_raises_after(self) -> None:
        """
        A failure after the end is the log's alone.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"one")
            context.response_stream.end()
            raise LookupError("late")

        async with StandIn() as api:
            api.offer({})
            _, log = await serve(api, handler)
        assert ([b"one"], {}) == (api.posted[0].pieces, api.posted[0].trailers)
        assert "[ERROR] LookupError: late" in log

    async def test_fail(self) -> None:
        """
        A handler may end its response as one that is cut, before the first byte too; it is told once.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            if event:
                context.response_stream.write(b"one")
            context.response_stream.fail(LookupError("cut"))
            context.response_stream.fail(LookupError("again"))
            context.response_stream.end()

        async with StandIn() as api:
            api.offer(True)
            api.offer(False)
            _, log = await serve(api, handler, 2)
        amid, before = api.posted
        assert "cut" == trailer(amid)["errorMessage"]
        assert ("cut", True) == (before.json["errorMessage"], before.target.endswith("/error"))
        assert 2 == log.count("LookupError: cut")
        assert "again" not in log

    async def test_misuse(self) -> None:
        """
        What comes too late, or is nothing to write, is refused where it is written.
        """
        seen: list[BaseException] = []

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            for call in (
                lambda: stream.write(3),
                lambda: stream.set_content_type(3),
                lambda: stream.set_content_type("a\nb"),
                lambda: stream.write(b"x") and None,
                lambda: stream.set_content_type("text/plain"),
                lambda: stream.start(200),
                stream.end,
                stream.end,
                lambda: stream.write(b"y"),
                lambda: stream.start(200),
            ):
                try:
                    call()
                except Exception as error:
                    seen.append(error)

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        expected = [
            TypeError,
            TypeError,
            ValueError,
            ResponseStartedError,
            ResponseStartedError,
            ResponseEndedError,
            ResponseEndedError,
        ]
        assert expected == [type(error) for error in seen]
        assert [b"x"] == api.posted[0].pieces

    async def test_no_end(self) -> None:
        """
        A handler that returns has ended its response, empty or not.
        """

        @streaming
        def handler(event: Any, context: Any) -> None:
            """Need not be async."""

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        (posted,) = api.posted
        assert (b"", True) == (posted.body, posted.whole)
        assert "application/octet-stream" == posted.headers["content-type"]

    async def test_connections(self) -> None:
        """
        Each streamed response has a connection of its own; one that was not begun is used for the next.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            if event is None:
                raise LookupError
            context.response_stream.write(b"x")

        async with StandIn() as api:
            for event in (None, None, 1, 2):
                api.offer(event)
            await serve(api, handler, 4)
            assert 3 == api.connections

    async def test_back_pressure(self) -> None:
        """
        A reader that stops holds the writer up, in bounded memory; when it reads on everything arrives.
        """
        piece = bytes(100_000)
        written = 0
        held = asyncio.Event()

        @streaming
        async def handler(event: Any, context: Any) -> None:
            nonlocal written
            for _ in range(400):
                room = context.response_stream.write(piece)
                written += len(piece)
                if room is not None:
                    held.set()
                    await room

        async with StandIn(buffer=READ_BUFFER) as api:
            api.reading.clear()
            api.offer({})
            api.reading.set()
            serving = asyncio.ensure_future(serve(api, handler))
            await api.has(1)
            api.reading.clear()
            await held.wait()
            assert written < 20_000_000
            api.reading.set()
            await serving
        assert 400 * len(piece) == len(api.posted[0].body) == written

    async def test_reader_leaves(self) -> None:
        """
        When the Runtime API leaves amid a response, the next write says so.
        """
        seen: list[BaseException] = []

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            try:
                while True:
                    room = stream.write(bytes(10_000))
                    await (room or asyncio.sleep(0))
            except BrokenResponseError as error:
                seen.append(error)
                raise

        async with StandIn() as api:
            api.trouble("/response", "early")
            api.offer({})
            with contextlib.suppress(RuntimeApiError):  # as it has left, it may have been too late for its answer
                await serve(api, handler)
        assert "the response cannot go on: " in str(seen[0])


READ_BUFFER = 16_384
