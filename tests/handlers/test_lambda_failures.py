"""
Streaming Lambda handlers that fail, and writers that are slow or break.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from jaystream import JaypieStream, lambda_stream_handler
from jaystream.errors import NotFoundError, UnhandledError
from jaystream.testing import AsyncRecordingResponseStream, Probe, RecordingResponseStream
from tests.handlers.asking import URL_EVENT, invoke, told
from tests.sinks.exchange import begin, turns


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


class TestAfterTheEnd:
    """
    A response that the handler has ended, and goes on to yield.
    """

    @pytest.mark.parametrize("waits", [True, False])
    async def test_a_chunk_more(self, waits: bool, caplog: pytest.LogCaptureFixture) -> None:
        """
        It is an error of the handler's: in the log, once, and nothing is written behind the end.
        """

        async def gushing(event: Any, context: Any) -> Any:
            yield "one"
            ending = context.response_stream.end()
            if waits:
                await ending
            yield "more"

        writer = await invoke(lambda_stream_handler(gushing), URL_EVENT)
        assert b"data: one\n\n" == writer.body
        assert ["ResponseEndedError"] == [type((each.exc_info or (None, None))[1]).__name__ for each in told(caplog)]
