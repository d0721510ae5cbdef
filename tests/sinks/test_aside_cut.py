"""
Work beside a task that is cut in the very turn in which it began, before its own task has seen that it is there.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.sinks.exchange import turns
from tests.sinks.runs import Runs


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

        async with Runs() as runs:
            assert runs.begin(write())
            if state == "done":
                taken.set_result(None)
            runs.cut()
            await turns()
            assert seen == (["cancelled", "went on"] if keeps else ["cancelled"])
            assert [keeps] == [error is None for error in runs.ended]
            assert taken.cancelled() == (state == "pending")
