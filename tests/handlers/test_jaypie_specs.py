"""
What Jaypie's own specs of its streaming handlers say, under the same names.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import AsgiRequest, JaypieStream, ResponseStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import BadRequestError, ConfigurationError, NotFoundError, UnhandledError
from jaystream.testing import LambdaTestContext, RecordingSend, an_error, an_event, invoke
from tests.handlers.asking import ask
from tests.sinks.exchange import scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def nothing(event: Any, context: Any) -> None:
    """
    Writes nothing.
    """


class TestLambdaStreamHandler:
    """
    What lambdaStreamHandler.spec says.
    """

    def test_is_a_function(self) -> None:
        """
        It can be called, and gives something that can be called.
        """
        assert callable(lambda_stream_handler)
        assert callable(lambda_stream_handler(nothing))

    def test_throws_configuration_error_if_not_a_function(self) -> None:
        """
        At definition.
        """
        bad: Any = {"handler": 1}
        with pytest.raises(ConfigurationError):
            lambda_stream_handler(bad, bad)
        with pytest.raises(ConfigurationError, match="not 42"):
            lambda_stream_handler(42)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]

    async def test_catches_jaypie_errors_as_an_sse_event(self) -> None:
        """
        An error that clients may see.
        """

        async def fail(event: Any, context: Any) -> None:
            raise BadRequestError("no such thing")

        result = await invoke(lambda_stream_handler(fail))
        assert [an_error(400, title="Bad Request", detail="no such thing")] == result.events
        assert [an_event("error")] == result.events
        assert (True, None) == (result.ended, result.error)

    async def test_catches_unhandled_errors_as_an_sse_event(self) -> None:
        """
        One that they may not.
        """

        async def fail(event: Any, context: Any) -> None:
            raise ValueError("Sorpresa!")

        result = await invoke(lambda_stream_handler(fail))
        assert [an_error(500, title="Internal Application Error")] == result.events
        assert b"Sorpresa" not in result.body

    async def test_calls_with_event_and_extended_context(self, lambda_context: LambdaTestContext) -> None:
        """
        The event, and the context with a response stream.
        """
        called: list[Any] = []

        async def note(event: Any, context: Any) -> None:
            called.append((event, context))

        handler = lambda_stream_handler(note)
        await handler({"n": 1}, lambda_context)
        ((event, context),) = called
        assert ({"n": 1}, lambda_context.aws_request_id) == (event, context.aws_request_id)
        assert isinstance(context.response_stream, ResponseStream)

    async def test_always_ends_the_stream(self) -> None:
        """
        After success and failure.
        """

        async def fail(event: Any, context: Any) -> None:
            raise ValueError

        for handler in (nothing, fail):
            for throw in (False, True):
                assert (await invoke(lambda_stream_handler(handler, throw=throw))).ended

    async def test_sets_content_type_when_available(self) -> None:
        """
        Also where nothing is written.
        """
        assert "text/event-stream" == (await invoke(lambda_stream_handler(nothing))).headers["content-type"]

    async def test_custom_content_type(self) -> None:
        """
        The option's.
        """
        result = await invoke(lambda_stream_handler(nothing, content_type="application/json"))
        assert "application/json" == result.headers["content-type"]

    def test_both_argument_orders(self) -> None:
        """
        Options first, or last.
        """
        assert "a" == lambda_stream_handler(nothing, {"name": "a"}).__name__
        assert "a" == lambda_stream_handler({"name": "a"}, nothing).__name__

    async def test_setup_and_teardown(self) -> None:
        """
        In order.
        """
        called: list[str] = []

        async def note() -> None:
            called.append("handler")

        handler = lambda_stream_handler(
            note,
            setup=[lambda: called.append("setup")],
            teardown=[lambda: called.append("teardown")],
        )
        await invoke(handler)
        assert ["setup", "handler", "teardown"] == called

    async def test_writes_one_and_many_chunks(self) -> None:
        """
        As they are written.
        """

        async def write(event: Any, context: Any) -> None:
            for _ in range(event["count"]):
                context.response_stream.write("event: chunk\ndata: {}\n\n")

        for count in (1, 3):
            result = await invoke(lambda_stream_handler(write), {"count": count})
            assert [an_event("chunk")] * count == result.events
            assert count == len(result.pieces)

    async def test_sse_is_the_default(self) -> None:
        """
        Also for errors.
        """
        result = await invoke(lambda_stream_handler(lambda: JaypieStream.of({"type": "text"})))
        assert ("text/event-stream", b'event: text\ndata: {"type":"text"}\n\n') == (result.media_type, result.body)

    async def test_nljson_format(self) -> None:
        """
        Chunks and errors as lines.
        """

        async def fail(event: Any, context: Any) -> AsyncIterator[Any]:
            yield {"type": "text"}
            raise NotFoundError

        result = await invoke(lambda_stream_handler(fail, format="nljson"))
        assert "application/x-ndjson" == result.media_type
        assert [an_event("text"), an_error(404)] == result.chunks

    async def test_custom_content_type_overrides_the_format(self) -> None:
        """
        The label alone.
        """
        result = await invoke(
            lambda_stream_handler(lambda: JaypieStream.of({"n": 1}), format="nljson", content_type="text/x-lines")
        )
        assert ("text/x-lines", b'{"n":1}\n') == (result.media_type, result.body)

    async def test_event_is_logged_or_suppressed(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        By an option.
        """
        caplog.set_level(logging.INFO, "jaystream.handlers")
        await invoke(lambda_stream_handler(nothing, log_event=False), {"n": 1})
        assert [] == caplog.records
        await invoke(lambda_stream_handler(nothing), {"n": 1})
        assert {"event": {"n": 1}} == vars(caplog.records[0])["var"]

    async def test_teardown_also_on_throw(self) -> None:
        """
        What Jaypie flushes in teardown.
        """
        called: list[str] = []

        async def fail(event: Any, context: Any) -> None:
            raise ValueError

        result = await invoke(lambda_stream_handler(fail, throw=True, teardown=lambda: called.append("flushed")))
        assert (["flushed"], True) == (called, isinstance(result.error, UnhandledError))


