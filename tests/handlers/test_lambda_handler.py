"""
Streaming Lambda handlers: their shapes, what a writer is told, and where nothing can stream.
"""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.errors import NotFoundError, UnhandledError
from jaystream.handlers import buffered
from jaystream.testing import AsyncRecordingResponseStream, Probe, RecordingResponseStream
from tests.handlers.asking import API_EVENT, URL_EVENT, Headless, invoke, told
from tests.sinks.exchange import begin, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HI = {"type": "text", "content": "Hi"}
FRAMED = b'event: text\ndata: {"type":"text","content":"Hi"}\n\n'


async def generate(event: Any, context: Any) -> AsyncIterator[Any]:
    """
    The first shape: chunks.
    """
    yield HI


def stream(event: Any, context: Any) -> JaypieStream[Any]:
    """
    The second: a stream.
    """
    return JaypieStream.of(HI)


def formatted(event: Any, context: Any) -> JaypieStream[bytes]:
    """
    One in a format.
    """
    return JaypieStream.of(HI).format_sse()


async def later(event: Any, context: Any) -> Any:
    """
    One that has to be waited for.
    """
    await asyncio.sleep(0)
    return yielding(HI)


async def write(event: Any, context: Any) -> None:
    """
    The third: by hand.
    """
    await context.response_stream.send(HI)


def write_at_once(event: Any, context: Any) -> None:
    """
    By hand, without waiting.
    """
    context.response_stream.send(HI)
    context.response_stream.end()


SHAPES = [generate, stream, formatted, later, write, write_at_once]


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


