"""
Work beside a task that is cut in the very turn in which it began, before its own task has seen that it is there.
"""

from __future__ import annotations

import asyncio

import pytest

from jaystream._core.waiting import over
from jaystream.sinks.aside import Aside
from tests.sinks.exchange import turns


class TestAsideCut:
    """
    Cancelling what is run, at once.
    """

    @pytest.mark.parametrize("state", ["pending", "done", "turn"])
    @pytest.mark.parametrize("keeps", [False, True])
    async def test_in_the_turn_it_began(self, state: str, keeps: bool) -> None:
        """
        Whatever it waits for, it is cancelled there as a task would be, once, and its end is told.
        """
        ended: list[BaseException | None] = []
        seen: list[str] = []
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def write() -> None:
            try:
                await (asyncio.sleep(0) if state == "turn" else taken)
            except asyncio.CancelledError:
                seen.append("cancelled")
                if not keeps:
                    raise
            await asyncio.sleep(0)
            seen.append("went on")

        aside = await self._asleep(ended)
        assert aside.run(write(), at_once=True)
        if state == "done":
            taken.set_result(None)
        aside.cut()
        await turns()
        assert seen == (["cancelled", "went on"] if keeps else ["cancelled"])
        assert [keeps] == [error is None for error in ended]
        assert taken.cancelled() == (state == "pending")
        await self._end(aside)

    @staticmethod
    async def _asleep(ended: list[BaseException | None]) -> Aside:
        """One whose task is there and has nothing to do."""
        aside = Aside(ended.append)
        assert aside.run(turns(1), at_once=True)
        await turns(20)
        assert [None] == ended
        ended.clear()
        return aside

    @staticmethod
    async def _end(aside: Aside) -> None:
        aside.leave()
        await over(aside.tasks(), within=None)
