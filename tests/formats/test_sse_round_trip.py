"""
What `SseEncoder` writes, `SseDecoder` reads: the law that holds the two together.
"""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import FormatError
from jaystream.formats import SseDecoder, SseEncoder, SseEvent

# Half of the characters are those the grammar looks at.
TEXT = st.text(st.sampled_from("\r\n: \0\ufeff\u2028ad") | st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = TEXT.map(lambda text: text.replace("\r", "").replace("\n", ""))
EVENTS = st.builds(
    SseEvent,
    st.none() | TEXT,
    event=st.just("message") | NAME,
    id=st.none() | NAME.map(lambda text: text.replace("\0", "")),
    retry=st.none() | st.integers(0, 10**9),
    comment=st.none() | TEXT,
)


def lf(text: object) -> object:
    """
    *text* with LF for every line end, as a reader gets it.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


def received(events: list[SseEvent]) -> tuple[list[SseEvent], str, int | None]:
    """
    What a reader must get: line ends as LF, ids carried forward, events without data gone.
    """
    last, retry, got = "", None, list[SseEvent]()
    for event in events:
        last = last if event.id is None else event.id
        retry = retry if event.retry is None else event.retry
        if event.data is not None:
            got.append(SseEvent(lf(event.data), event=event.event, id=last))
    return got, last, retry


class TestRoundTrip:
    """
    Writing and reading again.
    """

    @given(st.lists(EVENTS, max_size=6), st.lists(st.integers(0, 300), max_size=5))
    def test_events(self, events: list[SseEvent], cuts: list[int]) -> None:
        """
        Any events come back, however the bytes are cut.
        """
        encoder, decoder = SseEncoder(), SseDecoder()
        body = b"".join(encoder.encode(event) for event in events)
        pieces = [body[a:b] for a, b in pairwise([0, *sorted(cuts), len(body) + 300])]
        got = [event for piece in pieces for event in decoder.feed(piece)]
        assert received(events) == (got, decoder.last_event_id, decoder.retry)

    @given(st.lists(EVENTS, max_size=4))
    def test_one_piece_each(self, events: list[SseEvent]) -> None:
        """
        Each event is whole in its own bytes: pings may stand between any two.
        """
        encoder, decoder = SseEncoder(), SseDecoder()
        got: list[SseEvent] = []
        for event in events:
            got += decoder.feed(encoder.encode(event) + SseEncoder.ping)
        assert received(events)[0] == got

    @given(st.dictionaries(st.sampled_from(["type", "a", "b"]) | TEXT, TEXT, max_size=4))
    def test_chunks(self, chunk: dict[str, str]) -> None:
        """
        Any chunk of text comes back under its type, unless the type is refused; nothing in it can become a field.
        """
        kind = chunk.get("type", "")
        try:
            body = SseEncoder().encode(chunk)
        except FormatError:
            assert "\r" in kind or "\n" in kind
            return
        decoder = SseDecoder()
        (event,) = decoder.feed(body)
        assert (kind or "message", "", None) == (event.event, decoder.last_event_id, decoder.retry)
        assert isinstance(event.data, str)
        assert chunk == json.loads(event.data)

    @given(st.lists(TEXT, max_size=5))
    def test_ids_and_retry(self, texts: list[str]) -> None:
        """
        Ids by position and one waiting time reach the reader.
        """
        numbers = iter(range(len(texts)))
        encoder, decoder = SseEncoder(id=lambda _: next(numbers), retry=7, event="t"), SseDecoder()
        got = [event for text in texts for event in decoder.feed(encoder.encode(text))]
        assert [SseEvent(lf(text), event="t", id=number) for number, text in enumerate(texts)] == got
        assert (7 if texts else None) == decoder.retry
