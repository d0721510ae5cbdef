"""
A uvicorn in a process of its own, and the plainest client there is: what the benchmarks over HTTP share.

No figure is made here.
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

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def uvicorn(app: str, *options: str, **environment: str) -> Generator[tuple[int, int], None, None]:
    """
    Serve *app* while the block runs, and give the port and the process id.

    Raises:
        RuntimeError: If the server does not come up.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    command = [sys.executable, "-m", "uvicorn", app, "--fd", str(listener.fileno()), "--log-level", "error", *options]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--lifespan", "off"], cwd=ROOT, pass_fds=[listener.fileno()], env={**os.environ, **environment}
    )
    port = listener.getsockname()[1]
    try:
        # the socket listens already: the answer comes when the server does
        for _ in range(100):
            if process.poll() is not None:
                raise RuntimeError("the server did not start")
            with contextlib.suppress(OSError):
                get(port, "/", timeout=10)
                break
        yield port, process.pid
    finally:
        listener.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def request(port: int, path: str, timeout: float = 120) -> socket.socket:
    """
    Ask for *path* and give the open connection.
    """
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
    return connection


def get(port: int, path: str, timeout: float = 120) -> bytes:
    """
    Give the whole answer to one request, head and chunk framing included.
    """
    with request(port, path, timeout) as connection:
        pieces: list[bytes] = []
        while piece := connection.recv(1 << 18):
            pieces.append(piece)
    return b"".join(pieces)


def timed_get(port: int, path: str, needle: bytes, count: int) -> float:
    """
    Give the seconds that one answer takes; *needle* must be in it *count* times.

    Raises:
        AssertionError: If it is not.
    """
    begin = time.perf_counter()
    answer = get(port, path)
    seconds = time.perf_counter() - begin
    assert answer.count(needle) == count, f"{path}: {answer.count(needle)} of {count} items: {answer[:300]!r}"
    return seconds
