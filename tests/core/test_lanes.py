"""
Lanes: the hand-over between two tasks, by itself.
"""

from __future__ import annotations

import asyncio
from asyncio import ensure_future, sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream._core.lanes import Lane


async def turns(count: int = 4) -> None:
    for _ in range(count):
        await sleep(0)


class TestLane:
    """
    A deque and a wake-up.
    """

    async def test_rendezvous(self) -> None:
        """
        With a size of 0 there is a place only while the taker waits.
        """
        lane = Lane[int]()
        assert not lane.reserve()
        waiting = ensure_future(lane.ready())
        await turns()
        assert not waiting.done()
        taking = ensure_future(anext(lane))
        assert await waiting
        await turns()
        assert not taking.done()
        lane.put(1)
        assert await taking == 1
        assert not lane.reserve()

    async def test_reserved_place_counts(self) -> None:
        """
        A place that was reserved is nobody else's until it is used.
        """
        lane = Lane[int](1)
        assert lane.reserve()
        assert not lane.reserve()
        lane.put(1)
        assert not lane.reserve()
        assert await anext(lane) == 1
        assert lane.reserve()

    async def test_no_overtaking(self) -> None:
        """
        A place that was given to one who waited, and is not used yet, keeps those back who come later; not for longer.
        """
        lane = Lane[int](2)
        for n in range(2):
            assert lane.reserve()
            lane.put(n)
        first = lane.ready()
        first.send(None)
        assert [await anext(lane), await anext(lane)] == [0, 1]
        assert not lane.reserve(), "there is room for two, and the first has not put anything yet"
        second = lane.ready()
        waits_for = second.send(None)
        with pytest.raises(StopIteration) as granted:
            first.send(None)
        assert granted.value.value is True
        assert not waits_for.done()
        lane.put(2)
        assert waits_for.done()
        with pytest.raises(StopIteration):
            second.send(None)
        lane.put(3)
        assert [await anext(lane), await anext(lane)] == [2, 3]

    async def test_two_takers(self) -> None:
        """
        Two at once are refused, and the first is not harmed.
        """
        lane = Lane[int]()
        first = ensure_future(anext(lane))
        await turns()
        with pytest.raises(RuntimeError, match="asked for an item while it is being asked for one"):
            await anext(lane)
        assert lane.reserve()
        lane.put(1)
        assert await first == 1

    async def test_taker_is_cancelled(self) -> None:
        """
        A taker that is cancelled in the moment an item comes loses nothing: the next one has it.
        """
        lane = Lane[int]()
        taking = ensure_future(anext(lane))
        await turns()
        assert lane.reserve()
        lane.put(1)
        taking.cancel()
        await asyncio.wait([taking])
        assert taking.cancelled()
        assert await anext(lane) == 1

    async def test_error_once(self) -> None:
        """
        The error it ends with is raised once, behind the items, and is known to have been.
        """
        lane = Lane[int](1)
        assert lane.reserve()
        lane.put(1)
        lane.end(OSError("gone"))
        assert await anext(lane) == 1
        assert not lane.told
        with pytest.raises(OSError, match="gone"):
            await anext(lane)
        assert lane.told
        with pytest.raises(StopAsyncIteration):
            await anext(lane)

    async def test_leaving_wakes_everybody(self) -> None:
        """
        Leaving ends every wait, at both ends, and drops what is held.
        """
        lane = Lane[int](1)
        assert lane.reserve()
        givers = [ensure_future(lane.ready()) for _ in range(3)]
        await turns()
        lane.leave()
        assert await asyncio.gather(*givers) == [False] * 3
        lane.put(1)
        with pytest.raises(RuntimeError, match=r"nothing more can be taken from lane\(1\)"):
            await anext(lane)
        empty = Lane[int]()
        taking = ensure_future(anext(empty))
        await turns()
        await empty.aclose()
        with pytest.raises(RuntimeError, match="left before its end"):
            await taking

    @pytest.mark.parametrize("held", [0, 1])
    async def test_leaving_after_the_end(self, held: int) -> None:
        """
        A lane that is left when it has ended goes on to be one, unless something that it held was dropped.
        """
        lane = Lane[int](1)
        for n in range(held):
            assert lane.reserve()
            lane.put(n)
        lane.end()
        lane.leave()
        lane.leave()
        with pytest.raises(RuntimeError if held else StopAsyncIteration):
            await anext(lane)

    @given(
        st.integers(0, 3),
        st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12),
        st.lists(st.integers(0, 3), min_size=1, max_size=5),
    )
    async def test_nothing_lost(self, size: int, senders: list[tuple[int, bool]], rests: list[int]) -> None:
        """
        Whoever was told that there is a place has its item taken, in that order; a cancelled one has none, whenever
        the cancellation comes. No more than *size* and one are ever held.
        """
        lane = Lane[int](size)
        put: list[int] = []

        async def give(number: int) -> None:
            if await lane.ready():
                lane.put(number)
                put.append(number)

        async def steer() -> None:
            tasks: list[asyncio.Task[None]] = []
            for number, (wait, cancelled) in enumerate(senders):
                tasks.append(ensure_future(give(number)))
                await turns(wait)
                if cancelled:
                    tasks[len(tasks) // 2].cancel()
            if tasks:
                await asyncio.wait(tasks)
            lane.end()

        steering = ensure_future(steer())
        got: list[int] = []
        async for number in lane:
            got.append(number)
            await turns(rests[len(got) % len(rests)])
            assert len(put) - len(got) <= size + 1
        await steering
        assert put == got
        assert sorted(got) == got
