"""
The runtime as a process: from its command line to its exit code.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from jaystream.aws.runtime import main
from tests.aws.runtime.runs import process
from tests.aws.runtime.stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

ECHO = """
def handler(event, context):
    print(event)
    return {"event": event, "id": context.aws_request_id}
"""

STREAMS = """
import asyncio

class Handler:
    streams_response = True

    async def startup(self):
        print("startup")

    async def aclose(self):
        print("aclose")

    async def __call__(self, event, context):
        stream = context.response_stream
        stream.set_content_type("text/event-stream")
        stream.write(b"data: 1\\n\\n")
        if event == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled")

handler = Handler()
"""


class TestUsage:
    """
    An environment that is not Lambda's.
    """

    @pytest.mark.parametrize(
        ("arguments", "environment", "code", "message"),
        [
            (["a.b"], {}, 2, "usage: python -m jaystream.aws.runtime"),
            (["a.b"], {}, 2, "AWS_LAMBDA_RUNTIME_API is not set, so this is not Lambda; try `jaystream emulate a.b`"),
            (["a.b", "c"], {"AWS_LAMBDA_RUNTIME_API": "a:1"}, 2, "one handler is expected, not 2: a.b c"),
            ([], {"AWS_LAMBDA_RUNTIME_API": "a:1"}, 2, "no handler is named, neither behind the command nor by"),
            (["--help"], {}, 0, "usage: "),
            (["a.b"], {"AWS_LAMBDA_RUNTIME_API": "a"}, 2, "AWS_LAMBDA_RUNTIME_API must be host:port, not 'a'"),
            (["a.b"], {"JAYSTREAM_DEADLINE_RESERVE": "x"}, 2, "JAYSTREAM_DEADLINE_RESERVE must be seconds"),
            (["a.b"], {"JAYSTREAM_DEADLINE_RESERVE": "-1"}, 2, "seconds, 0 or more, not '-1'"),
            (["a.b"], {"JAYSTREAM_EMPTY_BODY": "x"}, 2, "must be one of none, newline, json204, not 'x'"),
            (["a.b"], {"AWS_LAMBDA_MAX_CONCURRENCY": "0"}, 2, "must be a whole number from 1, not '0'"),
        ],
    )
    def test_refused(  # noqa: PLR0917 - the parameters of a case, and two fixtures
        self,
        arguments: list[str],
        environment: dict[str, str],
        code: int,
        message: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        It says what is wrong, and how a function is run.
        """
        monkeypatch.delenv("_HANDLER", raising=False)
        monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
        if environment and "AWS_LAMBDA_RUNTIME_API" not in environment:
            monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert code == main(arguments)
        out, err = capsys.readouterr()
        assert message in out + err


class TestStart:
    """
    Functions that cannot be started.
    """

    @pytest.mark.parametrize(
        ("source", "kind", "header", "message"),
        [
            ("import none_such", "Runtime.ImportModuleError", "Runtime.ImportModuleError", "none_such"),
            ("def handler(:", "Runtime.UserCodeSyntaxError", "Runtime.UserCodeSyntaxError", "Syntax error"),
            ("x = 1", "Runtime.HandlerNotFound", "Runtime.HandlerNotFound", "missing on module"),
            ("1 / 0", "ZeroDivisionError", "Function.ZeroDivisionError", "division by zero"),
            (
                STREAMS.replace('print("startup")', 'raise LookupError("s")'),
                "LookupError",
                "Function.LookupError",
                "s",
            ),
        ],
    )
    async def test_init_error(self, source: str, kind: str, header: str, message: str, tmp_path: Path) -> None:
        """
        Lambda is told, and the process ends with 1.
        """
        async with StandIn() as api, process(api, tmp_path, source) as running:
            code, out, err = await running.end()
        (posted,) = api.posted
        assert ("/2018-06-01/runtime/init/error", kind) == (posted.target, posted.json["errorType"])
        assert header == posted.headers["lambda-runtime-function-error-type"]
        assert message in posted.json["errorMessage"]
        assert (1, "", True) == (code, err, f"[ERROR] {kind}" in out)

    async def test_init_error_refused(self, tmp_path: Path) -> None:
        """
        A report that is refused changes nothing but what is printed.
        """
        async with StandIn() as api:
            api.trouble("/init/error", 403)
            async with process(api, tmp_path, "1 / 0") as running:
                code, _, err = await running.end()
        assert (1, True) == (code, "refused the report of that: 403" in err)

    async def test_exits(self, tmp_path: Path) -> None:
        """
        A module that exits ends the process as it asks.
        """
        async with StandIn() as api, process(api, tmp_path, "import sys; sys.exit(7)") as running:
            code, _, _ = await running.end()
        assert (7, []) == (code, api.posted)

    async def test_nobody(self, tmp_path: Path) -> None:
        """
        Without a Runtime API it ends with 1, and says what is missing.
        """
        async with StandIn() as api:
            await api.disappear()
            async with process(api, tmp_path, ECHO) as running:
                code, _, err = await running.end()
        assert (1, True) == (code, "cannot connect" in err)
        assert "Traceback" not in err


