"""
Arguments and models of the operators for text, bytes and wire formats. What they are given are cuts of whole bodies.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import format_ndjson, format_sse
from jaystream.errors import InvalidJsonError
from jaystream.testing.strategies.data import byte_cuts, items, text_cuts
from jaystream.testing.strategies.steps import Step, register

__all__ = ["chunks", "sse_bodies"]

BAD_LINE = b"{]"
_words = st.text("ab \r\n\u00e9\u2028", max_size=8)


def chunks() -> st.SearchStrategy[Any]:
    """
    Items for a format: text, chunks with text, chunks without.
    """
    values = st.integers() | st.booleans() | st.none() | st.text("ab\n\u00e9", max_size=4)
    text = _words.map(lambda content: {"type": "text", "content": content})
    return _words | text | values.map(lambda value: {"type": "tool", "value": value})


def sse_bodies() -> st.SearchStrategy[bytes]:
    """
    Whole bodies of server-sent events, each with its data in one line.
    """
    data = st.text("ab :\u00e9", min_size=1, max_size=5).filter(lambda text: not text.startswith(" "))
    end = st.sampled_from(["\n", "\r\n"])
    return st.tuples(st.lists(data, max_size=4), end).map(
        lambda drawn: "".join(f"data: {line}{drawn[1] * 2}" for line in drawn[0]).encode()
    )


def text_of(chunk: Any) -> str:
    """
    The text of a chunk, as the wire rule says.
    """
    if isinstance(chunk, str):
        return chunk
    return chunk["content"] if chunk["type"] == "text" else ""


# characters -----------------------------------------------------------------------------------------------------------


def _decoded(pieces: Sequence[bytes]) -> list[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    return [text for piece in pieces if (text := decoder.decode(piece))]


register(
    "decode_utf8",
    st.just(Step("decode_utf8()", lambda s: s.decode_utf8(), _decoded)),
    _words.flatmap(lambda text: byte_cuts(text.encode())),
    cut="joined",
)
register(
    "encode",
    st.just(Step("encode()", lambda s: s.encode(), lambda xs: [x.encode() for x in xs if x])),
    items(_words),
    cut="joined",
)
register(
    "text",
    st.just(Step("text()", lambda s: s.text(), lambda xs: [t for x in xs if (t := text_of(x))])),
    items(chunks()),
)


# pieces ---------------------------------------------------------------------------------------------------------------


def _lines(pieces: Sequence[str]) -> list[str]:
    *whole, rest = re.split("\r\n|\r|\n", "".join(pieces))
    return [*whole, rest] if rest else whole


def _whole_lines(pieces: Sequence[str]) -> list[str]:
    return re.split("\r\n|\r|\n", "".join(pieces))[:-1]


def _split(separator: str) -> Step:
    def model(pieces: Sequence[str]) -> list[str]:
        *whole, rest = "".join(pieces).split(separator)
        return [*whole, rest] if rest else whole

    def whole(pieces: Sequence[str]) -> list[str]:
        return "".join(pieces).split(separator)[:-1]

    return Step(f"split({separator!r})", lambda s: s.split(separator), model, before_error=whole)


register(
    "lines",
    st.just(Step("lines()", lambda s: s.lines(), _lines, before_error=_whole_lines)),
    _words.flatmap(text_cuts),
    cut="same",
)
register(
    "split", st.sampled_from(["-", "--", "a-"]).map(_split), st.text("ab-", max_size=8).flatmap(text_cuts), cut="same"
)


# wire -----------------------------------------------------------------------------------------------------------------


def _events(pieces: Sequence[bytes]) -> list[str]:
    body = b"".join(pieces).decode(errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    return [event.removeprefix("data: ") for event in body.split("\n\n")[:-1]]


def _values(pieces: Sequence[bytes]) -> list[bytes]:
    *whole, rest = b"".join(pieces).split(b"\n")
    return [line for line in [*whole, rest] if line.strip()]


def _whole_values(pieces: Sequence[bytes]) -> list[bytes]:
    return [line for line in b"".join(pieces).split(b"\n")[:-1] if line.strip()]


def _parse_ndjson(mends: bool) -> Step:  # noqa: FBT001 - drawn
    def mend(line: bytes, _: Exception) -> Any:
        return {"bad": len(line)}

    def read(lines: list[bytes]) -> list[Any]:
        if mends:
            return [mend(line, ValueError()) if line == BAD_LINE else json.loads(line) for line in lines]
        return [json.loads(line) for line in itertools.takewhile(lambda line: line != BAD_LINE, lines)]

    def model(pieces: Sequence[bytes]) -> list[Any]:
        return read(_values(pieces))

    def before_error(pieces: Sequence[bytes]) -> list[Any]:
        return read(_whole_values(pieces))

    if mends:
        return Step.calling(
            "parse_ndjson(on_error=f)",
            lambda call: lambda s: s.parse_ndjson(on_error=call),
            mend,
            model,
            before_error=before_error,
        )
    return Step(
        "parse_ndjson()",
        lambda s: s.parse_ndjson(),
        model,
        before_error=before_error,
        error=InvalidJsonError,
        fails=lambda pieces: BAD_LINE in _values(pieces),
    )


register(
    "format_sse",
    st.just(Step("format_sse()", lambda s: s.format_sse(), lambda xs: [format_sse(x).encode() for x in xs])),
    items(chunks()),
)
register(
    "format_ndjson",
    st.just(Step("format_ndjson()", lambda s: s.format_ndjson(), lambda xs: [format_ndjson(x).encode() for x in xs])),
    items(chunks()),
)
register(
    "format_text",
    st.just(Step("format_text()", lambda s: s.format_text(), lambda xs: [t.encode() for x in xs if (t := text_of(x))])),
    items(chunks()),
)
register(
    "parse_sse",
    st.just(Step("parse_sse().map(data)", lambda s: s.parse_sse().map(lambda event: event.data), _events)),
    sse_bodies().flatmap(byte_cuts),
    cut="same",
)
register(
    "parse_ndjson",
    st.booleans().map(_parse_ndjson),
    st.lists(
        (st.integers(-9, 9) | st.text("a\n\u00e9", max_size=3)).map(lambda value: json.dumps(value, ensure_ascii=False))
        | st.just(BAD_LINE.decode()),
        max_size=4,
    ).flatmap(lambda lines: byte_cuts("\n".join(lines).encode())),
    cut="same",
)
