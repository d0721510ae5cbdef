"""
The lifecycle, as it is seen through both handlers: its order, its errors, and teardown on every way out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import (
    BadGatewayError,
    BadRequestError,
    ConfigurationError,
    ForbiddenError,
    GatewayTimeoutError,
    NotFoundError,
    StreamTimeoutError,
    UnhandledError,
)
from jaystream.testing import Probe, RecordingResponseStream, RecordingSend
from tests.handlers.asking import ask, invoke, told
from tests.sinks.exchange import begin, scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Steps(list[str]):
    """
    Notes what was called, in order.
    """

    def note(self, name: str, result: Any = None) -> Any:
        """
        A function that notes its name.
        """

        def step(*args: Any) -> Any:
            self.append(f"{name}/{len(args)}")
            if isinstance(result, BaseException):
                raise result
            return result

        return step

    def note_later(self, name: str) -> Any:
        """
        The same as a coroutine function that waits.
        """

        async def step(*args: Any) -> None:
            await asyncio.sleep(0)
            self.append(f"{name}/{len(args)}")

        return step


@pytest.fixture
def steps() -> Steps:
    """
    Nothing was called yet.
    """
    return Steps()


def make(steps: Steps, handler: Any = None, **options: Any) -> Any:
    """
    An ASGI handler that streams one item, with options.
    """

    async def one(request: Any, response: Any) -> AsyncIterator[str]:
        steps.append("handler")
        yield "a"

    return asgi_stream_handler(one if handler is None else handler, **options)


class TestOrder:
    """
    When all is well.
    """

    async def test_all(self, steps: Steps) -> None:
        """
        validate, setup, locals, the handler, teardown; functions and lists, sync and async.
        """
        app = make(
            steps,
            teardown=[steps.note("t1"), steps.note_later("t2")],
            setup=[steps.note_later("s1"), steps.note("s2")],
            validate=steps.note("v", result=True),
            locals={"l": steps.note("l"), "plain": 1},
        )
        answer = await ask(app)
        assert (200, b"data: a\n\n") == (answer.status, answer.body)
        assert ["v/2", "s1/2", "s2/2", "l/2", "handler", "t1/2", "t2/2"] == steps

    async def test_locals(self) -> None:
        """
        Values and results of functions are the request's `locals`.
        """

        async def user(request: Any) -> str:
            await asyncio.sleep(0)
            return str(request.query["name"])

        def answer(request: Any, response: Any) -> JaypieStream[str]:
            return JaypieStream.of(f"{request.locals['user']} {request.locals['n']}")

        found = await ask(asgi_stream_handler(answer, locals={"user": user, "n": 3}), "/?name=Ada")
        assert b"data: Ada 3\n\n" == found.body

    async def test_fewer_arguments(self, steps: Steps) -> None:
        """
        A function is called with as many arguments as it takes.
        """
        found: list[Any] = []

        def count(*args: Any) -> None:
            found.append(len(args))

        app = make(steps, setup=[lambda: found.append(0), found.append, count])
        await ask(app)
        assert (0, 2) == (found[0], found[2])
        assert "AsgiRequest" in repr(found[1])


class TestRefusals:
    """
    What never reaches the handler.
    """

    async def test_unavailable(self, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
        """
        Nothing runs, not even teardown; the log has a warning and no error.
        """
        app = make(steps, unavailable=True, validate=steps.note("v"), teardown=steps.note("t"))
        answer = await ask(app)
        assert (503, "Service Unavailable", []) == (answer.status, answer.errors[0]["title"], steps)
        assert [logging.WARNING] == [record.levelno for record in told(caplog)]

    @pytest.mark.parametrize(("value", "status"), [("true", 503), ("1", 503), ("0", 200), ("False", 200), ("x", 200)])
    async def test_unavailable_by_environment(
        self, steps: Steps, value: str, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The environment is read at each request; the option wins.
        """
        monkeypatch.setenv("project_unavailable", value)
        assert status == (await ask(make(steps))).status
        assert 200 == (await ask(make(steps, unavailable=False))).status

    async def test_validate_says_no(self, steps: Steps) -> None:
        """
        False is a 400, and nothing else runs; any other result is fine.
        """
        app = make(steps, validate=[steps.note("v1", None), steps.note("v2", False)], teardown=steps.note("t"))
        answer = await ask(app)
        assert (400, ["v1/2", "v2/2"]) == (answer.status, steps)

    async def test_validate_raises(self, steps: Steps) -> None:
        """
        An error is the answer.
        """
        app = make(steps, validate=steps.note("v", ForbiddenError("not you")), teardown=steps.note("t"))
        answer = await ask(app)
        assert (403, "not you", ["v/2"]) == (answer.status, answer.errors[0]["detail"], steps)

    async def test_setup_raises(self, steps: Steps) -> None:
        """
        The handler is not called, and teardown is.
        """
        app = make(steps, setup=steps.note("s", ValueError("hunter2")), teardown=steps.note("t"))
        answer = await ask(app)
        assert (500, False, ["s/2", "t/2"]) == (answer.status, b"hunter2" in answer.body, steps)