class TestServing:
    """
    Ordinary functions and streams.
    """

    async def test_sync(self, tmp_path: Path) -> None:
        """
        A sync function runs in the main thread without an event loop: it may run its own.
        """
        source = """
import asyncio, threading

async def main(event):
    return [event, threading.current_thread() is threading.main_thread()]

def handler(event, context):
    if event == "coroutine":
        return main(event)
    if event == "error":
        return asyncio.sleep("x")
    return asyncio.run(main(event))
"""
        async with StandIn() as api, process(api, tmp_path, source):
            for event in (1, "coroutine", "error", 2):
                api.offer(event)
            await api.answers(4)
        assert [[1, True], ["coroutine", True], [2, True]] == [
            posted.json for posted in api.posted if posted.target.endswith("/response")
        ]
        assert "TypeError" == api.posted[2].json["errorType"]

    async def test_handler_variable(self, tmp_path: Path) -> None:
        """
        The handler's name may come from the environment.
        """
        async with StandIn() as api, process(api, tmp_path, ECHO, "", _HANDLER="function.handler"):
            api.offer({"a": "é"}, request_id="x-1")
            await api.answers()
        assert {"event": {"a": "é"}, "id": "x-1"} == api.posted[0].json

    async def test_stops(self, tmp_path: Path) -> None:
        """
        At SIGTERM a runtime that waits closes its handler and ends well.
        """
        async with StandIn() as api, process(api, tmp_path, STREAMS) as running:
            api.offer("x")
            await api.polled(2)
            running.process.send_signal(signal.SIGTERM)
            code, out, err = await running.end()
        assert (0, "startup\naclose\n", "") == (code, out, err)

    async def test_stops_amid(self, tmp_path: Path) -> None:
        """
        At SIGINT a runtime that streams ends the response with an error event, and says so in the trailers.
        """
        async with StandIn() as api, process(api, tmp_path, STREAMS) as running:
            api.offer("hang")
            await api.has(1)
            running.process.send_signal(signal.SIGINT)
            code, out, _ = await running.end()
        (posted,) = api.posted
        assert "Runtime.Shutdown" == posted.trailers["lambda-runtime-function-error-type"]
        assert b'event: error\ndata: {"errors":[{"status":503' in posted.body
        assert (130, True) == (code, out.endswith("aclose\n"))
        assert "cancelled" in out

    async def test_own_signal_handler(self, tmp_path: Path) -> None:
        """
        A handler's module that takes SIGTERM keeps it.
        """
        source = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n" + STREAMS
        async with StandIn() as api, process(api, tmp_path, source) as running:
            await api.polled(1)
            running.process.send_signal(signal.SIGTERM)
            code, _, _ = await running.end()
        assert 5 == code

    async def test_sync_interrupted(self, tmp_path: Path) -> None:
        """
        Ctrl-C ends a runtime that waits for work for a sync function.
        """
        async with StandIn() as api, process(api, tmp_path, ECHO) as running:
            await api.polled(1)
            running.process.send_signal(signal.SIGINT)
            code, _, err = await running.end()
        assert (130, "") == (code, err)

    async def test_stuck(self, tmp_path: Path) -> None:
        """
        A handler that ignores its cancellation ends with its process; the caller is told first.
        """
        source = """
import asyncio

async def handler(event, context):
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
"""
        async with StandIn() as api, process(api, tmp_path, source) as running:
            api.offer("x", seconds=0.4)
            code, _, err = await running.end()
        assert "Function.Timeout" == api.posted[0].json["errorType"]
        assert (1, True) == (code, "went on though it was cancelled" in err)

    async def test_reserve(self, tmp_path: Path) -> None:
        """
        The guard can be switched off.
        """
        source = "import asyncio\nasync def handler(event, context):\n    await asyncio.sleep(0.5)\n    return 1\n"
        async with StandIn() as api, process(api, tmp_path, source, JAYSTREAM_DEADLINE_RESERVE="0"):
            api.offer("x", seconds=0.1)
            await api.answers()
        assert 1 == api.posted[0].json

    async def test_log_level(self, tmp_path: Path) -> None:
        """
        The function's log is on standard output, in the configured format; so is output without a line's end.
        """
        source = """
import logging

def handler(event, context):
    logging.info("seen")
    print("half", end="")
"""
        async with StandIn() as api, process(api, tmp_path, source, AWS_LAMBDA_LOG_LEVEL="INFO") as running:
            api.offer("x")
            await api.answers()
            running.process.kill()
            _, out, _ = await running.end()
        assert out.startswith("[INFO]\t")
        assert out.endswith("\trequest-1\tseen\nhalf")


async def test_python(tmp_path: Path) -> None:
    """
    What the tests run is this Python.
    """
    source = "import sys\ndef handler(event, context):\n    return sys.executable"
    async with StandIn() as api, process(api, tmp_path, source):
        api.offer(1)
        await asyncio.wait_for(api.answers(), 50)
    assert os.path.normpath(sys.executable) == os.path.normpath(api.posted[0].json)
