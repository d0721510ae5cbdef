"""
Plain text as a wire format, and the text within chunks.
"""

from __future__ import annotations

from collections import UserDict
from types import SimpleNamespace

import pytest

from jaystream.formats import SseEvent, TextEncoder, text_of

CASES: list[tuple[object, str]] = [
    ("né", "né"),
    ("", ""),
    ({"type": "text", "content": "Hi"}, "Hi"),
    (UserDict({"type": "text", "content": "Hi"}), "Hi"),
    (SimpleNamespace(type="text", content="Hi"), "Hi"),
    ({"type": "text", "content": 5}, ""),
    ({"type": "text"}, ""),
    ({"type": "error", "content": "secret"}, ""),
    ({"type": "done", "usage": []}, ""),
    ({"content": "no type"}, ""),
    (SimpleNamespace(content="no type"), ""),
    (SseEvent("text"), ""),
    (5, ""),
    (None, ""),
    (["a"], ""),
]


class TestTextOf:
    """
    The text that a chunk carries.
    """

    @pytest.mark.parametrize(("chunk", "expected"), CASES)
    def test_text(self, chunk: object, expected: str) -> None:
        """
        A str is text, a text chunk has it under ``content``, everything else has none.
        """
        assert expected == text_of(chunk)

    def test_bytes_are_no_chunk(self) -> None:
        """
        Bytes are framed already, so there is no text to find in them.
        """
        assert "" == text_of(b"x")


class TestTextEncoder:
    """
    The bytes of every kind of item.
    """

    @pytest.mark.parametrize(("item", "expected"), CASES)
    def test_encode(self, item: object, expected: str) -> None:
        """
        The text of the item, as UTF-8.
        """
        assert expected.encode() == TextEncoder().encode(item)

    @pytest.mark.parametrize("item", [b"\xff", bytearray(b"\xff"), memoryview(b"\xff")])
    def test_bytes_pass(self, item: object) -> None:
        """
        Bytes pass as they are.
        """
        assert b"\xff" == TextEncoder().encode(item)

    def test_surrogates(self) -> None:
        """
        A lone surrogate becomes U+FFFD, a pair the character.
        """
        assert "a\ufffd😀".encode() == TextEncoder().encode("a\ud800\ud83d\ude00")

    def test_rest(self) -> None:
        """
        Nothing marks text as cut, nothing keeps it alive, nothing ends it.
        """
        encoder = TextEncoder()
        sent = [encoder.error({"errors": []}), encoder.ping, encoder.flush()]  # type: ignore[func-returns-value]  # that it gives None is the point
        assert [None, None, b""] == sent
        assert "text/plain; charset=utf-8" == encoder.media_type
