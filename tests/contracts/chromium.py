"""
A real Chromium without a window, driven over its DevTools pipe: the least that a test of a page needs.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


class Chromium:
    """
    One browser with one open page.
    """

    def __init__(self, commands: int, answers: int, seconds: float) -> None:
        self._commands = commands
        self._answers = answers
        self._deadline = time.monotonic() + seconds
        self._number = 0
        self._pending = b""
        target = self.command("Target.createTarget", url="about:blank", browser=True)["targetId"]
        self._session: str = self.command("Target.attachToTarget", targetId=target, flatten=True, browser=True)[
            "sessionId"
        ]
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")

    def open(self, url: str) -> None:
        """
        Go to a page; this does not wait for it.
        """
        self.command("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """
        The value of a JavaScript expression in the page, awaited where it is a promise.
        """
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """
        Wait until a JavaScript expression is true: it is asked for at each change of the page, and by each frame.
        """
        self.evaluate(
            f"new Promise(done => {{ const look = () => {expression} ? done() : requestAnimationFrame(look); look() }})"
        )

    def screenshot(self, path: Path) -> None:
        """
        Write what the page looks like to a PNG file.
        """
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))

    def command(self, method: str, *, browser: bool = False, **parameters: Any) -> dict[str, Any]:
        """
        Send a command and wait for its answer; events that come meanwhile are noted.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if not browser:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        parameters: Any = event.get("params")
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif event.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}:
            self.complaints.append(json.dumps(parameters))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            left = self._deadline - time.monotonic()
            ready, _, _ = select.select([self._answers], [], [], max(0, left))
            assert ready, "Chromium gave no answer in time"
            data = os.read(self._answers, 1 << 20)
            assert data, "Chromium has gone"
            self._pending += data
        message, self._pending = self._pending.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def chromium(program: str, profile: Path, *, seconds: float = 40) -> Generator[Chromium, None, None]:
    """
    Start a browser with an empty profile, and end it.

    Args:
        program: Its path.
        profile: A new folder.
        seconds: How long all of it may take.
    """
    their_input, commands = os.pipe()
    answers, their_output = os.pipe()
    # The browser knows them as 3 and 4; numbers far above cannot be overwritten on the way there.
    passed = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (their_input, their_output)]
    os.close(their_input)
    os.close(their_output)
    # A shell does the move, since code between fork and exec is unsafe where there are threads.
    move = f'exec "$0" "$@" 3<&{passed[0]} 4>&{passed[1]}'
    command = ["bash", "-c", move, program, *FLAGS, f"--user-data-dir={profile}"]
    with subprocess.Popen(command, pass_fds=passed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for end in passed:
                os.close(end)
            yield Chromium(commands, answers, seconds)
        finally:
            os.close(commands)  # it ends by itself when nobody can command it
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
            os.close(answers)
