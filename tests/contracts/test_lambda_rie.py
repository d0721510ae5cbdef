"""
AWS's own emulator runs our runtime as Lambda would: its code takes what we send, and says what a caller gets.

It collects a streamed response and gives it whole, with its prelude, as Lambda does to a caller that does not stream.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).resolve().parent.parent.parent
INVOKE = "/2015-03-31/functions/function/invocations"
URL_EVENT = {
    "version": "2.0",
    "rawPath": "/",
    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET", "path": "/"}},
}

SOURCE = """
import asyncio, os
from jaystream.aws.runtime import api

def streaming(function):
    function.streams_response = True
    return function

def echo(event, context):
    return {"event": event, "function": context.function_name, "id": context.aws_request_id, "pid": os.getpid()}

async def awaits(event, context):
    await asyncio.sleep(0)
    if event == "raise":
        raise LookupError("none")
    if event == "hang":
        await asyncio.Event().wait()
    if event == "large":
        return "x" * 7_000_000
    return [event, os.getpid()]

@streaming
async def stream(event, context):
    stream = context.response_stream
    if event == "mode":
        api.RESPONSE_MODE = b"bogus"
    elif event == "count":
        for number in range(1000):
            await (stream.write(b"%d," % number) or asyncio.sleep(0))
    elif event == "before":
        raise LookupError("before")
    elif event == "amid":
        stream.write(b"amid")
        raise LookupError("amid")
    elif event == "hang":
        stream.set_content_type("text/event-stream")
        stream.write(b"data: 1\\n\\n")
        await asyncio.Event().wait()
    elif event == "restore":
        api.RESPONSE_MODE = b"streaming"
        stream.write(b"restored")
    else:
        stream.start(201, [("content-type", "text/plain")], ["a=b"])
        stream.write(b"he")
        stream.write(b"llo")
    stream.write(b"")
"""


class Emulator:
    """
    AWS's emulator, with a function.
    """

    def __init__(self, address: str, log: Path) -> None:
        self.address = address
        self._log = log

    @property
    def log(self) -> str:
        """
        What the emulator and the function have printed.
        """
        return self._log.read_text(errors="replace")

    def invoke(self, event: Any) -> httpx.Response:
        """
        Call the function.
        """
        return httpx.post(f"{self.address}{INVOKE}", content=json.dumps(event), timeout=40)


@contextlib.contextmanager
def emulating(binary: str, folder: Path, handler: str, seconds: int = 30) -> Generator[Emulator, None, None]:
    """
    Run a handler of the module above.
    """
    (folder / "function.py").write_text(SOURCE, encoding="utf-8")
    front, api = free_port(), free_port()
    command = [
        binary,
        "--log-level",
        "info",
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{front}",
        "--runtime-api-address",
        f"127.0.0.1:{api}",
        sys.executable,
        "-m",
        "jaystream.aws.runtime",
        f"function.{handler}",
    ]
    environment = {"PYTHONPATH": str(ROOT), "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds), "PYTHONUNBUFFERED": "1"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(front, process, log)
        yield Emulator(f"http://127.0.0.1:{front}", log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """
    A port that nobody uses.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """
    Wait until somebody listens.
    """
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"the emulator did not come up: {log.read_text()}")


@pytest.mark.program("aws-lambda-rie")
class TestRie:
    """
    Each with a process of its own.
    """

    def test_ordinary(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        Results of a sync function, one invocation after the other, in one process.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "echo") as rie:
            found = [rie.invoke(event).json() for event in ({"é": 1}, None, [2])]
        assert [{"é": 1}, None, [2]] == [each["event"] for each in found]
        assert {"test_function"} == {each["function"] for each in found}
        assert (3, 1) == (len({each["id"] for each in found}), len({each["pid"] for each in found}))

    def test_async(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        Errors of an async function, one that hangs, and an answer that is too large; the process goes on after each.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "awaits", 2) as rie:
            before = rie.invoke("a").json()
            failed, hung, large = [rie.invoke(event) for event in ("raise", "hang", "large")]
            after = rie.invoke("b").json()
            log = rie.log
        assert (["a", "b"], before[1]) == ([before[0], after[0]], after[1])
        assert ("LookupError", "none") == (failed.json()["errorType"], failed.json()["errorMessage"])
        assert "in awaits" in failed.json()["stackTrace"][0]
        assert "Function.Timeout" == hung.json()["errorType"]
        assert large.status_code in {200, 413}
        assert "exceeded" in large.text or "TooLarge" in large.text
        assert "the Runtime API refused POST /runtime/invocation/response: 413" in log

    def test_stream(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        Streams are taken, chunk by chunk, and given on whole.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "stream") as rie:
            url, count, empty = [rie.invoke(event).content for event in (URL_EVENT, "count", "restore")]
        head, _, body = url.partition(bytes(8))
        assert {"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": ["a=b"]} == json.loads(head)
        assert (b"hello", b"restored") == (body, empty)
        assert b"".join(b"%d," % number for number in range(1000)) == count

    def test_stream_errors(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        An error before the first byte fails the invocation; after it, trailers are taken; the next one is served.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "stream") as rie:
            before, amid, after = [rie.invoke(event) for event in ("before", "amid", "restore")]
            log = rie.log
        assert ("LookupError", "before") == (before.json()["errorType"], before.json()["errorMessage"])
        assert (b"amid", b"restored") == (amid.content, after.content)
        assert 2 == len(re.findall(r"\[ERROR\] LookupError: ", log))
        assert "Runtime.TruncatedResponse" not in log

    def test_stream_hangs(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        A stream that hangs ends before its deadline, with an error event; the process is not killed.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "stream", 2) as rie:
            hung = rie.invoke("hang").content
            after = rie.invoke("restore").content
        assert hung.startswith(b'data: 1\n\nevent: error\ndata: {"errors":[{"status":504')
        assert b"restored" == after

    def test_bad_mode(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        A response mode that Lambda does not know is refused by it, told to the log, and over with that invocation.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "stream") as rie:
            refused = rie.invoke("mode")
            after = rie.invoke("restore").content
            log = rie.log
        assert "InvalidFunctionResponseMode" in log or "InvalidResponseModeHeader" in log
        assert "hello" not in refused.text
        assert b"restored" == after

    def test_init_error(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        A handler that is not there is told to the caller.
        """
        with emulating(program("aws-lambda-rie"), tmp_path, "nobody") as rie:
            failed = rie.invoke({})
        assert "Runtime.HandlerNotFound" == failed.json()["errorType"]
