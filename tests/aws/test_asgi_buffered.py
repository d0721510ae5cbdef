"""
Answers that are buffered: fronts that cannot stream, AWS's stock runtime, and events that are no requests.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

import pytest

from jaystream.aws.asgi_app import create_lambda_stream_handler
from jaystream.testing import AsyncRecordingResponseStream, RecordingResponseStream
from tests.aws import events
from tests.aws.contexts import body, sending, start, stock, streaming

TEXT = ("content-type", "text/plain")
BUFFERED_FRONTS = [events.http_api(), events.http_api_v1(), events.balancer()]


class TestFronts:
    """
    One handler, on a runtime that streams.
    """

    @pytest.mark.parametrize("make", [RecordingResponseStream, AsyncRecordingResponseStream])
    @pytest.mark.parametrize("event", BUFFERED_FRONTS)
    async def test_fronts_that_cannot_stream(self, make: Any, event: dict[str, Any]) -> None:
        """
        They get one buffered answer, written as the result of a function is.
        """
        writer = make()
        app = sending(start(201, TEXT), body(b"one ", more=True), body("zwei é".encode()))
        await create_lambda_stream_handler(app, lifespan="off")(event, streaming(writer))
        answer = json.loads(writer.body)
        assert (201, "one zwei é", False) == (answer["statusCode"], answer["body"], answer["isBase64Encoded"])
        assert (None, "application/json", True) == (writer.status, writer.content_type, writer.ended)
        assert 1 == len(writer.pieces)

    @pytest.mark.parametrize("event", [events.function_url(), events.rest()])
    async def test_fronts_that_shall_not_stream(self, event: dict[str, Any]) -> None:
        """
        A front that is not asked to stream gets a buffered answer too.
        """
        writer = RecordingResponseStream()
        handler = create_lambda_stream_handler(sending(start(200, TEXT), body(b"x")), lifespan="off", streams=())
        await handler(event, streaming(writer))
        assert "x" == json.loads(writer.body)["body"]

    async def test_broken_writer(self) -> None:
        """
        What the writer raises is raised.
        """
        writer = RecordingResponseStream(fail_at=0, error=OSError("planted"))
        with pytest.raises(OSError, match="planted"):
            await create_lambda_stream_handler(sending(start(), body()), lifespan="off")(
                events.http_api(), streaming(writer)
            )


class TestAnswers:
    """
    Applications of every kind, buffered.
    """

    async def call(self, app: Any, event: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """
        The answer of *app*.
        """
        handler = create_lambda_stream_handler(app, lifespan="off", **options)
        answer: dict[str, Any] = await handler(event or events.http_api(), stock())
        json.dumps(answer)
        return answer

    async def test_cookies_and_headers(self) -> None:
        """
        Each front has its own keys.
        """
        app = sending(start(200, TEXT, ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("vary", "A")), body(b"x"))
        assert ["a=1", "b=2"] == (await self.call(app))["cookies"]
        assert {"set-cookie": ["a=1", "b=2"]} == (await self.call(app, events.rest()))["multiValueHeaders"]
        assert ["a=1", "b=2"] == (await self.call(app, events.balancer(several=True)))["multiValueHeaders"][
            "set-cookie"
        ]

    async def test_binary(self) -> None:
        """
        What is no text, or is compressed, goes as base64.
        """
        for headers in ([("content-type", "image/png")], [TEXT, ("content-encoding", "br")]):
            answer = await self.call(
                sending(
                    start(200, *headers),
                    body(b"\x89"),
                )
            )
            assert (base64.b64encode(b"\x89").decode(), True) == (answer["body"], answer["isBase64Encoded"])

    async def test_own_text_type(self) -> None:
        """
        A content type that is named as text goes as text; excluded headers stay.
        """
        app = sending(start(200, ("content-type", "application/x-own"), ("x-a", "1")), body(b"x"))
        answer = await self.call(app, text_types=["Application/X-Own"], exclude_headers=["X-A"])
        assert ("x", {"content-type": "application/x-own"}) == (answer["body"], answer["headers"])

    async def test_head_and_204(self) -> None:
        """
        No body where there is none.
        """
        app = sending(start(200, TEXT, ("content-length", "1")), body(b"x"))
        answer = await self.call(app, events.http_api(method="HEAD"))
        assert ("", {"content-type": "text/plain"}) == (answer["body"], answer["headers"])
        assert (204, "") == ((answer := await self.call(sending(start(204), body(b"x"))))["statusCode"], answer["body"])

    @pytest.mark.parametrize("messages", [(), (start(),), (start(), body(b"one", more=True))])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_failures(self, messages: tuple[Any, ...], method: str, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure before the end is a 500 that tells nothing, wherever it comes.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(*messages)(scope, receive, send)
            raise ValueError("secret")

        answer = await self.call(app, events.http_api(method=method))
        assert 500 == answer["statusCode"]
        assert "secret" not in answer["body"]
        assert (method == "HEAD") == (answer["body"] == "")
        assert [f"{method} / failed: secret"] == caplog.messages

    async def test_failure_after_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure after the response is logged, and the answer stands.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(b"x"))(scope, receive, send)
            raise ValueError("planted")

        assert "x" == (await self.call(app))["body"]
        assert ["GET / failed after its response: planted"] == caplog.messages

    async def test_bad_head(self) -> None:
        """
        A head that no front takes is a 500.
        """
        assert 500 == (await self.call(sending(start(99), body())))["statusCode"]


class TestStockRuntime:
    """
    Calls without an event loop, as AWS's own runtime makes them.
    """

    def test_answer(self) -> None:
        """
        The call gives the answer.
        """
        handler = create_lambda_stream_handler(sending(start(200, TEXT), body(b"x")))
        try:
            assert {
                "statusCode": 200,
                "headers": {"content-type": "text/plain"},
                "body": "x",
                "isBase64Encoded": False,
            } == handler(events.function_url(), stock())
        finally:
            handler.close()

    def test_loop_and_lifespan_persist(self) -> None:
        """
        All calls run on one loop, with one lifespan, which ends when the handler is closed; it can begin again.
        """
        seen: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                assert "lifespan.startup" == (await receive())["type"]
                scope["state"]["number"] = len(seen)
                seen.append("up")
                await send({"type": "lifespan.startup.complete"})
                assert "lifespan.shutdown" == (await receive())["type"]
                seen.append("down")
                await send({"type": "lifespan.shutdown.complete"})
                return
            seen.append((asyncio.get_running_loop(), scope["state"]["number"]))
            await sending(start(), body())(scope, receive, send)

        handler = create_lambda_stream_handler(app)
        handler(events.function_url(), stock())
        handler(events.function_url(), stock())
        handler.close()
        handler.close()
        assert ["up", seen[1], seen[1], "down"] == seen
        handler(events.function_url(), stock())
        handler.close()
        assert ["up", "down"] == [seen[4], seen[6]]
        assert seen[5][0] is not seen[1][0]

    def test_one_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        One warning says how to stream, and only where the front could.
        """
        handler = create_lambda_stream_handler(sending(start(), body()), lifespan="off")
        handler(events.http_api(), stock())
        assert [] == caplog.records
        handler(events.function_url(), stock())
        handler(events.rest(), stock())
        handler.close()
        (record,) = caplog.records
        assert logging.WARNING == record.levelno
        assert "python -m jaystream.aws.runtime" in record.message
        assert "RESPONSE_STREAM" in record.message

    def test_context_variables(self) -> None:
        """
        The application sees what the caller's context has at each call.
        """
        variable: ContextVar[int] = ContextVar("variable")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await sending(start(), body(str(variable.get()).encode()))(scope, receive, send)

        handler = create_lambda_stream_handler(app, lifespan="off")
        try:
            for number in (1, 2):
                token = variable.set(number)
                assert str(number) == handler(events.http_api(), stock())["body"]
                variable.reset(token)
        finally:
            handler.close()

    def test_threads_take_turns(self) -> None:
        """
        Calls from several threads are made one after the other.
        """
        inside: list[int] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            inside.append(1)
            assert 1 == len(inside)
            await asyncio.sleep(0)
            inside.pop()
            await sending(start(), body(b"x"))(scope, receive, send)

        handler = create_lambda_stream_handler(app, lifespan="off")
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(handler(events.http_api(), stock()))) for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        handler.close()
        assert ["x"] * 5 == [answer["body"] for answer in answers]

    async def test_within_a_loop(self) -> None:
        """
        Where a loop runs, the call gives something to await.
        """
        handler = create_lambda_stream_handler(sending(start(200, TEXT), body(b"x")), lifespan="off")
        assert "x" == (await handler(events.http_api()))["body"]