class TestExpressStreamHandler:
    """
    What expressStreamHandler.spec says.
    """

    @pytest.mark.parametrize("options", [{"locals": "x"}, {"locals": dict}])
    def test_throws_if_locals_is_no_object(self, options: Any) -> None:
        """
        At definition.
        """
        with pytest.raises(ConfigurationError, match="locals"):
            asgi_stream_handler(nothing, **options)

    async def test_sse_headers(self) -> None:
        """
        But for `connection`, which HTTP/2 forbids.
        """
        answer = await ask(asgi_stream_handler(lambda: JaypieStream.of("a")))
        expected = {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}
        assert expected == {name: answer.headers[name] for name in expected}
        assert "connection" not in answer.headers

    async def test_flushes_headers_before_streaming(self) -> None:
        """
        With the first byte, or without one.
        """
        send = RecordingSend()
        seen: list[Any] = []

        async def answer(request: Any, response: ResponseStream) -> None:
            await response.write("")
            await turns(2)
            seen.append((send.status, send.body))

        await asgi_stream_handler(answer)(scope(), send.receive, send)
        assert [(200, b"")] == seen

    async def test_validation_fails_in_jaypies_way(self) -> None:
        """
        A 200 and an error event.
        """

        def no(*_: Any) -> bool:
            return False

        answer = await ask(asgi_stream_handler(lambda: JaypieStream.of("a"), validate=[no], jaypie_status=True))
        assert (200, an_error(400)) == (answer.status, answer.body.partition(b"data: ")[2])
        assert 400 == (await ask(asgi_stream_handler(lambda: JaypieStream.of("a"), validate=[no]))).status

    async def test_locals_in_key_order(self) -> None:
        """
        Functions are called one after the other.
        """
        called: list[str] = []

        def answer(request: AsgiRequest) -> JaypieStream[Any]:
            return JaypieStream.of(request.locals)

        app = asgi_stream_handler(
            answer,
            locals={"b": lambda: called.append("b"), "a": lambda: called.append("a"), "c": 3},
        )
        found = await ask(app)
        assert (["b", "a"], {"b": None, "a": None, "c": 3}) == (called, json.loads(found.body[6:]))
