"""
`format_sse`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import FormatError, UnencodableError
from jaystream.testing import check_operator


class TestFormatSse:
    """
    Items to server-sent events.
    """

    async def test_frames_chunks(self) -> None:
        """
        The type is the event, the JSON the data; text is data alone.
        """
        chunks: list[Any] = [{"type": "text", "content": "Hi"}, "a\nb"]
        events = [b'event: text\ndata: {"type":"text","content":"Hi"}\n\n', b"data: a\ndata: b\n\n"]
        await check_operator(lambda s: s.format_sse(), chunks, events, reads_ahead=0)
        await check_operator(lambda s: s.format_sse(), list[Any](), list[bytes]())

    async def test_options(self) -> None:
        """
        The event, the id and the retry time go out where they are asked for.
        """
        stream = JaypieStream([{"n": 1}, {"n": 2}]).format_sse(event="step", id=lambda chunk: chunk["n"], retry=50)
        wire = b"".join(await stream.to_list())
        assert wire.count(b"retry: 50") == 1
        assert (b"event: step" in wire, b"id: 1" in wire, b"id: 2" in wire) == (True, True, True)

    async def test_each_run_has_its_own_encoder(self) -> None:
        """
        What is written once is written once per run.
        """
        stream = JaypieStream([1]).format_sse(retry=50)
        assert await stream.to_list() == await stream.to_list()

    async def test_what_cannot_be_written(self) -> None:
        """
        It is an error in the run, after the events before it.
        """
        got: list[bytes] = []
        items: list[Any] = ["a", object()]
        with pytest.raises(UnencodableError, match="cannot write object"):
            await JaypieStream(items).format_sse().for_each(got.append)
        assert got == [b"data: a\n\n"]

    def test_bad_argument(self) -> None:
        """
        A name with a line break is refused where the pipeline is written.
        """
        with pytest.raises(FormatError, match="event"):
            JaypieStream([1]).format_sse(event="a\nb")