class TestErrors:
    """
    What becomes of an error of the handler.
    """

    @pytest.mark.parametrize(
        ("error", "status", "detail", "level"),
        [
            (NotFoundError("no fox"), 404, "no fox", logging.DEBUG),
            (BadGatewayError("hunter2"), 502, BadGatewayError.detail, logging.ERROR),
            (ConfigurationError("hunter2"), 500, "An unexpected error", logging.ERROR),
            (ValueError("hunter2"), 500, UnhandledError.detail, logging.ERROR),
            (StreamTimeoutError("first", 3), 504, GatewayTimeoutError.detail, logging.ERROR),
            (ExceptionGroup("g", [ExceptionGroup("h", [NotFoundError("no fox")])]), 404, "no fox", logging.DEBUG),
        ],
    )
    async def test_scrubbed(
        self, error: Exception, status: int, detail: str, level: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        Of errors above 500 a client sees what the status says; the log has all, once.
        """

        def fail() -> Any:
            raise error

        caplog.set_level(logging.DEBUG, "jaystream")
        answer = await ask(asgi_stream_handler(fail))
        assert (status, True) == (answer.status, answer.errors[0]["detail"].startswith(detail))
        assert b"hunter2" not in answer.body
        assert [level] == [record.levelno for record in told(caplog)]
        assert ("hunter2" in str(error)) == ("hunter2" in caplog.text)

    @pytest.mark.parametrize(
        ("scrub", "client", "server"),
        [(True, False, False), (False, True, True), ({"client": True}, False, False), ({"server": False}, True, True)],
    )
    async def test_scrub_option(self, scrub: Any, client: bool, server: bool) -> None:
        """
        Each class of errors can be shown or hidden.
        """
        for error, shown in ((NotFoundError("mine"), client), (BadGatewayError("mine"), server)):

            def fail(*_: Any, error: Exception = error) -> Any:
                raise error

            answer = await ask(asgi_stream_handler(fail, scrub=scrub))
            assert shown == (b"mine" in answer.body)

    async def test_cause(self) -> None:
        """
        What is raised with throw has its cause.
        """
        writer = RecordingResponseStream()
        planted = ValueError("planted")
        handler = lambda_stream_handler(lambda: Probe((), fail_at=0, error=planted), throw=True)
        with pytest.raises(UnhandledError) as caught:
            await invoke(handler, writer=writer)
        assert planted is caught.value.__cause__
        assert caught.value is writer.error

    async def test_jaypie_error_is_raised_itself(self) -> None:
        """
        An error that clients may see is the same object.
        """
        planted = NotFoundError("planted")
        with pytest.raises(NotFoundError) as caught:
            await invoke(lambda_stream_handler(lambda: Probe((), fail_at=0, error=planted), throw=True))
        assert planted is caught.value

    async def test_exception_group_of_several(self) -> None:
        """
        Several errors are an unhandled one.
        """

        def fail() -> Any:
            raise ExceptionGroup("g", [NotFoundError(), BadRequestError()])

        assert 500 == (await ask(asgi_stream_handler(fail))).status


class TestTeardown:
    """
    Teardown on every way out.
    """

    async def test_each_is_guarded(self, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
        """
        An error of one is logged, and the next one runs.
        """
        caplog.set_level(logging.DEBUG, "jaystream")
        planted = [ValueError("t1 fails"), NotFoundError("t2 fails"), asyncio.CancelledError()]
        app = make(steps, teardown=[steps.note(f"t{n}", error) for n, error in enumerate(planted, 1)])
        answer = await ask(app)
        assert (200, ["handler", "t1/2", "t2/2", "t3/2"]) == (answer.status, steps)
        levels = [logging.ERROR, logging.DEBUG, logging.ERROR]
        assert levels == [record.levelno for record in told(caplog)]

    async def test_after_an_error(self, steps: Steps) -> None:
        """
        It runs before the client is told.
        """
        app = make(steps, lambda: Probe("a", fail_at=1, error=ValueError()), teardown=steps.note_later("t"))
        assert b"event: error" in (await ask(app)).body
        assert ["t/2"] == steps

    @pytest.mark.parametrize("shape", ["generator", "stream", "coroutine", "setup"])
    async def test_on_disconnect(self, shape: str, steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
        """
        A client that leaves cancels what is under way; teardown runs, in order, and nothing is logged.
        """
        caplog.set_level(logging.INFO, "jaystream")
        began = asyncio.Event()

        async def forever(*_: Any) -> None:
            began.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                steps.append("stopped")

        async def generate() -> AsyncIterator[str]:
            await forever()
            yield ""

        async def write(request: Any, response: Any) -> None:
            await response.write("x")
            await forever()

        handlers: dict[str, Any] = {
            "generator": generate,
            "stream": lambda: JaypieStream(generate),
            "coroutine": write,
            "setup": generate,
        }
        app = asgi_stream_handler(
            handlers[shape],
            setup=forever if shape == "setup" else None,
            teardown=[steps.note_later("t1"), steps.note("t2")],
        )
        send = RecordingSend()
        serving = begin(app(scope(), send.receive, send))
        await began.wait()
        await turns()
        send.disconnect()
        await serving
        assert (["stopped", "t1/2", "t2/2"], [], []) == (steps, told(caplog), send.violations)

    async def test_disconnect_during_teardown(self, steps: Steps) -> None:
        """
        A client that leaves then cuts nothing.
        """
        send = RecordingSend()
        cleaning = asyncio.Event()

        async def clean() -> None:
            cleaning.set()
            await turns(5)
            steps.append("clean")

        serving = begin(make(steps, teardown=[clean, steps.note("t")])(scope(), send.receive, send))
        await cleaning.wait()
        send.disconnect()
        await serving
        assert ["handler", "clean", "t/2"] == steps

    async def test_cancelled(self, steps: Steps) -> None:
        """
        A handler that was cancelled ends cancelled, when teardown has run.
        """
        send = RecordingSend()
        probe = Probe("a", before=lambda _: asyncio.Event().wait())
        serving = begin(make(steps, lambda: probe, teardown=steps.note_later("t"))(scope(), send.receive, send))
        await turns()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert ["t/2"] == steps
        probe.assert_released()

    async def test_cancelled_again(self, steps: Steps) -> None:
        """
        A second cancellation ends the function it hits; the others run all the same.
        """
        send = RecordingSend()
        cleaning = asyncio.Event()

        async def clean() -> None:
            cleaning.set()
            await asyncio.Event().wait()

        serving = begin(make(steps, teardown=[clean, steps.note("t")])(scope(), send.receive, send))
        await cleaning.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert ["handler", "t/2"] == steps

    async def test_bounded(self, steps: Steps, virtual_clock: Any, caplog: pytest.LogCaptureFixture) -> None:
        """
        One that hangs is cut after 10 seconds.
        """
        app = make(steps, teardown=[lambda: asyncio.Event().wait(), steps.note("t")])
        answer = await ask(app)
        assert (200, ["handler", "t/2"], 10.0) == (answer.status, steps, virtual_clock())
        assert "took longer than 10 seconds" in caplog.text
