"""
Streams of ours as applications on Lambda: `StreamResponse` and `asgi_stream_handler`, streamed, buffered and failing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, create_lambda_stream_handler
from jaystream.errors import NotFoundError
from jaystream.testing import RecordingResponseStream
from tests.aws import events
from tests.aws.contexts import streaming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FRAMED = b"data: a\n\ndata: b\n\n"


async def good() -> AsyncIterator[str]:
    """
    Two pieces.
    """
    yield "a"
    yield "b"


async def early() -> AsyncIterator[str]:
    """
    A failure before the first piece.
    """
    raise NotFoundError("No such stream")
    yield ""


async def late() -> AsyncIterator[str]:
    """
    A failure after it.
    """
    yield "a"
    raise NotFoundError("Gone amid it")


def as_response(source: Callable[[], AsyncIterator[str]], **options: Any) -> Any:
    """
    An application that answers with a `StreamResponse`.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JaypieStream(source()).to_response(**options)(scope, receive, send)

    return app


def as_handler(source: Callable[[], AsyncIterator[str]], **options: Any) -> Any:
    """
    The same by `asgi_stream_handler`.
    """

    async def handler(request: Any) -> JaypieStream[str]:
        return JaypieStream(source())

    return asgi_stream_handler(handler, **options)


async def ask(app: Any, event: dict[str, Any]) -> RecordingResponseStream:
    """
    One request on a runtime that streams.
    """
    writer = RecordingResponseStream()
    handler = create_lambda_stream_handler(app)
    await handler(event, streaming(writer))
    await handler.aclose()
    assert [] == writer.violations
    return writer


@pytest.mark.parametrize("make", [as_response, as_handler])
class TestOurs:
    """
    Both ways to answer with a stream.
    """

    @pytest.mark.parametrize("event", [events.function_url(), events.rest()])
    async def test_streamed(self, make: Any, event: dict[str, Any]) -> None:
        """
        The stream's headers and its frames.
        """
        writer = await ask(make(good), event)
        assert (200, FRAMED, True, None) == (writer.status, writer.body, writer.ended, writer.error)
        assert "text/event-stream" == dict(writer.headers)["content-type"]

    @pytest.mark.parametrize("event", [events.http_api(), events.http_api_v1(), events.balancer()])
    async def test_buffered(self, make: Any, event: dict[str, Any]) -> None:
        """
        The same in one answer.
        """
        answer = json.loads((await ask(make(good), event)).body)
        assert (200, FRAMED.decode(), False) == (answer["statusCode"], answer["body"], answer["isBase64Encoded"])

    async def test_fails_early(self, make: Any) -> None:
        """
        A failure before the first piece is a real status.
        """
        writer = await ask(make(early), events.function_url())
        assert (404, "No such stream") == (writer.status, json.loads(writer.body)["errors"][0]["detail"])

    async def test_fails_late(self, make: Any) -> None:
        """
        A failure after it is an error event, and the response ends well.
        """
        writer = await ask(make(late), events.function_url())
        assert (200, True, None) == (writer.status, writer.ended, writer.error)
        assert writer.body.startswith(b"data: a\n\nevent: error\n")
        assert b"Gone amid it" in writer.body

    async def test_throws_late(self, make: Any) -> None:
        """
        Where it is to be thrown, Lambda is told of it too, after its one error event.
        """
        writer = await ask(make(late, throw=True), events.function_url())
        assert "Gone amid it" == str(writer.error)
        assert 1 == writer.body.count(b"event: error")

    async def test_head_request(self, make: Any) -> None:
        """
        A HEAD request has no body.
        """
        writer = await ask(make(good), events.function_url(method="HEAD"))
        assert (200, b"", True) == (writer.status, writer.body, writer.ended)
