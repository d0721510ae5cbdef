"""
`group_adjacent`.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


def parity(n: int) -> int:
    return n % 2


async def parity_later(n: int) -> int:
    await asyncio.sleep(0)
    return n % 2


def boom(_: object) -> int:
    raise ArithmeticError("boom")


class TestGroupAdjacent:
    """
    Neighbours of equal key.
    """

    async def test_groups_neighbours(self) -> None:
        """
        Pairs of key and items; the same key may come again.
        """
        items, expected = [1, 3, 4, 5], [(1, (1, 3)), (0, (4,)), (1, (5,))]
        await check_operator(lambda s: s.group_adjacent(parity), items, expected)
        await check_operator(lambda s: s.group_adjacent(parity_later), items, expected)
        await check_operator(lambda s: s.group_adjacent(parity), list[int](), list[tuple[int, tuple[int, ...]]]())

    @given(st.lists(st.integers(0, 3), max_size=12))
    async def test_as_groupby(self, items: list[int]) -> None:
        """
        It is `itertools.groupby`, and nothing is lost.
        """
        got = await JaypieStream(items).group_adjacent(parity).to_list()
        assert got == [(key, tuple(group)) for key, group in groupby(items, parity)]

    async def test_max_size(self) -> None:
        """
        A group beyond the bound comes in parts, none longer than the bound and none empty.
        """
        expected = [(1, (1, 3)), (1, (5, 7)), (1, (9,)), (0, (2,))]
        await check_operator(lambda s: s.group_adjacent(parity, max_size=2), [1, 3, 5, 7, 9, 2], expected)
        assert await JaypieStream([1, 1]).group_adjacent(parity, max_size=2).to_list() == [(1, (1, 1))]

    async def test_none_is_a_key(self) -> None:
        """
        A key of None is a key like any other, also for the first item.
        """
        assert await JaypieStream([1, 2]).group_adjacent(lambda _: None).to_list() == [(None, (1, 2))]

    async def test_demand(self) -> None:
        """
        A group is given when the item behind it has been read, and that one is not lost.
        """
        probe = Probe([1, 1, 2, 3, 4])
        async with JaypieStream(probe).group_adjacent(parity).open() as groups:
            assert await anext(groups) == (1, (1, 1))
            assert probe.reads == 3
            assert await anext(groups) == (0, (2,))
            assert probe.reads == 4

    async def test_error_above(self) -> None:
        """
        What it holds goes out before an error from above, and before one of the key.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([1, 1, 0]).map(lambda n: 1 // n).group_adjacent(parity).for_each(got.append)
        assert got == [(1, (1, 1))]
        got.clear()
        with pytest.raises(ArithmeticError, match="boom"):
            await JaypieStream([1, 1, 2]).group_adjacent(lambda n: n if n < 2 else boom(n)).for_each(got.append)
        assert got == [(1, (1, 1))]

    async def test_error_below(self) -> None:
        """
        Nothing comes after an error from below, although the next group has begun; and after one at the end.
        """
        for items in ([1, 2, 3], [1]):
            seen: list[Any] = []

            def fail(group: tuple[int, tuple[int, ...]], seen: list[Any] = seen) -> object:
                seen.append(group)
                return boom(group)

            with pytest.raises(ArithmeticError, match="boom"):
                await JaypieStream(items).group_adjacent(parity).map(fail).to_list()
            assert seen == [(1, (1,))]

    async def test_stages_below_leave_items_out(self) -> None:
        """
        A stage below that drops a group does not drop the item that began the next.
        """
        stream = JaypieStream([1, 2, 2, 3]).group_adjacent(parity).filter(lambda group: group[0] == 0)
        assert await stream.to_list() == [(0, (2, 2))]
        assert await JaypieStream([1, 2, 3]).group_adjacent(parity).take(1).on_end([0]).to_list() == [(1, (1,)), 0]

    def test_bad_argument(self) -> None:
        """
        A key that cannot be called and a bound below 1 are refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"group_adjacent\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).group_adjacent(wrong)
        with pytest.raises(ValueError, match=r"group_adjacent\(max_size=\) must be at least 1, not 0"):
            JaypieStream([1]).group_adjacent(parity, max_size=0)
