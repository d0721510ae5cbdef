"""
`first`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_terminal


class TestFirst:
    """
    The first item.
    """

    async def test_gives_the_first(self) -> None:
        """
        It reads one item, closes the source and gives the item, None too.
        """
        probe = Probe([None, 1])
        assert await JaypieStream(probe).first() is None
        assert probe.reads == 1
        probe.assert_released()
        assert await JaypieStream([1, 2]).chunk(2).flat_map(lambda pair: pair).first() == 1

    async def test_empty(self) -> None:
        """
        Without items the default counts, and without one it is an error.
        """
        empty = JaypieStream(list[int]())
        assert await empty.first(None) is None
        assert await empty.first(5) == 5
        with pytest.raises(ValueError, match=r"first\(\) of a stream without items needs a default: first\(default\)"):
            await empty.first()

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.first(), [1])