class TestOtherEvents:
    """
    Events that are no HTTP requests.
    """

    @pytest.mark.parametrize(
        ("event", "what"),
        [
            ({"Records": [], "n": 1}, r"one with the keys Records, n"),
            ({}, r"one with the keys \(none\)"),
            ([1], r"\[1\]|a list"),
        ],
    )
    async def test_none(self, event: Any, what: str) -> None:
        """
        Without a handler for them they are refused, by what they are.
        """
        handler = create_lambda_stream_handler(sending(), lifespan="off")
        with pytest.raises(TypeError, match=f"expects events of a Function URL.*not ({what}).*; give it other="):
            await handler(event, stock())
        writer = RecordingResponseStream()
        with pytest.raises(TypeError, match="give it other="):
            await handler(event, streaming(writer))
        assert not writer.ended

    async def test_other(self) -> None:
        """
        Their handler may be sync or async, and its result goes where an answer would.
        """

        async def wait(event: Any, context: Any) -> Any:
            return {"got": event["n"], "by": context.function_name}

        def plain(event: Any, context: Any) -> Any:
            return {"got": event["n"], "by": context.function_name}

        for other in (wait, plain):
            handler = create_lambda_stream_handler(sending(), lifespan="off", other=other)
            assert {"got": 1, "by": "f"} == await handler({"n": 1}, stock())
            writer = RecordingResponseStream()
            await handler({"n": 2}, streaming(writer))
            assert (b'{"got":2,"by":"f"}', True, "application/json") == (
                writer.body,
                writer.ended,
                writer.content_type,
            )

    async def test_other_that_streams(self) -> None:
        """
        A handler that streams writes by itself.
        """

        class Own:
            streams_response = True

            async def __call__(self, event: Any, context: Any) -> None:
                context.response_stream.write(b"own")
                context.response_stream.end()

        writer = RecordingResponseStream()
        await create_lambda_stream_handler(sending(), lifespan="off", other=Own())({"n": 1}, streaming(writer))
        assert (b"own", True, []) == (writer.body, writer.ended, writer.violations)

    async def test_result_that_is_no_json(self) -> None:
        """
        A result that JSON has no form for is the handler's failure.
        """
        handler = create_lambda_stream_handler(sending(), lifespan="off", other=lambda event, context: Decimal(1))
        with pytest.raises(TypeError, match="Decimal"):
            await handler({}, streaming(RecordingResponseStream()))


