"""
A web app on Lambda from end to end: real runtimes in processes of their own, ours and AWS's, behind each front.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.aws.cdk import LAYER
from jaystream.testing.emulating import emulator
from tests.aws.emulated import Client

if TYPE_CHECKING:
    from pathlib import Path

    from jaystream.aws.emulator.settings import Front

STOCK = [sys.executable, "-m", "awslambdaric"]

APP = """
import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from jaystream import JaypieStream, StreamResponse, create_lambda_stream_handler

GO = Path("go")


@asynccontextmanager
async def lifespan(app):
    print("lifespan up", flush=True)
    yield {"process": os.getpid()}
    print("lifespan down", flush=True)


app = FastAPI(lifespan=lifespan)


@app.get("/hello/{name}")
async def hello(request: Request, name: str, q: str = ""):
    return {"name": name, "q": q, "process": request.state.process, "url": str(request.url_for("wait"))}


async def pieces():
    yield "one "
    while not GO.exists():
        await asyncio.sleep(0.002)
    yield "two"


@app.get("/wait")
async def wait():
    return StreamingResponse(pieces(), media_type="text/plain")


@app.get("/ours")
async def ours() -> StreamResponse:
    return JaypieStream.of("a", "b").format_sse().to_response()


@app.get("/fail")
async def fail():
    raise ValueError("planted")


async def broken():
    yield "one "
    raise ValueError("planted")


@app.get("/cut")
async def cut():
    return StreamingResponse(broken(), media_type="text/plain")


def other(event, context):
    return {"got": event["n"], "remaining": context.get_remaining_time_in_millis() > 0}


handler = create_lambda_stream_handler(app, other=other)
buffered = create_lambda_stream_handler(app, streams=())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    A folder with the app in it.
    """
    (tmp_path / "web.py").write_text(APP, encoding="utf-8")
    return tmp_path


async def get(url: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """
    Ask once, and read it all.
    """
    async with Client(url) as client:
        prefix = client.target.path
        status, headers = await client.ask(prefix + path, method="GET")
        return status, headers, await client.body()


class TestOurRuntime:
    """
    The runtime that streams.
    """

    async def test_streams(self, folder: Path) -> None:
        """
        A piece is with the client while the app waits to send the next.
        """
        async with emulator("web:app", folder=folder) as function, Client(function.url) as client:
            status, headers = await client.ask("/wait", method="GET")
            assert (200, "text/plain; charset=utf-8") == (status, headers["content-type"])
            assert b"one " == await client.piece()
            (folder / "go").touch()
            assert b"two" == await client.body()

    @pytest.mark.parametrize("front", ["function-url", "rest", "http-api", "alb"])
    async def test_fronts(self, folder: Path, front: Front) -> None:
        """
        One handler serves every front, streamed where it can; paths, queries and URLs are right in all of them.
        """
        (folder / "go").touch()
        async with emulator("web.handler", folder=folder, front=front) as function:
            status, headers, data = await get(function.url, "/hello/a%20b?q=x%25")
            answer = json.loads(data)
            assert (200, "a b", "x%") == (status, answer["name"], answer["q"])
            assert answer["url"].endswith("/wait")
            assert "application/json" == headers["content-type"]
            assert b"one two" == (await get(function.url, "/wait"))[2]
            assert b"data: a\n\ndata: b\n\n" == (await get(function.url, "/ours"))[2]
            assert 500 == (await get(function.url, "/fail"))[0]
            assert 404 == (await get(function.url, "/nothing"))[0]

    @pytest.mark.parametrize("front", ["function-url-buffered", "rest-buffered"])
    async def test_fronts_that_buffer(self, folder: Path, front: Front) -> None:
        """
        A URL or an API that is set up to buffer is served by a handler that is told so.
        """
        (folder / "go").touch()
        async with emulator("web.buffered", folder=folder, front=front) as function:
            assert b"one two" == (await get(function.url, "/wait"))[2]
            assert 500 == (await get(function.url, "/cut"))[0]

    async def test_lifespan(self, folder: Path) -> None:
        """
        The lifespan begins before the first request and ends with the process; requests share its state.
        """
        async with emulator("web.handler", folder=folder) as function:
            answers = [json.loads((await get(function.url, "/hello/x"))[2]) for _ in range(3)]
            assert 1 == len({answer["process"] for answer in answers})
        assert 1 == sum("lifespan up" in line for line in function.logs)
        assert 1 == sum("lifespan down" in line for line in function.logs)

    async def test_cut(self, folder: Path) -> None:
        """
        A failure amid a response is told to Lambda by its trailers.
        """
        async with emulator("web.handler", folder=folder) as function:
            status, _, data = await get(function.url, "/cut")
            assert (200, b"one ") == (status, data)
            event = {
                "version": "2.0",
                "rawPath": "/cut",
                "requestContext": {"domainName": "x.lambda-url.y", "http": {"method": "GET"}},
            }
            invoked = await function.invoke(event)
            assert "ValueError" == invoked.error
            assert invoked.payload.endswith(bytes(8) + b"one ")

    async def test_other_events(self, folder: Path) -> None:
        """
        Another event goes to its own handler, and its result is a function's.
        """
        async with emulator("web.handler", folder=folder) as function:
            for streamed in (True, False):
                invoked = await function.invoke({"n": 5}, streamed=streamed)
                assert ({"got": 5, "remaining": True}, None) == (invoked.json(), invoked.error)
            invoked = await function.invoke({"detail": 1})
            assert "Function.KeyError" == invoked.error


class TestWrapper:
    """
    The script that a managed Python function runs jaystream's runtime by.
    """

    async def test_runs_ours(self, folder: Path) -> None:
        """
        Called as Lambda calls it, with the Python and the file of AWS's own runtime, it runs ours.
        """
        (folder / "go").touch()
        command = [str(LAYER / "jaystream" / "wrapper"), sys.executable, "/var/runtime/bootstrap.py"]
        async with emulator("web.handler", folder=folder, runtime=command) as function:
            status, _, data = await get(function.url, "/wait")
            assert (200, b"one two") == (status, data)


class TestStockRuntime:
    """
    AWS's own runtime, which cannot stream.
    """

    @pytest.mark.parametrize("front", ["function-url-buffered", "rest-buffered", "http-api", "alb"])
    async def test_fronts(self, folder: Path, front: Front) -> None:
        """
        The same handler gives whole answers, with one lifespan, and says once how to stream where the front could.
        """
        pytest.importorskip("awslambdaric")
        (folder / "go").touch()
        async with emulator("web.handler", folder=folder, front=front, runtime=STOCK) as function:
            answers: list[Any] = [json.loads((await get(function.url, "/hello/x"))[2]) for _ in range(2)]
            assert 1 == len({answer["process"] for answer in answers})
            assert (200, b"one two") == ((found := await get(function.url, "/wait"))[0], found[2])
            assert 500 == (await get(function.url, "/cut"))[0]
            assert {"got": 5, "remaining": True} == (await function.invoke({"n": 5}, streamed=False)).json()
        for phase in ("up", "down"):
            assert 1 == sum(f"lifespan {phase}" in line for line in function.logs)
        warned = sum("python -m jaystream.aws.runtime" in line for line in function.logs)
        assert (front in {"function-url-buffered", "rest-buffered"}) == warned
