"""
The ASGI sink behind real servers, with a real client: streaming, disconnects, statuses, broken bodies, shutdown.
"""

from __future__ import annotations

import importlib.util
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.contracts.servers import COMMANDS, log_has, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


def missing(server: str) -> str | None:
    """
    The package that *server* lacks here, if so.
    """
    needed = {"uvicorn-h11": ["uvicorn"], "uvicorn-httptools": ["uvicorn", "httptools"]}.get(server, [server])
    return next((name for name in needed if importlib.util.find_spec(name) is None), None)


@pytest.fixture(scope="module", params=list(COMMANDS))
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    The address of the plain app behind each server, Starlette out of reach.
    """
    if lacking := missing(request.param):
        pytest.skip(f"needs {lacking}, which is not installed")
    with serving(request.param, BLOCK_STARLETTE="1") as (base, _):
        yield base


class TestServers:
    """
    Every server, without any framework.
    """

    def test_streams(self, address: str) -> None:
        """
        Events come as they are made, the body has its end, the headers are ours.
        """
        with httpx.stream("GET", f"{address}/five") as response:
            pieces = list(response.iter_raw())
        assert (200, "text/event-stream", "yes") == (
            response.status_code,
            response.headers["content-type"],
            response.headers["x-own"],
        )
        assert b"".join(f"data: item {n}\n\n".encode() for n in range(5)) == b"".join(pieces)
        assert len(pieces) > 1

    def test_disconnect_closes_the_source(self, address: str) -> None:
        """
        A client that leaves in the middle ends the source.
        """
        before = httpx.get(f"{address}/log").text.split(",").count("closed")
        with httpx.stream("GET", f"{address}/forever") as response:
            assert next(response.iter_raw()).startswith(b"data: item 0\n\n")
        assert log_has(address, "closed", before + 1)

    def test_head(self, address: str) -> None:
        """
        HEAD has the headers, no body, and opens nothing.
        """
        before = httpx.get(f"{address}/log").text
        response = httpx.head(f"{address}/forever", timeout=5)
        assert (200, "text/event-stream", b"") == (
            response.status_code,
            response.headers["content-type"],
            response.content,
        )
        assert before == httpx.get(f"{address}/log").text

    def test_status_before_the_first_byte(self, address: str) -> None:
        """
        A failure before the first item is a real status.
        """
        response = httpx.get(f"{address}/missing")
        assert (404, "nothing more") == (response.status_code, response.json()["errors"][0]["detail"])

    def test_cut_sse_ends_well(self, address: str) -> None:
        """
        A format with an error event has a whole body.
        """
        response = httpx.get(f"{address}/cut-sse")
        assert response.text.startswith("data: item 0\n\ndata: item 1\n\nevent: error\n")

    def test_cut_text_breaks(self, address: str) -> None:
        """
        A text that fails breaks the connection: no client takes it for whole.
        """
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{address}/cut-text")


@pytest.mark.parametrize("server", ["uvicorn-h11", "hypercorn"])
def test_sigterm(server: str) -> None:
    """
    A server that is told to end does so, an open stream notwithstanding, within the time it gives its requests.
    """
    if lacking := missing(server):
        pytest.skip(f"needs {lacking}, which is not installed")
    option = ["--timeout-graceful-shutdown" if server.startswith("uvicorn") else "--graceful-timeout", "1"]
    with serving(server, "plain", *option) as (base, process), httpx.stream("GET", f"{base}/forever") as response:
        raw = response.iter_raw()
        next(raw)
        process.send_signal(signal.SIGTERM)
        with pytest.raises((httpx.HTTPError, StopIteration)):
            while True:
                next(raw)
        process.wait(20)


@pytest.fixture(scope="module", params=["starlette", "starlette-middleware", "fastapi", "litestar"])
def framework(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """
    The name and the address of the app in each framework.
    """
    with serving("uvicorn-h11", request.param) as (base, _):
        yield request.param, base


class TestFrameworks:
    """
    What the frameworks make of a `StreamResponse`.
    """

    def test_streams(self, framework: tuple[str, str]) -> None:
        """
        The stream comes through as it is, middleware or not.
        """
        name, base = framework
        with httpx.stream("GET", f"{base}/five") as response:
            pieces = list(response.iter_raw())
        assert b"".join(f"data: item {n}\n\n".encode() for n in range(5)) == b"".join(pieces)
        assert ("yes", "text/event-stream") == (response.headers["x-own"], response.headers["content-type"])
        assert len(pieces) > 1
        if name == "starlette-middleware":
            assert "yes" == response.headers["x-middleware"]

    def test_disconnect(self, framework: tuple[str, str]) -> None:
        """
        A client that leaves ends the source behind the framework, too.
        """
        _, base = framework
        before = httpx.get(f"{base}/log").text.split(",").count("closed")
        with httpx.stream("GET", f"{base}/forever") as response:
            next(response.iter_raw())
        assert log_has(base, "closed", before + 1)

    def test_status(self, framework: tuple[str, str]) -> None:
        """
        A failure before the first byte is a real status.
        """
        assert 404 == httpx.get(f"{framework[1]}/missing").status_code

    def test_cut_text(self, framework: tuple[str, str]) -> None:
        """
        A text that fails breaks the connection.
        """
        if framework[0] == "starlette-middleware":
            pytest.skip("Starlette's BaseHTTPMiddleware ends a body before it raises the failure")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{framework[1]}/cut-text")

    def test_fastapi(self, framework: tuple[str, str]) -> None:
        """
        FastAPI's own: OpenAPI keeps working, its HTTPException keeps its status.
        """
        name, base = framework
        if name != "fastapi":
            pytest.skip("for FastAPI alone")
        assert "/five" in httpx.get(f"{base}/openapi.json").json()["paths"]
        response = httpx.get(f"{base}/teapot")
        assert (418, {"detail": "short and stout"}) == (response.status_code, response.json())
