"""
How long a source goes on after its client has left: from the client's close to the source's, behind each server.

The source waits for nothing but its next word, a millisecond away, so what is measured is the server and the sink.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.report import Row
from benchmarks.serving import ROOT, get, request
from jaystream import JaypieStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

BOUND = 100.0
SERVERS = {
    "uvicorn, h11": ["uvicorn", "benchmarks.disconnect:app", "--http", "h11", "--log-level", "error"],
    "uvicorn, httptools": ["uvicorn", "benchmarks.disconnect:app", "--http", "httptools", "--log-level", "error"],
    "granian": ["granian", "benchmarks.disconnect:app", "--interface", "asgi", "--no-ws", "--log-level", "error"],
    "hypercorn": ["hypercorn", "benchmarks.disconnect:app", "--log-level", "error"],
}
NAMES = tuple(f"a client leaves, until its source is closed: {server}" for server in SERVERS)

closed: list[float] = []


async def words() -> AsyncIterator[str]:
    """
    Words without an end, and when that came after all.
    """
    try:
        while True:
            yield "word"
            await asyncio.sleep(0.001)
    finally:
        closed.append(time.monotonic())


async def app(scope: Any, receive: Any, send: Any) -> None:
    """
    The words; under /closed, when each of them was closed.
    """
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["path"] == "/words":
        await JaypieStream(words).to_asgi(scope, receive, send)
    else:
        told = JaypieStream.of(f"closed {' '.join(map(str, closed))} end")
        await told.format_text().to_asgi(scope, receive, send)


@contextlib.contextmanager
def serving(server: str) -> Generator[int, None, None]:
    """
    Serve the app while the block runs, and give the port.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    where = ["--bind", f"127.0.0.1:{port}"] if server == "hypercorn" else ["--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", *SERVERS[server], *where], cwd=ROOT)  # noqa: S603
    try:
        for _ in range(200):
            assert process.poll() is None, f"{server} did not start"
            with contextlib.suppress(OSError):
                get(port, "/closed", timeout=10)
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def times_closed(port: int, count: int) -> list[float]:
    """
    When the sources were closed, once *count* of them are.
    """
    for _ in range(500):
        told = get(port, "/closed").partition(b"closed ")[2].partition(b" end")[0].split()
        if len(told) >= count:
            return [float(one) for one in told]
        time.sleep(0.01)
    raise RuntimeError("a source is still open after its client has left")


def leave(port: int, count: int) -> list[float]:
    """
    Leave *count* streams one after the other; the milliseconds each source went on.
    """
    took: list[float] = []
    for number in range(count):
        with request(port, "/words") as connection:
            while b"word" not in connection.recv(4096):
                pass
            left = time.monotonic()
        took.append((times_closed(port, number + 1)[number] - left) * 1000)
    return took


def run(*, short: bool) -> list[Row]:
    """
    Leave 100 streams of each server, in the short form 10.
    """
    rows: list[Row] = []
    for name, server in zip(NAMES, SERVERS, strict=True):
        if find_spec(SERVERS[server][0]) is None:
            continue
        with serving(server) as port:
            took = leave(port, 10 if short else 100)
        rows.append(
            Row(
                name,
                f"{max(took):.1f} ms",
                f"median {median(took):.1f} ms",
                max(took),
                f"<= {BOUND:g} ms",
                max(took) <= BOUND,
                f"the slowest of {len(took)}",
            )
        )
    return rows
