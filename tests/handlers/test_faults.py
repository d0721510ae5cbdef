"""
Failures at every layer of both handlers: what the client sees, and what the log says.

Streams of a million chunks and chunks of ten megabytes are here as well: they are no failures, and must not become any.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import NotFoundError
from jaystream.testing import RecordingResponseStream, StreamTestClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SECRET = "postgres://user:hunter2@db"  # noqa: S105 - what must never reach a client
GENERIC = {500: "Internal Application Error", 504: "Gateway Timeout", 400: "Bad Request", 404: "Not Found"}
REQUEST = {
    "version": "2.0",
    "rawPath": "/ask",
    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}},
}


class Seen(NamedTuple):
    """
    What a client got.
    """

    status: int
    body: bytes
    ended: bool

    @property
    def error(self) -> dict[str, Any]:
        """
        The one error in a JSON:API body, or in the last event.
        """
        text = self.body.decode().strip().rpartition("data: ")[2]
        (found,) = json.loads(text)["errors"]
        told: dict[str, Any] = found
        return told


async def by_asgi(handler: Callable[..., Any], **options: Any) -> Seen:
    """
    Ask an ASGI handler.
    """
    client = StreamTestClient(asgi_stream_handler(handler, **options), timeout=60)
    response = await client.get("/ask")
    return Seen(response.status, response.body, response.ended)


async def by_lambda(handler: Callable[..., Any], **options: Any) -> Seen:
    """
    Ask a Lambda handler, through a front that knows statuses.
    """
    writer = RecordingResponseStream()
    await lambda_stream_handler(handler, **options)(REQUEST, {"response_stream": writer})
    return Seen(writer.status or 200, writer.body, writer.ended)


@pytest.fixture(params=[by_asgi, by_lambda])
def ask(request: pytest.FixtureRequest) -> Any:
    """
    Asks a handler of each kind.
    """
    return request.param


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """
    What was logged as an error, or worse.
    """
    caplog.set_level(logging.DEBUG)
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def failing(count: int, error: Exception, *, within: str = "stream") -> Callable[[Any, Any], AsyncIterator[Any]]:
    """
    A handler whose upstream gives *count* items, and fails then or when it is closed.
    """

    async def upstream() -> AsyncIterator[dict[str, Any]]:
        try:
            for number in range(count):
                yield {"n": number}
            if within == "stream":
                raise error
        finally:
            if within == "cleanup":
                raise error

    async def handler(first: Any, second: Any) -> AsyncIterator[dict[str, Any]]:
        async for item in upstream():
            yield item

    return handler


class TestFailures:
    """
    What goes wrong, and how it looks from outside.
    """

    @pytest.mark.parametrize(("error", "status"), [(RuntimeError(SECRET), 500), (NotFoundError("no fox"), 404)])
    async def test_upstream_before_the_first_item(
        self, ask: Any, errors: Callable[[], list[str]], error: Exception, status: int
    ) -> None:
        """
        A real status; an unknown error gives nothing away and is logged once, a known one is no error of ours.
        """
        seen = await ask(failing(0, error))
        assert (status, GENERIC[status], True) == (seen.status, seen.error["title"], seen.ended)
        assert SECRET.encode() not in seen.body
        assert ([f"[handler] RuntimeError: {SECRET}"] if status == 500 else []) == errors()

    @pytest.mark.parametrize(("error", "status"), [(RuntimeError(SECRET), 500), (NotFoundError("no fox"), 404)])
    async def test_upstream_after_some_items(
        self, ask: Any, errors: Callable[[], list[str]], error: Exception, status: int
    ) -> None:
        """
        What came before it, one error event, and a clean end.
        """
        seen = await ask(failing(2, error))
        assert seen.body.startswith(b'data: {"n":0}\n\ndata: {"n":1}\n\nevent: error\ndata: ')
        assert (200, status, True) == (seen.status, seen.error["status"], seen.ended)
        assert SECRET.encode() not in seen.body
        assert ([f"[handler] RuntimeError: {SECRET}"] if status == 500 else []) == errors()

    async def test_upstream_in_cleanup(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A stream whose closing fails has failed.
        """
        seen = await ask(failing(1, OSError(SECRET), within="cleanup"))
        assert (500, True) == (seen.error["status"], seen.ended)
        assert SECRET.encode() not in seen.body
        assert [f"[handler] OSError: {SECRET}"] == errors()

    async def test_handler_raises(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        So does a handler that never gives a stream.
        """

        def handler(first: Any, second: Any) -> JaypieStream[str]:
            raise LookupError(SECRET)

        seen = await ask(handler)
        assert (500, GENERIC[500]) == (seen.status, seen.error["title"])
        assert SECRET.encode() not in seen.body
        assert [f"[handler] LookupError: {SECRET}"] == errors()

    async def test_validator_says_no(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A 400, and the handler is not called.
        """
        called: list[str] = []

        async def handler(first: Any, second: Any) -> AsyncIterator[str]:
            called.append("handler")
            yield ""

        seen = await ask(handler, validate=lambda: False)
        assert (400, [], []) == (seen.status, called, errors())

    async def test_no_stream(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A handler that gives something else is told what it should give, in the log.
        """

        async def handler(first: Any, second: Any) -> Any:
            return 42

        seen = await ask(handler)
        assert (500, GENERIC[500]) == (seen.status, seen.error["title"])
        (told,) = errors()
        assert "must yield chunks" in told
        assert "it gave 42" in told

    async def test_json_cannot_be_encoded(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A chunk that JSON has no form for, as the first and as a later one.
        """

        async def handler(first: Any, second: Any) -> AsyncIterator[Any]:
            yield {"n": 0}
            yield {"n": object()}

        seen = await ask(handler)
        assert seen.body.startswith(b'data: {"n":0}\n\nevent: error\ndata: ')
        assert (500, True) == (seen.error["status"], seen.ended)
        (told,) = errors()
        assert "cannot write object at chunk['n'] as JSON" in told

    @pytest.mark.parametrize(
        "name", ["text\ndata: forged", "text\rid: 7", "text\r\n\r\nevent: forged"], ids=["LF", "CR", "CRLF"]
    )
    async def test_a_field_cannot_be_injected(self, ask: Any, errors: Callable[[], list[str]], name: str) -> None:
        """
        A type that would forge a field is refused; text is only ever text.
        """

        async def handler(first: Any, second: Any) -> AsyncIterator[Any]:
            yield "a\n\nevent: forged\ndata: x"
            yield {"type": name}

        seen = await ask(handler)
        assert seen.body.startswith(b"data: a\ndata: \ndata: event: forged\ndata: data: x\n\nevent: error\ndata: ")
        assert 1 == len(errors())

    @pytest.mark.parametrize(
        ("name", "value"), [("x-a", "1\r\nset-cookie: forged=1"), ("x-a\nset-cookie", "1"), ("x-a", "\0")]
    )
    async def test_a_header_cannot_be_injected(
        self, ask: Any, errors: Callable[[], list[str]], name: str, value: str
    ) -> None:
        """
        A header with a line end is refused where it is set.
        """

        async def handler(first: Any, second: Any) -> AsyncIterator[str]:
            response = getattr(second, "response_stream", second)
            response.headers[name] = value
            yield ""

        seen = await ask(handler)
        assert (500, GENERIC[500]) == (seen.status, seen.error["title"])
        (told,) = errors()
        assert "may not hold CR, LF or NUL" in told

    async def test_too_late(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A status that comes after the first byte is an error that says so.
        """

        async def handler(first: Any, second: Any) -> None:
            response = getattr(second, "response_stream", second)
            await response.send({"n": 0})
            response.status = 201

        seen = await ask(handler)
        assert (200, 500, True) == (seen.status, seen.error["status"], seen.ended)
        (told,) = errors()
        assert "ResponseStartedError" in told

    async def test_slow_first_item(self, ask: Any, errors: Callable[[], list[str]], virtual_clock: object) -> None:
        """
        A stream that gives nothing in its time is a 504.
        """

        def handler(first: Any, second: Any) -> JaypieStream[str]:
            return JaypieStream[str].never().timeout(first=3)

        seen = await ask(handler)
        assert (504, GENERIC[504]) == (seen.status, seen.error["title"])
        assert 1 == len(errors())

    async def test_secret_missing(
        self, ask: Any, errors: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A secret that cannot be fetched is a 500; neither its place nor its name leaves.
        """
        monkeypatch.setenv("SECRET_MODEL_KEY", "arn:aws:secretsmanager:model-key")
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)

        async def handler(first: Any, second: Any) -> AsyncIterator[str]:
            yield "called all the same"

        seen = await ask(handler, secrets=["MODEL_KEY"])
        assert 500 == seen.status
        assert b"MODEL_KEY" not in seen.body
        assert b"called" not in seen.body
        (told,) = errors()
        assert "No AWS_SESSION_TOKEN available" in told


class TestSizes:
    """
    What is large, and what is many.
    """

    async def test_one_large_chunk(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A chunk of ten megabytes.
        """

        async def handler(first: Any, second: Any) -> AsyncIterator[str]:
            yield "x" * 10_000_000

        seen = await ask(handler)
        assert (b"data: " + b"x" * 10_000_000 + b"\n\n", []) == (seen.body, errors())

    @pytest.mark.timeout(120)
    async def test_many_small_chunks(self, ask: Any, errors: Callable[[], list[str]]) -> None:
        """
        A million chunks of a byte.
        """

        async def handler(first: Any, second: Any) -> AsyncIterator[str]:
            for _ in range(1_000_000):
                yield "x"

        seen = await ask(handler)
        assert (b"data: x\n\n" * 1_000_000, []) == (seen.body, errors())
