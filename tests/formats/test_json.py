"""
JSON as it stands on the wire, fast path and slow.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from jaystream.errors import FormatError, UnencodableError
from jaystream.formats import encode_json, json_encoder
from jaystream.formats.json import json_quoter
from jaystream.formats.json_slow import encode_slowly

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@dataclass
class Point:
    """
    A chunk that is a dataclass.
    """

    type: str
    x: int


class Call(BaseModel):
    """
    A chunk that is a pydantic model with an alias.
    """

    tool_call: str = Field(alias="toolCall")
    inner: Any = None


class Colour(Enum):
    """
    A value that is a member of an enum.
    """

    RED = "red"


class Silent:
    """
    A value that JSON has no form for.
    """


class TestEncodeJson:
    """
    What every kind of value becomes.
    """

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"type": "text", "n": [1, 2.5, True, None]}, '{"type":"text","n":[1,2.5,true,null]}'),
            ("né 日 😀 \u2028\x7f", '"né 日 😀 \u2028\x7f"'),
            ('"\\/\b\f\n\r\t\x00\x1f', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f"'),
            ([math.nan, math.inf, -math.inf], "[null,null,null]"),
            ((1, 2), "[1,2]"),
            ({"a"}, '["a"]'),
            (frozenset(["a"]), '["a"]'),
            (deque([1, "a"]), '[1,"a"]'),
            (OrderedDict([("b", 1), ("a", 2)]), '{"b":1,"a":2}'),
            (MappingProxyType({"a": UserDict({"b": 1.0})}), '{"a":{"b":1.0}}'),
            (Point("p", 1), '{"type":"p","x":1}'),
            (Call(toolCall="t"), '{"toolCall":"t","inner":null}'),
            (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05Z"'),
            (date(2026, 1, 2), '"2026-01-02"'),
            (time(3, 4), '"03:04:00"'),
            (timedelta(days=1, seconds=2), '"P1DT2S"'),
            (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            (Decimal("1.10"), '"1.10"'),
            (Colour.RED, '"red"'),
            (2**70, str(2**70)),
            ({1: "a", None: "b", Colour.RED: "c"}, '{"1":"a","None":"b","red":"c"}'),
        ],
    )
    def test_value(self, value: object, expected: str) -> None:
        """
        Each kind of value has one compact form, on the slow path too.
        """
        assert expected == encode_json(value).decode()
        assert expected == encode_slowly(value).decode()

    @given(JSON)
    def test_paths_agree(self, value: object) -> None:
        """
        The slow path gives the bytes of the fast one.
        """
        assert encode_json(value) == encode_slowly(value)

    @given(JSON)
    def test_reads_back(self, value: object) -> None:
        """
        Python's parser reads what was written, NaN and infinities as None.
        """
        assert json.loads(encode_json(value)) == finite(value)

    def test_encoder_is_one_function(self) -> None:
        """
        The hot function is made once and does what `encode_json` does.
        """
        assert json_encoder() is json_encoder()
        assert encode_json([1]) == json_encoder()([1])


class TestSurrogates:
    """
    Half characters are escaped as JavaScript does it.
    """

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("\ud800", b'"\\ud800"'),
            ("a\udfffb", b'"a\\udfffb"'),
            ("\\\ud800", b'"\\\\\\ud800"'),
            ("\ud83d\ude00", '"😀"'.encode()),
            ("\ude00\ud83d", b'"\\ude00\\ud83d"'),
            ({"\udc00": [1.0, "é"]}, '{"\\udc00":[1.0,"é"]}'.encode()),
            (Call(toolCall="\ud800", inner=math.nan), b'{"toolCall":"\\ud800","inner":null}'),
            (Point("\ud800", 1), b'{"type":"\\ud800","x":1}'),
        ],
    )
    def test_escape(self, value: object, expected: bytes) -> None:
        """
        A lone one becomes its escape, a pair the character, at any depth.
        """
        assert expected == encode_json(value)

    @given(st.text(st.characters(codec=None)))
    def test_any_text(self, text: str) -> None:
        """
        No text fails, and it reads back as itself once pairs are joined.
        """
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        assert json.loads(encode_json(text)) == joined


class TestQuoter:
    """
    The quoter of text, beside the encoder of everything.
    """

    def test_every_character(self) -> None:
        """
        They write every character alike.
        """
        quote = json_quoter()
        for start in range(0, 0x110000, 0x400):
            text = "".join(map(chr, range(start, start + 0x400)))
            if not 0xD800 <= start < 0xE000:
                assert encode_json(text) == quote(text).encode()

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """
        They write every text alike.
        """
        assert encode_json(text) == json_quoter()(text).encode()

    def test_lone_surrogate(self) -> None:
        """
        A lone surrogate stays one, which UTF-8 refuses.
        """
        with pytest.raises(ValueError, match="surrogates not allowed"):
            json_quoter()("\ud800").encode()


class TestUnencodable:
    """
    The error says what, where, and what to do.
    """

    def test_says_where(self) -> None:
        """
        The message leads to the value and to ``dumps=``.
        """
        with pytest.raises(UnencodableError, match=r"Silent at chunk\['a'\]\[1\] as JSON: .*pass dumps=") as caught:
            encode_json({"a": [1, Silent()]})
        assert isinstance(caught.value, FormatError)
        assert isinstance(caught.value, TypeError)
        assert "['a'][1]" == caught.value.where

    def test_key(self) -> None:
        """
        A key without a form is an error with its place too.
        """
        with pytest.raises(UnencodableError, match=r"at chunk\[.*Silent"):
            encode_json({Silent(): 1})

    def test_within_model(self) -> None:
        """
        A model that holds something without a form is the place that is named.
        """
        with pytest.raises(UnencodableError, match=r"Call at chunk\['m'\]"):
            encode_json({"m": Call(toolCall="t", inner=Silent())})

    def test_bad_bytes(self) -> None:
        """
        Bytes inside a chunk are text, and must be UTF-8.
        """
        assert b'["ab"]' == encode_json([b"ab"])
        with pytest.raises(UnencodableError, match=r"bytes at chunk\[0\].*utf-8"):
            encode_json([b"\xff"])

    def test_cycle(self) -> None:
        """
        A value that holds itself is refused, not followed.
        """
        looped: list[object] = []
        looped.append({"again": looped})
        with pytest.raises(UnencodableError, match=r"list at chunk\[0\]\['again'\] as JSON: it holds itself"):
            encode_json(looped)

    def test_too_deep(self) -> None:
        """
        A value nested without measure is refused, not a RecursionError.
        """
        deep: list[object] = []
        for _ in range(5000):
            deep = [deep]
        with pytest.raises(UnencodableError, match="nested deeper than 250 levels"):
            encode_json(deep)

    def test_generator_is_not_lost_silently(self) -> None:
        """
        A generator that the fast path has used up is an error, not an empty list.
        """
        with pytest.raises(UnencodableError, match="make it a list"):
            encode_json({"a": (text for text in ["b", "\ud800"])})


def finite(value: Any) -> Any:
    """
    What a parser gives for *value*.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in cast("Any", value)]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in cast("dict[str, Any]", value).items()}
    return value
