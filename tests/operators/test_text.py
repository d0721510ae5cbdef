"""
`text`.
"""

from __future__ import annotations

from typing import Any

from jaystream.testing import check_operator


class TestText:
    """
    Chunks to their text.
    """

    async def test_gives_texts(self) -> None:
        """
        Text is text, a text chunk has some, other chunks and empty ones have none.
        """
        chunks: list[Any] = [
            {"type": "text", "content": "Hi"},
            "there",
            {"type": "done"},
            {"type": "text", "content": ""},
        ]
        await check_operator(lambda s: s.text(), chunks, ["Hi", "there"], reads_ahead=0)
        await check_operator(lambda s: s.text(), list[Any](), list[str]())
