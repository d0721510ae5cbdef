"""
`encode`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestEncode:
    """
    Text to bytes.
    """

    async def test_encodes(self) -> None:
        """
        Text is encoded, and what becomes empty is left out.
        """
        await check_operator(lambda s: s.encode(), ["\u00e9", "a"], [b"\xc3\xa9", b"a"], reads_ahead=0)
        await check_operator(lambda s: s.encode("latin-1"), ["\u00e9", ""], [b"\xe9"], reads_ahead=0)
        await check_operator(lambda s: s.encode(), list[str](), list[bytes]())

    async def test_what_cannot_be_encoded(self) -> None:
        """
        It is an error in the run, or what `errors` says.
        """
        with pytest.raises(UnicodeEncodeError, match="can't encode character"):
            await JaypieStream(["\u20ac"]).encode("ascii").drain()
        assert await JaypieStream(["\u20ac"]).encode("ascii", "replace").to_list() == [b"?"]

    def test_bad_argument(self) -> None:
        """
        An unknown codec is refused where the pipeline is written.
        """
        with pytest.raises(LookupError, match="unknown encoding: klingon"):
            JaypieStream(["a"]).encode("klingon")
