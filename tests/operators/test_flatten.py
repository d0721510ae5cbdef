"""
`flatten`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestFlatten:
    """
    Items that are sources.
    """

    async def test_joins_items(self) -> None:
        """
        The items of each item come in order.
        """
        await check_operator(lambda s: s.flatten(), [[1, 2], [], [3]], [1, 2, 3], reads_ahead=1)

    async def test_any_kind(self) -> None:
        """
        Every kind of source may be an item; each is closed when it ends.
        """
        probe = Probe([2])
        items: list[Any] = [(1,), probe, JaypieStream([3]), lambda: [4]]
        assert await JaypieStream(items).flatten().to_list() == [1, 2, 3, 4]
        probe.assert_released()

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out.
        """
        await check_operator(lambda s: s.flatten(), list[list[int]](), list[int]())

    async def test_what_is_no_source(self) -> None:
        """
        An item that is no source is refused in the run, after the items before it.
        """
        wrong: Any = [[1], 2]
        got: list[Any] = []
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(2\)"):
            await JaypieStream(wrong).flatten().for_each(got.append)
        assert got == [1]
