"""
Clients that leave, clients that stop reading, servers that stop: what happens to the source, behind real servers.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.contracts.servers import COMMANDS, serving

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator, Iterator

APP = "tests.contracts.leaving_app:app"
GRACE = {
    "uvicorn": ["--timeout-graceful-shutdown", "5"],
    # with workers, hypercorn's main process keeps the signal to itself
    "hypercorn": ["--graceful-timeout", "5", "--workers", "0"],
    "granian": ["--workers-kill-timeout", "5"],
}


def needed(server: str) -> list[str]:
    """
    The packages that a server is made of.
    """
    return {"uvicorn-h11": ["uvicorn"], "uvicorn-httptools": ["uvicorn", "httptools"]}.get(server, [server])


@contextlib.contextmanager
def started(server: str) -> Generator[tuple[str, subprocess.Popen[str]], None, None]:
    """
    The app behind *server*, which gives its requests five seconds when it stops.
    """
    for name in needed(server):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}, which is not installed")
    with serving(server, APP, *GRACE[server.partition("-")[0]]) as running:
        yield running


@pytest.fixture(scope="module", params=list(COMMANDS))
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    The address of the app behind each server.
    """
    with started(request.param) as (base, _):
        yield base


def stats(base: str) -> dict[str, Any]:
    """
    What the app says of itself.
    """
    told: dict[str, Any] = json.loads(httpx.get(f"{base}/stats", timeout=10).text)
    return told


def until(base: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """
    Ask until what the app says *holds*.
    """
    deadline = time.monotonic() + 15
    while not holds(told := stats(base)):
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return told


class CountingUpstream:
    """
    A server that streams without an end and knows how many connections are open.
    """

    def __init__(self) -> None:
        """
        Listen.
        """
        self.open = 0
        self.seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """
        Stop.
        """
        self._stopped = True
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._stream, args=(connection,), daemon=True).start()

    def _stream(self, connection: socket.socket) -> None:
        self.open += 1
        self.seen += 1
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            while not self._stopped:
                connection.sendall(b"data: from upstream\n\n")
                time.sleep(0.01)
        self.open -= 1


class TestLeaving:
    """
    A client that is gone.
    """

    def test_source_is_closed(self, address: str) -> None:
        """
        The source is closed, `finalize` is told, and nothing is logged as an error.
        """
        before = stats(address)["counts"]
        for _ in range(5):
            with httpx.stream("GET", f"{address}/forever") as response:
                next(response.iter_raw())
        told = until(address, lambda now: now["counts"].get("closed", 0) == before.get("closed", 0) + 5)
        assert told["counts"]["outcome cancelled"] == before.get("outcome cancelled", 0) + 5
        assert [] == told["logged"]

    def test_silent_source_is_closed(self, address: str) -> None:
        """
        So is one that has nothing to send, where only the watching of the peer can tell.
        """
        before = stats(address)["counts"].get("closed", 0)
        with httpx.stream("GET", f"{address}/idle") as response:
            next(response.iter_raw())
        until(address, lambda now: now["counts"].get("closed", 0) == before + 1)

    def test_upstream_is_closed(self, address: str) -> None:
        """
        A request that the source has open elsewhere ends with it: a provider stops to write, and to bill.
        """
        upstream = CountingUpstream()
        try:
            with httpx.stream("GET", f"{address}/proxy", params={"url": upstream.url}) as response:
                assert next(response.iter_raw()).startswith(b"data: from upstream\n\n")
                assert 1 == upstream.open
            deadline = time.monotonic() + 10
            while upstream.open:
                assert time.monotonic() < deadline, "the request to the other server is still open"
                time.sleep(0.01)
            assert 1 == upstream.seen
        finally:
            upstream.close()

    def test_drain_saves_the_transcript(self, address: str) -> None:
        """
        With ``on_disconnect="drain"`` the side sink gets the whole answer, although nobody listens any more.
        """
        before = len(stats(address)["saved"])
        with httpx.stream("GET", f"{address}/saved?drain=1") as response:
            next(response.iter_raw())
        told = until(address, lambda now: len(now["saved"]) == before + 1)
        assert [f"word {number}" for number in range(10)] == told["saved"][-1]

    def test_a_client_that_does_not_read(self, address: str) -> None:
        """
        It stalls the source within 8 MiB, and counts as gone after ``send_timeout``.
        """
        before = stats(address)["counts"]
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /heavy?timeout=1 HTTP/1.1\r\nhost: x\r\n\r\n")
            told = until(address, lambda now: now["counts"].get("closed", 0) == before.get("closed", 0) + 1)
        assert told["counts"]["produced"] - before.get("produced", 0) <= 8 * 2**20
        assert [] == told["logged"]


@pytest.mark.parametrize("server", list(COMMANDS))
def test_shutdown(server: str) -> None:
    """
    At SIGTERM, streams that wait end well, and the server stops within the grace it was given, without being killed.
    """
    with started(server) as (base, process):
        with httpx.stream("GET", f"{base}/idle", timeout=20) as response:
            raw = response.iter_raw()
            assert b"data: word 0\n\n" == next(raw)
            process.send_signal(signal.SIGTERM)
            assert [] == list(raw)  # a body that was cut would raise
        process.wait(20)
