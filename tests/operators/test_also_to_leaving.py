"""
`also_to` with sinks that are done with their stream and not with their work.
"""

from __future__ import annotations

import asyncio

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe
from tests.checks import pause


class TestAlsoToLeaving:
    """
    A sink beside the stream that leaves it, or works on when it has ended.
    """

    async def test_goes_on(self) -> None:
        """
        A sink that has left its stream and does something else holds the end alone, and no item.
        """
        gate, seen, got = asyncio.Event(), list[object](), list[int]()

        async def two(stream: JaypieStream[int]) -> None:
            seen.append(await stream.take(2).to_list())
            await gate.wait()
            seen.append("done")

        probe = Probe(range(5))
        running = asyncio.ensure_future(JaypieStream(probe).also_to(two).for_each(got.append))
        for _ in range(30):
            await pause()
        assert [got, seen] == [[0, 1, 2, 3, 4], [[0, 1]]]
        assert [probe.ended, running.done()] == [True, False]
        gate.set()
        await running
        assert seen == [[0, 1], "done"]
        probe.assert_released()

    async def test_goes_on_and_fails(self) -> None:
        """
        An error of such a sink ends the stream before the next item, bare, and the source is closed.
        """
        gate, got = asyncio.Event(), list[int]()

        async def two(stream: JaypieStream[int]) -> None:
            await stream.take(2).drain()
            await gate.wait()
            raise KeyError("sink")

        async def take(item: int) -> None:
            got.append(item)
            if item == 4:
                gate.set()
                for _ in range(9):
                    await pause()

        probe = Probe(range(9))
        with pytest.raises(KeyError, match="sink") as caught:
            await JaypieStream(probe).also_to(two).for_each(take)
        assert [got, probe.reads] == [[0, 1, 2, 3, 4], 5]
        assert not hasattr(caught.value, "__notes__")
        probe.assert_released()

    async def test_fails_when_it_is_cancelled(self) -> None:
        """
        A second cancellation cancels a sink that is waited for; what that fails with then is a note, and the
        cancellation goes on.
        """
        closing = asyncio.Event()

        async def breaks(stream: JaypieStream[int]) -> None:
            await stream.drain()
            try:
                closing.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise KeyError("cut") from None

        probe = Probe(range(3))
        task = asyncio.ensure_future(JaypieStream(probe).also_to(breaks).take(1).drain())
        await closing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert task.cancelled()
        assert caught.value.__notes__ == ["while closing: KeyError: 'cut'"]
        probe.assert_released()
