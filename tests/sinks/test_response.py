"""
`StreamResponse`: what an endpoint returns, with Starlette and without.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import Response

from jaystream import JaypieStream, StreamResponse
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import scope


class TestAttributes:
    """
    What frameworks look at.
    """

    def test_is_a_response(self) -> None:
        """
        It is a Starlette response that knows its type before it runs, and reads nothing.
        """
        probe = Probe("a")
        response = JaypieStream(probe).format_ndjson().to_response(201, headers={"X-A": "b"})
        assert isinstance(response, (StreamResponse, Response))
        assert (201, "application/x-ndjson") == (response.status_code, response.media_type)
        assert ("b", "no-cache") == (response.headers["x-a"], response.headers["Cache-Control"])
        assert (None, []) == (response.report, probe.events)

    async def test_called(self) -> None:
        """
        Calling it answers a request; the report is there then.
        """
        send, response = RecordingSend(), JaypieStream.of("a").to_response(headers={"x-a": "b"})
        await response(scope(), send.receive, send)
        assert (200, b"data: a\n\n", "b", True) == (send.status, send.body, send.headers["x-a"], send.ended)
        assert response.report is not None
        assert 1 == response.report.items

    async def test_changes_count(self) -> None:
        """
        What middleware and endpoints set on it afterwards is sent.
        """
        send, response = RecordingSend(), JaypieStream.of("a").to_response()
        response.status_code = 206
        response.headers["x-late"] = "1"
        await response(scope(), send.receive, send)
        assert (206, "1") == (send.status, send.headers["x-late"])

    async def test_background(self) -> None:
        """
        A background task runs when the stream has ended.
        """
        send, response, order = RecordingSend(), JaypieStream.of("a").to_response(), list[Any]()

        async def later() -> None:
            order.append(send.ended)

        response.background = BackgroundTask(later)
        await response(scope(), send.receive, send)
        assert [True] == order

    async def test_runs_again(self) -> None:
        """
        Over a source that can run again, so can the response.
        """
        response = JaypieStream(["a"]).to_response()
        for _ in range(2):
            send = RecordingSend()
            await response(scope(), send.receive, send)
            assert b"data: a\n\n" == send.body


def test_without_starlette() -> None:
    """
    Where Starlette cannot be imported it is a plain ASGI app, with the same attributes.
    """
    program = """
import asyncio, sys
sys.modules["starlette"] = None  # what makes every import of it fail
from jaystream import JaypieStream
from jaystream.testing import RecordingSend

async def main():
    response = JaypieStream.of("a").to_response(202, headers={"x-a": "b"})
    response.headers["X-Late"] = "0"
    response.headers["x-late"] = "1"
    response.headers["x-gone"] = "1"
    del response.headers["X-Gone"]
    assert "x-gone" not in response.headers and len(response.headers) == len(list(response.headers)) == 5
    send = RecordingSend()
    await response({"type": "http", "method": "GET"}, send.receive, send)
    print(send.status, send.headers["x-a"], send.headers.get("x-late"), response.media_type, send.body, send.ended)
    print([base.__name__ for base in type(response).__mro__])

asyncio.run(main())
"""
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    first, second = done.stdout.splitlines()
    assert "202 b 1 text/event-stream b'data: a\\n\\n' True" == first
    assert "['StreamResponse', 'PlainResponse', 'object']" == second
