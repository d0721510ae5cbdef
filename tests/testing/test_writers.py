"""
Proof that the recording writers record what came, wait when told, and refuse what a real peer would.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.testing import AsyncRecordingResponseStream, RecordingResponseStream, RecordingSend, WriterError

if TYPE_CHECKING:
    from collections.abc import Callable

START = {"type": "http.response.start", "status": 201, "headers": [(b"Content-Type", b"text/plain")]}


def body(data: bytes, *, more: bool = True) -> dict[str, Any]:
    """
    A body message.
    """
    return {"type": "http.response.body", "body": data, "more_body": more}


def ticking() -> Callable[[], float]:
    """
    A clock that goes on by a second at each look.
    """
    ticks = count()
    return lambda: float(next(ticks))


class TestRecordingSend:
    """
    The ASGI server's side.
    """

    async def test_records(self) -> None:
        """
        It keeps status, headers, the pieces with their times, and whether all came.
        """
        send = RecordingSend(clock=ticking())
        assert (None, {}, False) == (send.status, send.headers, send.ended)
        for message in (START, body(b"a"), body(b""), body(b"bc"), body(b"", more=False)):
            await send(message)
        assert (201, {"content-type": "text/plain"}) == (send.status, send.headers)
        assert [(b"a", 1.0), (b"bc", 2.0)] == send.pieces
        assert [b"a", b"bc"] == send.chunks
        assert b"abc" == send.body
        assert send.ended
        assert 5 == len(send.messages)

    async def test_receive(self) -> None:
        """
        The request comes once, then nothing until the peer is gone.
        """
        send = RecordingSend(request=b"question")
        assert {"type": "http.request", "body": b"question", "more_body": False} == await send.receive()
        waiting = asyncio.create_task(send.receive())
        await asyncio.sleep(0)
        assert not waiting.done()
        send.disconnect()
        assert {"type": "http.disconnect"} == await waiting

    async def test_disconnect_after(self) -> None:
        """
        The peer is gone after so many pieces; what comes later is dropped without a word.
        """
        send = RecordingSend(disconnect_after=1)
        await send(START)
        assert not send.disconnected
        await send(body(b"a"))
        assert send.disconnected
        await send(body(b"b"))
        assert [b"a"] == send.chunks
        assert 3 == len(send.messages)
        assert RecordingSend(disconnect_after=0).disconnected

    async def test_refuse(self) -> None:
        """
        A server of ASGI 2.4 raises instead.
        """
        send = RecordingSend(disconnect_after=1, refuse=True)
        await send(START)
        await send(body(b"a"))
        with pytest.raises(OSError, match="the peer is gone"):
            await send(body(b"b"))

    async def test_hold(self) -> None:
        """
        A held send waits, and goes on when released.
        """
        send = RecordingSend()
        await send(START)
        send.hold()
        task = asyncio.create_task(send(body(b"a")))
        await asyncio.sleep(0)
        assert [] == send.chunks
        send.release()
        await task
        assert [b"a"] == send.chunks

    async def test_disconnect_frees_held_send(self) -> None:
        """
        A held send does not hang when the peer goes away.
        """
        send = RecordingSend()
        await send(START)
        send.hold()
        task = asyncio.create_task(send(body(b"a")))
        await asyncio.sleep(0)
        send.disconnect()
        await task
        assert [] == send.chunks

    async def test_wait_for(self) -> None:
        """
        A test can wait for pieces instead of sleeping, and learns when fewer came.
        """
        send = RecordingSend()
        waiting = asyncio.create_task(send.wait_for(2))
        await send(START)
        for data in (b"a", b"b"):
            await send(body(data))
        assert [b"a", b"b"] == await waiting
        assert [b"a"] == await send.wait_for(1)
        waiting = asyncio.create_task(send.wait_for(3))
        await asyncio.sleep(0)
        await send(body(b"", more=False))
        with pytest.raises(EOFError, match="ended after 2 pieces, before piece 3"):
            await waiting

    async def test_wait_for_cancelled(self) -> None:
        """
        A wait that was cancelled does not disturb the next piece.
        """
        send = RecordingSend()
        waiting = asyncio.create_task(send.wait_for(1))
        patient = asyncio.create_task(send.wait_for(2))
        await asyncio.sleep(0)
        waiting.cancel()
        await send(START)
        await send(body(b"a"))
        await send(body(b"b"))
        assert [b"a", b"b"] == await patient
        assert waiting.cancelled()

    @pytest.mark.parametrize(
        ("messages", "message"),
        [
            ([body(b"a")], "before http.response.start"),
            ([START, START], "a second http.response.start"),
            ([START, body(b"", more=False), body(b"a")], "after the last one"),
            ([START, body("a")], "a body must be bytes, not 'a'"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the fault
            ([{**START, "headers": [("a", b"b")]}], "headers must be pairs of bytes"),
            ([{"type": "http.response.debug"}], "unexpected message 'http.response.debug'"),
        ],
    )
    async def test_refusals(self, messages: list[dict[str, Any]], message: str) -> None:
        """
        What breaks the protocol is refused at the message that does, and kept.
        """
        send = RecordingSend()
        for good in messages[:-1]:
            await send(good)
        with pytest.raises(WriterError, match=message) as caught:
            await send(messages[-1])
        assert [caught.value] == send.violations

    async def test_overlap_refused(self) -> None:
        """
        Two sends at once are refused at the second.
        """
        send = RecordingSend()
        send.hold()
        first = asyncio.create_task(send(START))
        await asyncio.sleep(0)
        with pytest.raises(WriterError, match="two sends at once"):
            await send(body(b"a"))
        send.release()
        await first
        assert 201 == send.status


@pytest.mark.parametrize("kind", [RecordingResponseStream, AsyncRecordingResponseStream])
class TestRecordingResponseStream:
    """
    The Lambda response stream in both of its forms.
    """

    async def test_records(self, kind: type[RecordingResponseStream]) -> None:
        """
        It keeps the content type and the pieces, at the call.
        """
        stream = kind(clock=ticking())
        stream.set_content_type("text/event-stream")
        stream.write("ä")
        stream.write(b"b")
        assert not stream.ended
        stream.end()
        assert stream.ended
        assert "text/event-stream" == stream.content_type
        assert [("ä".encode(), 1.0), (b"b", 2.0)] == stream.pieces

    async def test_refusals(self, kind: type[RecordingResponseStream]) -> None:
        """
        Nothing comes after the end, no content type after the first write, and nothing but text and bytes is written.
        """
        stream = kind()
        with pytest.raises(WriterError, match=r"write takes str or bytes, not \{\}"):
            stream.write({})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the fault
        stream.write("a")
        with pytest.raises(WriterError, match="set_content_type after the first write"):
            stream.set_content_type("text/plain")
        stream.end()
        with pytest.raises(WriterError, match="write after end"):
            stream.write("b")
        with pytest.raises(WriterError, match="end after end"):
            stream.end()
        assert 4 == len(stream.violations)
        assert b"a" == stream.body

    async def test_head(self, kind: type[RecordingResponseStream]) -> None:
        """
        It keeps the head of an HTTP answer, and the error that cut the body.
        """
        stream = kind()
        stream.start(201, [("x-a", "1")], ["b=2"])
        assert (201, [("x-a", "1")], ["b=2"], None) == (stream.status, stream.headers, stream.cookies, stream.error)
        stream.write("a")
        failure = ValueError("planted")
        stream.fail(failure)
        assert (True, failure, []) == (stream.ended, stream.error, stream.violations)
        with pytest.raises(WriterError, match="end after fail"):
            stream.end()

    async def test_refuses_heads(self, kind: type[RecordingResponseStream]) -> None:
        """
        There is one head of pairs, before the first write, and it says the content type.
        """
        stream = kind()
        with pytest.raises(WriterError, match="headers must be pairs of str, not"):
            stream.start(200, [(b"a", b"1")], [])  # type: ignore[list-item] # pyright: ignore[reportArgumentType] - the fault
        stream.start(200, [], [])
        with pytest.raises(WriterError, match="a second start"):
            stream.start(200, [], [])
        with pytest.raises(WriterError, match="set_content_type after start"):
            stream.set_content_type("text/plain")
        stream = kind()
        stream.set_content_type("text/plain")
        with pytest.raises(WriterError, match="start after set_content_type"):
            stream.start(200, [], [])
        stream.write("a")
        with pytest.raises(WriterError, match="start after the first write"):
            stream.start(200, [], [])
        stream.end()
        with pytest.raises(WriterError, match="fail after end"):
            stream.fail(ValueError("planted"))

    async def test_fails_where_told(self, kind: type[RecordingResponseStream]) -> None:
        """
        The error comes at the write it was planted on.
        """
        stream = kind(fail_at=1, error=OSError("planted"))
        stream.write("a")
        with pytest.raises(OSError, match="planted"):
            stream.write("b")
        stream.write("c")
        assert b"ac" == stream.body

    async def test_wait_for(self, kind: type[RecordingResponseStream]) -> None:
        """
        A test can wait for a piece.
        """
        stream = kind()
        waiting = asyncio.create_task(stream.wait_for(1))
        await asyncio.sleep(0)
        stream.write("a")
        assert [b"a"] == await waiting

    def test_bad_script(self, kind: type[RecordingResponseStream]) -> None:
        """
        A place without an error is refused.
        """
        with pytest.raises(ValueError, match="belong together"):
            kind(fail_at=1)


class TestResults:
    """
    Where the two forms differ.
    """

    def test_sync(self) -> None:
        """
        The synchronous form gives nothing to await.
        """
        stream = RecordingResponseStream()
        assert None is stream.start(200, [], [])
        assert None is stream.write("a")
        assert None is stream.end()
        assert None is RecordingResponseStream().fail(ValueError("planted"))

    async def test_async(self) -> None:
        """
        The other's results may be dropped, and wait while the writer is held.
        """
        stream = AsyncRecordingResponseStream()
        await stream.start(200, [], [])
        await stream.write("a")
        stream.hold()
        stream.write("b")
        ready = stream.end()

        async def wait() -> None:
            await ready

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        assert b"ab" == stream.body
        assert not waiting.done()
        stream.release()
        await waiting
        await AsyncRecordingResponseStream().fail(ValueError("planted"))
