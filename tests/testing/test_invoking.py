"""
Calling Lambda handlers in tests, and matching what comes of it.
"""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from jaystream import JaypieStream, SseEvent, lambda_stream_handler
from jaystream.errors import NotFoundError
from jaystream.handlers.lambda_answer import buffered_answer
from jaystream.handlers.lambda_request import LambdaRequest
from jaystream.testing import (
    LambdaTestContext,
    RecordingResponseStream,
    WriterError,
    an_error,
    an_event,
    invoke,
)
from tests.handlers.asking import API_EVENT, URL_EVENT


@lambda_stream_handler
def answer(event: Any, context: Any) -> JaypieStream[Any]:
    """
    A streaming handler with a head.
    """
    context.response_stream.status = 201
    context.response_stream.set_cookie("a", "1", same_site=None)
    return JaypieStream.of({"type": "text", "content": "Hi"})


class TestInvoke:
    """
    Handlers of every kind.
    """

    async def test_streaming(self) -> None:
        """
        Head, body, events, chunks.
        """
        result = await invoke(answer, URL_EVENT)
        assert (201, ["a=1; Path=/"], "text/event-stream") == (result.status, result.cookies, result.media_type)
        assert [an_event("text", content="Hi")] == result.events
        assert [{"type": "text", "content": "Hi"}] == result.chunks
        assert (True, None, result.text().encode()) == (result.ended, result.error, result.body)
        assert "LambdaResult(status=201" in repr(result)

    @pytest.mark.parametrize(
        "context",
        [
            {"response_stream": RecordingResponseStream()},
            {"aws_request_id": "1"},
            SimpleNamespace(aws_request_id="1"),
            LambdaTestContext(function_name="mine"),
        ],
    )
    async def test_contexts(self, context: Any) -> None:
        """
        Any object or mapping, with a response stream and without.
        """
        assert 201 == (await invoke(answer, URL_EVENT, context)).status

    async def test_error(self) -> None:
        """
        An error is in the result.
        """

        def fail(event: Any, context: Any) -> Any:
            raise NotFoundError("planted")

        result = await invoke(lambda_stream_handler(fail, throw=True), URL_EVENT)
        assert (404, True, an_error(404)) == (result.status, result.ended, result.error)
        assert an_error(404, detail="planted") == result.json()
        assert "error=NotFoundError" in repr(result)

    async def test_ordinary(self) -> None:
        """
        A handler that does not stream, sync or async: a proxy result, or JSON.
        """

        async def later(event: Any, context: Any) -> Any:
            return buffered_answer(LambdaRequest(event), 200, [("content-type", "image/x")], ["a=1"], b"\xff")

        result = await invoke(later, API_EVENT)
        assert (200, b"\xff", "image/x", ["a=1"]) == (result.status, result.body, result.media_type, result.cookies)
        plain = await invoke(lambda event, context: {"id": context.aws_request_id, **event}, {"n": 1})
        assert (None, 1, plain.result) == (plain.status, plain.json()["n"], plain.json())
        text = await invoke(lambda event, context: "text")
        assert (b"text", "text") == (text.body, text.result)

    async def test_rest_api(self) -> None:
        """
        A result of several values for a header.
        """
        result = {
            "statusCode": 200,
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-A": ["1", "2"]},
            "body": "x",
        }
        found = await invoke(lambda event, context: result)
        assert (["a=1", "b=2"], "1, 2") == (found.cookies, found.headers["x-a"])

    async def test_misuse(self) -> None:
        """
        A response stream that is used wrongly fails the test, whatever the handler makes of it.
        """

        async def misuse(event: Any, context: Any) -> None:
            context.response_stream.end()
            with suppress(WriterError):
                context.response_stream.write("x")

        with pytest.raises(WriterError, match="write after end"):
            await invoke(misuse)

    async def test_no_handler(self) -> None:
        """
        A handler can be called.
        """
        bad: Any = 3
        with pytest.raises(TypeError, match="a Lambda handler, not 3"):
            await invoke(bad)


class TestContext:
    """
    The context.
    """

    def test_attributes(self, lambda_context: LambdaTestContext) -> None:
        """
        As Lambda's own; what it has not is refused.
        """
        assert ("$LATEST", "128") == (lambda_context.function_version, lambda_context.memory_limit_in_mb)
        assert 0 < lambda_context.get_remaining_time_in_millis() <= 30_000
        assert 0 == LambdaTestContext(deadline_ms=0).get_remaining_time_in_millis()
        with pytest.raises(TypeError, match="has no 'name'"):
            LambdaTestContext(name="x")


ERROR = {"status": 404, "title": "Not Found", "detail": "planted"}


class TestMatchers:
    """
    What fits, and what does not.
    """

    @pytest.mark.parametrize(
        "other",
        [
            NotFoundError("planted"),
            ERROR,
            {"errors": [ERROR]},
            {"error": {"errors": [ERROR]}},
            '{"errors":[{"status":404,"title":"Not Found","detail":"planted"}]}',
            b'{"errors":[{"status":404,"title":"Not Found","detail":"planted"}]}',
            SseEvent({"errors": [ERROR]}.__repr__().replace("'", '"'), event="error"),
        ],
    )
    def test_errors(self, other: Any) -> None:
        """
        In each of its forms, on both sides.
        """
        assert an_error() == other
        assert other == an_error(404)
        assert an_error(404, title="Not Found", detail="planted") == other
        assert an_error(500) != other
        assert an_error(404, detail="other") != other

    @pytest.mark.parametrize("other", [None, 3, "text", b"\xff", {}, {"errors": []}, ValueError(), SseEvent("x")])
    def test_no_errors(self, other: Any) -> None:
        """
        Everything else.
        """
        assert an_error() != other

    def test_events(self) -> None:
        """
        By type and by what they hold.
        """
        event = SseEvent('{"type":"text","content":"Hi"}', event="text")
        assert an_event("text", content="Hi") == event
        assert event == an_event()
        assert an_event(data='{"type":"text","content":"Hi"}') == event
        assert an_event("text", content="Ho") != event
        assert an_event("done") != event
        assert an_event("text") == {"type": "text", "content": "Hi"}
        assert an_event("x", data="plain") == SseEvent("plain", event="x")
        assert an_event() != 3

    def test_repr(self) -> None:
        """
        A failing assertion says what was expected.
        """
        assert "<an error status=404, detail='x'>" == repr(an_error(404, detail="x"))
        assert "<an event type='text', n=1>" == repr(an_event("text", n=1))
