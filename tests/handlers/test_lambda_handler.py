"""
Streaming Lambda handlers: their shapes, what a writer is told, and where nothing can stream.
"""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.errors import NotFoundError, UnhandledError
from jaystream.handlers import buffered
from jaystream.testing import AsyncRecordingResponseStream, Probe, RecordingResponseStream
from tests.handlers.asking import API_EVENT, URL_EVENT, Headless, invoke, told
from tests.handlers.shapes import FRAMED, HI, SHAPES, formatted, generate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TestShapes:
    """
    What a handler may be.
    """

    @pytest.mark.parametrize("handler", SHAPES)
    @pytest.mark.parametrize("make", [RecordingResponseStream, AsyncRecordingResponseStream, Headless])
    async def test_all(self, handler: Any, make: Any) -> None:
        """
        All come to the same.
        """
        writer = await invoke(lambda_stream_handler(handler), writer=make())
        assert (FRAMED, "text/event-stream") == (writer.body, writer.content_type)

    @pytest.mark.parametrize("result", [3, "text", b"bytes", [HI], {"a": 1}, object(), iter([1]), print])
    async def test_others(self, result: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        Anything else is a TypeError for the log, before the first byte.
        """
        for handler in (lambda: result, lambda: asyncio.sleep(0, result)):
            writer = await invoke(lambda_stream_handler(handler, name="mine"), URL_EVENT)
            assert (500, True) == (writer.status, b"unhandled" in writer.body)
        found = ["TypeError: the handler 'mine' must yield chunks" in each.getMessage() for each in told(caplog)]
        assert [True, True] == found

    async def test_nothing(self) -> None:
        """
        A coroutine may write nothing; a function that gives nothing and has written nothing is a mistake.
        """
        writer = await invoke(lambda_stream_handler(lambda: asyncio.sleep(0)), URL_EVENT)
        assert (200, b"") == (writer.status, writer.body)
        assert 500 == (await invoke(lambda_stream_handler(lambda: None), URL_EVENT)).status

    def test_decorators(self) -> None:
        """
        With and without parentheses, with either order of arguments.
        """

        @lambda_stream_handler
        async def one(event: Any) -> AsyncIterator[str]:
            """Say one."""
            yield "1"

        @lambda_stream_handler(name="zwei")
        async def two(event: Any) -> AsyncIterator[str]:
            yield "2"

        made = [
            one,
            two,
            lambda_stream_handler({"name": "drei"})(generate),
            lambda_stream_handler(generate, {"name": "vier"}),
            lambda_stream_handler({"name": "five"}, generate),
            lambda_stream_handler(generate, name="six"),
        ]
        assert ["one", "zwei", "drei", "vier", "five", "six"] == [each.__name__ for each in made]
        assert [True] * 6 == [each.streams_response for each in made]
        assert ("Say one.", "<lambda_stream_handler one>") == (one.__doc__, repr(one))

    async def test_context(self) -> None:
        """
        The context is Lambda's own, with a response stream; an object or a mapping.
        """
        found: list[Any] = []

        async def look(event: Any, context: Any) -> None:
            found.append((context.aws_request_id, context["aws_request_id"], context.locals["n"]))
            with pytest.raises(AttributeError, match="'other'"):
                context.other
            with pytest.raises(KeyError):
                context["other"]
            assert repr(context).startswith("<HandlerContext of ")

        handler = lambda_stream_handler(look, locals={"n": 1})
        await invoke(handler)
        await handler({}, SimpleNamespace(response_stream=RecordingResponseStream(), aws_request_id="3"))
        assert [("1-2", "1-2", 1), ("3", "3", 1)] == found

    async def test_formats(self) -> None:
        """
        Chunks are framed in the handler's format, a formatted stream keeps its own.
        """
        writer = await invoke(lambda_stream_handler(generate, format="nljson"))
        assert (b'{"type":"text","content":"Hi"}\n', "application/x-ndjson") == (writer.body, writer.content_type)
        writer = await invoke(lambda_stream_handler(formatted, format="ndjson"))
        assert (FRAMED, "text/event-stream") == (writer.body, writer.content_type)
        writer = await invoke(lambda_stream_handler(generate, content_type="text/x"))
        assert (FRAMED, "text/x") == (writer.body, writer.content_type)

    async def test_content_type_chooses_the_format(self) -> None:
        """
        A handler that says what its body is gets chunks framed so.
        """

        def choose(event: Any, context: Any) -> JaypieStream[Any]:
            context.response_stream.set_content_type("application/x-ndjson")
            return JaypieStream.of(HI)

        writer = await invoke(lambda_stream_handler(choose))
        assert b'{"type":"text","content":"Hi"}\n' == writer.body


class TestHeads:
    """
    Statuses and headers, where the front knows them.
    """

    async def test_http_event(self) -> None:
        """
        A Function URL's answer has a head.
        """

        def answer(event: Any, context: Any) -> JaypieStream[Any]:
            response = context.response_stream
            response.status = 201
            response.headers["x-a"] = "1"
            response.set_cookie("c", "1", same_site=None)
            return JaypieStream.of(HI)

        writer = await invoke(lambda_stream_handler(answer, headers={"x-b": "2"}), URL_EVENT)
        headers = dict(writer.headers)
        assert (201, "1", "2", ["c=1; Path=/"]) == (writer.status, headers["x-a"], headers["x-b"], writer.cookies)
        assert FRAMED == writer.body

    async def test_no_content(self) -> None:
        """
        With a 204 a stream is not even opened.
        """
        probe = Probe("a")

        def answer(event: Any, context: Any) -> Any:
            context.response_stream.status = 204
            return probe

        writer = await invoke(lambda_stream_handler(answer), URL_EVENT)
        assert (204, b"", 0) == (writer.status, writer.body, probe.opens)

    async def test_other_event(self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Any other event's has none, and what is lost is told.
        """
        monkeypatch.setattr(buffered, "_told", set[str]())

        def answer(event: Any, context: Any) -> JaypieStream[Any]:
            context.response_stream.status = 201
            return JaypieStream.of(HI)

        writer = await invoke(lambda_stream_handler(answer), {"n": 1})
        assert (None, "text/event-stream", FRAMED) == (writer.status, writer.content_type, writer.body)
        assert "status 201 and 0 cookies were left out" in caplog.text

    async def test_front_that_cannot_stream(self) -> None:
        """
        What becomes of a head there is the writer's business, who knows the front as well.
        """
        writer = await invoke(lambda_stream_handler(generate), API_EVENT)
        assert (200, FRAMED) == (writer.status, writer.body)


class TestWithoutResponseStream:
    """
    As AWS's own runtime calls it.
    """

    @pytest.fixture(autouse=True)
    def nothing_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Nobody was warned yet.
        """
        monkeypatch.setattr(buffered, "_told", set[str]())

    @pytest.mark.parametrize("handler", SHAPES)
    def test_http(self, handler: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        The answer is the front's result, again and again, on one loop; one warning says what streams.
        """
        made: Any = lambda_stream_handler(handler)
        for _ in range(3):
            answer = made(URL_EVENT, SimpleNamespace(aws_request_id="1"))
            assert (200, FRAMED.decode()) == (answer["statusCode"], answer["body"])
        warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert (1, True) == (len(warnings), "python -m jaystream.aws.runtime" in caplog.text)

    def test_one_loop(self) -> None:
        """
        Calls share one event loop, so that a client can keep its connections.
        """
        loops: list[Any] = []

        async def note() -> None:
            loops.append(asyncio.get_running_loop())

        made = lambda_stream_handler(note)
        made({})
        made({})
        assert loops[0] is loops[1]

    def test_other_event(self) -> None:
        """
        An event that is no request gets the body as text.
        """
        assert FRAMED.decode() == lambda_stream_handler(generate)({"n": 1})

    def test_failure(self) -> None:
        """
        A failure is the answer's status.
        """
        made = lambda_stream_handler(lambda: Probe((), fail_at=0, error=NotFoundError("no fox")))
        answer = made(URL_EVENT, None)
        assert (404, True) == (answer["statusCode"], "no fox" in answer["body"])
        assert made({"n": 1}).startswith("event: error\n")

    def test_throw(self) -> None:
        """
        Or raised.
        """
        with pytest.raises(UnhandledError):
            lambda_stream_handler(lambda: Probe((), fail_at=0, error=ValueError()), throw=True)(URL_EVENT, None)

    async def test_in_a_running_loop(self) -> None:
        """
        There it is awaited.
        """
        answer = await lambda_stream_handler(generate)(URL_EVENT, None)
        assert FRAMED.decode() == answer["body"]
