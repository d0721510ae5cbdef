"""
ASGI handlers: their shapes, their requests, their failures, and clients that leave or do not read.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import AsgiRequest, JaypieStream, ResponseStream, asgi_stream_handler
from jaystream.errors import NotFoundError, StreamTimeoutError, UnhandledError
from jaystream.testing import Probe, RecordingSend, StreamTestClient
from tests.handlers.asking import ask, told
from tests.handlers.test_lambda_handler import FRAMED, HI, SHAPES
from tests.sinks.exchange import begin, scope, turns, yielding

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


class TestRequest:
    """
    What a handler is told.
    """

    async def test_everything(self) -> None:
        """
        Method, path, query, headers, cookies, body.
        """
        found: list[AsgiRequest] = []
        text: list[str] = []

        async def look(request: AsgiRequest) -> None:
            found.append(request)
            text.append(await request.text())
            assert {"n": 1} == await request.json()

        headers = {"X-A": "1", "cookie": 'a=1; b="two"', "content-type": "application/json; charset=utf-8"}
        await ask(asgi_stream_handler(look), "/a%20b?q=1&q=2&e=", "POST", content=b'{"n": 1}', headers=headers)
        (request,) = found
        assert ("POST", "/a b", b"q=1&q=2&e=") == (request.method, request.path, request.query_string)
        assert ([("q", "1"), ("q", "2"), ("e", "")], {"q": "2", "e": ""}) == (request.query_list, request.query)
        assert ("1", {"a": "1", "b": "two"}, '{"n": 1}') == (request.headers["x-a"], request.cookies, text[0])
        assert ("http", {}, "<AsgiRequest POST /a b>") == (request.scheme, request.path_params, repr(request))
        assert (b"/a%20b", "testserver") == (request.raw_path, request.host)
        assert request.client is not None

    @pytest.mark.parametrize(
        ("content", "read"),
        [(b"{", "json"), (b"\xff", "text"), (b"123456", "body"), (b"[" * 5, "json")],
    )
    async def test_garbage(self, content: bytes, read: str) -> None:
        """
        Garbage from the client is its own fault.
        """

        async def look(request: AsgiRequest) -> None:
            await getattr(request, read)()

        answer = await ask(asgi_stream_handler(look, max_body=5), "/", "POST", content=content)
        assert 400 == answer.status

    async def test_charset(self) -> None:
        """
        Text in another charset.
        """
        found: list[str] = []

        async def look(request: AsgiRequest) -> None:
            found.append(await request.text())

        headers = {"content-type": "text/plain; charset=latin-1"}
        await ask(asgi_stream_handler(look), "/", "POST", content="ä".encode("latin-1"), headers=headers)
        assert ["ä"] == found

    async def test_replay(self) -> None:
        """
        Others may receive from it: the body at once, and then the end, when it comes.
        """
        send = RecordingSend(request=b"abc")
        request = AsgiRequest(scope("POST"), send.receive)
        assert {"type": "http.request", "body": b"abc", "more_body": False} == await request.replay()
        send.disconnect()
        assert {"type": "http.disconnect"} == await request.replay()
        assert {"type": "http.disconnect"} == await request.replay()

    async def test_alone(self) -> None:
        """
        A request may be made without a handler, and its body read at leisure, twice.
        """
        send = RecordingSend(request=b"abc")
        request = AsgiRequest(scope("POST"), send.receive)
        assert (b"abc", b"abc") == (await request.body(), await request.body())

    def test_no_request(self) -> None:
        """
        What is no scope is refused.
        """
        bad: Any = 3
        send = RecordingSend()
        with pytest.raises(TypeError, match="a mapping, not 3"):
            AsgiRequest(bad, send.receive)
        with pytest.raises(ValueError, match="not 'websocket'"):
            AsgiRequest(scope(kind="websocket"), send.receive)

    async def test_left_before_the_end_of_the_body(self) -> None:
        """
        A client that leaves while it sends stops the handler.
        """

        async def receive() -> Any:
            return messages.pop(0)

        messages: list[Any] = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
        send = RecordingSend()

        async def look(request: AsgiRequest) -> None:
            await request.body()

        await asgi_stream_handler(look)(scope("POST"), receive, send)
        assert b"" == send.body


class TestFailures:
    """
    What the client sees.
    """

    @pytest.mark.parametrize(
        ("error", "status"), [(NotFoundError(), 404), (ValueError(), 500), (StreamTimeoutError("first", 1), 504)]
    )
    async def test_before_the_first_byte(self, error: Exception, status: int) -> None:
        """
        A real status with a JSON:API body, and the headers that do not speak of the body.
        """

        def answer(request: Any, response: Any) -> Any:
            response.headers["access-control-allow-origin"] = "*"
            return Probe((), fail_at=0, error=error)

        found = await ask(asgi_stream_handler(answer))
        assert (status, status, "*") == (
            found.status,
            found.errors[0]["status"],
            found.headers["access-control-allow-origin"],
        )

    async def test_timeout_first(self) -> None:
        """
        A stream whose first item is too late is a 504.
        """

        def answer() -> JaypieStream[str]:
            return JaypieStream[str].never().timeout(first=0.001)

        assert 504 == (await ask(asgi_stream_handler(answer))).status

    async def test_jaypies_way(self) -> None:
        """
        A 200 and an error event.
        """
        app = asgi_stream_handler(lambda: Probe((), fail_at=0, error=NotFoundError()), jaypie_status=True)
        found = await ask(app)
        assert (200, True) == (found.status, found.body.startswith(b'event: error\ndata: {"errors":[{"status":404'))

    async def test_jaypies_way_in_text(self) -> None:
        """
        Where the format has no words for it, it is a status all the same.
        """
        app = asgi_stream_handler(
            lambda: Probe((), fail_at=0, error=NotFoundError()), jaypie_status=True, format="text"
        )
        assert 404 == (await ask(app)).status

    async def test_afterwards(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        An error event, a clean end, one record in the log.
        """
        app = asgi_stream_handler(
            lambda: Probe("ab", fail_at=2, error=ValueError("hunter2"), before={2: lambda _: turns()})
        )
        found = await ask(app)
        assert (200, 1, False) == (found.status, found.body.count(b"event: error"), b"hunter2" in found.body)
        assert [logging.ERROR] == [record.levelno for record in told(caplog)]

    async def test_throw(self) -> None:
        """
        The server cuts the connection after the event.
        """
        send = RecordingSend()
        app = asgi_stream_handler(lambda: Probe("a", fail_at=1, error=ValueError()), throw=True)
        with pytest.raises(UnhandledError):
            await app(scope(), send.receive, send)
        assert (1, False) == (send.body.count(b"event: error"), send.ended)

    async def test_unencodable(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A chunk that JSON cannot hold is an error event behind those before it.
        """
        found = await ask(asgi_stream_handler(lambda: yielding({"n": 1}, {"n": object()})))
        assert found.body.startswith(b'data: {"n":1}\n\nevent: error\n')
        assert "cannot write object at chunk['n']" in caplog.text

    @pytest.mark.parametrize("throw", [False, True])
    async def test_after_the_end(self, throw: bool, caplog: pytest.LogCaptureFixture) -> None:
        """
        A handler that has ended its response and then fails is heard by the log, and by the server if it throws.
        """
        send = RecordingSend()

        async def fail(request: Any, response: ResponseStream) -> None:
            await response.send("a")
            await response.end()
            raise ValueError("planted")

        app = asgi_stream_handler(fail, throw=throw)
        if throw:
            with pytest.raises(UnhandledError):
                await app(scope(), send.receive, send)
        else:
            await app(scope(), send.receive, send)
        assert (b"data: a\n\n", True, [], 1) == (send.body, send.ended, send.violations, len(told(caplog)))

    async def test_stopped_after_the_end(self) -> None:
        """
        A shutdown that meets a response by hand behind its end writes nothing more.
        """
        send, event = RecordingSend(), asyncio.Event()

        async def slow(request: Any, response: ResponseStream) -> None:
            await response.send({"type": "text", "content": "a"})
            await response.end()
            event.set()
            await asyncio.Event().wait()

        await asgi_stream_handler(slow, format="openai", shutdown=event)(scope(), send.receive, send)
        assert (True, []) == (send.ended, send.violations)

    async def test_formats_that_close(self) -> None:
        """
        A format that ends a body with something gets its end, by whatever way.
        """

        async def by_hand(request: Any, response: ResponseStream) -> None:
            await response.send({"type": "text", "content": "a"})

        async def ended(request: Any, response: ResponseStream) -> None:
            await response.send({"type": "text", "content": "a"})
            await response.end()

        for handler in (by_hand, ended, lambda: JaypieStream.of({"type": "text", "content": "a"})):
            answer = await ask(asgi_stream_handler(handler, format="openai"))
            assert (1, True) == (answer.body.count(b"[DONE]"), answer.body.endswith(b"data: [DONE]\n\n"))

    async def test_failed_by_hand(self) -> None:
        """
        A response that its handler has failed breaks the connection.
        """
        send = RecordingSend()
        error = ValueError("planted")

        async def fail(request: Any, response: Any) -> None:
            await response.send("a")
            await response.fail(error)

        with pytest.raises(ValueError, match="planted"):
            await asgi_stream_handler(fail)(scope(), send.receive, send)
        assert (b"data: a\n\n", False) == (send.body, send.ended)

    async def test_host_error(self) -> None:
        """
        Within a framework its exceptions are its own; without one they are their status.
        """
        from starlette.exceptions import HTTPException  # noqa: PLC0415 - one test of many

        def fail() -> Any:
            raise HTTPException(418, "tea")

        app = asgi_stream_handler(fail)
        assert (418, "tea") == ((found := await ask(app)).status, found.errors[0]["detail"])
        send = RecordingSend()
        with pytest.raises(HTTPException):
            await app({**scope(), "app": object()}, send.receive, send)


class TestTime:
    """
    The sink's options, in virtual time.
    """

    async def test_headers_wait_for_the_handler(self, virtual_clock: Any) -> None:
        """
        Until the handler gives its stream they wait without limit, then for eager_first, and then comments go out.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow() -> Any:
            await asyncio.sleep(30)
            return JaypieStream[str].never()

        serving = begin(asgi_stream_handler(slow, eager_first=2, keepalive=10)(scope(), send.receive, send))
        statuses: list[int | None] = []
        for seconds in (31, 1.5):
            await asyncio.sleep(seconds)
            statuses.append(send.status)
        assert ([None, 200], b"") == (statuses, send.body)
        await asyncio.sleep(10)
        assert send.body.startswith(b":")
        send.disconnect()
        await serving

    async def test_by_hand(self, virtual_clock: Any) -> None:
        """
        A response by hand has its head until its first byte; an empty one sends the head alone, and comments follow.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow(request: Any, response: ResponseStream) -> None:
            await asyncio.sleep(60)
            response.status = 202
            await response.write("")
            await asyncio.sleep(16)
            await response.send("x")

        await asgi_stream_handler(slow)(scope(), send.receive, send)
        assert (202, True) == (send.status, send.body.endswith(b"data: x\n\n"))
        assert send.body.startswith(b":")

    async def test_no_comments_in_a_body_of_ones_own(self, virtual_clock: Any) -> None:
        """
        Nobody writes into a CSV.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow(request: Any, response: ResponseStream) -> None:
            response.set_content_type("text/csv")
            await response.write("a,")
            await asyncio.sleep(60)
            await response.write("b")

        await asgi_stream_handler(slow)(scope(), send.receive, send)
        assert b"a,b" == send.body

    async def test_max_duration(self, virtual_clock: Any) -> None:
        """
        It counts from the request on, and ends well.
        """
        send = RecordingSend(clock=virtual_clock)
        await asgi_stream_handler(JaypieStream[str].never, max_duration=30)(scope(), send.receive, send)
        assert (200, True, 30) == (send.status, send.ended, virtual_clock())

    async def test_shutdown(self) -> None:
        """
        An event ends the response well, also one by hand.
        """
        send, event = RecordingSend(), asyncio.Event()

        async def slow(request: Any, response: ResponseStream) -> None:
            await response.send("a")
            event.set()
            await asyncio.Event().wait()

        await asgi_stream_handler(slow, shutdown=event)(scope(), send.receive, send)
        assert (b"data: a\n\n", True) == (send.body, send.ended)

    async def test_send_timeout(self, virtual_clock: Any) -> None:
        """
        A client that does not read is given up; the handler is stopped.
        """
        send, stopped = RecordingSend(clock=virtual_clock), asyncio.Event()

        async def write(request: Any, response: ResponseStream) -> None:
            try:
                send.hold()
                while True:
                    await response.write(b"x" * 1000)
            finally:
                stopped.set()

        serving = begin(asgi_stream_handler(write, send_timeout=20)(scope(), send.receive, send))
        await asyncio.sleep(25)
        assert stopped.is_set()
        send.release()
        await serving
        assert 1000 >= len(send.body)


class TestLeaving:
    """
    Clients that leave.
    """

    async def test_drain(self) -> None:
        """
        With "drain" the handler runs to its end without a client.
        """
        saved: list[str] = []

        async def save(stream: JaypieStream[str]) -> None:
            saved.extend(await stream.to_list())

        async def answer(request: Any, response: Any) -> JaypieStream[str]:
            return JaypieStream(yielding("a", "b", "c", "d")).also_to(save)

        app = asgi_stream_handler(answer, on_disconnect="drain")
        async with StreamTestClient(app).stream("GET", "/") as response:
            await response.next_event()
            response.disconnect()
        assert ["a", "b", "c", "d"] == saved

    async def test_drain_by_hand(self) -> None:
        """
        Also where it writes by itself.
        """
        written: list[int] = []

        async def write(request: Any, response: ResponseStream) -> None:
            for number in range(30):
                await response.send(str(number))
                await turns(1)
                written.append(number)

        async with StreamTestClient(asgi_stream_handler(write, on_disconnect="drain")).stream("GET", "/") as response:
            await response.next_event()
            response.disconnect()
        assert list(range(30)) == written

    async def test_gone_before_the_handler(self) -> None:
        """
        A client that is gone at once leaves nothing behind.
        """
        send, probe = RecordingSend(disconnect_after=0), Probe("a")
        await asgi_stream_handler(lambda: probe)(scope(), send.receive, send)
        assert b"" == send.body
        probe.assert_released()

    async def test_background_after_the_end(self) -> None:
        """
        A client that leaves after the end of its answer, as all do, stops nothing.
        """
        send, done = RecordingSend(), asyncio.Event()

        async def answer(request: Any, response: ResponseStream) -> None:
            await response.send("a")
            await response.end()
            send.disconnect()
            await turns()
            done.set()

        await asgi_stream_handler(answer)(scope(), send.receive, send)
        assert (True, True, []) == (done.is_set(), send.ended, send.violations)

    async def test_a_million_small_writes_let_others_run(self) -> None:
        """
        A handler that writes on and on to a client that always reads keeps nobody from their turn.
        """
        send, others = RecordingSend(), 0

        async def count() -> None:
            nonlocal others
            while True:
                await asyncio.sleep(0)
                others += 1

        async def write(request: Any, response: ResponseStream) -> None:
            loop = asyncio.get_running_loop()
            until = loop.time() + 0.05
            while loop.time() < until:
                await response.write(b"x")

        counting = begin(count())
        await asgi_stream_handler(write)(scope(), send.receive, send)
        counting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await counting
        assert others >= 3
