"""
Waiting for tasks that are ending anyway.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from jaystream._core.waiting import over
from tests.sinks.exchange import turns

if TYPE_CHECKING:
    from jaystream.testing import VirtualClock


async def refuse(gate: asyncio.Event) -> None:
    """
    Take no notice of cancellations until *gate* is open.
    """
    while not gate.is_set():
        try:
            await gate.wait()
        except asyncio.CancelledError:
            continue


class TestOver:
    """
    How long it waits, and for what.
    """

    async def test_until_done(self) -> None:
        """
        It comes back when all are done, and does not look at their errors.
        """
        gate = asyncio.Event()
        task = asyncio.ensure_future(refuse(gate))
        waiting = asyncio.ensure_future(over([task], within=None))
        await turns()
        assert not waiting.done()
        gate.set()
        await waiting
        assert task.done()

    async def test_nothing_to_wait_for(self) -> None:
        """
        Without tasks it comes back at once.
        """
        await over([], within=0)

    async def test_cancellation_comes_after(self) -> None:
        """
        A cancellation waits too, and is raised then.
        """
        gate = asyncio.Event()
        task = asyncio.ensure_future(refuse(gate))
        waiting = asyncio.ensure_future(over([task], within=None))
        for _ in range(2):
            await turns()
            waiting.cancel()
        await turns()
        assert not waiting.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert task.done()

    async def test_limit(self, virtual_clock: VirtualClock) -> None:
        """
        What refuses to end is left alone after the time that was given.
        """
        gate = asyncio.Event()
        task = asyncio.ensure_future(refuse(gate))
        await turns(1)
        task.cancel()
        await over([task], within=7)
        assert (7, False) == (virtual_clock.now, task.done())
        gate.set()
        await task
