"""
`json_deltas`.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.errors import FrameTooLargeError, InvalidJsonError
from jaystream.formats import PartialJsonDecoder
from jaystream.testing import Probe, check_operator
from jaystream.testing.strategies import text_cuts
from jaystream.testing.strategies.scanning import json_so_far

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def text(content: str, **more: Any) -> dict[str, Any]:
    """
    A chunk of text.
    """
    return {"type": "text", "content": content, **more}


def goes_on(before: Any, after: Any) -> bool:
    """
    Whether *after* takes nothing of *before* back.
    """
    kind: Any = before.__class__
    if kind is not after.__class__:
        return False
    if kind is str:
        return bool(after.startswith(before))
    if kind is list:
        return len(after) >= len(before) and all(map(goes_on, before, after))
    if kind is dict:
        return all(key in after and goes_on(before[key], after[key]) for key in before)
    return bool(before == after)


class TestJsonDeltas:
    """
    A JSON value while it comes.
    """

    async def test_contract(self) -> None:
        """
        Values become more complete; an error from above comes after those so far.
        """
        items = ['{"a": "x', 'y", "b', '": [1', "2, tr", "ue]", " }"]
        expected: list[Any] = [
            {"a": "x"},
            {"a": "xy"},
            {"a": "xy", "b": []},
            {"a": "xy", "b": [12]},
            {"a": "xy", "b": [12, True]},
        ]
        await check_operator(lambda s: s.json_deltas(), items, expected)
        await check_operator(lambda s: s.json_deltas(incomplete="keep"), items[:4], expected[:4])
        await check_operator(lambda s: s.json_deltas(), list[str](), list[Any]())

    @given(
        st.tuples(VALUES, st.booleans(), st.sampled_from([None, 1])).flatmap(
            lambda drawn: st.tuples(
                st.just(drawn[0]), text_cuts(json.dumps(drawn[0], ensure_ascii=drawn[1], indent=drawn[2]))
            )
        )
    )
    async def test_any_cut(self, drawn: tuple[Any, list[str]]) -> None:
        """
        However the text is cut, no value takes anything back, none comes twice, and the last is the whole.
        """
        value, pieces = drawn
        values = await JaypieStream(pieces).json_deltas().to_list()
        assert value == values[-1]
        for before, after in pairwise(values):
            assert goes_on(before, after)
            assert before != after

    @given(VALUES.map(json.dumps), st.data())
    async def test_cut_off(self, whole: str, data: st.DataObject) -> None:
        """
        A text that ends too early gives what a plain reading of its beginning gives, and then an error unless that is
        kept.
        """
        begun = whole[: data.draw(st.integers(0, len(whole)))]
        expected = [] if (value := json_so_far(begun, final=True)) is ... else [value]
        assert expected == await JaypieStream([begun, ""]).json_deltas(incomplete="keep").take_last(1).to_list()

    async def test_too_early(self) -> None:
        """
        The end that comes too early is an error after the values; blank text has no value and is none.
        """
        got: list[Any] = []
        with pytest.raises(InvalidJsonError, match=r"line 2 is not JSON: .*; it begins '\"b\": 1'"):
            await JaypieStream.of('{"a": 0,\n', '"b": 1').json_deltas().for_each(got.append)
        assert got == [{"a": 0}]
        assert await JaypieStream.of(" ", "\n").json_deltas().to_list() == []

    @pytest.mark.parametrize("incomplete", ["raise", "keep"])
    @pytest.mark.parametrize("body", ["Sure: {}", "[1,]", "{'a'", "[1 2]", "{}{}", "nul]", "[NaN]", "[}"])
    async def test_no_json(self, body: str, incomplete: Any) -> None:
        """
        What is no JSON is an error, whatever becomes of what is incomplete, and the decoder fails again.
        """
        for pieces in ([body], list(body)):
            with pytest.raises(InvalidJsonError, match="line 1 is not JSON"):
                await JaypieStream(pieces).json_deltas(incomplete=incomplete).drain()
        decoder = PartialJsonDecoder()
        for _ in range(2):
            with pytest.raises(InvalidJsonError):
                decoder.feed("?")
            with pytest.raises(InvalidJsonError):
                decoder.flush()

    async def test_too_deep(self) -> None:
        """
        So is what is nested deeper than any parser goes.
        """
        with pytest.raises(InvalidJsonError):
            await JaypieStream(["[" * 100_000]).json_deltas().drain()

    async def test_escapes(self) -> None:
        """
        An escape is given when it is whole, and half a pair of surrogates waits for the other; a lone one is given
        with the last value alone.
        """
        pieces = ['["', "\\", "n", "\\u00", "e9", "\\ud83d", "\\ude00", '"]']
        expected = [[""], ["\n"], ["\n\u00e9"], ["\n\u00e9\U0001f600"]]
        assert await JaypieStream(pieces).json_deltas().to_list() == expected
        assert await JaypieStream.of('["a', "\\ud83d", '"]').json_deltas().to_list() == [["a"], ["a\ud83d"]]
        assert await JaypieStream.of('["\\', '\\"', ", 1", "2]").json_deltas().to_list() == [[""], ["\\"], ["\\", 12]]

    async def test_chunks(self) -> None:
        """
        Chunks of text become chunks of JSON with the other fields; other chunks pass in place.
        """
        tool = {"type": "tool_call"}
        items: list[Any] = [text('{"a"', id=1), tool, text(": 1", id=1), text(""), text("}", id=2), tool]
        expected: list[Any] = [
            {"type": "json", "content": {}, "id": 1},
            tool,
            {"type": "json", "content": {"a": 1}, "id": 2},
            tool,
        ]
        await check_operator(lambda s: s.json_deltas(), items, expected)

    async def test_work(self) -> None:
        """
        What is parsed grows with the text and not with its square: values become rarer, and none is far behind.
        """
        decoder = PartialJsonDecoder(max_text=None)
        decoder.feed('["')
        sizes = [0]
        pieces = 40_000
        for count in range(pieces):
            for value in decoder.feed("abcdefgh"):
                assert (count + 1) * 8 == len(value[0])
                sizes.append(len(value[0]))
        size = pieces * 8
        assert sum(sizes) < 128 * size + (1 << 20)
        assert max((after - before) / after for before, after in pairwise([*sizes, size]) if after > 8000) < 1 / 100
        assert list(range(0, 3201, 8)) == sizes[:401]

    async def test_too_long(self) -> None:
        """
        A text beyond the bound is an error as soon as it is known, counted in bytes.
        """
        probe = Probe(['["\u00e9', "\u00e9\u00e9", "never read"])
        with pytest.raises(FrameTooLargeError, match="JSON text of more than 6 bytes; pass a larger max_text="):
            await JaypieStream(probe).json_deltas(max_text=6).drain()
        assert probe.reads == 2

    async def test_bytes(self) -> None:
        """
        Bytes are refused, with what makes text of them.
        """
        stream: Any = JaypieStream.of(b"[]")
        with pytest.raises(TypeError, match=r"json_deltas\(\) takes text and chunks, not bytes .*\.decode_utf8\(\)"):
            await stream.json_deltas().drain()

    def test_bad_arguments(self) -> None:
        """
        Another word and a bound below 1 are refused where the pipeline is written.
        """
        wrong: Any = "drop"
        with pytest.raises(ValueError, match="incomplete must be 'raise' or 'keep', got 'drop'"):
            JaypieStream(["a"]).json_deltas(incomplete=wrong)
        with pytest.raises(ValueError, match="max_text must be at least 1"):
            JaypieStream(["a"]).json_deltas(max_text=0)
