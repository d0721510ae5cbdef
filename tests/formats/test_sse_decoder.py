"""
`SseDecoder` against the event stream grammar: the web platform's own cases, then the corners they leave out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import FormatError, FrameTooLargeError, LimitExceededError
from jaystream.formats import SseDecoder, SseEvent

if TYPE_CHECKING:
    from collections.abc import Callable

BOM = "\ufeff"
X2048 = "x" * 2048

# The eventsource/ tests of web-platform-tests, as far as a parser alone can show them: input, then (name, data, id).
WPT: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "event-data": (
        "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        [("message", "msg\nmsg", ""), ("message", "", ""), ("message", "end", "")],
    ),
    "format-bom": (
        f"{BOM}data:1\n\n{BOM}data:2\n\ndata:3\n\n",
        [("message", "1", ""), ("message", "3", "")],
    ),
    "format-bom-2": (
        f"{BOM}{BOM}data:1\n\ndata:2\n\ndata:3\n\n",
        [("message", "2", ""), ("message", "3", "")],
    ),
    "format-comments": (
        f"data:1\r:\0\n:\r\ndata:2\n:{X2048}\rdata:3\n:data:fail\r:{X2048}\ndata:4\n\n",
        [("message", "1\n2\n3\n4", "")],
    ),
    "format-data-before-final-empty-line": (
        "retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
        [("message", "test1", "")],
    ),
    "format-field-data": (
        "data:\n\ndata\ndata\n\ndata:test\n\n",
        [("message", "", ""), ("message", "\n", ""), ("message", "test", "")],
    ),
    "format-field-event": ("event:test\ndata:x\n\ndata:x\n\n", [("test", "x", ""), ("message", "x", "")]),
    "format-field-event-empty": ("event: \ndata:data\n\n", [("message", "data", "")]),
    "format-field-id": ("id: …\nretry: 200\ndata: hello\n\n", [("message", "hello", "…")]),
    "format-field-id-3 persists": ("id: 1\ndata: 1\n\ndata:2\n\n", [("message", "1", "1"), ("message", "2", "1")]),
    "format-field-id-3 changes": (
        "id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", "2"), ("message", "3", "2")],
    ),
    "format-field-id-3 resets": (
        "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", ""), ("message", "3", "")],
    ),
    **{
        f"format-field-id-null {value!r}": (f"id: {value}\ndata: x\n\n", [("message", "x", "")])
        for value in ("\0\0", "x\0", "\0x", "x\0x", " \0")
    },
    "format-field-parsing": (
        "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        [("message", "\0\n 2\n1\n3\n\n4", "")],
    ),
    "format-field-retry-empty": ("retry\ndata:test\n\n", [("message", "test", "")]),
    "format-field-unknown": (
        "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        [("message", "test\n\ntest", "")],
    ),
    "format-leading-space": ("data:\ttest\rdata: \ndata:test\n\n", [("message", "\ttest\n\ntest", "")]),
    "format-newlines": ("data:test\r\ndata\ndata:test\r\n\r\n", [("message", "test\n\ntest", "")]),
    "format-null-character": ("data:\0\n\n\n\n", [("message", "\0", "")]),
    "format-utf-8": ("data:ok…\n\n", [("message", "ok…", "")]),
}

MORE: dict[str, tuple[bytes, list[tuple[str, str, str]]]] = {
    "nothing": (b"", []),
    "blank lines": (b"\n\r\n\r\r\n\n", []),
    "CR only": (b"data: a\r\rdata: b\r\r", [("message", "a", ""), ("message", "b", "")]),
    "blank line of CR after LF": (b"data: a\n\r", [("message", "a", "")]),
    "other line ends are text": (
        "data: a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b\n\n".encode(),
        [("message", "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b", "")],
    ),
    "event without data is forgotten": (b"event: x\n\ndata: a\n\n", [("message", "a", "")]),
    "last event name wins": (b"event: x\nevent: y\ndata: a\n\n", [("y", "a", "")]),
    "bare event field resets": (b"event: x\nevent\ndata: a\n\n", [("message", "a", "")]),
    "id alone counts": (b"id: 1\n\ndata: a\n\n", [("message", "a", "1")]),
    "id with NUL keeps the last": (b"id: 1\nid: 2\0\ndata: a\n\n", [("message", "a", "1")]),
    "ping after id": (
        b"id: 1\ndata: a\n\n: ping\n\n: ping\n\ndata: b\n\n",
        [("message", "a", "1"), ("message", "b", "1")],
    ),
    "only one space goes": (b"data:  a\ndata:\xc2\xa0b\n\n", [("message", " a\n\xa0b", "")]),
    "colons within": (b"data: a:b: c\n:data: no\n\n", [("message", "a:b: c", "")]),
    "spaces round names": (b"data : a\n data: b\nDATA: c\ndata: d\n\n", [("message", "d", "")]),
    "BOM alone": (b"\xef\xbb\xbf", []),
    "BOM before blank line": (b"\xef\xbb\xbf\ndata: a\n\n", [("message", "a", "")]),
    "half a BOM": (b"\xef\xbbdata: a\n\n", []),
    "bad UTF-8": (
        b"data: a\xff\xed\xa0\x80\xe2\x82\ndata: \xf0\x9f\nevent: \xfe\n\n",
        [("\ufffd", "a\ufffd\ufffd\ufffd\ufffd\ufffd\n\ufffd", "")],
    ),
    "bad UTF-8 in id": (b"id: \xff\ndata: a\n\n", [("message", "a", "\ufffd")]),
    "unended": (b"data: a\n\ndata: b", [("message", "a", "")]),
}

LINES = st.sampled_from(
    [
        *(b"data", b"data:", b"data: a", b"data:\xe2\x80\xa6", b"data: \xf0\x9f\x98\x80\xff", b" data: x"),
        *(b"event: x", b"event", b"id: 1", b"id:", b"id: \0", b"retry: 5", b": c", b"", b""),
        *(b"\xef\xbb\xbf", b"\xef\xbb\xbfdata: b", b"data: " + b"long" * 8),
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=12).map(
    lambda parts: b"".join(part for line in parts for part in line)
)


def read(*pieces: bytes, max_event: int | None = None) -> tuple[list[SseEvent], str, int | None]:
    """
    What a new decoder makes of *pieces*: its events, last id and waiting time.
    """
    decoder = SseDecoder(max_event=max_event)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    assert [] == decoder.flush()
    return events, decoder.last_event_id, decoder.retry


def shown(data: bytes) -> list[tuple[object, object, object]]:
    """
    The events of *data* as (name, data, id).
    """
    return [(event.event, event.data, event.id) for event in read(data)[0]]


class TestGrammar:
    """
    What each input gives.
    """

    @pytest.mark.parametrize("case", WPT)
    def test_web_platform(self, case: str) -> None:
        """
        The web platform's cases.
        """
        source, expected = WPT[case]
        assert expected == shown(source.encode())

    @pytest.mark.parametrize("case", MORE)
    def test_more(self, case: str) -> None:
        """
        Corners that other parsers get wrong.
        """
        source, expected = MORE[case]
        assert expected == shown(source)

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (b"retry:03000\n\n", 3000),
            (b"retry: 0\n", 0),
            (b"retry:3000\nretry:1000x\n", 3000),
            (b"retry: 3000\nretry\nretry:\nretry: +5\nretry: -5\nretry: 1_0\nretry:  7\nretry: 7 \n", 3000),
            ("retry: ٣\n".encode(), None),
            (b"retry: " + b"9" * 5000 + b"\n", None),
            (b"retry: 5", None),
        ],
    )
    def test_retry(self, source: bytes, expected: int | None) -> None:
        """
        A waiting time is ASCII digits and nothing else, and counts at once.
        """
        assert expected == read(source)[2]

    def test_unended_block_has_no_id(self) -> None:
        """
        The id of a block that no blank line ended must not be sent back.
        """
        decoder = SseDecoder()
        decoder.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
        assert [] == decoder.flush()
        assert "1" == decoder.last_event_id

    def test_next_connection(self) -> None:
        """
        After the end it reads the next connection: its BOM goes, last id and waiting time stay.
        """
        decoder = SseDecoder()
        decoder.feed(b"id: 1\nretry: 5\ndata: a\n\nevent: lost\ndata: lost")
        decoder.flush()
        assert [SseEvent("b", id="1")] == decoder.feed(b"\xef\xbb\xbfdata: b\n\n")
        assert ("1", 5) == (decoder.last_event_id, decoder.retry)

    def test_end_after_cr(self) -> None:
        """
        An LF that begins the next connection does not belong to the last one's CR.
        """
        decoder = SseDecoder()
        decoder.feed(b"data: a\r")
        decoder.flush()
        assert [SseEvent("b", id="")] == decoder.feed(b"\ndata: b\n\n")


class TestCuts:
    """
    However the bytes are cut, the events are the same.
    """

    @pytest.mark.parametrize("case", [*WPT, *MORE])
    def test_single_bytes(self, case: str) -> None:
        """
        Byte by byte, with empty pieces between.
        """
        source = WPT[case][0].encode() if case in WPT else MORE[case][0]
        pieces = [piece for byte in source for piece in (bytes([byte]), b"")]
        assert read(source) == read(*pieces)

    @pytest.mark.parametrize("case", [*WPT, *MORE])
    def test_two_pieces(self, case: str) -> None:
        """
        Cut in two, at every place.
        """
        source = WPT[case][0].encode() if case in WPT else MORE[case][0]
        whole = read(source)
        for at in range(len(source)):
            assert whole == read(source[:at], source[at:])

    @given(STREAMS, st.lists(st.integers(0, 200), max_size=6), st.sampled_from([None, 1, 12, 33]))
    def test_any_cut(self, source: bytes, cuts: list[int], limit: int | None) -> None:
        """
        Any stream, any cut, any bound: the same events, and then the same error or none.
        """
        pieces = [source[a:b] for a, b in pairwise([0, *sorted(cuts), len(source) + 200])]
        assert outcome([source], limit) == outcome(pieces, limit)

    def test_crlf_across_pieces(self) -> None:
        """
        A CRLF that is cut in two ends one line, and a CR ends it at once.
        """
        decoder = SseDecoder()
        assert [] == decoder.feed(b"data: A\r\n")
        assert [] == decoder.feed(b"data: B\r")
        assert [] == decoder.feed(b"\n")
        assert [] == decoder.feed(b"data: C\r\n")
        assert [SseEvent("A\nB\nC", id="")] == decoder.feed(b"\r")
        assert [] == decoder.feed(b"\n")

    def test_lf_of_a_line_behind_a_cr(self) -> None:
        """
        An LF at the beginning of a piece belongs to a CR only where nothing stands between them.
        """
        decoder = SseDecoder()
        assert [] == decoder.feed(b"data: A\rdata: B")
        assert [] == decoder.feed(b"\ndata: C\n")
        assert [SseEvent("A\nB\nC", id="")] == decoder.feed(b"\n")


class TestBounds:
    """
    No peer can make it hold more than was allowed.
    """

    def test_line(self) -> None:
        """
        A line within the bound passes, one byte more does not, and the message says what to do.
        """
        assert [SseEvent("abcd", id="")] == SseDecoder(max_event=10).feed(b"data: abcd\n\n")
        with pytest.raises(FrameTooLargeError, match=r"SSE line of more than 10 bytes.*max_event=") as caught:
            SseDecoder(max_event=10).feed(b"data: abcde\n\n")
        assert isinstance(caught.value, FormatError)
        assert isinstance(caught.value, LimitExceededError)
        assert 10 == caught.value.limit

    def test_unended_line(self) -> None:
        """
        A line is refused as soon as it is too long, comments and unknown fields too.
        """
        decoder = SseDecoder(max_event=10)
        assert [] == decoder.feed(b": 34567890")
        with pytest.raises(FrameTooLargeError, match="SSE line"):
            decoder.feed(b"1")

    def test_event(self) -> None:
        """
        The data of an event is bounded as a whole, line ends counted.
        """
        assert [SseEvent("abcd\nefghi", id="")] == SseDecoder(max_event=11).feed(b"data:abcd\ndata:efghi\n\n")[:1]
        with pytest.raises(FrameTooLargeError, match="SSE event of more than 10 bytes"):
            SseDecoder(max_event=10).feed(b"data:abcde\ndata:fghij\n\n")
        with pytest.raises(FrameTooLargeError, match="SSE event"):
            SseDecoder(max_event=10).feed(b"data\n" * 12)

    def test_size_starts_anew(self) -> None:
        """
        Events within the bound are read without end.
        """
        decoder = SseDecoder(max_event=10)
        assert 100 == sum(len(decoder.feed(b"data: abcd\n\n")) for _ in range(100))

    def test_events_before(self) -> None:
        """
        Events before the fault are given first; then every call raises.
        """
        decoder = SseDecoder(max_event=10)
        assert [SseEvent("a", id="")] == decoder.feed(b"data: a\n\n: far too long\ndata: b\n\n")
        calls: list[Callable[[], object]] = [
            lambda: decoder.feed(b"data: c\n\n"),
            decoder.flush,
            lambda: decoder.feed(b""),
        ]
        for call in calls:
            with pytest.raises(FrameTooLargeError, match="SSE line"):
                call()

    def test_default_and_none(self) -> None:
        """
        The bound is 1 MiB where nobody said otherwise, and None lifts it.
        """
        large = b"data: " + b"x" * 1_048_576 + b"\n\n"
        with pytest.raises(FrameTooLargeError, match="more than 1048576 bytes"):
            SseDecoder().feed(large)
        (event,) = SseDecoder(max_event=None).feed(large)
        assert "x" * 1_048_576 == event.data

    @pytest.mark.parametrize(("bad", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
    def test_bad_bound(self, bad: int, error: type[Exception]) -> None:
        """
        A bound that makes no sense fails at construction.
        """
        with pytest.raises(error, match=f"max_event must be .*, got {bad!r}"):
            SseDecoder(max_event=bad)


def outcome(pieces: list[bytes], limit: int | None) -> tuple[list[SseEvent], str, str, int | None]:
    """
    All that a decoder gave for *pieces*: events, error, last id, waiting time.
    """
    decoder = SseDecoder(max_event=limit)
    events: list[SseEvent] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        decoder.flush()
    except FrameTooLargeError as error:
        return events, str(error), decoder.last_event_id, decoder.retry
    return events, "", decoder.last_event_id, decoder.retry
