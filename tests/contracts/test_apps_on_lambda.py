"""
FastAPI, Starlette, Litestar, Quart and Django on Lambda: one handler each, streamed and buffered, by every front.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import create_lambda_stream_handler
from jaystream.testing import RecordingResponseStream
from tests.aws import events
from tests.aws.contexts import streaming
from tests.contracts.lambda_apps import MAKE, PIECES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream.aws.asgi_app import LambdaAsgiHandler

APPS: dict[str, Any] = {}

FRONTS: dict[str, Callable[..., dict[str, Any]]] = {
    "function-url": events.function_url,
    "http-api": lambda *given, **named: events.http_api(*given, stage="dev", **named),
    "http-api-v1": lambda *given, **named: events.http_api_v1(*given, stage="dev", **named),
    "rest": events.rest,
    "alb": events.balancer,
}
BASES = {
    "function-url": f"https://{events.URL_HOST}",
    "http-api": f"https://{events.API_HOST}/dev",
    "http-api-v1": f"https://{events.API_HOST}/dev",
    "rest": f"https://{events.API_HOST}/prod",
    "alb": f"http://{events.BALANCER_HOST}",
}


class Answer:
    """
    What a front would pass on, however it came.
    """

    def __init__(self, writer: RecordingResponseStream) -> None:
        assert [] == writer.violations
        self.writer = writer
        self.streamed = writer.status is not None
        if self.streamed:
            self.status, self.body = writer.status, writer.body
            self.headers, self.cookies = dict(writer.headers), writer.cookies
            return
        found = json.loads(writer.body)
        assert not found["isBase64Encoded"]
        self.status, self.body = found["statusCode"], found["body"].encode()
        self.headers = found.get("headers", {})
        given = self.headers.get("set-cookie") or self.headers.get("Set-Cookie")
        self.cookies = found.get("cookies") or ([given] if given else [])


@pytest.fixture(params=list(MAKE))
def handler(request: pytest.FixtureRequest) -> LambdaAsgiHandler:
    """
    A handler of each framework's application, made once.
    """
    name = request.param
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {name}, which is not installed")
    if name not in APPS:
        APPS[name] = MAKE[name]()
    return create_lambda_stream_handler(APPS[name])


async def ask(handler: LambdaAsgiHandler, event: dict[str, Any]) -> Answer:
    """
    One request, with the lifespan round it.
    """
    writer = RecordingResponseStream()
    try:
        await handler(event, streaming(writer))
    finally:
        await handler.aclose()
    return Answer(writer)


@pytest.mark.parametrize("front", list(FRONTS))
class TestApps:
    """
    Each framework behind each front.
    """

    async def test_request(self, handler: LambdaAsgiHandler, front: str) -> None:
        """
        Path, query and cookies come in, a cookie goes out, and URLs that the application makes lead to it.
        """
        cookie: dict[str, Any] = {"headers": [("Cookie", "a=1; b=2")]}
        query: Any = [("q", "x%20y" if front == "alb" else "x y")]
        if front in {"function-url", "http-api"}:
            cookie, query = {"cookies": ["a=1", "b=2"]}, "q=x%20y"
        answer = await ask(handler, FRONTS[front]("/hello/a b%", query=query, **cookie))
        assert (front in {"function-url", "rest"}, 200) == (answer.streamed, answer.status)
        assert {
            "greeting": "hello",
            "name": "a b%",
            "q": "x y",
            "cookie": "1",
            "url": f"{BASES[front]}/pieces",
        } == json.loads(answer.body)
        assert ["seen=1"] == [one.partition(";")[0] for one in answer.cookies]

    async def test_body(self, handler: LambdaAsgiHandler, front: str) -> None:
        """
        A body comes in and goes out.
        """
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "7")]
        event = FRONTS[front]("/echo", method="POST", body="né\n…".encode(), headers=headers)
        answer = await ask(handler, event)
        assert (200, "né\n…".encode()) == (answer.status, answer.body)

    async def test_pieces(self, handler: LambdaAsgiHandler, front: str) -> None:
        """
        A streamed response comes in its pieces where the front can, else whole.
        """
        answer = await ask(handler, FRONTS[front]("/pieces"))
        assert (200, "".join(PIECES).encode()) == (answer.status, answer.body)
        assert answer.headers["content-type"].startswith("text/plain")
        if answer.streamed:
            assert [piece.encode() for piece in PIECES] == answer.writer.chunks
            assert answer.writer.ended

    async def test_ours(self, handler: LambdaAsgiHandler, front: str) -> None:
        """
        A stream of ours.
        """
        answer = await ask(handler, FRONTS[front]("/ours"))
        assert b"data: one \n\ndata: two \n\ndata: three\n\n" == answer.body
        assert answer.headers["content-type"].startswith("text/event-stream")

    async def test_cut(self, handler: LambdaAsgiHandler, front: str, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure amid a response cuts a streamed one, and is a real status where it is buffered.
        """
        caplog.set_level(logging.CRITICAL + 1)  # a log that keeps the failure would keep what it holds open
        answer = await ask(handler, FRONTS[front]("/cut"))
        if answer.streamed:
            assert (200, b"one ", True) == (answer.status, answer.body, answer.writer.error is not None)
        else:
            assert 500 == answer.status
        # Django leaves the request's file open when a response fails, under any server
        answer.writer.error = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def test_not_found(self, handler: LambdaAsgiHandler, front: str) -> None:
        """
        The framework's own answers to what it does not have.
        """
        assert 404 == (await ask(handler, FRONTS[front]("/nothing"))).status