class TestFailures:
    """
    Told once, and the stream always ends.
    """

    @pytest.mark.parametrize("handler", [lambda: Probe((), fail_at=0, error=NotFoundError("no fox"))])
    async def test_before_the_first_byte(self, handler: Any) -> None:
        """
        A status where there are any, else an event of the format.
        """
        writer = await invoke(lambda_stream_handler(handler), URL_EVENT)
        assert (404, b"no fox") == (writer.status, b"no fox" if b"no fox" in writer.body else writer.body)
        assert "application/json" == dict(writer.headers)["content-type"]
        for event, options in (({}, {}), (URL_EVENT, {"jaypie_status": True})):
            writer = await invoke(lambda_stream_handler(handler, **options), event)
            assert (1, writer.body.startswith(b"event: error\ndata: {")) == (writer.body.count(b"event: error"), True)
            assert writer.status in {None, 200}

    async def test_ndjson(self) -> None:
        """
        In the format's own words.
        """
        handler = lambda_stream_handler(lambda: Probe("a", fail_at=1, error=ValueError("hunter2")), format="ndjson")
        lines = (await invoke(handler)).body.splitlines()
        assert (2, 500) == (len(lines), json.loads(lines[1])["error"]["errors"][0]["status"])
        assert b"hunter2" not in lines[1]

    async def test_after_writing_by_hand(self) -> None:
        """
        An event that is still open is closed first.
        """

        async def fail(event: Any, context: Any) -> None:
            await context.response_stream.write("data: half")
            raise NotFoundError

        writer = await invoke(lambda_stream_handler(fail))
        assert writer.body.startswith(b"data: half\n\nevent: error\ndata: {")

    async def test_after_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A handler that ended its response and then fails is heard by the log alone.
        """

        async def fail(event: Any, context: Any) -> None:
            await context.response_stream.send("a")
            await context.response_stream.end()
            raise ValueError("planted")

        writer = await invoke(lambda_stream_handler(fail))
        assert (b"data: a\n\n", 1) == (writer.body, len(told(caplog)))

    @pytest.mark.parametrize("event", [{}, URL_EVENT])
    async def test_throw(self, event: Any) -> None:
        """
        Raised when it has been told, and told to the writer, too.
        """
        writer = RecordingResponseStream()
        handler = lambda_stream_handler(lambda: Probe("a", fail_at=1, error=ValueError()), throw=True)
        with pytest.raises(UnhandledError):
            await invoke(handler, event, writer)
        assert (1, True) == (writer.body.count(b"event: error"), isinstance(writer.error, UnhandledError))

    async def test_text_is_cut(self) -> None:
        """
        Where the format has no words for it, the failure is raised.
        """
        writer = RecordingResponseStream()
        handler = lambda_stream_handler(lambda: Probe("a", fail_at=1, error=ValueError()), format="text")
        with pytest.raises(UnhandledError):
            await invoke(handler, {}, writer)
        assert (b"a", True) == (writer.body, isinstance(writer.error, UnhandledError))

    async def test_raw_body_is_cut(self) -> None:
        """
        A body of one's own has no words for it either.
        """

        async def fail(event: Any, context: Any) -> None:
            context.response_stream.set_content_type("text/csv")
            await context.response_stream.write("a,b\n")
            raise ValueError

        writer = RecordingResponseStream()
        with pytest.raises(UnhandledError):
            await invoke(lambda_stream_handler(fail), {}, writer)
        assert b"a,b\n" == writer.body

    async def test_failed_by_hand(self) -> None:
        """
        A response that its handler has failed is failed.
        """
        writer, error = RecordingResponseStream(), ValueError("planted")

        async def fail(event: Any, context: Any) -> None:
            await context.response_stream.send("a")
            await context.response_stream.fail(error)

        with pytest.raises(ValueError, match="planted"):
            await invoke(lambda_stream_handler(fail), {}, writer)
        assert (b"data: a\n\n", error) == (writer.body, writer.error)

    async def test_told_by_a_sink(self) -> None:
        """
        What `to_lambda` has told is not told again.
        """

        async def relay(event: Any, context: Any) -> None:
            source: Any = Probe("a", fail_at=1, error=ValueError())
            await JaypieStream[Any](source).to_lambda(context.response_stream, throw=True)

        writer = RecordingResponseStream()
        with pytest.raises(UnhandledError):
            await invoke(lambda_stream_handler(relay), {}, writer)
        assert (1, True) == (writer.body.count(b"event: error"), writer.error is not None)

    async def test_host_error(self) -> None:
        """
        An HTTP exception of a web framework is its status.
        """
        from starlette.exceptions import HTTPException  # noqa: PLC0415 - one test of many

        def fail() -> Any:
            raise HTTPException(403, "not you")

        writer = await invoke(lambda_stream_handler(fail), URL_EVENT)
        assert (403, True) == (writer.status, b"not you" in writer.body)

    async def test_cancelled(self) -> None:
        """
        A cancelled handler closes its source, ends its writer, and ends cancelled.
        """
        probe = Probe("a", before=lambda _: asyncio.Event().wait())
        writer = RecordingResponseStream()
        running = begin(invoke(lambda_stream_handler(lambda: probe), {}, writer))
        await turns()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert isinstance(writer.error, asyncio.CancelledError)
        probe.assert_released()


class TestFlow:
    """
    Back-pressure.
    """

    async def test_slow_reader(self) -> None:
        """
        A writer that holds a write holds the handler.
        """
        writer = AsyncRecordingResponseStream()
        written: list[int] = []

        async def write_three(event: Any, context: Any) -> None:
            for number in range(3):
                await context.response_stream.write(str(number))
                written.append(number)

        writer.hold()
        running = begin(invoke(lambda_stream_handler(write_three), {}, writer))
        await turns()
        assert ([b"0"], []) == (writer.chunks, written)
        writer.release()
        await running
        assert (b"012", [0, 1, 2]) == (writer.body, written)

    async def test_two_tasks(self) -> None:
        """
        Several tasks may write; nothing is lost.
        """
        writer = AsyncRecordingResponseStream()

        async def write_many(event: Any, context: Any) -> None:
            async def some(mark: str) -> None:
                for _ in range(20):
                    await context.response_stream.write(mark)

            async with asyncio.TaskGroup() as group:
                for mark in "abc":
                    group.create_task(some(mark))

        await invoke(lambda_stream_handler(write_many), {}, writer)
        assert (20, 20, 20) == tuple(writer.body.count(mark) for mark in (b"a", b"b", b"c"))

    async def test_source_is_closed(self) -> None:
        """
        A writer that breaks ends the source.
        """
        probe = Probe(map(str, range(100)), before=lambda _: turns(1))
        writer = RecordingResponseStream(fail_at=1, error=OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await invoke(lambda_stream_handler(lambda: probe), {}, writer)
        probe.assert_released()


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
