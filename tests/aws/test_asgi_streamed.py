"""
Responses that stream: heads, pieces, empty bodies, failures at every point, back-pressure, writers of every kind.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from jaystream.aws.asgi_app import create_lambda_stream_handler
from jaystream.errors import NotFoundError
from jaystream.testing import AsyncRecordingResponseStream, RecordingResponseStream, VirtualClock
from tests.aws import events
from tests.aws.contexts import body, sending, start, streaming
from tests.sinks.exchange import turns

WRITERS = [RecordingResponseStream, AsyncRecordingResponseStream]
TEXT = ("content-type", "text/plain")


class PlainWriter:
    """
    A writer with nothing but what it must have.
    """

    def __init__(self, *, fail_at: int | None = None) -> None:
        self.chunks: list[bytes] = []
        self.ends = 0
        self._fail_at = fail_at

    def write(self, data: bytes) -> None:
        """
        Keep a piece.
        """
        if len(self.chunks) == self._fail_at:
            raise OSError("planted: broken writer")
        self.chunks.append(data)

    def end(self) -> None:
        """
        Count the ends.
        """
        self.ends += 1


async def answer(app: Any, event: dict[str, Any] | None = None, **options: Any) -> RecordingResponseStream:
    """
    Call a handler of *app* once, and give what was written.
    """
    writer = RecordingResponseStream()
    handler = create_lambda_stream_handler(app, lifespan="off", **options)
    await handler(event or events.function_url(), streaming(writer))
    assert [] == writer.violations
    return writer


class TestHead:
    """
    Status, headers and cookies.
    """

    @pytest.mark.parametrize("make", WRITERS)
    @pytest.mark.parametrize("event", [events.function_url(), events.rest()])
    async def test_pieces(self, make: Any, event: dict[str, Any]) -> None:
        """
        The head goes before the pieces, each of which is a write, and the end comes once.
        """
        writer = make()
        headers = [TEXT, ("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Transfer-Encoding", "chunked")]
        app = sending(start(201, *headers), body(b"one", more=True), body(b"two", more=True), body())
        await create_lambda_stream_handler(app, lifespan="off")(event, streaming(writer))
        assert (201, [TEXT], ["a=1", "b=2"]) == (writer.status, writer.headers, writer.cookies)
        assert ([b"one", b"two"], True, None) == (writer.chunks, writer.ended, writer.error)
        assert [] == writer.violations

    async def test_length(self) -> None:
        """
        A length is not given on, since the body is streamed.
        """
        writer = await answer(sending(start(200, ("content-length", "2")), body(b"ok")))
        assert ([], b"ok") == (writer.headers, writer.body)

    async def test_excluded_headers(self) -> None:
        """
        Headers that are not to leave do not, whatever their case.
        """
        app = sending(start(200, ("X-Own", "1"), TEXT, ("set-cookie", "a=1")), body(b"ok"))
        writer = await answer(app, exclude_headers=["x-OWN", "Set-Cookie"])
        assert ([TEXT], []) == (writer.headers, writer.cookies)

    async def test_head_waits_for_the_first_piece(self, virtual_clock: VirtualClock) -> None:
        """
        The head goes with the first piece of body, or when that takes longer than the head may wait.
        """
        seen: list[int | None] = []
        writer = RecordingResponseStream()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            seen.append(writer.status)
            await asyncio.sleep(4.9)
            seen.append(writer.status)
            await asyncio.sleep(0.2)
            seen.append(writer.status)
            await send(body(b"late"))

        await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert ([None, None, 200], b"late") == (seen, writer.body)

    async def test_head_waits_for_ever(self, virtual_clock: VirtualClock) -> None:
        """
        With no limit the head waits as long as it takes, so that any failure before the first piece has a status.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await asyncio.sleep(60)
            raise NotFoundError

        assert 404 == (await answer(app, eager_first=None)).status

    async def test_empty_piece_sends_the_head(self) -> None:
        """
        An empty piece, with more to come, sends the head at once.
        """
        writer = RecordingResponseStream()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await send(body(more=True))
            assert (200, []) == (writer.status, writer.chunks)
            await send(body(b"x"))

        await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert b"x" == writer.body

    async def test_late_head_is_awaited(self, virtual_clock: VirtualClock) -> None:
        """
        A head that went by itself is waited for before the first piece is written.
        """
        writer = AsyncRecordingResponseStream()
        writer.hold()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await asyncio.sleep(6)
            assert 200 == writer.status
            await send(body(b"x"))

        task = asyncio.ensure_future(
            create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        )
        await asyncio.sleep(10)
        assert [] == writer.chunks
        writer.release()
        await task
        assert b"x" == writer.body

    async def test_head_too_large(self) -> None:
        """
        A head that no front would read is answered with a 500, and the application is told.
        """
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await send(start(200, ("x-large", "x" * 20_000)))
            except ValueError as error:
                seen.append(str(error))
                raise

        writer = await answer(app)
        assert 500 == writer.status
        assert "a front reads no more than 16384" in seen[0]

    @pytest.mark.parametrize(
        "head", [start(103), start(200, ("a", "b\r\nc: d")), {"type": "http.response.start", "status": "200"}]
    )
    async def test_bad_heads(self, head: dict[str, Any]) -> None:
        """
        A status that ends nothing, and headers that would inject others, are answered with a 500.
        """
        assert 500 == (await answer(sending(head, body(b"x")))).status


