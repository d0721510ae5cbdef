"""
Text to UTF-8 and back, a piece at a time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.errors import FormatError, InvalidUtf8Error
from jaystream.formats import Utf8Decoder, encode_utf8

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes that are near to UTF-8: whole characters, parts of them, and what never stands in it.
BYTES = st.lists(
    st.sampled_from(
        [b"a", "é".encode(), "😀".encode(), b"\xe2", b"\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xff", b"\xef\xbb\xbf"]
    )
).map(b"".join)
CUTS = st.lists(st.integers(0, 40), max_size=5)


def outcome(source: bytes, cuts: list[int], errors: Any) -> tuple[str, str]:
    """
    All that a decoder gave for *source*, cut at *cuts*: text and error.
    """
    decoder = Utf8Decoder(errors)
    text = ""
    try:
        for a, b in pairwise([0, *sorted(cuts), len(source) + 40]):
            text += decoder.feed(source[a:b])
        text += decoder.flush()
    except InvalidUtf8Error as error:
        return text, str(error)
    return text, ""


class TestUtf8Decoder:
    """
    Bytes in, whole characters out.
    """

    @given(st.text(), CUTS)
    def test_any_text(self, text: str, cuts: list[int]) -> None:
        """
        Any text comes through, however its bytes are cut.
        """
        assert (text, "") == outcome(text.encode(), cuts, "strict")

    @given(BYTES, CUTS)
    def test_strict(self, source: bytes, cuts: list[int]) -> None:
        """
        The text before the first bad byte is given, then its offset, as Python has it for the whole.
        """
        try:
            expected = (source.decode(), "")
        except UnicodeDecodeError as error:
            expected = (source[: error.start].decode(), str(InvalidUtf8Error(error.start, error.reason)))
        assert expected == outcome(source, cuts, "strict")

    @given(BYTES, CUTS)
    def test_replace(self, source: bytes, cuts: list[int]) -> None:
        """
        Bad bytes become U+FFFD, as many as for the whole.
        """
        assert (source.decode("utf-8", "replace"), "") == outcome(source, cuts, "replace")

    def test_error(self) -> None:
        """
        The error gives the offset within the stream, and says what to do.
        """
        decoder = Utf8Decoder()
        assert "abcé" == decoder.feed(b"abc") + decoder.feed(b"\xc3\xa9\xe2")
        with pytest.raises(
            InvalidUtf8Error, match="byte 5 is not UTF-8: invalid continuation byte; errors='replace'"
        ) as caught:
            decoder.feed(b"x")
        assert isinstance(caught.value, FormatError)
        assert 5 == caught.value.offset

    def test_text_first(self) -> None:
        """
        Text before the bad byte is given first; then every call raises.
        """
        decoder = Utf8Decoder()
        assert "abc" == decoder.feed(b"abc\xffdef")
        calls: list[Callable[[], object]] = [lambda: decoder.feed(b"x"), decoder.flush, lambda: decoder.feed(b"")]
        for call in calls:
            with pytest.raises(InvalidUtf8Error, match="byte 3"):
                call()

    def test_ends_within_character(self) -> None:
        """
        A stream that ends within a character is bad at its first byte.
        """
        decoder = Utf8Decoder()
        assert "a" == decoder.feed(b"a\xf0\x9f")
        with pytest.raises(InvalidUtf8Error, match="byte 1 is not UTF-8: unexpected end of data"):
            decoder.flush()

    def test_bad_argument(self) -> None:
        """
        There are two ways to treat errors.
        """
        bad: Any = "ignore"
        with pytest.raises(ValueError, match="errors must be 'strict' or 'replace', got 'ignore'"):
            Utf8Decoder(bad)


class TestEncodeUtf8:
    """
    Any str has bytes.
    """

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("é😀\0", "é😀\0"),
            ("\ud800", "\ufffd"),
            ("\udc00\ud800", "\ufffd\ufffd"),
            ("a\ud83d\ude00b", "a😀b"),
            ("\ud83dx", "\ufffdx"),
        ],
    )
    def test_surrogates(self, text: str, expected: str) -> None:
        """
        A lone surrogate becomes U+FFFD, a pair the character.
        """
        assert expected.encode() == encode_utf8(text)

    @given(st.text(st.characters(codec=None)))
    def test_never_fails(self, text: str) -> None:
        """
        No str fails, and what has UTF-8 is left as it is.
        """
        assert text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == encode_utf8(text).decode()
