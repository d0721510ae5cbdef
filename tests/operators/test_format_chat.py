"""
`format_ai_sdk`, `format_ag_ui`, `format_openai` and their inverses, as operators; and how sinks end their bodies.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import AiSdkEncoder, JaypieStream
from jaystream.errors import NotFoundError
from jaystream.testing import (
    Probe,
    RecordingResponseStream,
    RecordingSend,
    check_operator,
)
from tests.sinks.exchange import answer, begin, turns

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS: list[Any] = ["a", {"type": "text", "content": "b"}, {"type": "x"}]

FORMATS: dict[str, Callable[[JaypieStream[Any]], JaypieStream[bytes]]] = {
    "ai_sdk": lambda s: s.format_ai_sdk(),
    "ag_ui": lambda s: s.format_ag_ui(thread_id="t", run_id="r"),
    "openai": lambda s: s.format_openai(id="c", created=0),
}

CUTS = {
    "ai_sdk": b'data: {"type":"abort"}\n\ndata: [DONE]\n\n',
    "ag_ui": b'data: {"type":"RUN_ERROR","message":"The run was stopped before its end","code":"cancelled"}\n\n',
    "openai": b'"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
}


class TestFormatChat:
    """
    Frames, and the end behind the last of them.
    """

    async def test_frames(self) -> None:
        """
        What the encoder gives, and what it gives at the end.
        """
        encoder = AiSdkEncoder()
        expected = [*map(encoder.encode, ITEMS), encoder.flush()]
        await check_operator(lambda s: s.format_ai_sdk(), ITEMS, expected, before_error=expected[:-1], reads_ahead=0)
        await check_operator(lambda s: s.format_ai_sdk(), list[Any](), [AiSdkEncoder().flush()], before_error=[])

    @pytest.mark.parametrize("name", FORMATS)
    async def test_round_trip(self, name: str) -> None:
        """
        The inverse gives the text again, from bytes as from text.
        """
        framed = FORMATS[name](JaypieStream(ITEMS))
        parse = f"parse_{name}"
        assert ["a", "b"] == await getattr(framed, parse)().text().to_list()
        assert ["a", "b"] == await getattr(FORMATS[name](JaypieStream(ITEMS)).decode_utf8(), parse)().text().to_list()
        with pytest.raises(ValueError, match="max_event must be at least 1, got 0"):
            getattr(framed, parse)(max_event=0)

    def test_wire(self) -> None:
        """
        A stream has its format's headers; two formats side by side are none.
        """
        framed = JaypieStream.of("a").format_ai_sdk()
        assert ("text/event-stream", {"x-vercel-ai-ui-message-stream": "v1"}) == (framed.media_type, framed.headers)
        assert None is framed.merge(JaypieStream.of("a").format_sse()).media_type
        assert "text/event-stream" == framed.merge(JaypieStream.of("a").format_ai_sdk()).media_type
        version: Any = 4
        with pytest.raises(ValueError, match="sdk must be 5 or 6"):
            JaypieStream.of("a").format_ai_sdk(sdk=version)

    async def test_stopped_above(self) -> None:
        """
        What ends the chunks early ends the answer well.
        """
        frames = await JaypieStream(ITEMS).take(1).format_openai(id="c", created=0).to_list()
        assert b'"finish_reason":"stop"' in frames[-1]


@pytest.mark.parametrize("name", FORMATS)
class TestSinks:
    """
    How the body of a response ends.
    """

    async def test_end(self, name: str) -> None:
        """
        At the end, the end of the format; in a file as well.
        """
        send, writer = RecordingSend(), RecordingResponseStream()
        framed = FORMATS[name](JaypieStream(ITEMS))
        expected = b"".join(await framed.to_list())
        await answer(framed, send)
        await framed.to_lambda(writer)
        assert (expected, expected) == (send.body, writer.body)

    async def test_failure(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure is told once, in the format's own words.
        """
        for fail in (NotFoundError("gone"), ValueError("hunter2")):
            send, writer = RecordingSend(), RecordingResponseStream()
            await answer(FORMATS[name](JaypieStream(Probe(ITEMS, fail_at=2, error=fail))), send)
            await FORMATS[name](JaypieStream(Probe(ITEMS, fail_at=2, error=fail))).to_lambda(writer)
            for body in (send.body, writer.body):
                assert (b"gone" in body) == isinstance(fail, NotFoundError)
                assert b"hunter2" not in body
                assert b'data: {"errors"' not in body
        assert "hunter2" in caplog.text

    @pytest.mark.parametrize("gap", [b"", b"data: cut"])
    async def test_shutdown(self, name: str, gap: bytes) -> None:
        """
        A stream that is stopped ends as the format says, behind what is open.
        """
        shutdown, send = asyncio.Event(), RecordingSend()
        items = [*ITEMS, *([gap] if gap else [])]
        endless = JaypieStream(items).concat(JaypieStream.never())
        task = begin(answer(FORMATS[name](endless), send, shutdown=shutdown))
        await turns()
        shutdown.set()
        assert "shutdown" == (await task).ended
        assert send.body.endswith(CUTS[name])
        assert send.ended
        assert (b"cut\n\n" in send.body) == bool(gap)

    async def test_stopped_while_held(self, name: str) -> None:
        """
        A client that did not read when the stop came gets what was written, and then the end.
        """
        shutdown, send = asyncio.Event(), RecordingSend()
        send.hold()
        endless = JaypieStream(ITEMS * 3).concat(JaypieStream.never())
        task = begin(answer(FORMATS[name](endless), send, shutdown=shutdown))
        await turns()
        shutdown.set()
        await turns()
        send.release()
        assert "shutdown" == (await task).ended
        assert send.body.endswith(CUTS[name])

    async def test_max_duration(self, name: str) -> None:
        """
        So it is when its time is over; a stream that had ended by itself is left as it is.
        """
        send, other = RecordingSend(), RecordingSend()
        endless = JaypieStream(ITEMS).concat(JaypieStream.never())
        assert "max_duration" == (await answer(FORMATS[name](endless), send, max_duration=0.01)).ended
        assert send.body.endswith(CUTS[name])
        await answer(FORMATS[name](JaypieStream(ITEMS)), other, max_duration=60)
        assert CUTS[name] not in other.body

    async def test_cancelled(self, name: str) -> None:
        """
        A Lambda's writer gets the end of the format before its own, also where the run is cancelled.
        """
        writer = RecordingResponseStream()
        task = begin(FORMATS[name](JaypieStream(ITEMS).concat(JaypieStream.never())).to_lambda(writer))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (True, []) == (writer.ended, writer.violations)
        assert writer.body.endswith(CUTS[name])
