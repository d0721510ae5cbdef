"""
Outside programs on the emulator: the AWS CLI, curl and Chromium before it, AWS's own runtime behind it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.testing import emulator
from tests.aws.emulated import raw, steps
from tests.contracts.chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Callable

BROWSER = "chromium|chromium-browser"
ROOT = Path(__file__).resolve().parent.parent.parent

HANDLERS = """
import os, sys, time

def result(event, context):
    print("hello")
    return {"event": event, "id": context.aws_request_id, "name": context.function_name,
            "memory": context.memory_limit_in_mb, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "group": context.log_group_name}

def fail(event, context):
    raise ValueError("no")

def hang(event, context):
    time.sleep(60)

def leave(event, context):
    os._exit(4)
"""

APP = '''
import asyncio
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jaystream import JaypieStream
from jaystream.integrations.stream_response import StreamResponse

app = FastAPI()
PAGE = """<!doctype html><title>page</title><pre id="text"></pre><script>
window.seen = []
const source = new EventSource("/stream")
source.addEventListener("text", event => { seen.push(JSON.parse(event.data).content) })
source.addEventListener("done", () => { source.close(); document.title = "done" })
</script>"""

@app.get("/")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE)

@app.get("/stream")
async def stream() -> StreamResponse:
    chunks = [{"type": "text", "content": word} for word in ("one", "two")] + [{"type": "done"}]
    return JaypieStream(chunks).format_sse().to_response()
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    A folder with functions and an app.
    """
    (tmp_path / "functions.py").write_text(HANDLERS)
    (tmp_path / "web.py").write_text(APP)
    return tmp_path


