"""
`jaystream emulate` as a user runs it, with our own runtime: what it prints, what it serves, and that it leaves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from tests.demo.command import children

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parent.parent.parent

HANDLER = """
from jaystream import JaypieStream
import logging

VERSION = 1

def handler(event, context):
    print("handling")
    logging.getLogger().error("one\\ntwo")
    return {"version": VERSION, "event": event}
"""

APP = """
from jaystream import JaypieStream

async def app(scope, receive, send):
    if scope["type"] == "http":
        await JaypieStream(["a", "b"]).format_text().to_asgi(scope, receive, send)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    A folder with a function and an app.
    """
    (tmp_path / "own.py").write_text(HANDLER)
    (tmp_path / "web.py").write_text(APP)
    return tmp_path


class Started:
    """
    A command that runs.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[str] = []
        self.url = ""

    def line(self, start: str) -> str:
        """
        Read until a line that begins with, or has, *start*.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if start in line:
                return line
        raise AssertionError("".join(self.seen))

    def ask(self, path: str = "/", body: bytes | None = None) -> bytes:
        """
        What an HTTP client gets.
        """
        with urlopen(Request(self.url + path, data=body), timeout=30) as response:  # noqa: S310 - an address of our own
            data: bytes = response.read()
            return data

    def measure(self, body: bytes) -> int:
        """
        The size of a response, whose parts are dropped.
        """
        size = 0
        with urlopen(Request(self.url, data=body), timeout=50) as response:  # noqa: S310 - an address of our own
            while data := response.read(1 << 20):
                size += len(data)
        return size


@contextmanager
def emulating(folder: Path, *arguments: str) -> Generator[Started, None, None]:
    """
    Run the command, and kill it if the test does not end it.
    """
    command = [sys.executable, "-W", "error", "-m", "jaystream", "emulate", "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        started = Started(process)
        try:
            started.url = started.line("AWS_ENDPOINT_URL_LAMBDA=").strip().partition("=")[2]
            yield started
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=20)
                process.kill()


class TestCommand:
    """
    Runs that go well.
    """

    def test_function(self, folder: Path) -> None:
        """
        The function is served, its log and each invocation are shown; an interrupt is a good end.
        """
        with emulating(folder, "own.handler") as started:
            assert {"version": 1, "event": {"a": 1}} == json.loads(
                started.ask("/2015-03-31/functions/function/invocations", b'{"a":1}')
            )
            started.line("handling")
            started.line("[ERROR]")
            assert " invoke " in started.line(" end")
            started.process.send_signal(signal.SIGINT)
            out, err = started.process.communicate(timeout=30)
        assert (0, "") == (started.process.returncode, err), out
        assert "own.handler, emulated. Ctrl-C stops it.\n" == started.seen[0]
        assert any("one" in line for line in started.seen)

    def test_app(self, folder: Path) -> None:
        """
        An ASGI app is served, streaming.
        """
        with emulating(folder, "web:app", "--name", "web") as started:
            assert b"ab" == started.ask("/path")
            assert b"ab" == started.ask("/restapis/local/prod/_user_request_/path")
            assert " GET /path " in started.line(" 200 ")

    def test_another_runtime(self, folder: Path) -> None:
        """
        AWS's runtime is taken as well.
        """
        pytest.importorskip("awslambdaric")
        with emulating(folder, "own.handler", "--runtime", "python -m awslambdaric", "--env", "A=b") as started:
            assert 1 == json.loads(started.ask("/2015-03-31/functions/function/invocations", b"{}"))["version"]

    def test_reload(self, folder: Path) -> None:
        """
        What is asked after a change is answered by the new code.
        """
        with emulating(folder, "own.handler", "--reload") as started:
            path = "/2015-03-31/functions/function/invocations"
            assert 1 == json.loads(started.ask(path, b"{}"))["version"]
            (folder / "own.py").write_text(HANDLER.replace("VERSION = 1", "VERSION = 22"))
            started.line("own.py has changed: starting anew")
            assert 22 == json.loads(started.ask(path, b"{}"))["version"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="what is left behind is looked up in /proc")
class TestSignals:
    """
    Runs that are ended from outside.
    """

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
    def test_leaves_nothing(self, folder: Path, number: signal.Signals, code: int) -> None:
        """
        A signal ends the environments, also one that is busy, and then the command.
        """
        (folder / "own.py").write_text(
            "import time\ndef handler(event, context):\n    print('here')\n    time.sleep(60)\n"
        )
        with (
            emulating(folder, "own.handler") as started,
            socket.create_connection(("127.0.0.1", int(started.url.rsplit(":", 1)[1]))) as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            started.line("here")
            (child,) = children(started.process)
            started.process.send_signal(number)
            _, err = started.process.communicate(timeout=30)
        assert (code, "") == (started.process.returncode, err)
        assert not Path(f"/proc/{child}").exists()

    def test_killed(self, folder: Path) -> None:
        """
        When the emulator itself is killed, its environments end by themselves.
        """
        with emulating(folder, "own.handler") as started:
            started.ask("/2015-03-31/functions/function/invocations", b"{}")
            (child,) = children(started.process)
            started.process.kill()
            started.process.wait()
            deadline = time.monotonic() + 20
            while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not Path(f"/proc/{child}").exists()


class TestFaults:
    """
    Runs that cannot begin.
    """

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["own"], "a handler is 'module.function', or 'module:app' for an ASGI app, not 'own'"),
            (["own.handler", "--concurrency", "0"], "concurrency must be at least 1, not 0"),
            (
                ["own.handler", "--runtime", "no-such-command"],
                "no command 'no-such-command', which is to run the runtime",
            ),
            (["own.handler", "--runtime", "'"], "No closing quotation"),
            (["own.handler", "--env", "A"], "argument --env: invalid NAME=VALUE value: 'A'"),
            (["own.handler", "--front", "edge"], "invalid choice: 'edge'"),
        ],
    )
    def test_arguments(self, folder: Path, arguments: list[str], said: str) -> None:
        """
        They are named, with an exit code of 2.
        """
        done = self.run(folder, *arguments)
        assert (2, "") == (done.returncode, done.stdout)
        assert said in done.stderr

    def test_taken_port(self, folder: Path) -> None:
        """
        A port that is taken is said in one line.
        """
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = self.run(folder, "own.handler", "--port", str(port))
        assert (2, "") == (done.returncode, done.stdout)
        assert f"cannot listen at 127.0.0.1:{port}: address already in use\n" in done.stderr.lower()

    def test_missing_extra(self, folder: Path) -> None:
        """
        Without h11 the command that installs it is named.
        """
        code = """
import importlib.util, sys
from jaystream import cli

find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "h11" else find_spec(name)
sys.exit(cli.main(["emulate", "own.handler"]))
"""
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=50)
        assert 2 == done.returncode
        assert "the emulator needs h11; install with: pip install 'jaystream[aws]'" in done.stderr

    @staticmethod
    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """
        Run the command to its end.
        """
        command = [sys.executable, "-W", "error", "-m", "jaystream", "emulate", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=50
        )