class TestEmptyBody:
    """
    Answers without a body.
    """

    @pytest.mark.parametrize("messages", [(start(), body()), (start(200, ("content-length", "0")), body())])
    async def test_none(self, messages: tuple[dict[str, Any], ...]) -> None:
        """
        No body is told by a length of 0, and nothing is written.
        """
        writer = await answer(sending(*messages))
        assert ([("content-length", "0")], [], True) == (writer.headers, writer.chunks, writer.ended)

    @pytest.mark.parametrize("status", [204, 304])
    @pytest.mark.parametrize("mode", ["none", "newline"])
    async def test_statuses_without_body(self, status: int, mode: Any) -> None:
        """
        A 204 and a 304 have neither a length nor a body, whatever the application sends.
        """
        writer = await answer(sending(start(status, ("content-length", "1")), body(b"x")), empty_body=mode)
        assert (status, [], [], True) == (writer.status, writer.headers, writer.chunks, writer.ended)

    @pytest.mark.parametrize("mode", ["none", "newline", "json204"])
    async def test_head_request(self, mode: Any) -> None:
        """
        The answer to a HEAD request has no body.
        """
        app = sending(start(200, TEXT, ("content-length", "1")), body(b"x"))
        writer = await answer(app, events.function_url(method="HEAD"), empty_body=mode)
        assert ([TEXT, ("content-length", "0")], []) == (writer.headers, writer.chunks)

    @pytest.mark.parametrize("messages", [(start(), body()), (start(200, ("content-length", "0")), body())])
    async def test_newline(self, messages: tuple[dict[str, Any], ...]) -> None:
        """
        A line feed can stand in for no body.
        """
        writer = await answer(sending(*messages), empty_body="newline")
        assert ([], b"\n") == (writer.headers, writer.body)

    async def test_json204(self) -> None:
        """
        A 204 can become a 200 with an empty object, as in Jaypie; other answers stay as they are.
        """
        writer = await answer(sending(start(204, TEXT), body()), empty_body="json204")
        assert (200, [("content-type", "application/json")], b"{}") == (writer.status, writer.headers, writer.body)
        writer = await answer(sending(start(200), body()), empty_body="json204")
        assert (200, [("content-length", "0")], b"") == (writer.status, writer.headers, writer.body)

    async def test_body_after_a_length_of_0(self) -> None:
        """
        A body that was said not to come is the application's failure.
        """
        writer = await answer(sending(start(200, ("content-length", "0")), body(b"x")))
        assert ([], "the application sent a body after a content-length of 0") == (writer.chunks, str(writer.error))


