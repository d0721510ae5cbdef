"""
The lifespan: once per process, its state, its failures, its end, and requests that come meanwhile.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from jaystream.aws.asgi_app import create_lambda_stream_handler
from jaystream.testing import RecordingResponseStream, VirtualClock
from tests.aws import events
from tests.aws.contexts import body, sending, start, stock, streaming


class App:
    """
    An application with a lifespan that does as it is told.

    Args:
        startup: What the lifespan sends or raises at its start.
        shutdown: What it sends or raises at its end.
    """

    def __init__(
        self, startup: Any = "lifespan.startup.complete", shutdown: Any = "lifespan.shutdown.complete"
    ) -> None:
        self.startup = startup
        self.shutdown = shutdown
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """
        Serve either protocol.
        """
        if scope["type"] == "http":
            self.log.append(f"request {scope['state']}")
            await sending(start(), body(b"x"))(scope, receive, send)
            return
        for wanted, does in (("startup", self.startup), ("shutdown", self.shutdown)):
            message = await receive()
            assert f"lifespan.{wanted}" == message["type"]
            self.log.append(wanted)
            await self.gate.wait()
            scope["state"]["seen"] = len(self.log)
            if isinstance(does, Exception):
                raise does
            await send({"type": does, "message": "planted"})


async def ask(handler: Any) -> RecordingResponseStream:
    """
    Send a request.
    """
    writer = RecordingResponseStream()
    await handler(events.function_url(), streaming(writer))
    return writer


class TestLifespan:
    """
    Start, state and end.
    """

    async def test_once(self) -> None:
        """
        It starts before the first request and ends when the handler is closed; each request has a copy of its state.
        """
        app = App()
        handler = create_lambda_stream_handler(app)
        assert [200, 200] == [(await ask(handler)).status, (await ask(handler)).status]
        await handler.aclose()
        await handler.aclose()
        assert ["startup", "request {'seen': 1}", "request {'seen': 1}", "shutdown"] == app.log

    async def test_before_the_first_request(self) -> None:
        """
        A runtime can start it in its own time.
        """
        app = App()
        handler = create_lambda_stream_handler(app)
        await handler.startup()
        assert ["startup"] == app.log
        await ask(handler)
        await handler.aclose()
        assert ["startup", "request {'seen': 1}", "shutdown"] == app.log

    async def test_off(self) -> None:
        """
        It can be left out, and then there is no state.
        """
        seen: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append((scope["type"], "state" in scope))
            await sending(start(), body())(scope, receive, send)

        handler = create_lambda_stream_handler(app, lifespan="off")
        await ask(handler)
        await handler.aclose()
        assert [("http", False)] == seen

    async def test_begins_again_after_the_end(self) -> None:
        """
        A request after the end starts it anew.
        """
        app = App()
        handler = create_lambda_stream_handler(app)
        for _ in range(2):
            await ask(handler)
            await handler.aclose()
        assert 2 == app.log.count("startup")

    async def test_requests_wait_for_the_start(self) -> None:
        """
        Requests that come together wait for one start; one that is cancelled meanwhile takes it from nobody.
        """
        app = App()
        app.gate.clear()
        handler = create_lambda_stream_handler(app)
        first, second = (asyncio.ensure_future(ask(handler)) for _ in range(2))
        for _ in range(5):
            await asyncio.sleep(0)
        assert ["startup"] == app.log
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        app.gate.set()
        assert 200 == (await second).status
        await handler.aclose()
        assert ["startup", "request {'seen': 1}", "shutdown"] == app.log

    async def test_failed_start_for_all_who_wait(self) -> None:
        """
        Requests that wait for a start that fails all fail with it, and the next one tries again.
        """
        app = App(startup="lifespan.startup.failed")
        app.gate.clear()
        handler = create_lambda_stream_handler(app)
        waiting = [asyncio.ensure_future(ask(handler)) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        app.gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert ["the application did not start: planted"] * 3 == [str(one) for one in found]
        app.startup = "lifespan.startup.complete"
        assert 200 == (await ask(handler)).status
        await handler.aclose()
        assert 2 == app.log.count("startup")

    async def test_own_context(self) -> None:
        """
        It has nothing of the request that started it.
        """
        variable: ContextVar[str] = ContextVar("variable", default="none")
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append(variable.get())
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            else:
                await sending(start(), body())(scope, receive, send)

        handler = create_lambda_stream_handler(app)
        variable.set("first request")
        await ask(handler)
        await handler.aclose()
        assert ["none", "first request"] == seen


class TestFailures:
    """
    Lifespans that fail, or that are none.
    """

    @pytest.mark.parametrize("error", [ValueError("only http"), AssertionError(), KeyError("x")])
    async def test_none(self, error: Exception) -> None:
        """
        An application that knows no lifespan works without.
        """
        app = App(startup=error)
        handler = create_lambda_stream_handler(app)
        assert 200 == (await ask(handler)).status
        assert 200 == (await ask(handler)).status
        await handler.aclose()
        assert 1 == app.log.count("startup")

    async def test_none_though_it_is_on(self) -> None:
        """
        Where there has to be one, that is a failure.
        """
        handler = create_lambda_stream_handler(App(startup=ValueError("only http")), lifespan="on")
        with pytest.raises(
            RuntimeError, match="did not start: its lifespan failed with ValueError: only http"
        ) as caught:
            await ask(handler)
        assert isinstance(caught.value.__cause__, ValueError)

    async def test_returns_at_once(self) -> None:
        """
        An application that returns without a word has none.
        """
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])
            if scope["type"] == "http":
                await sending(start(), body())(scope, receive, send)

        handler = create_lambda_stream_handler(app)
        assert 200 == (await ask(handler)).status
        await handler.aclose()
        with pytest.raises(RuntimeError, match="did not start: it returned from its lifespan at once"):
            await create_lambda_stream_handler(app, lifespan="on").startup()

    @pytest.mark.parametrize("mode", ["auto", "on"])
    async def test_failed_start(self, mode: Any) -> None:
        """
        A start that fails fails the request, nothing is sent, and the next request tries again.
        """
        app = App(startup="lifespan.startup.failed")
        handler = create_lambda_stream_handler(app, lifespan=mode)
        writer = RecordingResponseStream()
        with pytest.raises(RuntimeError, match="the application did not start: planted"):
            await handler(events.function_url(), streaming(writer))
        assert (None, False) == (writer.status, writer.ended)
        app.startup = "lifespan.startup.complete"
        assert 200 == (await ask(handler)).status
        await handler.aclose()
        assert ["startup", "startup", "request {'seen': 2}", "shutdown"] == app.log

    def test_failed_start_on_the_stock_runtime(self) -> None:
        """
        The same where the call is an ordinary one.
        """
        handler = create_lambda_stream_handler(App(startup="lifespan.startup.failed"))
        with pytest.raises(RuntimeError, match="the application did not start: planted"):
            handler(events.http_api(), stock())
        handler.close()

    @pytest.mark.parametrize("shutdown", ["lifespan.shutdown.failed", ValueError("planted")])
    async def test_failed_end(self, shutdown: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        An end that fails is logged.
        """
        handler = create_lambda_stream_handler(App(shutdown=shutdown))
        await handler.startup()
        await handler.aclose()
        assert 1 == len(caplog.messages)
        assert caplog.messages[0].endswith("failed: planted")

    async def test_dies_amid(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A lifespan that dies between requests is logged, and requests go on.
        """

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await receive()
                await send({"type": "lifespan.startup.complete"})
                raise ValueError("planted")
            await sending(start(), body())(scope, receive, send)

        handler = create_lambda_stream_handler(app)
        await handler.startup()
        assert 200 == (await ask(handler)).status
        await handler.aclose()
        assert ["the application's lifespan failed: planted"] == caplog.messages

    async def test_unexpected_message(self) -> None:
        """
        A message that has no place in a lifespan is refused where it is sent.
        """
        with pytest.raises(RuntimeError, match=r"unexpected ASGI message 'http\.response\.start' in a lifespan"):
            await create_lambda_stream_handler(App(startup="http.response.start"), lifespan="on").startup()

    async def test_end_that_takes_too_long(self, virtual_clock: VirtualClock) -> None:
        """
        An end that never comes is cut after the time that Lambda leaves.
        """
        app = App()
        handler = create_lambda_stream_handler(app)
        await handler.startup()
        app.gate.clear()
        before = virtual_clock()
        await handler.aclose()
        assert (["startup", "shutdown"], 2.0) == (app.log, virtual_clock() - before)

    async def test_asks_again(self) -> None:
        """
        An application that receives after the shutdown gets nothing more, and is cancelled.
        """
        seen: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                while True:
                    message = await receive()
                    seen.append(message["type"])
                    await send({"type": f"{message['type']}.complete"})
            finally:
                seen.append("over")

        handler = create_lambda_stream_handler(app)
        await handler.startup()
        await handler.aclose()
        assert ["lifespan.startup", "lifespan.shutdown", "over"] == seen

    async def test_will_not_end(self, virtual_clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
        """
        An application that will not be cancelled is left, with a word in the log.
        """
        free = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            while not free.is_set():
                try:
                    await free.wait()
                except asyncio.CancelledError:
                    continue

        handler = create_lambda_stream_handler(app)
        await handler.startup()
        await handler.aclose()
        assert ["the application's lifespan does not end, though it was cancelled"] == caplog.messages
        free.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
