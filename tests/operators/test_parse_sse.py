"""
`parse_sse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import FrameTooLargeError
from jaystream.testing import check_operator

if TYPE_CHECKING:
    from jaystream import SseEvent


def data_of(event: SseEvent) -> str:
    assert isinstance(event.data, str)
    return event.data


class TestParseSse:
    """
    Server-sent events from bytes.
    """

    async def test_reads_events(self) -> None:
        """
        Events come whole however the input is cut, as bytes or text; an incomplete one is dropped.
        """
        wire = b"event: a\ndata: 1\n\ndata: \xc3\xa9\n\ndata: cut"
        for size in (1, 2, 5, 100):
            pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
            events = await JaypieStream(pieces).parse_sse().to_list()
            assert [(event.event, event.data) for event in events] == [("a", "1"), ("message", "\u00e9")]
        assert [event.data for event in await JaypieStream(["data: x\n\n"]).parse_sse().to_list()] == ["x"]

    async def test_contracts(self) -> None:
        """
        It keeps the contracts.
        """
        wire = [b"data: 1\n", b"\ndata: 2\n\n"]
        await check_operator(lambda s: s.parse_sse().map(data_of), wire, ["1", "2"])
        await check_operator(lambda s: s.parse_sse(), list[bytes](), list[Any]())

    async def test_too_large(self) -> None:
        """
        An event beyond the bound is an error in the run.
        """
        with pytest.raises(FrameTooLargeError, match="of more than 5 bytes"):
            await JaypieStream([b"data: 123456789\n\n"]).parse_sse(max_event=5).drain()

    def test_bad_argument(self) -> None:
        """
        A bound below 1 is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match="max_event"):
            JaypieStream([b""]).parse_sse(max_event=0)
