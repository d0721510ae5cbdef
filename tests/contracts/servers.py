"""
Starting real ASGI servers in processes of their own, and a client that reads as bytes arrive. Not a test.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parent.parent.parent
APP = "tests.contracts.served_apps:app"

COMMANDS = {
    "uvicorn-h11": ["uvicorn", "{app}", "--http", "h11", "--port", "{port}", "--log-level", "error"],
    "uvicorn-httptools": ["uvicorn", "{app}", "--http", "httptools", "--port", "{port}", "--log-level", "error"],
    "hypercorn": ["hypercorn", "{app}", "--bind", "127.0.0.1:{port}", "--log-level", "error"],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}", "--no-access-log", "{app}"],
}


@contextlib.contextmanager
def serving(
    server: str, app: str = "plain", *options: str, **environment: str
) -> Generator[tuple[str, subprocess.Popen[str]], None, None]:
    """
    Serve *app* with *server* while the block runs; gives the base address and the process.

    Raises:
        RuntimeError: If the server does not come up.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # an app of its own is named by module and name
    named = app if ":" in app else APP
    command = [sys.executable, "-m", *[part.format(port=port, app=named) for part in COMMANDS[server]], *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "SERVED_APP": app, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await_start(address, process)
        yield address, process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _await_start(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start: {process.communicate()[0]}")
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{address}/log", timeout=5)
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not come up in time")


def log_has(address: str, word: str, count: int) -> bool:
    """
    Wait until the app's log has *word* that often; False if it does not come.
    """
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if httpx.get(f"{address}/log", timeout=5).text.split(",").count(word) == count:
            return True
        time.sleep(0.02)
    return False
