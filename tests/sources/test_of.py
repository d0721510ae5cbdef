"""
`of`.
"""

from __future__ import annotations

from jaystream import JaypieStream
from tests.checks import WAYS


class TestOf:
    """
    The arguments, as they are.
    """

    async def test_gives_each_argument(self) -> None:
        """
        Each argument is an item, however it is run, and as often as it is.
        """
        stream = JaypieStream.of(1, 2, 3)
        for gather in WAYS:
            assert [1, 2, 3] == await gather(stream)

    async def test_takes_nothing_apart(self) -> None:
        """
        Text, bytes, mappings, lists and streams are items, and stay whole.
        """
        inner = JaypieStream.of(1)
        items = ("text", b"bytes", {"a": 1}, [1, 2], inner)
        assert list(items) == await JaypieStream.of(*items).to_list()

    async def test_empty(self) -> None:
        """
        No arguments, no items.
        """
        assert [] == await JaypieStream.of().to_list()

    async def test_subclass(self) -> None:
        """
        A subclass makes streams of its own kind, as its operators do.
        """

        class Mine(JaypieStream[int]):
            __slots__ = ()

        assert type(Mine.of(1)) is Mine
        assert type(Mine.of(1).take(1)) is Mine
