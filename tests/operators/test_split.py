"""
`split`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.errors import FrameTooLargeError
from jaystream.formats import SplitDecoder
from jaystream.testing import Probe, check_operator


def cut(whole: str, places: list[int]) -> list[str]:
    """
    *whole* in parts, some of which may be empty.
    """
    ends = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    return [whole[a:b] for a, b in pairwise(ends)]


def outcome(pieces: list[str], separator: str, limit: int | None) -> tuple[list[str], str]:
    """
    All that a decoder gives for *pieces*, and its error.
    """
    decoder = SplitDecoder(separator, max_piece=limit)
    got: list[str] = []
    try:
        for piece in pieces:
            got += decoder.feed(piece)
        got += decoder.flush()
    except FrameTooLargeError as error:
        return got, str(error)
    return got, ""


class TestSplit:
    """
    Text and bytes cut at a separator.
    """

    async def test_text(self) -> None:
        """
        Pieces come whole however the text is cut; the last may have no separator behind it.
        """
        items, expected = ["one-", "-tw", "o----", "three"], ["one", "two", "", "three"]
        await check_operator(lambda s: s.split("--"), items, expected, before_error=expected[:-1])
        await check_operator(lambda s: s.split("--"), list[str](), list[str]())

    async def test_bytes(self) -> None:
        """
        Bytes are cut at bytes, and need not be text.
        """
        items, expected = [b"\xff\x00", b"\xfe\x00\x01"], [b"\xff", b"\xfe", b"\x01"]
        await check_operator(lambda s: s.split(b"\x00"), items, expected, before_error=expected[:-1])

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("", []), (";", [""]), ("a", ["a"]), ("a;", ["a"]), (";a", ["", "a"]), ("a;;b", ["a", "", "b"])],
    )
    async def test_empty_pieces(self, text: str, expected: list[str]) -> None:
        """
        A separator ends a piece: empty pieces are given, but none behind the last separator.
        """
        assert await JaypieStream([text]).split(";").to_list() == expected
        assert await JaypieStream(list(text)).split(";").to_list() == expected

    @given(
        st.text(st.sampled_from("ab-"), max_size=16),
        st.sampled_from(["-", "--", "a", "aa", "aba", "ab-ab"]),
        st.lists(st.integers(0, 16), max_size=5),
        st.none() | st.integers(1, 4),
    )
    def test_any_cut(self, text: str, separator: str, places: list[int], limit: int | None) -> None:
        """
        However the text is cut the pieces are those of `str.split`, up to the first that is too long.
        """
        pieces = text.split(separator)
        if not pieces[-1]:
            pieces.pop()
        too_long = [at for at, piece in enumerate(pieces) if limit is not None and len(piece) > limit]
        message = (
            f"piece of more than {limit} characters; pass a larger max_piece= where the peer is trusted, or "
            "max_piece=None for no bound"
        )
        expected = (pieces[: too_long[0]], message) if too_long else (pieces, "")
        assert expected == outcome(cut(text, places), separator, limit)
        assert expected == outcome(list(text), separator, limit)

    async def test_stops(self) -> None:
        """
        A stop above gives the last piece; a stop below reads no more.
        """
        assert await JaypieStream(["a;b", "c;d", "e"]).take(2).split(";").to_list() == ["a", "bc", "d"]
        probe = Probe(["a;b;c;", "d;"])
        assert await JaypieStream(probe).split(";").take(2).to_list() == ["a", "b"]
        assert probe.reads == 1

    async def test_too_long(self) -> None:
        """
        A piece beyond the bound is an error after the pieces before it, before its end has come; bytes are counted
        as bytes.
        """
        got: list[str] = []
        probe = Probe(["ab;", "abcd", "never read"])
        with pytest.raises(FrameTooLargeError, match="piece of more than 3 characters"):
            await JaypieStream(probe).split(";", max_piece=3).for_each(got.append)
        assert got == ["ab"]
        assert probe.reads == 2
        with pytest.raises(FrameTooLargeError, match="piece of more than 3 bytes"):
            await JaypieStream([b"abcd"]).split(b"\r\n", max_piece=3).to_list()

    async def test_chunks(self) -> None:
        """
        Pieces of chunks are chunks, with the fields of the one that ended them; other chunks pass before a piece that
        has not ended.
        """
        tool = {"type": "tool_call"}
        items: list[Any] = [{"type": "text", "content": "a--b-"}, tool, {"type": "text", "content": "-c", "id": 2}]
        expected: list[Any] = [
            {"type": "text", "content": "a"},
            tool,
            {"type": "text", "content": "b", "id": 2},
            {"type": "text", "content": "c", "id": 2},
        ]
        await check_operator(lambda s: s.split("--"), items, expected, before_error=expected[:-1])

    def test_fails_again(self) -> None:
        """
        A decoder that has failed fails at every later call.
        """
        decoder = SplitDecoder(";", max_piece=1)
        assert decoder.feed("a;bb;c") == ["a"]
        for _ in range(2):
            with pytest.raises(FrameTooLargeError):
                decoder.feed(";")
            with pytest.raises(FrameTooLargeError):
                decoder.flush()

    def test_bad_argument(self) -> None:
        """
        An empty separator, one of another type and a bound below 1 are refused where the pipeline is written.
        """
        text: Any = JaypieStream(["a"])
        with pytest.raises(ValueError, match="separator must not be empty, got ''"):
            text.split("")
        with pytest.raises(TypeError, match="separator must be str or bytes, got None"):
            text.split(None)
        with pytest.raises(ValueError, match="max_piece must be at least 1, got 0"):
            text.split(";", max_piece=0)
