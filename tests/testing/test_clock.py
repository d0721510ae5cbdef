"""
Virtual time: what moves the clock, what does not, and what happens when nothing can.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from jaystream import JaypieStream
from jaystream.testing import DeadlockError, LeakError, VirtualClock, VirtualLoop, run_virtually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

YEAR = 365 * 86_400.0


def now() -> float:
    """
    The running loop's time.
    """
    return asyncio.get_running_loop().time()


class TestTime:
    """
    The clock jumps when there is nothing to do.
    """

    async def test_jumps(self, virtual_clock: VirtualClock) -> None:
        """
        Timers fire at their times, in order, and the clock stands still between them.
        """
        seen: list[tuple[str, float]] = []

        async def note(name: str, at: float) -> None:
            await asyncio.sleep(at)
            seen.append((name, now()))

        await asyncio.gather(note("late", YEAR), note("soon", 0.25), note("now", 0))
        assert [("now", 0.0), ("soon", 0.25), ("late", YEAR)] == seen
        assert YEAR == virtual_clock.now == virtual_clock()

    async def test_code_takes_no_time(self, virtual_clock: VirtualClock) -> None:
        """
        However long code runs, it is still the same time.
        """
        for _ in range(1000):
            await asyncio.sleep(0)
        assert 0 == virtual_clock.now

    async def test_advance(self, virtual_clock: VirtualClock) -> None:
        """
        A test can let time pass by itself; timers that are due then fire at once.
        """
        sleeping = asyncio.ensure_future(asyncio.sleep(10, "slept"))
        await asyncio.sleep(0)
        virtual_clock.advance(25)
        assert "slept" == await sleeping
        assert 25 == virtual_clock.now

    @pytest.mark.parametrize("wrong", [-1, math.nan])
    def test_not_back(self, wrong: float) -> None:
        """
        Time goes forward only.
        """
        with pytest.raises(ValueError, match="time goes forward only"):
            VirtualClock().advance(wrong)

    async def test_timeouts(self, virtual_clock: VirtualClock) -> None:
        """
        Timeouts of asyncio and anyio go by it, also round what waits for ever.
        """
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        with anyio.move_on_after(3) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert 8 == virtual_clock.now

    async def test_streams(self, virtual_clock: VirtualClock) -> None:
        """
        Sources that have to do with time are read at once.
        """
        assert [0, 1, 2] == await JaypieStream.tick(3600).take(3).to_list()
        assert 7200 == virtual_clock.now

    @pytest.mark.usefixtures("virtual_clock")
    async def test_infinity_is_no_timer(self) -> None:
        """
        A timer at infinity can be set and cancelled, and does not move the clock.
        """
        handle = asyncio.get_running_loop().call_later(math.inf, print)
        handle.cancel()
        assert handle.cancelled()
        assert math.inf == handle.when()
        assert 0 == now()


@pytest.mark.usefixtures("virtual_clock")
class TestThreads:
    """
    Threads work in real time, and the clock waits for them.
    """

    async def test_worker_threads(self) -> None:
        """
        Anyio's and the executor's are waited for, though a timer is set.
        """
        timer = asyncio.ensure_future(asyncio.sleep(1))
        await asyncio.sleep(0)
        done = threading.Event()
        assert await anyio.to_thread.run_sync(lambda: done.wait(0.01)) is False
        assert await asyncio.to_thread(lambda: done.wait(0.01)) is False
        assert 0 == now()
        await timer
        assert 1 == now()

    async def test_other_threads(self) -> None:
        """
        Any thread may wake the loop, where no timer is set.
        """
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        ready = threading.Event()

        def wake() -> None:
            ready.wait()
            time.sleep(0.02)  # real time, in which the loop has nothing to do
            loop.call_soon_threadsafe(woken.set)

        thread = threading.Thread(target=wake)
        thread.start()
        ready.set()
        await woken.wait()
        await asyncio.to_thread(thread.join)
        assert 0 == now()

    def test_last_threads(self) -> None:
        """
        A thread that is still at work at the end is waited for in real time, too.
        """
        clock = VirtualClock()
        done = threading.Event()

        async def main() -> None:
            asyncio.get_running_loop().run_in_executor(None, done.wait, 0.05)

        with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
            runner.run(main())
        assert 0 == clock.now


class TestDeadlock:
    """
    Nothing can wake the loop any more.
    """

    def test_names_what_waits(self) -> None:
        """
        Each task is named with the place it waits at, in code that is not asyncio's; they are cancelled then.
        """

        async def inner() -> None:
            await asyncio.Event().wait()

        async def main() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(inner, name="stuck")
                await anyio.to_thread.run_sync(int)  # a pool of threads that idle is no hope
                await anyio.sleep_forever()

        with pytest.raises(DeadlockError, match="nothing is left that could wake the loop") as caught:
            run_virtually(main())
        assert 2 == len(caught.value.tasks)
        assert any(
            line.startswith("stuck in TestDeadlock.test_names_what_waits.<locals>.inner at")
            for line in caught.value.tasks
        )
        assert any(".main at" in line and "test_clock.py:" in line for line in caught.value.tasks)

    def test_strangers(self) -> None:
        """
        A thread that the loop does not know is given a while of real time, and no more.
        """
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        try:
            with (
                pytest.raises(DeadlockError, match=r"Task-.* in wait_for"),
                asyncio.Runner(loop_factory=lambda: VirtualLoop(patience=0.01)) as runner,
            ):
                runner.run(asyncio.wait_for(asyncio.Event().wait(), None))
        finally:
            stop.set()
            thread.join()


class TestRunVirtually:
    """
    The runner, for tests without the plugin.
    """

    def test_result_and_clock(self) -> None:
        """
        It gives the coroutine's result; the clock may be one's own.
        """
        clock = VirtualClock()
        assert "x" == run_virtually(asyncio.sleep(60, "x"), clock=clock)
        assert 60 == clock.now

    def test_guards(self) -> None:
        """
        What is left behind is an error.
        """

        async def numbers() -> AsyncIterator[int]:
            yield 1
            yield 2

        async def main() -> None:
            async for _ in numbers():
                break

        with pytest.raises(LeakError, match="async generator left to the garbage collector"):
            run_virtually(main())
