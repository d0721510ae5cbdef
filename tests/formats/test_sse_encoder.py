"""
`SseEncoder` and `format_sse`: the bytes of every kind of item.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from jaystream.errors import FormatError, UnencodableError
from jaystream.formats import SseDecoder, SseEncoder, SseEvent, format_sse

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(StrEnum):
    """
    A type of chunk that is a member of an enum.
    """

    TEXT = "text"


class Model(BaseModel):
    """
    A chunk that is a pydantic model.
    """

    type: str = "model"
    n: int = 1


@dataclass
class Record:
    """
    A chunk that is a dataclass.
    """

    n: int
    type: str = "record"


def encode(item: object, **options: Any) -> bytes:
    """
    What a new encoder makes of *item*.
    """
    return SseEncoder(**options).encode(item)


def indented(value: object) -> str:
    """
    JSON in several lines.
    """
    return json.dumps(value, indent=1)


def indented_bytes(value: object) -> bytes:
    """
    JSON in several lines, as bytes.
    """
    return indented(value).encode()


def giving(result: Any) -> Callable[[Any], Any]:
    """
    A callable that gives *result* for every item.
    """
    return lambda _: result


class TestChunk:
    """
    Chunks: their type is the event's name, their JSON its data.
    """

    @pytest.mark.parametrize(
        ("chunk", "expected"),
        [
            ({"type": "text", "content": "Hé"}, 'event: text\ndata: {"type":"text","content":"Hé"}\n\n'),
            ({"content": "a\r\nb"}, 'data: {"content":"a\\r\\nb"}\n\n'),
            ({"type": 7}, 'data: {"type":7}\n\n'),
            ({"type": ["a"]}, 'data: {"type":["a"]}\n\n'),
            ({"type": None}, 'data: {"type":null}\n\n'),
            ({"type": "message"}, 'event: message\ndata: {"type":"message"}\n\n'),
            ({"type": Kind.TEXT}, 'event: text\ndata: {"type":"text"}\n\n'),
            ({"type": "é"}, 'event: é\ndata: {"type":"é"}\n\n'),
            ({}, "data: {}\n\n"),
            (MappingProxyType({"type": "view"}), 'event: view\ndata: {"type":"view"}\n\n'),
            (Model(), 'event: model\ndata: {"type":"model","n":1}\n\n'),
            (Record(2), 'event: record\ndata: {"n":2,"type":"record"}\n\n'),
            (5, "data: 5\n\n"),
            (None, "data: null\n\n"),
            ([1, "a"], 'data: [1,"a"]\n\n'),
            ({"type": "t", "s": "\ud800"}, 'event: t\ndata: {"type":"t","s":"\\ud800"}\n\n'),
        ],
    )
    def test_bytes(self, chunk: object, expected: str) -> None:
        """
        Each chunk has one form, the first time and with its type known.
        """
        encoder = SseEncoder()
        assert [expected.encode()] * 3 == [encoder.encode(chunk) for _ in range(3)]

    def test_many_types(self) -> None:
        """
        Types without end are all written right, though few are remembered.
        """
        encoder = SseEncoder()
        for number in range(1000):
            assert encoder.encode({"type": f"t{number % 300}"}).startswith(b"event: t%d\n" % (number % 300))

    @pytest.mark.parametrize("bad", ["a\nb", "a\rdata: forged", "\r\n"])
    def test_injection_by_type(self, bad: str) -> None:
        """
        A type that would end its line raises, every time.
        """
        encoder = SseEncoder()
        for _ in range(2):
            with pytest.raises(FormatError, match="event must not hold CR or LF"):
                encoder.encode({"type": bad})

    def test_unencodable(self) -> None:
        """
        A chunk without JSON raises, with its type known or not.
        """
        encoder = SseEncoder()
        encoder.encode({"type": "a"})
        for chunk in ({"type": "a", "x": object()}, {"type": "b", "x": object()}, SimpleNamespace(type="a")):
            with pytest.raises(UnencodableError, match="as JSON"):
                encoder.encode(chunk)


class TestText:
    """
    A str is text to frame; nothing in it can become a field.
    """

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("hello", "data: hello\n\n"),
            ("", "data: \n\n"),
            ("a\nb", "data: a\ndata: b\n\n"),
            ("a\rb", "data: a\ndata: b\n\n"),
            ("a\r\nb", "data: a\ndata: b\n\n"),
            ("a\n", "data: a\ndata: \n\n"),
            ("\r\n\r", "data: \ndata: \ndata: \n\n"),
            (" lead", "data:  lead\n\n"),
            ("a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b", "data: a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b\n\n"),
            ("x\n\nevent: forged\ndata: y", "data: x\ndata: \ndata: event: forged\ndata: data: y\n\n"),
            ("\ud83d\ude00\ud800", "data: 😀\ufffd\n\n"),
        ],
    )
    def test_bytes(self, text: str, expected: str) -> None:
        """
        Lines end at CR, LF and CRLF, and nowhere else; a trailing end gives an empty line.
        """
        assert expected.encode() == encode(text)

    @given(st.text(st.sampled_from("\r\n:ad \0\ufeff")))
    def test_is_one_event(self, text: str) -> None:
        """
        Whatever stands in it, a reader gets one event with the text, line ends as LF.
        """
        (event,) = SseDecoder().feed(encode(text))
        assert ("message", text.replace("\r\n", "\n").replace("\r", "\n"), "") == (event.event, event.data, event.id)


class TestBytes:
    """
    Bytes are framed already.
    """

    @pytest.mark.parametrize("item", [b": x\n\n", bytearray(b": x\n\n"), memoryview(b": x\n\n")])
    def test_pass(self, item: object) -> None:
        """
        They pass as they are, with every option set too.
        """
        assert b": x\n\n" == encode(item)
        encoder = SseEncoder(event="e", id=lambda _: 1, retry=5)
        assert b": x\n\n" == encoder.encode(item)
        assert b"retry: 5" in encoder.encode("first with data")


class TestEvent:
    """
    An `SseEvent` is written as it says.
    """

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (SseEvent("a"), "data: a\n\n"),
            (
                SseEvent("a\rb", event="x", id="1", retry=5, comment="c"),
                ": c\nevent: x\nid: 1\nretry: 5\ndata: a\ndata: b\n\n",
            ),
            (SseEvent({"type": "t"}), 'data: {"type":"t"}\n\n'),
            (SseEvent(0), "data: 0\n\n"),
            (SseEvent("", id=""), "id: \ndata: \n\n"),
            (SseEvent(comment="a\r\nb\n"), ": a\n: b\n: \n\n"),
            (SseEvent(id="9"), "id: 9\n\n"),
            (SseEvent("a", event=" x"), "event:  x\ndata: a\n\n"),
            (SseEvent(), ""),
        ],
    )
    def test_bytes(self, event: SseEvent, expected: str) -> None:
        """
        Comment, name, id, retry, data, a blank line; an event without fields is nothing.
        """
        assert expected.encode() == encode(event)

    @pytest.mark.parametrize(("field", "bad"), [("event", "a\nb"), ("id", "a\nb"), ("id", "\0"), ("retry", -1)])
    def test_checked_again(self, field: str, bad: object) -> None:
        """
        A field that was set after the checks is checked when it is written.
        """
        event = SseEvent("d")
        setattr(event, field, bad)
        with pytest.raises(FormatError, match=f"{field} must"):
            encode(event)


class TestOptions:
    """
    ``event=``, ``id=``, ``retry=`` and ``dumps=``.
    """

    def test_event_name_for_all(self) -> None:
        """
        A str names chunks and text, not an `SseEvent`.
        """
        encoder = SseEncoder(event="tick")
        assert b'event: tick\ndata: {"type":"a"}\n\n' == encoder.encode({"type": "a"})
        assert b"event: tick\ndata: x\n\n" == encoder.encode("x")
        assert b"data: x\n\n" == encoder.encode(SseEvent("x"))

    def test_event_callable(self) -> None:
        """
        A callable names each item, or none with None.
        """
        encoder = SseEncoder(event=lambda item: None if item == "b" else f"n{item}")
        assert [b"event: na\ndata: a\n\n", b"data: b\n\n"] == [encoder.encode(item) for item in "ab"]

    def test_id(self) -> None:
        """
        A callable gives each item its id, as str or int, or none with None.
        """
        ids: dict[str, str | int | None] = {"a": "x", "b": 2, "c": None}
        encoder = SseEncoder(id=lambda item: ids[item])
        assert [b"id: x\ndata: a\n\n", b"id: 2\ndata: b\n\n", b"data: c\n\n"] == [
            encoder.encode(item) for item in "abc"
        ]
        assert b'event: t\nid: 3\ndata: {"type":"t"}\n\n' == encode({"type": "t"}, id=giving(3))

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"id": giving("a\nb")}, FormatError, "id must not hold CR or LF"),
            ({"id": giving("a\0b")}, FormatError, "id must not hold NUL"),
            ({"id": giving(1.5)}, TypeError, "id must be a str or an int, got 1.5"),
            ({"event": giving("a\rb")}, FormatError, "event must not hold CR or LF"),
            ({"event": giving(3)}, TypeError, "event must be a str, got 3"),
            ({"dumps": giving(3)}, TypeError, "dumps must give bytes or str, got 3"),
        ],
    )
    def test_bad_result(self, options: dict[str, Any], error: type[Exception], message: str) -> None:
        """
        What a callable gives is checked for every item.
        """
        with pytest.raises(error, match=message):
            encode({"n": 1}, **options)

    def test_retry_once(self) -> None:
        """
        The waiting time stands in the first event that has data, and in no other.
        """
        encoder = SseEncoder(retry=3000)
        written = [encoder.encode(item) for item in (b"raw", SseEvent(comment="c"), SseEvent(id="1"), "a", "b")]
        assert [b"raw", b": c\n\n", b"id: 1\n\n", b"retry: 3000\ndata: a\n\n", b"data: b\n\n"] == written

    def test_retry_of_event_wins(self) -> None:
        """
        An event with a waiting time of its own keeps it, and counts as the first.
        """
        encoder = SseEncoder(retry=3000)
        assert b"retry: 5\ndata: a\n\n" == encoder.encode(SseEvent("a", retry=5))
        assert b"data: b\n\n" == encoder.encode("b")

    def test_retry_survives_failure(self) -> None:
        """
        An item that could not be written does not use up the waiting time.
        """
        encoder = SseEncoder(retry=1)
        with pytest.raises(UnencodableError):
            encoder.encode(object())
        assert b"retry: 1\ndata: a\n\n" == encoder.encode("a")

    @pytest.mark.parametrize("dumps", [indented, indented_bytes])
    def test_dumps(self, dumps: Any) -> None:
        """
        It may give bytes or str in several lines, which become lines of data; text is not its business.
        """
        encoder = SseEncoder(dumps=dumps)
        assert b'event: t\ndata: {\ndata:  "type": "t"\ndata: }\n\n' == encoder.encode({"type": "t"})
        assert b'data: {\ndata:  "a": 1\ndata: }\n\n' == encoder.encode(SseEvent({"a": 1}))
        assert b"data: x\n\n" == encoder.encode("x")

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"event": "a\nb"}, FormatError, r"event must not hold CR or LF.*'a\\nb'"),
            ({"event": 1}, TypeError, "event must be a str, got 1"),
            ({"id": "1"}, TypeError, "id must be a callable or None, got '1'"),
            ({"retry": -1}, FormatError, "retry must be at least 0 milliseconds, got -1"),
            ({"retry": True}, TypeError, "retry must be an int of milliseconds, got True"),
            ({"dumps": "json"}, TypeError, "dumps must be a callable or None, got 'json'"),
        ],
    )
    def test_bad_argument(self, options: dict[str, Any], error: type[Exception], message: str) -> None:
        """
        A bad argument fails at construction, with the value in the message.
        """
        with pytest.raises(error, match=message):
            SseEncoder(**options)


class TestRest:
    """
    Error event, ping, end, and the function that gives str.
    """

    def test_error(self) -> None:
        """
        An error body is the event ``error``, also where ``dumps`` is what failed.
        """
        body = {"errors": [{"status": 500, "title": "T", "detail": "D"}]}
        expected = b'event: error\ndata: {"errors":[{"status":500,"title":"T","detail":"D"}]}\n\n'
        assert expected == SseEncoder().error(body) == SseEncoder(dumps=giving(3)).error(body)

    def test_ping_and_end(self) -> None:
        """
        A ping is a comment that dispatches nothing; the end needs no bytes.
        """
        assert (b": ping\n\n", b"", []) == (SseEncoder.ping, SseEncoder().flush(), SseDecoder().feed(SseEncoder.ping))

    def test_format_sse(self) -> None:
        """
        It gives Jaypie's str for a chunk, and frames text.
        """
        chunk = {"type": "tool_call", "toolCall": {"id": "1", "name": "n", "arguments": "{}"}}
        assert (
            'event: tool_call\ndata: {"type":"tool_call","toolCall":{"id":"1","name":"n","arguments":"{}"}}\n\n'
            == format_sse(chunk)
        )
        assert "data: a\ndata: b\n\n" == format_sse("a\nb")
        assert 'data: {"no":"type"}\n\n' == format_sse({"no": "type"})
