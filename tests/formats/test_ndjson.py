"""
Newline-delimited JSON, written and read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import FormatError, FrameTooLargeError, InvalidJsonError, UnencodableError
from jaystream.formats import NdjsonDecoder, NdjsonEncoder, SseEvent, format_ndjson

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
# Lines with every fault, and with none.
LINES = st.sampled_from(
    ['{"a": 1}', "[1, 2]", '"é😀"', "nul", "", " \t", "{", "NaN", "1\r", "\ufeff1", '"' + "x" * 40 + '"', '"\\ud800"']
)


@dataclass
class Point:
    """
    A chunk that is no dict.
    """

    x: int


def read(*pieces: bytes | str, **options: Any) -> list[object]:
    """
    What a new decoder makes of *pieces*.
    """
    decoder = NdjsonDecoder(**options)
    values = [value for piece in pieces for value in decoder.feed(piece)]
    return values + decoder.flush()


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


class TestEncoder:
    """
    The bytes of every kind of item.
    """

    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({"type": "text", "content": "Hé\n"}, '{"type":"text","content":"Hé\\n"}\n'),
            ("a\nb", '"a\\nb"\n'),
            (b'{"raw": 1}\n', '{"raw": 1}\n'),
            (bytearray(b"x"), "x"),
            (None, "null\n"),
            (Point(1), '{"x":1}\n'),
            ({"s": "\ud800"}, '{"s":"\\ud800"}\n'),
            (SseEvent({"n": 1}, event="e", id=2), '{"data":{"n":1},"event":"e","id":"2"}\n'),
        ],
    )
    def test_bytes(self, item: object, expected: str) -> None:
        """
        One line per item; bytes pass, text is a JSON string, an event is an object of its fields.
        """
        assert expected.encode() == NdjsonEncoder().encode(item)

    def test_unencodable(self) -> None:
        """
        What JSON has no form for raises.
        """
        with pytest.raises(UnencodableError, match=r"object at chunk\['a'\]"):
            NdjsonEncoder().encode({"a": object()})

    @pytest.mark.parametrize("dumps", [indented, indented_bytes])
    def test_dumps(self, dumps: Any) -> None:
        """
        What somebody's own encoder gives is put on one line.
        """
        assert b'{  "a": "b\\nc" }\n' == NdjsonEncoder(dumps=dumps).encode({"a": "b\nc"})

    def test_bad_dumps(self) -> None:
        """
        It must be callable and give bytes or str.
        """
        bad: Any = 3
        with pytest.raises(TypeError, match="dumps must be a callable or None, got 3"):
            NdjsonEncoder(dumps=bad)
        with pytest.raises(TypeError, match="dumps must give bytes or str, got 3 for 'x'"):
            NdjsonEncoder(dumps=lambda _: bad).encode("x")

    def test_error_ping_end(self) -> None:
        """
        An error is a line of its own; there is no ping, and the end needs no bytes.
        """
        encoder = NdjsonEncoder()
        assert b'{"error":{"errors":[{"status":500}]}}\n' == encoder.error({"errors": [{"status": 500}]})
        assert (None, b"") == (encoder.ping, encoder.flush())

    def test_format_ndjson(self) -> None:
        """
        It gives Jaypie's str for a chunk.
        """
        assert '{"type":"done","usage":[]}\n' == format_ndjson({"type": "done", "usage": []})


class TestDecoder:
    """
    What each input gives.
    """

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("", []),
            ('{"a": 1}\n[2]\n"x"\nnull\n', [{"a": 1}, [2], "x", None]),
            ('{"a": 1}\r\n{"b": 2}', [{"a": 1}, {"b": 2}]),
            ("\n  \n\t\r\n1\n\n", [1]),
            (" 1 \n", [1]),
            ("\ufeff1\n2", [1, 2]),
            ('"\u2028\x7f"\n', ["\u2028\x7f"]),
            ('"\\ud800"\n', ["\ud800"]),
            ("123456789012345678901234567890\n", [123456789012345678901234567890]),
        ],
    )
    def test_values(self, source: str, expected: list[object]) -> None:
        """
        Lines end at LF, blank ones count for nothing, the last needs no end; bytes or str, cut or not.
        """
        assert expected == read(source) == read(source.encode())
        assert expected == read(*source) == read(*(bytes([byte]) for byte in source.encode()))

    @given(st.lists(LINES, max_size=6), st.lists(st.integers(0, 200), max_size=5), st.sampled_from([None, 1, 9, 42]))
    def test_any_cut(self, lines: list[str], cuts: list[int], limit: int | None) -> None:
        """
        Any lines, any cut, any bound: the same values, and then the same error or none.
        """
        source = "\n".join(lines).encode()
        pieces = [source[a:b] for a, b in pairwise([0, *sorted(cuts), len(source) + 200])]
        assert outcome([source], limit) == outcome(pieces, limit)

    @given(st.lists(JSON, max_size=5))
    def test_round_trip(self, values: list[object]) -> None:
        """
        What the encoder writes comes back.
        """
        encoder = NdjsonEncoder()
        assert values == read(b"".join(encoder.encode(value) for value in values))

    @given(JSON)
    def test_as_the_standard_library(self, value: object) -> None:
        """
        It reads what Python's parser reads, in the same way.
        """
        source = json.dumps(value)
        assert [json.loads(source)] == read(source)

    def test_faulty_native_parser(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A native parser that reads an escape wrong, as older ones do, is not asked.
        """

        def faulty(_: bytes, **__: object) -> str:
            return "\u00c2\x80"

        monkeypatch.setattr("pydantic_core.from_json", faulty)
        assert ["\x80", 1] == read('"\\u0080"\n1')

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("1\n\n{\n", r"line 3 is not JSON: Expecting property name.*; it begins '\{'"),
            ("NaN\n", "line 1 is not JSON: NaN is not JSON"),
            ('{"a":-Infinity}\n', "-Infinity is not JSON"),
            ("1 2\n", "Extra data"),
            ("[" * 100_000, "nested too deeply; it begins '" + r"\[" * 60 + "'"),
            ("1\n\ufeff2\n", "line 2 is not JSON"),
            ("\x0c\n", "line 1 is not JSON"),
            (b'"\xff"\n', "line 1 is not JSON: .*can't decode byte 0xff"),
            (b'"\xed\xa0\x80"', "can't decode byte 0xed"),
            ('"\ud800"', "can't decode byte 0xed"),
        ],
    )
    def test_invalid(self, source: str | bytes, message: str) -> None:
        """
        A bad line raises with its number and its beginning.
        """
        with pytest.raises(InvalidJsonError, match=message):
            read(source)

    def test_values_before(self) -> None:
        """
        Values before the fault are given first; then every call raises.
        """
        decoder = NdjsonDecoder()
        assert [1, 2] == decoder.feed("1\n2\n!\n3\n")
        calls: list[Callable[[], object]] = [lambda: decoder.feed("4\n"), decoder.flush, lambda: decoder.feed("")]
        for call in calls:
            with pytest.raises(InvalidJsonError, match="line 3"):
                call()

    def test_bound(self) -> None:
        """
        A line is bounded in bytes, ended or not.
        """
        assert ["é"] == read('"é"', max_line=4)
        for pieces in (('"éx"\n',), ('"é', "xy"), ("1\n", "12345")):
            with pytest.raises(FrameTooLargeError, match=r"NDJSON line of more than 4 bytes.*max_line="):
                read(*pieces, max_line=4)

    def test_on_error(self) -> None:
        """
        Bad lines are handed over with their error, and what comes back takes their place; what is raised ends the run.
        """
        seen: list[InvalidJsonError] = []

        def mend(line: bytes, error: InvalidJsonError) -> object:
            seen.append(error)
            return line

        assert [1, b"! ", 2, b"?"] == read("1\n! \n2\n?", on_error=mend)
        assert [(2, "! "), (4, "?")] == [(error.line, error.excerpt) for error in seen]
        assert all(isinstance(error.__cause__, ValueError) for error in seen)

        def stop(line: bytes, error: InvalidJsonError) -> None:
            raise KeyError(error.line)

        with pytest.raises(KeyError, match="1"):
            read("!\n", on_error=stop)

    def test_loads(self) -> None:
        """
        Somebody's own parser gets the bytes of a line; its ValueError is a bad line.
        """
        assert [b"a", b"b"] == read("a\n\nb", loads=bytes)

        def refuse(line: bytes) -> object:
            raise ValueError(f"no {line!r}")

        with pytest.raises(InvalidJsonError, match="line 1 is not JSON: no b'a'"):
            read("a\n", loads=refuse)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"max_line": 0}, ValueError, "max_line must be at least 1, got 0"),
            ({"max_line": "1"}, TypeError, "max_line must be an int or None, got '1'"),
            ({"loads": 1}, TypeError, "loads must be a callable or None, got 1"),
            ({"on_error": "raise"}, TypeError, "on_error must be a callable or None, got 'raise'"),
        ],
    )
    def test_bad_argument(self, options: dict[str, Any], error: type[Exception], message: str) -> None:
        """
        A bad argument fails at construction, with the value in the message.
        """
        with pytest.raises(error, match=message):
            NdjsonDecoder(**options)


def outcome(pieces: list[bytes], limit: int | None) -> tuple[list[object], str]:
    """
    All that a decoder gave for *pieces*: values and error.
    """
    decoder = NdjsonDecoder(max_line=limit)
    values: list[object] = []
    try:
        for piece in pieces:
            values += decoder.feed(piece)
        values += decoder.flush()
        decoder.flush()
    except FormatError as error:
        return values, str(error)
    return values, ""
