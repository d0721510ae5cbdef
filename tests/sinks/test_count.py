"""
`count`.
"""

from __future__ import annotations

from jaystream import JaypieStream
from jaystream.testing import check_terminal


class TestCount:
    """
    How many.
    """

    async def test_counts(self) -> None:
        """
        The number of items that come out.
        """
        assert await JaypieStream(range(5)).filter(lambda n: n % 2).count() == 2
        assert await JaypieStream(list[int]()).count() == 0

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.count(), [1, 2, 3])
