"""
`lines`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import FrameTooLargeError
from jaystream.testing import Probe, check_operator


class TestLines:
    """
    Text to lines.
    """

    async def test_cuts_lines(self) -> None:
        """
        Lines end at LF, CRLF and CR, however the text is cut; the last may have no end.
        """
        await check_operator(
            lambda s: s.lines(), ["one\r", "\ntw", "o\rthree"], ["one", "two", "three"], before_error=["one", "two"]
        )
        await check_operator(lambda s: s.lines(), ["a\n\nb\n"], ["a", "", "b"])
        await check_operator(lambda s: s.lines(), list[str](), list[str]())

    async def test_bytes(self) -> None:
        """
        Bytes are decoded first, also where a character is cut.
        """
        await check_operator(lambda s: s.lines(), [b"\xc3", b"\xa9\n", b"b"], ["\u00e9", "b"], before_error=["\u00e9"])

    async def test_after_an_early_stop_above(self) -> None:
        """
        A stop above gives the last line; a stop below ends it.
        """
        assert await JaypieStream(["a\nb", "c\nd", "e"]).take(2).lines().to_list() == ["a", "bc", "d"]
        probe = Probe(["a\nb\nc\n", "d\n"])
        assert await JaypieStream(probe).lines().take(2).to_list() == ["a", "b"]
        assert probe.reads == 1

    async def test_too_long(self) -> None:
        """
        A line beyond the bound is an error after the lines before it.
        """
        got: list[str] = []
        with pytest.raises(FrameTooLargeError, match="of more than 3 characters"):
            await JaypieStream(["ab\n", "abcd"]).lines(max_line=3).for_each(got.append)
        assert got == ["ab"]

    async def test_chunks(self) -> None:
        """
        Lines of chunks are chunks, with the fields of the one that ended them; other chunks pass before a line that has
        not ended, and text between chunks is text.
        """
        tool = {"type": "tool_call"}
        items: list[Any] = [
            {"type": "text", "content": "a\nb", "id": 1},
            tool,
            {"type": "text", "content": "c\n", "id": 2},
            {"type": "text", "content": "", "id": 2},
            "d\ne",
        ]
        expected: list[Any] = [
            {"type": "text", "content": "a", "id": 1},
            tool,
            {"type": "text", "content": "bc", "id": 2},
            "d",
            "e",
        ]
        await check_operator(lambda s: s.lines(), items, expected, before_error=expected[:-1])

    def test_bad_argument(self) -> None:
        """
        A bound below 1 is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match="max_line"):
            JaypieStream(["a"]).lines(max_line=0)
