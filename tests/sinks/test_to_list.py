"""
`to_list`.
"""

from __future__ import annotations

from jaystream import JaypieStream
from jaystream.testing import check_terminal


class TestToList:
    """
    The items, as a list.
    """

    async def test_collects(self) -> None:
        """
        All items, in order, a new list for each run.
        """
        stream = JaypieStream([1, 2])
        first, second = await stream.to_list(), await stream.to_list()
        assert first == second == [1, 2]
        assert first is not second
        assert await JaypieStream(list[int]()).to_list() == []

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.to_list(), [1, 2, 3])
