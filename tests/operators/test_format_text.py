"""
`format_text`.
"""

from __future__ import annotations

from typing import Any

from jaystream.testing import check_operator


class TestFormatText:
    """
    Items to plain text.
    """

    async def test_frames_texts(self) -> None:
        """
        The text of chunks as UTF-8, and nothing for chunks without any.
        """
        chunks: list[Any] = [{"type": "text", "content": "\u00e9"}, {"type": "done"}, "b"]
        await check_operator(lambda s: s.format_text(), chunks, [b"\xc3\xa9", b"b"], reads_ahead=1)
        await check_operator(lambda s: s.format_text(), list[Any](), list[bytes]())
