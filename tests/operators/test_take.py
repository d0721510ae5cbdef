"""
`take`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestTake:
    """
    The first items.
    """

    async def test_gives_the_first(self) -> None:
        """
        As many items as asked for, or as there are.
        """
        await check_operator(lambda s: s.take(2), [1, 2, 3], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.take(5), [1, 2], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.take(2), list[int](), list[int]())

    async def test_reads_no_more(self) -> None:
        """
        The source is never asked for the item behind the last, and is closed.
        """
        probe = Probe(range(9))
        assert await JaypieStream(probe).take(2).to_list() == [0, 1]
        assert probe.kinds == ["open", "pull", "item", "pull", "item", "close", "closed"]

    async def test_zero(self) -> None:
        """
        Nothing is opened for no items, and stages below still end.
        """
        probe = Probe([1])
        assert await JaypieStream(probe).take(0).on_end([9]).to_list() == [9]
        assert probe.events == []

    async def test_several(self) -> None:
        """
        The smallest of several decides, wherever it stands.
        """
        for sizes in ((1, 3), (3, 1)):
            probe = Probe(range(5))
            stream = JaypieStream(probe).take(sizes[0]).flat_map(lambda n: [n]).take(sizes[1])
            assert await stream.to_list() == [0]
            assert probe.reads == 1

    def test_bad_argument(self) -> None:
        """
        A negative number, and what is none, is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"take\(size=\) must be at least 0, not -1"):
            JaypieStream([1]).take(-1)
        for wrong in ("1", 1.0, True, None):
            value: Any = wrong
            with pytest.raises(TypeError, match=r"take\(size=\) expects a whole number"):
                JaypieStream([1]).take(value)
