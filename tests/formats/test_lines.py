"""
Text cut into lines, a piece at a time.
"""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import FrameTooLargeError
from jaystream.formats import LineDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(st.sampled_from("\r\na\u2028\x85\x0b"), max_size=20)
CUTS = st.lists(st.integers(0, 25), max_size=5)


def outcome(pieces: list[str], limit: int | None = None) -> tuple[list[str], str]:
    """
    All that a decoder gave for *pieces*: lines and error.
    """
    decoder = LineDecoder(max_line=limit)
    lines: list[str] = []
    try:
        for piece in pieces:
            lines += decoder.feed(piece)
        lines += decoder.flush()
    except FrameTooLargeError as error:
        return lines, str(error)
    return lines, ""


class TestLineDecoder:
    """
    Text in, lines out.
    """

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", []),
            ("a", ["a"]),
            ("a\n", ["a"]),
            ("a\nb\r\nc\rd", ["a", "b", "c", "d"]),
            ("\n\r\n\r\r", ["", "", "", ""]),
            ("a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b", ["a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b"]),
        ],
    )
    def test_lines(self, text: str, expected: list[str]) -> None:
        """
        Lines end at LF, CRLF and CR, and nowhere else; whole or one character at a time.
        """
        assert (expected, "") == outcome([text]) == outcome(list(text))

    @given(TEXT, CUTS, st.sampled_from([None, 1, 3]))
    def test_any_cut(self, text: str, cuts: list[int], limit: int | None) -> None:
        """
        Any text, any cut, any bound: the same lines, and then the same error or none.
        """
        pieces = [text[a:b] for a, b in pairwise([0, *sorted(cuts), len(text) + 25])]
        assert outcome([text], limit) == outcome(pieces, limit)

    @given(TEXT)
    def test_as_a_text_file(self, text: str) -> None:
        """
        Python's text files, with universal line ends, give the same lines.
        """
        reader = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline=None)
        assert [line.removesuffix("\n") for line in reader] == outcome([text])[0]

    def test_cr_ends_at_once(self) -> None:
        """
        A CR at the end of a piece ends its line at once; an LF after it belongs to it.
        """
        decoder = LineDecoder()
        assert [["a"], [], ["b"]] == [decoder.feed("a\r"), decoder.feed("\n"), decoder.feed("b\n")]
        assert [["a"], ["b"]] == [decoder.feed("a\r"), decoder.feed("b\r")]
        assert [] == decoder.flush()
        assert [""] == decoder.feed("\n")

    def test_bound(self) -> None:
        """
        A line is refused as soon as it is too long; the lines before it are given first.
        """
        decoder = LineDecoder(max_line=3)
        assert ["abc"] == decoder.feed("abc\nde")
        assert [] == decoder.feed("f")
        with pytest.raises(FrameTooLargeError, match=r"line of more than 3 characters.*max_line="):
            decoder.feed("g")
        decoder = LineDecoder(max_line=3)
        assert ["a"] == decoder.feed("a\nlong\nb\n")
        calls: list[Callable[[], object]] = [lambda: decoder.feed("x"), decoder.flush]
        for call in calls:
            with pytest.raises(FrameTooLargeError, match="line of more than 3 characters"):
                call()

    def test_default(self) -> None:
        """
        The bound is 1 MiB where nobody said otherwise, and None lifts it.
        """
        long = "x" * 1_048_577
        with pytest.raises(FrameTooLargeError, match="more than 1048576 characters"):
            LineDecoder().feed(long)
        assert ([long], "") == outcome([long], None)

    @pytest.mark.parametrize(("bad", "error"), [(0, ValueError), ("1", TypeError)])
    def test_bad_argument(self, bad: Any, error: type[Exception]) -> None:
        """
        A bound that makes no sense fails at construction.
        """
        with pytest.raises(error, match=f"max_line must be .*, got {bad!r}"):
            LineDecoder(max_line=bad)
