"""
The short form of `make soak`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jaystream.testing import guard_leaks
from tests.fuzz.soak import SOAKS, Figures, soak
from tests.testing.test_laws import public_methods

if TYPE_CHECKING:
    from jaystream import JaypieStream


class TestSoak:
    """
    Some thousand items; `make soak` sends a million.
    """

    @pytest.mark.parametrize("name", sorted(SOAKS))
    async def test_short(self, name: str) -> None:
        """
        Nothing is left, nothing is kept, the number of tasks is bounded.
        """
        figures = await soak(SOAKS[name], 3000)
        assert [] == [fault for fault in figures.faults() if "kept" in fault]
        assert figures.came >= 1
        assert figures.tasks <= 110

    def test_every_operator(self) -> None:
        """
        No operator that pumps is left out.
        """
        soaked = {name.partition(",")[0] for name in SOAKS}
        assert soaked <= set(public_methods("operators"))

    async def test_notices(self) -> None:
        """
        An operator that keeps its items is found out.
        """
        kept: list[Any] = []

        async def keeping(stream: JaypieStream[Any], _: int) -> int:
            return await stream.map(lambda x: kept.append([x] * 20)).count()

        assert any("kept" in fault for fault in (await soak(keeping, 3000)).faults())
        assert ["the process grew by 99000000 bytes"] == Figures(1, 0, 99_000_000, 1, 1.0).faults()

    async def test_inside_the_guard(self) -> None:
        """
        A soak runs in the leak guard, and may itself be in one.
        """
        async with guard_leaks():
            assert (await soak(SOAKS["merge"], 100, trace=False)).came == 100
