"""
The ASGI sink's failures: a real status before the first byte, after it what the format and the client can understand.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import litestar.exceptions
import pytest
import starlette.exceptions
from fastapi import HTTPException

from jaystream import JaypieStream
from jaystream.errors import NotFoundError, StreamTimeoutError
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import answer, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "password=hunter2"  # noqa: S105 - a planted one


def failing(error: BaseException, *items: Any, wait: bool = False) -> Probe[Any]:
    """
    A source that gives *items* and then fails; with *wait* the items have gone out by then.
    """
    return Probe(items, fail_at=len(items), error=error, before={len(items): lambda _: turns()} if wait else None)


class TestBeforeTheFirstByte:
    """
    The headers are not out yet, so the failure is the answer.
    """

    async def test_own_error(self) -> None:
        """
        An error with a status answers with that status and its JSON:API body.
        """
        send = RecordingSend()
        probe = failing(NotFoundError("no such answer"))
        report = await answer(JaypieStream(probe), send, headers={"content-type": "x/y"})
        assert (404, True, []) == (send.status, send.ended, send.violations)
        assert "application/json" == send.headers["content-type"]
        assert len(send.body) == int(send.headers["content-length"])
        assert json.loads(send.body) == {"errors": [{"status": 404, "title": "Not Found", "detail": "no such answer"}]}
        assert ("error", "no such answer") == (report.ended, str(report.error))
        probe.assert_released()

    async def test_headers_that_stay(self) -> None:
        """
        Headers that do not speak of the body go with the answer, or a browser would hide it from the page.
        """
        send = RecordingSend()
        headers = {"access-control-allow-origin": "*", "content-encoding": "identity"}
        await answer(JaypieStream(failing(NotFoundError())), send, headers=headers)
        assert "*" == send.headers["access-control-allow-origin"]
        assert "content-encoding" not in send.headers

    async def test_other_error(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        Any other error answers with a generic 500: nothing of it leaves, and the log has it.
        """
        send = RecordingSend()
        await answer(JaypieStream(failing(ValueError(SECRET))), send)
        assert 500 == send.status
        assert 500 == json.loads(send.body)["errors"][0]["status"]
        assert not any(part in repr(send.messages) for part in ("hunter2", "ValueError"))
        assert [logging.ERROR] == [record.levelno for record in caplog.records]
        assert SECRET in caplog.text

    async def test_timeout(self) -> None:
        """
        A stream that has timed out answers with 504, and not with a text of its own.
        """
        send = RecordingSend()
        report = await answer(JaypieStream(failing(StreamTimeoutError("first", 5))), send)
        assert 504 == send.status
        assert 504 == json.loads(send.body)["errors"][0]["status"]
        assert "jaystream" not in repr(send.messages)
        assert isinstance(report.error, StreamTimeoutError)

    async def test_error_of_a_stage(self) -> None:
        """
        A callable's failure is the stream's, and the source is closed.
        """
        probe, send = Probe([1, 2]), RecordingSend()
        await answer(JaypieStream(probe).map(lambda n: {"type": "x", "n": 1 // 0}), send)
        assert 500 == send.status
        probe.assert_released()

    async def test_item_the_format_cannot_carry(self) -> None:
        """
        An item that cannot be framed is a failure like any other.
        """
        send = RecordingSend()
        await answer(JaypieStream[Any].of({"type": "x", "o": object()}), send)
        assert 500 == send.status

    @pytest.mark.parametrize(
        "error",
        [
            starlette.exceptions.HTTPException(418, SECRET),
            HTTPException(418, SECRET),
            litestar.exceptions.NotFoundException(SECRET),
        ],
    )
    async def test_host_errors(self, error: Exception) -> None:
        """
        A web framework's own HTTP exception goes to the framework, which answers it better.
        """
        probe, send = failing(error), RecordingSend()
        with pytest.raises(type(error)) as caught:
            await answer(JaypieStream(probe), send)
        assert error is caught.value
        assert [] == send.messages
        probe.assert_released()

    async def test_throw(self) -> None:
        """
        With throw the failure goes to the server, and nothing was sent.
        """
        send = RecordingSend()
        with pytest.raises(NotFoundError, match="gone"):
            await answer(JaypieStream(failing(NotFoundError("gone"))), send, throw=True)
        assert [] == send.messages

    async def test_no_base_exception_is_answered(self) -> None:
        """
        What is no Exception is nobody's answer.
        """

        class Exiting(BaseException):
            pass

        probe, send = failing(Exiting()), RecordingSend()
        with pytest.raises(Exiting):
            await answer(JaypieStream(probe), send)
        assert [] == send.messages
        probe.assert_released()


class TestAfterTheFirstByte:
    """
    The status is out: the format tells, or the connection breaks.
    """

    @pytest.mark.parametrize("wait", [True, False])
    async def test_sse(self, wait: bool, caplog: pytest.LogCaptureFixture) -> None:
        """
        SSE has its error event after the items, then a clean end; the log has the error.
        """
        send = RecordingSend()
        report = await answer(JaypieStream(failing(ValueError(SECRET), "a", wait=wait)), send)
        assert (200, True, []) == (send.status, send.ended, send.violations)
        assert send.body.startswith(b'data: a\n\nevent: error\ndata: {"errors":[{"status":500,')
        assert 1 == send.body.count(b"event: error")
        assert b"hunter2" not in send.body
        assert SECRET in caplog.text
        assert ("error", 1) == (report.ended, report.items)
        assert len(send.body) == report.bytes

    async def test_own_error_keeps_its_words(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        An error that clients may see is told in its own words, and a client's mistake is no error of the log.
        """
        caplog.set_level(logging.INFO)
        send = RecordingSend()
        await answer(JaypieStream(failing(NotFoundError("no more"), "a", wait=True)), send)
        assert b'"detail":"no more"' in send.body
        assert [logging.INFO] == [record.levelno for record in caplog.records]

    async def test_ndjson(self) -> None:
        """
        NDJSON has its error line.
        """
        send = RecordingSend()
        await answer(JaypieStream(failing(ValueError(SECRET), {"n": 1}, wait=True)).format_ndjson(), send)
        first, second = send.body.splitlines()
        assert ({"n": 1}, 500, True) == (
            json.loads(first),
            json.loads(second)["error"]["errors"][0]["status"],
            send.ended,
        )

    async def test_text_is_aborted(self) -> None:
        """
        Nothing in a text marks it as cut, so the failure goes to the server, which breaks the connection.
        """
        send, probe = RecordingSend(), failing(ValueError(SECRET), "a", "b", wait=True)
        with pytest.raises(ValueError, match="hunter2"):
            await answer(JaypieStream(probe).format_text(), send)
        assert (b"ab", False) == (send.body, send.ended)
        probe.assert_released()

    async def test_host_error_is_no_status_any_more(self) -> None:
        """
        After the first byte a framework's exception is an error like any other.
        """
        send = RecordingSend()
        await answer(JaypieStream(failing(HTTPException(418, SECRET), "a", wait=True)), send)
        assert b'"status":500' in send.body
        assert b"hunter2" not in send.body

    async def test_throw(self) -> None:
        """
        With throw the error event is written once, then the failure goes to the server, and the body has no end.
        """
        send = RecordingSend()
        with pytest.raises(ValueError, match="hunter2"):
            await answer(JaypieStream(failing(ValueError(SECRET), "a", wait=True)), send, throw=True)
        assert (1, False) == (send.body.count(b"event: error"), send.ended)

    @pytest.mark.parametrize(
        ("tail", "between"),
        [
            (b"data: a\n\n", b""),
            (b"data: a\r\n\r\n", b""),
            (b"data: a\r\r", b""),
            (b"data: a\n", b"\n\n"),
            (b"data: a\r\n", b"\n\n"),
            (b"data: a", b"\n\n"),
        ],
    )
    async def test_cut_event(self, tail: bytes, between: bytes) -> None:
        """
        Where bytes that were framed elsewhere stop inside an event, the error event does not land in it.
        """
        send = RecordingSend()
        await answer(JaypieStream(failing(ValueError(), tail, wait=True)), send)
        assert send.body.startswith(tail + between + b"event: error\n")

    async def test_cut_line(self) -> None:
        """
        The same for a line of NDJSON.
        """
        send = RecordingSend()
        await answer(JaypieStream[Any](failing(ValueError(), b'{"n":', wait=True)).format_ndjson(), send)
        assert send.body.startswith(b'{"n":\n{"error":')

    async def test_failure_of_closing(self) -> None:
        """
        A source that fails to close is told as any failure is.
        """

        async def broken() -> None:
            raise ValueError(SECRET)

        send = RecordingSend()
        report = await answer(JaypieStream(Probe(["a"], on_close=broken)), send)
        assert ("error", True) == (report.ended, b"event: error" in send.body)


class TestServerFails:
    """
    `send` itself fails, and not because the client left.
    """

    async def test_send_raises(self) -> None:
        """
        What is no OSError is a fault that the server has to see; the source is closed, nothing more is sent.
        """
        calls: list[str] = []

        async def send(message: Any) -> None:
            calls.append(message["type"])
            if len(calls) == 2:
                raise RuntimeError("too much data")

        probe = Probe(["a", "b"], before=lambda _: turns())
        with pytest.raises(RuntimeError, match="too much data"):
            await JaypieStream(probe).to_asgi({"type": "http", "method": "GET"}, RecordingSend().receive, send)
        assert 2 == len(calls)
        probe.assert_released()

    async def test_send_raises_while_the_source_is_silent(self) -> None:
        """
        The pull is cancelled for it: the source may be silent for ever.
        """

        async def endless() -> AsyncIterator[str]:
            yield "a"
            await RecordingSend().wait_for(1)

        async def send(message: Any) -> None:
            raise RuntimeError("too much data")

        with pytest.raises(RuntimeError, match="too much data"):
            await JaypieStream(endless).to_asgi({"type": "http", "method": "GET"}, RecordingSend().receive, send)

    async def test_send_raises_at_the_end(self) -> None:
        """
        The last message counts too.
        """

        async def send(message: Any) -> None:
            if not message.get("more_body", True):
                raise RuntimeError("too little data")

        with pytest.raises(RuntimeError, match="too little data"):
            await JaypieStream.of("a").to_asgi({"type": "http", "method": "GET"}, RecordingSend().receive, send)
