"""
ASGI handlers: their shapes, and what a server asks.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import AsgiRequest, JaypieStream, ResponseStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import UnhandledError
from jaystream.testing import Probe, RecordingSend
from tests.handlers.asking import ask
from tests.handlers.shapes import FRAMED, HI, SHAPES
from tests.sinks.exchange import scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Context:
    """
    Lets a handler of (event, context) answer a request.
    """

    def __init__(self, response: ResponseStream) -> None:
        self.response_stream = response


class TestShapes:
    """
    What a handler may be.
    """

    @pytest.mark.parametrize("handler", SHAPES)
    async def test_all(self, handler: Any) -> None:
        """
        All come to the same.
        """

        def adapted(request: AsgiRequest, response: ResponseStream) -> Any:
            return handler(request, Context(response))

        answer = await ask(asgi_stream_handler(adapted))
        assert (200, FRAMED, "text/event-stream") == (answer.status, answer.body, answer.headers["content-type"])

    @pytest.mark.parametrize("result", [3, "text", b"bytes", [HI], {"a": 1}, JaypieStream.of(HI).to_response()])
    async def test_others(self, result: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        Anything else is a TypeError for the log, before the first byte.
        """
        answer = await ask(asgi_stream_handler(lambda: result, name="mine"))
        assert (500, UnhandledError.detail) == (answer.status, answer.errors[0]["detail"])
        assert "TypeError: the handler 'mine' must yield chunks" in caplog.text

    async def test_head_of_a_generator(self) -> None:
        """
        A generator may set the head until its first item.
        """

        async def generate(request: AsgiRequest, response: ResponseStream) -> AsyncIterator[Any]:
            response.status = 202
            response.headers["x-a"] = "1"
            response.set_cookie("c", "1", same_site=None)
            yield HI

        answer = await ask(asgi_stream_handler(generate, headers={"x-b": "2"}))
        assert (202, "1", "2", "c=1; Path=/") == (
            answer.status,
            answer.headers["x-a"],
            answer.headers["x-b"],
            answer.headers["set-cookie"],
        )

    async def test_body_and_head_by_hand(self) -> None:
        """
        A coroutine reads the body, sets the head, writes, and ends; it may go on after the end.
        """
        done: list[str] = []

        async def echo(request: AsgiRequest, response: ResponseStream) -> None:
            response.status = 201
            response.set_content_type("text/plain")
            await response.write(await request.body())
            await response.end()
            await turns()
            done.append(request.method)

        answer = await ask(asgi_stream_handler(echo), "/", "POST", content=b"abc")
        assert (201, b"abc", "text/plain", ["POST"]) == (
            answer.status,
            answer.body,
            answer.headers["content-type"],
            done,
        )

    @pytest.mark.parametrize("status", [204, 304])
    async def test_no_content(self, status: int) -> None:
        """
        With a status that has no body a stream is not even opened.
        """
        probe = Probe("a")

        def answer(request: Any, response: Any) -> Any:
            response.status = status
            return probe

        found = await ask(asgi_stream_handler(answer))
        assert (status, b"", 0) == (found.status, found.body, probe.opens)

    async def test_head_request(self) -> None:
        """
        HEAD is validated, answered with the head, and never reaches the handler.
        """
        probe = Probe("a")

        def is_ok(request: AsgiRequest) -> bool:
            return "ok" in request.query

        app = asgi_stream_handler(lambda: probe, validate=is_ok)
        answer = await ask(app, "/?ok", "HEAD")
        assert (200, b"", 0) == (answer.status, answer.body, probe.opens)
        assert 400 == (await ask(app, "/", "HEAD")).status

    async def test_parameter_of_a_framework(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A parameter that nobody finds is told to the log.
        """

        async def wants(q: int) -> AsyncIterator[str]:
            yield str(q)

        assert 500 == (await ask(asgi_stream_handler(wants))).status
        assert "the handler 'wants' wants 'q'" in caplog.text

    async def test_starlettes_request(self) -> None:
        """
        A handler that asks for Starlette's request gets one.
        """
        from starlette.requests import Request  # noqa: PLC0415 - one test of many

        async def echo(request: Request, response: ResponseStream) -> None:
            await response.write(await request.body())

        echo.__annotations__["request"] = Request
        assert b"abc" == (await ask(asgi_stream_handler(echo), "/", "POST", content=b"abc")).body

    @pytest.mark.parametrize("kind", ["positional", "defaults", "any", "builtin"])
    async def test_signatures(self, kind: str) -> None:
        """
        Parameters of every kind.
        """
        found: list[Any] = []

        async def positional(one: Any, two: Any, /, three: int = 3, *, four: int = 4, **more: Any) -> None:
            found.append((one, two))

        async def defaults(response: ResponseStream, other: int = 3) -> None:
            found.append((response, other))

        async def anything(*args: Any) -> None:
            found.append(args)

        class Builtin:
            __signature__ = "none"

            def __call__(self, *args: Any) -> Any:
                return anything(*args)

        handlers: dict[str, Any] = {"positional": positional, "defaults": defaults, "any": anything}
        app = asgi_stream_handler(handlers.get(kind) or Builtin())
        assert (200, 2) == ((await ask(app)).status, len(found[0]))

    async def test_keyword_only(self) -> None:
        """
        Parameters named so are the request and the response, also where they are taken by keyword alone.
        """

        async def keywords(*, response: Any, request: Any) -> Any:
            response.status = 201
            yield request.path

        async def bound(prefix: str, request: Any, response: Any) -> Any:
            yield f"{prefix} {response.status} {request.path}"

        answer = await ask(asgi_stream_handler(keywords), "/fox")
        assert (201, b"data: /fox\n\n") == (answer.status, answer.body)
        for partial in (functools.partial(bound, prefix="a"), functools.partial(bound, "a")):
            assert b"data: a 200 /fox\n\n" == (await ask(asgi_stream_handler(partial), "/fox")).body

    async def test_names(self) -> None:
        """
        A handler has the name and the docstring of its function, of what a partial is made of, or of its class.
        """

        class Answerer:
            """Answers."""

            async def __call__(self, request: Any, response: Any) -> Any:
                yield "x"

        async def answer(prefix: str, request: Any) -> Any:
            """Answer."""
            yield prefix

        functions = (Answerer(), functools.partial(functools.partial(answer), "a"), functools.partial(Answerer()))
        made = [asgi_stream_handler(each) for each in functions]
        names = [(each.__name__, each.__doc__, each.__module__) for each in made]
        assert [("Answerer", "Answers."), ("answer", "Answer."), ("Answerer", "Answers.")] == [
            each[:2] for each in names
        ]
        assert {__name__} == {each[2] for each in names}
        assert "<asgi_stream_handler answer>" == repr(made[1])
        assert "Answerer" == lambda_stream_handler(Answerer()).__name__

    async def test_called_wrongly(self) -> None:
        """
        What is neither ASGI nor a framework's call is refused.
        """
        app: Any = asgi_stream_handler(lambda: None)
        with pytest.raises(TypeError, match="is called with \\(scope, receive, send\\)"):
            await app(1, 2)
        send = RecordingSend()
        with pytest.raises(ValueError, match="of type 'http', not 'websocket'"):
            await app(scope(kind="websocket"), send.receive, send)


class TestServer:
    """
    What a server asks beside requests.
    """

    async def test_lifespan(self) -> None:
        """
        A start and an end, with nothing to do.
        """
        events: list[Any] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Any] = []

        async def receive() -> Any:
            return events.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await asgi_stream_handler(lambda: None)({"type": "lifespan"}, receive, send)
        assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == sent

    async def test_background_task(self) -> None:
        """
        A response that a framework gives a background task runs it afterwards.
        """
        done: list[int] = []

        async def later() -> None:
            done.append(len(send.body))

        response = await asgi_stream_handler(lambda: JaypieStream.of("a"))()
        response.background = later
        send = RecordingSend()
        await response(scope(), send.receive, send)
        assert ([9], 9) == (done, len(send.body))
        assert response.report is not None
