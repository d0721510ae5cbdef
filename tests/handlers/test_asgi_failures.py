"""
ASGI handlers that fail: what the client sees, and what the log says.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from jaystream import JaypieStream, ResponseStream, asgi_stream_handler
from jaystream.errors import NotFoundError, StreamTimeoutError, UnhandledError
from jaystream.testing import Probe, RecordingSend
from tests.handlers.asking import ask, told
from tests.sinks.exchange import scope, turns, yielding


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

    @pytest.mark.parametrize(("chunks", "begins"), [(0, b'{"errors":'), (1, b"data: 0\n\nevent: error\n")])
    async def test_something_was_cancelled(self, chunks: int, begins: bytes, caplog: pytest.LogCaptureFixture) -> None:
        """
        A task that the handler waits for, and that somebody has cancelled, is a failure like any other.
        """
        other = asyncio.ensure_future(asyncio.Event().wait())
        other.cancel()

        async def answer(request: Any, response: Any) -> Any:
            for number in range(chunks):
                yield number
            await other

        found = await ask(asgi_stream_handler(answer))
        assert (200 if chunks else 500, True) == (found.status, found.body.startswith(begins))
        (record,) = told(caplog)
        assert (logging.ERROR, "[answer] CancelledError: ") == (record.levelno, record.getMessage())

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
