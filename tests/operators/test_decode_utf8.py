"""
`decode_utf8`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.errors import InvalidUtf8Error
from jaystream.testing import Probe, check_operator


class TestDecodeUtf8:
    """
    Bytes to text.
    """

    async def test_characters_come_whole(self) -> None:
        """
        A character that is cut between items comes whole.
        """
        await check_operator(lambda s: s.decode_utf8(), [b"caf\xc3", b"\xa9!"], ["caf", "\u00e9!"])
        await check_operator(lambda s: s.decode_utf8(), list[bytes](), list[str]())
        assert await JaypieStream([b"", b"\xe2", b"\x82", b"\xac"]).decode_utf8().to_list() == ["\u20ac"]

    async def test_incomplete_at_the_end(self) -> None:
        """
        What is incomplete at the end is an error after the items before it, or U+FFFD.
        """
        got: list[str] = []
        with pytest.raises(InvalidUtf8Error, match="byte 1 is not UTF-8"):
            await JaypieStream([b"a", b"\xc3"]).decode_utf8().for_each(got.append)
        assert got == ["a"]
        assert await JaypieStream([b"a", b"\xc3"]).decode_utf8("replace").to_list() == ["a", "\ufffd"]

    async def test_bytes_that_are_no_text(self) -> None:
        """
        Other bytes are an error in the run.
        """
        with pytest.raises(InvalidUtf8Error, match="is not UTF-8"):
            await JaypieStream([b"\xff"]).decode_utf8().drain()

    async def test_source_error_with_half_a_character(self) -> None:
        """
        An error from above passes without what was incomplete.
        """
        got: list[str] = []
        with pytest.raises(OSError, match="gone"):
            await (
                JaypieStream(Probe([b"a\xc3"], fail_at=1, error=OSError("gone")))
                .decode_utf8("replace")
                .for_each(got.append)
            )
        assert got == ["a"]

    def test_bad_argument(self) -> None:
        """
        Another word for errors is refused where the pipeline is written.
        """
        wrong: Any = "ignore"
        with pytest.raises(ValueError, match="ignore"):
            JaypieStream([b""]).decode_utf8(wrong)
