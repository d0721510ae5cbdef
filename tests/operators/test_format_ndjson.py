"""
`format_ndjson`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import UnencodableError
from jaystream.testing import check_operator


class TestFormatNdjson:
    """
    Items to lines of JSON.
    """

    async def test_frames_chunks(self) -> None:
        """
        One line of compact JSON per item.
        """
        items: list[Any] = [{"n": 1}, "\u00e9", None]
        await check_operator(
            lambda s: s.format_ndjson(), items, [b'{"n":1}\n', b'"\xc3\xa9"\n', b"null\n"], reads_ahead=0
        )
        await check_operator(lambda s: s.format_ndjson(), list[Any](), list[bytes]())

    async def test_dumps(self) -> None:
        """
        Another encoder takes the place of ours.
        """
        assert await JaypieStream([1]).format_ndjson(dumps=lambda item: "one").to_list() == [b"one\n"]

    async def test_what_cannot_be_written(self) -> None:
        """
        It is an error in the run.
        """
        wrong: Any = object()
        with pytest.raises(UnencodableError, match="cannot write object"):
            await JaypieStream([wrong]).format_ndjson().drain()
