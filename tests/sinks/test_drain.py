"""
`drain`.
"""

from __future__ import annotations

from jaystream import JaypieStream
from jaystream.testing import check_terminal


class TestDrain:
    """
    To the end, for the effects.
    """

    async def test_runs_to_the_end(self) -> None:
        """
        Everything happens, and nothing comes back.
        """
        seen: list[int] = []
        await JaypieStream([1, 2]).tap(seen.append).drain()
        assert seen == [1, 2]

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.drain(), [1, 2, 3])
