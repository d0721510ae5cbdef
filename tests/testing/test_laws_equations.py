"""
The equations between operators, and those of formats and cuts, over items and bodies that strategies draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import LimitExceededError
from jaystream.testing import laws
from jaystream.testing.strategies import byte_cuts, chunks, items, sse_bodies, text_cuts

if TYPE_CHECKING:
    from jaystream import JaypieStream

small = st.integers(0, 6)


class TestAlgebra:
    """
    The equations between operators.
    """

    @given(items(), small, small)
    async def test_map_and_flat_map(self, given_items: list[int], a: int, b: int) -> None:
        """
        L4, L5.
        """
        await laws.map_keeps_identity(given_items)
        await laws.map_composes(given_items, lambda x: x * 2 + a, lambda x: x - b)
        await laws.flat_map_is_a_monad(given_items, lambda x: [x] * (x % 3), lambda x: [x + a] * (x % 2))

    @given(items(), items(), items())
    async def test_concat(self, one: list[int], two: list[int], three: list[int]) -> None:
        """
        L6.
        """
        await laws.concat_with_nothing_is_identity(one)
        await laws.concat_is_associative(one, two, three)

    @given(items(), small, small)
    async def test_take_and_skip(self, given_items: list[int], m: int, n: int) -> None:
        """
        L7.
        """
        await laws.takes_nest(given_items, m, n)
        await laws.take_and_skip_are_the_whole(given_items, n)

    @given(items(), st.integers(1, 7))
    async def test_scan_and_chunk(self, given_items: list[int], size: int) -> None:
        """
        L9, L10.
        """
        await laws.scan_ends_as_the_fold(given_items, lambda total, x: total * 2 + x, size)
        await laws.chunks_flatten_to_the_items(given_items, size)

    @given(items(max_size=4), small)
    async def test_catch(self, given_items: list[int], at: int) -> None:
        """
        L22.
        """
        await laws.catch_sees_what_is_above(given_items, at)


def decoding(errors: Any) -> Callable[[JaypieStream[Any]], JaypieStream[str]]:
    """
    `decode_utf8` with its argument.
    """
    return lambda stream: stream.decode_utf8(errors)


def cut_text(draw: Callable[[Any], Any], text: str) -> list[Sequence[Any]]:
    """
    *text* cut in every single place, and at random.
    """
    return [*laws.every_single_cut(text), draw(text_cuts(text))]


class TestWire:
    """
    Formats and parsers.
    """

    @given(st.text("ab\r\n\u00e9\u2028-", max_size=12), st.data())
    async def test_text(self, text: str, data: st.DataObject) -> None:
        """
        L11: lines and pieces are the same however the text is cut, and so are the lines of bytes.
        """
        await laws.ignores_how_it_is_cut(lambda s: s.lines(), text, cut_text(data.draw, text))
        await laws.ignores_how_it_is_cut(lambda s: s.split("--"), text, cut_text(data.draw, text))
        raw = text.encode()
        await laws.ignores_how_it_is_cut(lambda s: s.lines(), raw, laws.every_single_cut(raw))

    @given(st.binary(max_size=12), st.data())
    async def test_characters(self, raw: bytes, data: st.DataObject) -> None:
        """
        L11: so are characters, bytes that are none included.
        """
        for errors in ("strict", "replace"):
            cuts = [*laws.every_single_cut(raw), data.draw(byte_cuts(raw))]
            await laws.ignores_how_it_is_cut(decoding(errors), raw, cuts, joined=True)

    @given(st.text("ab\u00e9\u20ac", max_size=8), st.integers(0, 20), st.data())
    async def test_bound(self, text: str, most: int, data: st.DataObject) -> None:
        """
        L11: whether `limit(bytes=)` fails is the same however text or bytes are cut.
        """
        for whole, cut in ((text, data.draw(text_cuts(text))), (text.encode(), data.draw(byte_cuts(text.encode())))):
            cuts = [*laws.every_single_cut(whole), cut]
            await laws.counts_bytes_however_cut(
                lambda s, bound: s.limit(bytes=bound), LimitExceededError, whole, most, cuts
            )

    @given(sse_bodies() | st.text("dat: id\r\n\u00e9\ufeff", max_size=24).map(str.encode), st.data())
    async def test_events(self, body: bytes, data: st.DataObject) -> None:
        """
        L11: so are events.
        """
        cuts = [*laws.every_single_cut(body), data.draw(byte_cuts(body))]
        await laws.ignores_how_it_is_cut(lambda s: s.parse_sse(), body, cuts)

    @given(st.text('1[]{"a":},\r\n ', max_size=16).map(str.encode), st.data())
    async def test_values(self, body: bytes, data: st.DataObject) -> None:
        """
        L11: so are values in lines, and the errors of what is none.
        """
        cuts = [*laws.every_single_cut(body), data.draw(byte_cuts(body))]
        await laws.ignores_how_it_is_cut(lambda s: s.parse_ndjson(), body, cuts)

    @given(st.lists(chunks(), max_size=4), st.data())
    async def test_ndjson_round_trip(self, given_items: list[Any], data: st.DataObject) -> None:
        """
        L12: what was written as NDJSON is read as it was.
        """
        wrapped = [{"value": item} for item in given_items]
        await laws.parses_what_it_formats(
            lambda s: s.format_ndjson(),
            lambda s: s.parse_ndjson(),
            wrapped,
            wrapped,
            lambda wire: data.draw(byte_cuts(wire)),
        )

    @given(st.lists(st.text("a :\r\n\u00e9\x00\ufeff\u2028", min_size=1, max_size=6), max_size=4), st.data())
    async def test_sse_round_trip(self, given_items: list[str], data: st.DataObject) -> None:
        """
        L12: text that was framed as events is read as it was, its line ends as LF.
        """
        expected = [item.replace("\r\n", "\n").replace("\r", "\n") for item in given_items]
        await laws.parses_what_it_formats(
            lambda s: s.format_sse(),
            lambda s: s.parse_sse().map(lambda event: event.data),
            given_items,
            expected,
            lambda wire: data.draw(byte_cuts(wire)),
        )
