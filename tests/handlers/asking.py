"""
What the tests of the handlers share: asking an ASGI app and a Lambda handler.

Nothing here is a test, and nothing here stands in for a part of the library.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from jaystream.testing import RecordingResponseStream, StreamTestClient
from jaystream.testing.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

URL_EVENT: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/ask",
    "rawQueryString": "q=1",
    "headers": {"host": "x.lambda-url.eu-west-1.on.aws"},
    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET", "path": "/ask"}},
}
"""A request through a Function URL."""

API_EVENT: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/ask",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"domainName": "x.execute-api.eu-west-1.amazonaws.com", "http": {"method": "GET"}},
}
"""A request through an HTTP API, which takes whole answers only."""


class Answer:
    """
    What came back from an ASGI app.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self.body: bytes = body

    @property
    def errors(self) -> Any:
        """
        The errors of a JSON:API body.
        """
        return json.loads(self.body)["errors"]


async def ask(app: Any, url: str = "/", method: str = "GET", **options: Any) -> Answer:
    """
    Ask an app and read all of its answer.
    """
    async with StreamTestClient(app, timeout=None).stream(method, url, **options) as response:
        body = await response.read()
        assert response.status is not None
        return Answer(response.status, response.headers, body)


class Headless(Recorder):
    """
    A response writer that knows no head and no failure: it writes, ends, and takes a content type.
    """

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.content_type: str | None = None

    def set_content_type(self, content_type: str) -> None:
        """
        Take the content type.
        """
        if self.pieces or self.ended:
            raise self.violation("set_content_type after the first write")
        self.content_type = content_type

    def write(self, data: bytes) -> None:
        """
        Take a piece.
        """
        if self.ended:
            raise self.violation("write after end")
        self.record(data)

    def end(self) -> None:
        """
        Take the end.
        """
        if self.ended:
            raise self.violation("end after end")
        self._ended = True
        self.wake()


def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """
    What the log was told, but for each request and answer.
    """
    return [record for record in caplog.records if record.levelno != logging.INFO]


async def invoke(handler: Any, event: Any = None, writer: Any = None) -> Any:
    """
    Call a Lambda handler with a writer, and give that.
    """
    writer = RecordingResponseStream() if writer is None else writer
    try:
        await handler({} if event is None else event, {"response_stream": writer, "aws_request_id": "1-2"})
    finally:
        assert (True, []) == (writer.ended, writer.violations)
    return writer
