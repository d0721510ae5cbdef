"""
`last`.
"""

from __future__ import annotations

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_terminal


class TestLast:
    """
    The last item.
    """

    async def test_gives_the_last(self) -> None:
        """
        It reads all and gives the last, None too.
        """
        assert await JaypieStream([1, 2]).last() == 2
        assert await JaypieStream([1, None]).last() is None

    async def test_empty(self) -> None:
        """
        Without items the default counts, and without one it is an error.
        """
        empty = JaypieStream(list[int]())
        assert await empty.last(None) is None
        with pytest.raises(ValueError, match=r"last\(\) of a stream without items needs a default: last\(default\)"):
            await empty.last()

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.last(), [1, 2, 3])