@pytest.mark.program("aws")
class TestAwsCli:
    """
    The AWS CLI.
    """

    def test_invoke(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        It finds the emulator by the variables that this prints, and writes result and log.
        """
        with raw() as function:
            (tmp_path / "event.json").write_bytes(steps(["print", "hello"], ["result", {"a": 1}]))
            done = subprocess.run(
                [program("aws"), "lambda", "invoke", "--function-name", "function", "--payload", "file://event.json"]
                + ["--log-type", "Tail", "out.json"],
                cwd=tmp_path,
                env={**os.environ, **function.variables},
                capture_output=True,
                text=True,
                check=False,
                timeout=50,
            )
        assert "" == done.stderr
        told = json.loads(done.stdout)
        assert (200, "$LATEST") == (told["StatusCode"], told["ExecutedVersion"])
        assert "hello" in base64.b64decode(told["LogResult"]).decode()
        assert {"a": 1} == json.loads((tmp_path / "out.json").read_text())

    def test_no_such_function(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        Lambda's errors are its errors.
        """
        with raw() as function:
            done = subprocess.run(
                [program("aws"), "lambda", "invoke", "--function-name", "nope", "out.json"],
                cwd=tmp_path,
                env={**os.environ, **function.variables},
                capture_output=True,
                text=True,
                check=False,
                timeout=50,
            )
        assert "(ResourceNotFoundException)" in done.stderr


@pytest.mark.program("curl")
class TestCurl:
    """
    The curl of everybody.
    """

    @staticmethod
    def run(program: Callable[[str], str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """
        Run it.
        """
        command = [program("curl"), "--silent", "--show-error", "--max-time", "40", *arguments]
        return subprocess.run(command, capture_output=True, check=False, timeout=50)

    def test_head_and_body(self, program: Callable[[str], str]) -> None:
        """
        Status line, cookies and body.
        """
        head = {"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": ["a=1", "b=2"]}
        with raw() as function:
            do = steps(["prelude", head], ["chunk", "hello"], ["end"]).decode()
            done = self.run(program, "--include", "--data", do, function.url)
        text = done.stdout.decode()
        assert text.startswith("HTTP/1.1 201 Created\r\n")
        assert "set-cookie: a=1\r\nset-cookie: b=2\r\n" in text.lower()
        assert text.endswith("\r\n\r\nhello")

    def test_as_it_comes(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        A chunk is printed while the function waits for curl's reader to have seen it.
        """
        go = tmp_path / "go"
        do = steps(["prelude", {}], ["chunk", "one\n"], ["wait", str(go)], ["chunk", "two\n"], ["end"]).decode()
        command = [program("curl"), "--silent", "--no-buffer", "--data", do]
        with raw() as function, subprocess.Popen([*command, function.url], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert b"one\n" == process.stdout.readline()
            go.touch()
            assert b"two\n" == process.stdout.read()

    def test_cut(self, program: Callable[[str], str]) -> None:
        """
        A response that is cut is an error to curl: the transfer closed with data outstanding.
        """
        with raw() as function:
            do = steps(["prelude", {}], ["chunk", "one"], ["signal", signal.SIGKILL]).decode()
            done = self.run(program, "--data", do, function.url)
        assert (18, b"one") == (done.returncode, done.stdout)

    def test_large_request(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        A body of megabytes, before which curl waits for a go-ahead, arrives.
        """
        body = steps(["result", 1]) + b" " * (3 << 20)
        (tmp_path / "body").write_bytes(body)
        with raw() as function:
            done = self.run(
                program, "--data-binary", f"@{tmp_path / 'body'}", "-H", "content-type: text/plain", function.url
            )
        assert b"1" == done.stdout

    def test_head_request(self, program: Callable[[str], str]) -> None:
        """
        A HEAD request.
        """
        with raw() as function:
            done = self.run(program, "--head", function.url)
        assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n")
        assert 0 == done.returncode


@pytest.mark.program(BROWSER)
class TestChromium:
    """
    A browser.
    """

    def test_event_source(self, program: Callable[[str], str], folder: Path, tmp_path: Path) -> None:
        """
        A FastAPI app on Lambda gives a browser its page, and the page its events.
        """
        with (
            emulator("web:app", folder=folder, environment={"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}) as function,
            chromium(program(BROWSER), tmp_path / "profile") as browser,
        ):
            browser.open(f"{function.url}/")
            browser.wait_until("document.title === 'done'")
            assert ["one", "two"] == browser.evaluate("seen")
            assert 1 == browser.requests.count(f"{function.url}/stream")


def emulate(folder: Path, command: list[str], name: str, **options: Any) -> Any:
    """
    One of the functions on another runtime.
    """
    return emulator(f"functions.{name}", folder=folder, runtime=command, **options)


class TestAwsRuntime:
    """
    AWS's runtime for Python, on the emulator.
    """

    @pytest.fixture
    def run(self, folder: Path) -> Callable[..., Any]:
        """
        Emulates one of the functions.
        """
        pytest.importorskip("awslambdaric")
        command = [sys.executable, "-m", "awslambdaric"]
        return partial(emulate, folder, command)

    async def test_result(self, run: Callable[..., Any]) -> None:
        """
        Result, context and log.
        """
        async with run("result", timeout=7, memory=200) as function:
            results = [await function.invoke({"a": 1}) for _ in range(3)]
            assert [True, False, False] == [result.cold for result in results]
            found = results[0].json()
            assert ({"a": 1}, "function", "200") == (found["event"], found["name"], str(found["memory"]))
            assert found["arn"].endswith(":function:function")
            assert "/aws/lambda/function" == found["group"]
            assert 5000 < found["left"] <= 7000
            assert (
                f"START RequestId: {found['id']} Version: $LATEST\nhello\nEND RequestId: {found['id']}\n"
                in results[0].log
            )

    async def test_failure(self, run: Callable[..., Any]) -> None:
        """
        An exception, with its traceback as one event of the log.
        """
        async with run("fail") as function:
            result = await function.invoke()
            found = result.json()
            assert ("ValueError", "no") == (found["errorType"], found["errorMessage"])
            assert 1 == len([line for line in function.logs if line.startswith("[ERROR] ValueError: no")])

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("nope", "Runtime.HandlerNotFound"),
            ("hang", "Sandbox.Timedout"),
            ("leave", "Runtime.ExitError"),
        ],
    )
    async def test_end(self, run: Callable[..., Any], name: str, kind: str) -> None:
        """
        Faults of the handler's name, a deadline and an exit.
        """
        async with run(name, timeout=1.5) as function:
            result = await function.invoke()
            assert kind == result.json()["errorType"]
            assert result.cold == (name != "nope")