class TestArguments:
    """
    What is refused where the handler is made.
    """

    @pytest.mark.parametrize(
        ("options", "kind", "message"),
        [
            ({"app": 5}, TypeError, r"expects an ASGI application, not 5"),
            ({"lifespan": "yes"}, ValueError, r"\(lifespan=\) must be one of auto, off, on, not 'yes'"),
            ({"empty_body": "x"}, ValueError, r"\(empty_body=\) must be one of json204, newline, none, not 'x'"),
            ({"base_path": None}, TypeError, r"\(base_path=\) expects a path, not None"),
            ({"other": 5}, TypeError, r"\(other=\) expects a function of \(event, context\), not 5"),
            ({"eager_first": -1}, ValueError, r"\(eager_first=\) must be at least 0 seconds, not -1"),
            ({"streams": "rest"}, TypeError, r"\(streams=\) expects several names, not the text 'rest'"),
            ({"text_types": "a/b"}, TypeError, r"\(text_types=\) expects several names, not the text 'a/b'"),
            ({"exclude_headers": "a"}, TypeError, r"\(exclude_headers=\) expects several names"),
            (
                {"streams": ["alb"]},
                ValueError,
                r"takes function-url and rest, the fronts that can stream, not \['alb'\]",
            ),
        ],
    )
    def test_refused(self, options: dict[str, Any], kind: type[Exception], message: str) -> None:
        """
        Each with what is wrong.
        """
        with pytest.raises(kind, match=r"create_lambda_stream_handler.*" + message):
            create_lambda_stream_handler(**{"app": sending(), **options})
