"""
`asgi_stream_handler` in every framework, behind real servers: what a client sees, what the log says, what is left.
"""

from __future__ import annotations

import importlib.util
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.contracts.handler_apps import APPS, SECRET
from tests.contracts.servers import COMMANDS, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = "tests.contracts.handler_apps:app"


def started(server: str, framework: str) -> Iterator[str]:
    """
    The address of the handlers in *framework*, behind *server*.
    """
    needed = {"plain": [], "uvicorn-h11": ["uvicorn"], "uvicorn-httptools": ["uvicorn", "httptools"]}
    for name in (needed.get(server, [server]), needed.get(framework, [framework])):
        for module in name:
            if importlib.util.find_spec(module) is None:
                pytest.skip(f"needs {module}, which is not installed")
    with serving(server, APP, HANDLER_FRAMEWORK=framework) as (base, _):
        yield base


@pytest.fixture(scope="module", params=list(APPS))
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    The address of every framework's app.
    """
    yield from started("uvicorn-httptools", request.param)


@pytest.fixture(scope="module", params=["uvicorn-h11", "hypercorn", "granian"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    The address of the plain app behind every other server.
    """
    assert request.param in COMMANDS
    yield from started(request.param, "plain")


def told(base: str) -> dict[str, Any]:
    """
    What has happened in the app.
    """
    found: dict[str, Any] = json.loads(httpx.get(f"{base}/told", timeout=10, follow_redirects=True).text)
    return found


def until(base: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """
    Ask until what has happened *holds*.
    """
    deadline = time.monotonic() + 15
    while not holds(now := told(base)):
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    return now


def events(count: int) -> bytes:
    """
    The first events of a stream of numbers.
    """
    return b"".join(b'data: {"n":%d}\n\n' % number for number in range(count))


class TestAnswers:
    """
    What a client gets.
    """

    def test_streams(self, address: str) -> None:
        """
        Events as they are made, under the handler's own head; teardown has run.
        """
        before = told(address)["counts"].get("teardown words", 0)
        with httpx.stream("GET", f"{address}/words?count=4") as response:
            pieces = list(response.iter_raw())
        assert events(4) == b"".join(pieces)
        assert len(pieces) > 1
        head = response.headers
        assert (200, "text/event-stream", "yes") == (response.status_code, head["content-type"], head["x-own"])
        assert head["set-cookie"].startswith("seen=1; ")
        until(address, lambda now: now["counts"].get("teardown words", 0) == before + 1)

    def test_by_hand(self, address: str) -> None:
        """
        A body that the handler writes by itself.
        """
        response = httpx.get(f"{address}/by-hand")
        assert (201, "text/csv", "a,b\n1,2\n") == (
            response.status_code,
            response.headers["content-type"].partition(";")[0],
            response.text,
        )

    def test_body(self, address: str) -> None:
        """
        The request's body, read.
        """
        response = httpx.post(f"{address}/echo", json={"q": "why?"}, follow_redirects=True)
        assert (200, {"q": "why?"}) == (response.status_code, response.json())

    def test_garbage(self, address: str) -> None:
        """
        A body that is not what it should be is the client's fault.
        """
        response = httpx.post(f"{address}/echo", content=b"\xff{", follow_redirects=True)
        assert (400, "Bad Request") == (response.status_code, response.json()["errors"][0]["title"])


class TestFailures:
    """
    What the client sees of a failure, and what the log says.
    """

    def test_known_before_the_first_byte(self, address: str) -> None:
        """
        A known error is a real status with its own words.
        """
        response = httpx.get(f"{address}/missing")
        assert (404, "no such stream") == (response.status_code, response.json()["errors"][0]["detail"])

    def test_unknown_before_the_first_byte(self, address: str) -> None:
        """
        An unknown one is a 500 that gives nothing away; the log has it, with the handler's name.
        """
        before = told(address)["logged"]
        response = httpx.get(f"{address}/broken?after=0")
        assert (500, "Internal Application Error") == (response.status_code, response.json()["errors"][0]["title"])
        assert SECRET not in response.text
        now = until(address, lambda now: len(now["logged"]) > len(before))
        assert [f"ERROR jaystream.handlers: [broken] RuntimeError: {SECRET}"] == now["logged"][len(before) :]

    def test_after_the_first_byte(self, address: str) -> None:
        """
        After that it is an error event and a clean end.
        """
        before = told(address)
        response = httpx.get(f"{address}/broken?after=2")
        assert response.content.startswith(events(2) + b"event: error\ndata: ")
        assert response.content.endswith(b"\n\n")
        assert SECRET not in response.text
        now = until(
            address,
            lambda now: now["counts"]["teardown broken"] > before["counts"].get("teardown broken", 0),
        )
        assert 1 == len(now["logged"]) - len(before["logged"])

    def test_refused(self, address: str) -> None:
        """
        A validator's no is a 400, and the handler is never called.
        """
        assert 400 == httpx.get(f"{address}/refused").status_code
        assert "called though refused" not in told(address)["counts"]


def leave(base: str) -> None:
    """
    Leave in the middle; the source is closed, every teardown has run, and no error is logged.
    """
    before = told(base)
    for _ in range(3):
        with httpx.stream("GET", f"{base}/forever") as response:
            next(response.iter_raw())
    now = until(
        base,
        lambda now: now["counts"].get("teardown forever", 0) == before["counts"].get("teardown forever", 0) + 6,
    )
    assert now["counts"]["opened"] == now["counts"]["closed"]
    assert before["logged"] == now["logged"]


def drain(base: str) -> None:
    """
    Leave a stream that is drained; the transcript is whole, and teardown has run after it.
    """
    before = told(base)
    with httpx.stream("GET", f"{base}/saved") as response:
        next(response.iter_raw())
    now = until(
        base, lambda now: now["counts"].get("teardown saved", 0) == before["counts"].get("teardown saved", 0) + 1
    )
    assert [[f"word {number}" for number in range(10)]] == now["saved"][len(before["saved"]) :]
    assert before["logged"] == now["logged"]


class TestLeaving:
    """
    A client that is gone.
    """

    def test_frameworks(self, address: str) -> None:
        """
        In every framework.
        """
        leave(address)
        drain(address)

    def test_servers(self, elsewhere: str) -> None:
        """
        Behind every other server.
        """
        leave(elsewhere)
        drain(elsewhere)