class TestFailures:
    """
    Applications and writers that fail.
    """

    @pytest.mark.parametrize("messages", [(), (start(),), (start(200, TEXT),)])
    async def test_before_anything_left(
        self, messages: tuple[dict[str, Any], ...], caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        A failure before the first piece is a real status with a body that tells nothing; the log has the cause.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(*messages)(scope, receive, send)
            raise ValueError("secret")

        writer = await answer(app)
        assert (500, [("content-type", "application/json")], True) == (writer.status, writer.headers, writer.ended)
        assert {"status": 500, "title": "Internal Application Error"}.items() <= json.loads(writer.body)["errors"][
            0
        ].items()
        assert b"secret" not in writer.body
        assert ["GET / failed: secret"] == [record.message for record in caplog.records]

    async def test_jaypie_error(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        An error with a status is answered with that.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise NotFoundError("No such page")

        writer = await answer(app)
        assert (404, "No such page") == (writer.status, json.loads(writer.body)["errors"][0]["detail"])

    async def test_amid(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure after the first piece is told to the writer in the place of the end.
        """
        failure = ValueError("planted")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"one", more=True))(scope, receive, send)
            raise failure

        writer = await answer(app)
        assert (200, b"one", failure) == (writer.status, writer.body, writer.error)
        assert ["GET / failed amid its response: planted"] == [record.message for record in caplog.records]

    async def test_amid_without_fail(self) -> None:
        """
        A writer that cannot be told is ended, and the failure is raised.
        """
        writer = PlainWriter()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"one", more=True))(scope, receive, send)
            raise ValueError("planted")

        with pytest.raises(ValueError, match="planted"):
            await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert (b"one", 1) == (writer.chunks[-1], writer.ends)

    @pytest.mark.parametrize("messages", [(), (start(),)])
    async def test_no_response(self, messages: tuple[dict[str, Any], ...]) -> None:
        """
        An application that returns without a response has failed.
        """
        assert 500 == (await answer(sending(*messages))).status

    async def test_unfinished_response(self) -> None:
        """
        A body that was not completed is cut.
        """
        writer = await answer(sending(start(), body(b"one", more=True)))
        assert "the application returned without completing its response" == str(writer.error)

    async def test_after_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure after the response is logged, and the answer stands.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"one"))(scope, receive, send)
            raise ValueError("planted")

        writer = await answer(app)
        assert (b"one", True, None) == (writer.body, writer.ended, writer.error)
        assert ["GET / failed after its response: planted"] == [record.message for record in caplog.records]

    @pytest.mark.parametrize(
        ("messages", "message"),
        [
            ((body(b"x"),), "unexpected ASGI message 'http.response.body' before the start"),
            ((start(), start()), "unexpected ASGI message 'http.response.start' amid a response"),
            ((start(), body(b"x"), body(b"y")), "unexpected ASGI message 'http.response.body' after the end"),
            (({"type": "websocket.accept"},), "unexpected ASGI message 'websocket.accept' before the start"),
        ],
    )
    async def test_messages_out_of_order(
        self, messages: tuple[dict[str, Any], ...], message: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        Messages that have no place are refused where they are sent.
        """
        await answer(sending(*messages))
        assert caplog.messages[0].endswith(message)

    async def test_body_that_is_no_bytes(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A body of text is refused; one of any kind of bytes is taken.
        """
        bad = {"type": "http.response.body", "body": "text"}
        assert 500 == (await answer(sending(start(), bad))).status
        assert "the body of a response must be bytes, not str" in caplog.text
        good = {"type": "http.response.body", "body": memoryview(b"ok")}
        assert b"ok" == (await answer(sending(start(), good))).body

    async def test_own_cancellation(self) -> None:
        """
        A cancellation that nobody asked for is a failure like any other.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise asyncio.CancelledError

        assert 500 == (await answer(app)).status

    async def test_bad_request_body(self) -> None:
        """
        A body that cannot be decoded is the client's fault, and the application is not called.
        """
        event = events.function_url(method="POST", body=b"x") | {"isBase64Encoded": True}
        assert 400 == (await answer(sending(), event)).status

    @pytest.mark.parametrize("swallowed", [False, True])
    async def test_broken_writer(self, swallowed: bool) -> None:
        """
        What the writer raises comes to the application, and out of the handler, though the application keeps it.
        """
        writer = RecordingResponseStream(fail_at=1, error=OSError("planted"))
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            try:
                await sending(body(b"one", more=True), body(b"two", more=True))(scope, receive, send)
            except OSError as error:
                seen.append(str(error))
                if not swallowed:
                    raise

        with pytest.raises(OSError, match="planted"):
            await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert (["planted"], b"one", None) == (seen, writer.body, writer.error)

    async def test_writer_broken_by_the_head(self, virtual_clock: VirtualClock) -> None:
        """
        A head that could not be written is told at the next send.
        """
        writer = PlainWriter(fail_at=0)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await asyncio.sleep(6)
            await send(body(b"x"))

        with pytest.raises(OSError, match="planted: broken writer"):
            await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert 1 == writer.ends


class TestWriters:
    """
    Back-pressure, plain writers, and cancellation.
    """

    async def test_back_pressure(self) -> None:
        """
        A send waits as long as the writer asks to.
        """
        writer = AsyncRecordingResponseStream()
        sent: list[int] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            for number in range(3):
                await send(body(b"x", more=number < 2))
                sent.append(number)

        handler = create_lambda_stream_handler(app, lifespan="off")
        writer.hold()
        task = asyncio.ensure_future(handler(events.function_url(), streaming(writer)))
        await turns(10)
        assert (200, [], []) == (writer.status, sent, writer.chunks)
        writer.release()
        await task
        assert ([0, 1, 2], b"xxx") == (sent, writer.body)

    async def test_plain_writer(self) -> None:
        """
        A writer without `start` gets the prelude as its first piece.
        """
        writer = PlainWriter()
        app = sending(start(200, TEXT), body(b"one"))
        await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        prelude = b'{"statusCode":200,"headers":{"content-type":"text/plain"}}' + bytes(8)
        assert ([prelude, b"one"], 1) == (writer.chunks, writer.ends)

    async def test_writer_with_a_content_type(self) -> None:
        """
        Where there is only `set_content_type`, it is told that a prelude comes.
        """

        class Typed(PlainWriter):
            media_type = ""

            def set_content_type(self, media_type: str) -> None:
                self.media_type = media_type

        writer = Typed()
        await create_lambda_stream_handler(sending(start(), body(b"x")), lifespan="off")(
            events.function_url(), streaming(writer)
        )
        assert "application/vnd.awslambda.http-integration-response" == writer.media_type

    @pytest.mark.parametrize("point", ["before", "held", "amid"])
    async def test_cancelled(self, point: str) -> None:
        """
        A cancellation goes through the application and out; a plain writer is ended, another is left to the runtime.
        """
        for writer in (PlainWriter(), RecordingResponseStream()):
            waiting, cleaned = asyncio.Event(), asyncio.Event()

            async def app(scope: Any, receive: Any, send: Any, waiting: Any = waiting, cleaned: Any = cleaned) -> None:
                if point != "before":
                    await send(start())
                if point == "amid":
                    await send(body(b"x", more=True))
                waiting.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    cleaned.set()

            handler = create_lambda_stream_handler(app, lifespan="off")
            task = asyncio.ensure_future(handler(events.function_url(), streaming(writer)))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert cleaned.is_set()
            assert 1 == writer.ends if isinstance(writer, PlainWriter) else not writer.ended

    async def test_writer_that_fails_to_end(self) -> None:
        """
        An end that fails while a failure passes is a note of that.
        """

        class Stuck(PlainWriter):
            def end(self) -> None:
                raise OSError("planted: stuck")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"one", more=True))(scope, receive, send)
            raise ValueError("planted")

        with pytest.raises(ValueError, match="planted") as caught:
            await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(Stuck()))
        assert ["while ending the response stream: OSError: planted: stuck"] == caught.value.__notes__

    async def test_head_that_nobody_awaits(self, virtual_clock: VirtualClock) -> None:
        """
        What a writer gave for the head is dropped well if nothing comes after it.
        """

        class Coroutines(PlainWriter):
            async def start(self, *head: Any) -> None:
                raise AssertionError("never awaited")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await asyncio.Event().wait()

        task = asyncio.ensure_future(
            create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(Coroutines()))
        )
        await asyncio.sleep(6)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_cancellation_kept(self) -> None:
        """
        A cancellation that the application keeps to itself is raised all the same.
        """
        waiting = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await sending(start(), body(b"x"))(scope, receive, send)

        handler = create_lambda_stream_handler(app, lifespan="off")
        task = asyncio.ensure_future(handler(events.function_url(), streaming(RecordingResponseStream())))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_disconnect_comes_after_the_end(self) -> None:
        """
        The request comes once; a disconnect only when the response has ended.
        """
        seen: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append(await receive())
            await send(start())
            watcher = asyncio.create_task(receive())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not watcher.done()
            await send(body(b"x"))
            seen.append(await watcher)

        await answer(app, events.function_url(method="POST", body=b"in"))
        assert [
            {"type": "http.request", "body": b"in", "more_body": False},
            {"type": "http.disconnect"},
        ] == seen

    async def test_work_after_the_response(self) -> None:
        """
        The writer is ended with the last piece; what the application does then is still awaited.
        """
        writer = RecordingResponseStream()
        done: list[bool] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"x"))(scope, receive, send)
            await asyncio.sleep(0)
            done.append(writer.ended)

        await create_lambda_stream_handler(app, lifespan="off")(events.function_url(), streaming(writer))
        assert [True] == done

    async def test_several_at_once(self) -> None:
        """
        Invocations that overlap keep to themselves.
        """
        both = asyncio.Barrier(2)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await both.wait()
            await send(body(scope["path"].encode()))

        handler = create_lambda_stream_handler(app, lifespan="off")
        writers = [RecordingResponseStream(), RecordingResponseStream()]
        await asyncio.gather(
            *(handler(events.function_url(f"/{n}"), streaming(writer)) for n, writer in enumerate(writers))
        )
        assert [b"/0", b"/1"] == [writer.body for writer in writers]
