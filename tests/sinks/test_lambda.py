"""
The Lambda sink: writes, back-pressure, failures, and the one `end` on every path.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream, create_asgi_stream, create_lambda_stream
from jaystream.errors import NotFoundError
from jaystream.testing import (
    AsyncRecordingResponseStream,
    ManagedProbe,
    Probe,
    RecordingResponseStream,
    RecordingSend,
)
from tests.sinks.exchange import begin, scope, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

WRITERS = [RecordingResponseStream, AsyncRecordingResponseStream]


@pytest.mark.parametrize("make", WRITERS)
class TestDelivery:
    """
    Writers whose methods are sync and writers whose results are awaited.
    """

    async def test_items(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        Items are framed, the content type is told, the end comes once.
        """
        writer = make()
        report = await JaypieStream[Any](yielding("a", b"b\n\n", {"type": "x"})).to_lambda(writer)
        assert [b"data: a\n\n", b"b\n\n", b'event: x\ndata: {"type":"x"}\n\n'] == writer.chunks
        assert ("text/event-stream", True, []) == (writer.content_type, writer.ended, writer.violations)
        assert ("end", 3, len(writer.body)) == (report.ended, report.items, report.bytes)

    async def test_format(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        A format's content type and frames are its own.
        """
        writer = make()
        await JaypieStream.of({"n": 1}).format_ndjson().to_lambda(writer)
        assert (b'{"n":1}\n', "application/x-ndjson") == (writer.body, writer.content_type)

    async def test_burst(self, make: Callable[[], RecordingResponseStream], monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What is ready is one write.
        """
        # no turn of the loop for its own sake, which on a busy machine would cut a burst in two
        monkeypatch.setattr("jaystream._core.run.SLICE", float("inf"))
        writer = make()
        await JaypieStream.of("a", "b").to_lambda(writer)
        assert [b"data: a\n\ndata: b\n\n"] == writer.chunks

    async def test_lone_items(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        Items that keep coming alone are written one by one, in order, and each is counted.
        """
        writer, probe = make(), Probe(map(str, range(60)), before=lambda _: turns(1))
        report = await JaypieStream(probe).to_lambda(writer)
        assert [f"data: {n}\n\n".encode() for n in range(60)] == writer.chunks
        assert ("end", 60, len(writer.body)) == (report.ended, report.items, report.bytes)
        assert (True, []) == (writer.ended, writer.violations)

    async def test_failure(self, make: Callable[[], RecordingResponseStream], caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure is one error event, logged, and nothing of it leaks; the end still comes.
        """
        writer = make()
        probe = Probe("a", fail_at=1, error=ValueError("hunter2"), before=lambda _: turns(3))
        report = await JaypieStream(probe).to_lambda(writer)
        assert writer.body.startswith(b"data: a\n\nevent: error\ndata: {")
        assert (1, False, True, []) == (
            writer.body.count(b"event: error"),
            b"hunter2" in writer.body,
            writer.ended,
            writer.violations,
        )
        assert ("error", True) == (report.ended, "hunter2" in caplog.text)
        probe.assert_released()

    async def test_throw(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        With throw the failure is raised after its event and the end.
        """
        writer = make()
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream(Probe("a", fail_at=1, error=ValueError("planted"))).to_lambda(writer, throw=True)
        assert (1, True) == (writer.body.count(b"event: error"), writer.ended)

    async def test_text_fails(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        Where the format cannot say that the body is cut, the failure is raised.
        """
        writer = make()
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream(Probe("a", fail_at=1, error=ValueError("planted"))).format_text().to_lambda(writer)
        assert (b"a", True) == (writer.body, writer.ended)

    async def test_head(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        A writer that takes a head gets status and headers, once, also where nothing is written.
        """
        for source in ([], ["a", "b"]):
            writer = make()
            await JaypieStream[Any](source).format_ndjson().to_lambda(writer)
            assert (200, "application/x-ndjson", []) == (
                writer.status,
                dict(writer.headers)["content-type"],
                writer.violations,
            )

    async def test_failure_before_the_first_byte(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        There it is a status.
        """
        writer = make()
        report = await JaypieStream[Any](Probe("", fail_at=0, error=NotFoundError("no fox"))).to_lambda(writer)
        assert (404, "application/json") == (writer.status, writer.content_type)
        assert ("error", True, []) == (report.ended, writer.ended, writer.violations)
        assert len(writer.body) == int(dict(writer.headers)["content-length"])

    async def test_fail(self, make: Callable[[], RecordingResponseStream]) -> None:
        """
        A writer that can fail is told of a failure that is raised.
        """
        writer, error = make(), ValueError("planted")
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream[Any](Probe("a", fail_at=1, error=error)).to_lambda(writer, throw=True)
        assert (error, True, []) == (writer.error, writer.ended, writer.violations)

    @pytest.mark.parametrize("turn", range(30))
    async def test_cancelled_at_each_turn(self, make: Callable[[], RecordingResponseStream], turn: int) -> None:
        """
        A cancelled run ends cancelled; the source is closed and the writer ended once.
        """
        writer, probe = make(), ManagedProbe("abc", before=lambda _: turns(3))
        task = begin(JaypieStream(probe).to_lambda(writer))
        await turns(turn)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (probe.opens == 1, []) == (writer.ended, writer.violations)
        probe.assert_released()


class TestWriters:
    """
    What a writer may do.
    """

    async def test_back_pressure(self) -> None:
        """
        While a write is awaited one more item is read, no more.
        """
        writer, probe = AsyncRecordingResponseStream(), Probe("abcdef", before=lambda _: turns(2))
        writer.hold()
        task = begin(JaypieStream(probe).to_lambda(writer))
        await turns(50)
        assert (2, [b"data: a\n\n"]) == (probe.reads, writer.chunks)  # a write takes effect at the call
        writer.release()
        assert 6 == (await task).items

    @pytest.mark.parametrize("make", WRITERS)
    @pytest.mark.parametrize("fail_at", [0, 1, 2])
    async def test_write_fails(self, make: type[RecordingResponseStream], fail_at: int) -> None:
        """
        What `write` raised is raised; there is no error event for a broken writer, but there is the end.
        """
        writer = make(fail_at=fail_at, error=ConnectionResetError("gone"))
        probe = Probe("abcdef", before=lambda _: turns(3))
        with pytest.raises(ConnectionResetError, match="gone"):
            await JaypieStream(probe).to_lambda(writer)
        assert (fail_at, True, []) == (len(writer.pieces), writer.ended, writer.violations)
        probe.assert_released()

    async def test_write_fails_while_the_source_is_silent(self) -> None:
        """
        A writer that breaks ends the run, though the source may be silent for ever.
        """

        async def silent() -> AsyncIterator[str]:
            yield "a"
            await asyncio.get_running_loop().create_future()

        writer = RecordingResponseStream(fail_at=0, error=OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(silent).to_lambda(writer)
        assert writer.ended

    async def test_write_fails_while_the_source_is_closed(self) -> None:
        """
        The source is closed first, and then the writer's error comes out.
        """
        probe = Probe("a", on_close=lambda: turns(8))
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(probe).to_lambda(RecordingResponseStream(fail_at=0, error=OSError("gone")))
        probe.assert_released()

    async def test_nothing_to_write(self) -> None:
        """
        A writer is never called with no bytes.
        """
        for stream in (JaypieStream(yielding(b"", b"")), JaypieStream(list[str]()).format_sse().on_end([b""])):
            writer = RecordingResponseStream()
            report = await stream.to_lambda(writer)
            assert ([], 0, True) == (writer.pieces, report.bytes, writer.ended)

    async def test_added_behind_a_format(self) -> None:
        """
        What joins a stream behind its format is written by the rule of the wire: text is framed, bytes are not.
        """
        writer = RecordingResponseStream()
        added: list[Any] = ["b", bytearray(b"data: c\n\n"), {"type": "d"}]
        await JaypieStream.of("a").format_sse().on_end(added).to_lambda(writer)
        assert b'data: a\n\ndata: b\n\ndata: c\n\nevent: d\ndata: {"type":"d"}\n\n' == writer.body

    async def test_error_event_fails(self) -> None:
        """
        A writer that breaks at the error event raises its own error, from the stream's.
        """
        writer = RecordingResponseStream(fail_at=1, error=OSError("gone"))
        probe = Probe("a", fail_at=1, error=ValueError("planted"), before=lambda _: turns())
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(probe).to_lambda(writer)
        assert "planted" == str(caught.value.__cause__)
        assert writer.ended

    async def test_end_fails(self) -> None:
        """
        An error of `end` is raised where all was well, and a note where not.
        """

        class Broken(RecordingResponseStream):
            def end(self) -> None:
                super().end()
                raise OSError("no end")

            def fail(self, error: BaseException) -> None:
                self.end()

        with pytest.raises(OSError, match="no end"):
            await JaypieStream.of("a").to_lambda(Broken())
        with pytest.raises(ValueError, match="planted") as caught:
            await JaypieStream[str](Probe("", fail_at=0, error=ValueError("planted"))).to_lambda(Broken(), throw=True)
        assert ["while ending the response stream: OSError: no end"] == caught.value.__notes__

    async def test_minimal(self) -> None:
        """
        `write` and `end` are all that is asked for.
        """

        class Minimal:
            def __init__(self) -> None:
                self.data = b""

            def write(self, data: bytes) -> int:
                self.data += data
                return len(data)

            async def end(self) -> None:
                await turns(1)
                self.data += b"END"

        writer = Minimal()
        await JaypieStream.of("a").to_lambda(writer)
        assert b"data: a\n\nEND" == writer.data

    async def test_not_a_writer(self) -> None:
        """
        What cannot be written to is refused, and the source stays closed.
        """
        probe = Probe("a")
        with pytest.raises(TypeError, match=r"write\(\) and end\(\); 3 has no write\(\)"):
            await JaypieStream(probe).to_lambda(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert [] == probe.events

    async def test_scope_cancelled_while_ending(self) -> None:
        """
        The end is shielded from cancel scopes.
        """
        writer = AsyncRecordingResponseStream()
        with anyio.CancelScope() as limit:

            async def last() -> AsyncIterator[str]:
                yield "a"
                limit.cancel()

            await JaypieStream(last).to_lambda(writer)
        assert (True, []) == (writer.ended, writer.violations)


class TestJaypieNames:
    """
    `create_lambda_stream` and `create_asgi_stream`, both of its forms.
    """

    async def test_lambda(self) -> None:
        """
        The same as the method.
        """
        writer = RecordingResponseStream()
        assert 1 == (await create_lambda_stream(JaypieStream.of("a"), writer)).items
        assert (b"data: a\n\n", True) == (writer.body, writer.ended)

    async def test_asgi_response_stream(self) -> None:
        """
        With a response stream it writes to that.
        """
        writer = RecordingResponseStream()
        await create_asgi_stream(JaypieStream.of("a"), writer)
        assert (b"data: a\n\n", True) == (writer.body, writer.ended)

    async def test_asgi_scope(self) -> None:
        """
        With a scope it answers the request.
        """
        send = RecordingSend()
        await create_asgi_stream(JaypieStream.of("a"), scope(), send.receive, send)
        assert (200, b"data: a\n\n", True) == (send.status, send.body, send.ended)

    async def test_neither(self) -> None:
        """
        Half a request is refused.
        """
        send = RecordingSend()
        with pytest.raises(TypeError, match="scope, receive, send"):
            await create_asgi_stream(JaypieStream.of("a"), scope(), send.receive)

    async def test_throw(self) -> None:
        """
        Throw is handed on.
        """
        failing = JaypieStream(lambda: Probe("", fail_at=0, error=ValueError("planted")))
        with pytest.raises(ValueError, match="planted"):
            await create_asgi_stream(failing, RecordingResponseStream(), throw=True)
        with pytest.raises(ValueError, match="planted"):
            await create_asgi_stream(failing, scope(), RecordingSend().receive, RecordingSend(), throw=True)
