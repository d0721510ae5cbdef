"""
Proof that the leak guard catches each kind of leak, and nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from jaystream.testing import LeakError, guard_leaks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

kept: list[object] = []


async def numbers() -> AsyncGenerator[int, None]:
    """
    A generator that can be left open.
    """
    for number in range(3):
        yield number


async def forever() -> None:
    """
    Something for a task to do that never ends.
    """
    await asyncio.Event().wait()


class TestGuardLeaks:
    """
    Each leak is planted inside an inner guard, so that the suite's own guard sees a clean test.
    """

    async def test_clean_block(self) -> None:
        """
        A block that ends everything it started passes.
        """
        async with guard_leaks():
            task = asyncio.create_task(asyncio.sleep(0))
            assert [0, 1, 2] == [number async for number in numbers()]
            await task

    async def test_task(self) -> None:
        """
        A task that still runs is named, with where it waits, and is cancelled.
        """
        planted: list[asyncio.Task[None]] = []
        with pytest.raises(LeakError, match=r"task planted still running: forever at .*test_leaks.py:\d+"):
            async with guard_leaks():
                planted.append(asyncio.create_task(forever(), name="planted"))
                await asyncio.sleep(0)
        assert planted[0].cancelled()

    async def test_earlier_task(self) -> None:
        """
        A task from before the block is not the block's leak.
        """
        task = asyncio.create_task(forever())
        async with guard_leaks():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_settle(self) -> None:
        """
        With turns to settle, a task that ends by itself in that time is no leak.
        """
        async with guard_leaks(settle=3):
            task = asyncio.create_task(asyncio.sleep(0))
        assert task.done()
        with pytest.raises(LeakError, match="still running: sleep"):
            async with guard_leaks():
                kept.append(asyncio.create_task(asyncio.sleep(0)))
        kept.clear()

    async def test_generator_dropped(self) -> None:
        """
        A generator left half-way to the garbage collector is named.
        """
        with pytest.raises(LeakError, match="left to the garbage collector: numbers at"):
            async with guard_leaks():
                async for _ in numbers():
                    break

    async def test_generator_dropped_in_a_cycle(self) -> None:
        """
        A generator that only the cycle collector finds is found.
        """

        async def plant() -> None:
            generator = numbers()
            await anext(generator)
            cycle: list[object] = [generator]
            cycle.append(cycle)

        gc.disable()
        try:
            with pytest.raises(LeakError, match="left to the garbage collector: numbers at"):
                async with guard_leaks():
                    await plant()
        finally:
            gc.enable()

    async def test_generator_dropped_with_leave(self) -> None:
        """
        With leave, the loop's finalizer closes it, and the guard has waited for that.
        """
        closed: list[str] = []

        async def closing() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                closed.append("yes")

        async with guard_leaks(allow_finalized=True):
            async for _ in closing():
                break
        assert ["yes"] == closed

    async def test_generators_dropped_in_a_row(self) -> None:
        """
        Closing one generator may drop the next, at a later turn; the guard waits for all and names each.
        """
        closed: list[str] = []

        async def inner() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                closed.append("inner")

        async def outer() -> AsyncGenerator[int, None]:
            async for number in inner():
                yield number

        with pytest.raises(LeakError) as caught:
            async with guard_leaks():
                async for _ in outer():
                    break
        assert ["inner"] == closed
        assert ["outer", "inner"] == [leak.split(".<locals>.")[1].split(" at ")[0] for leak in caught.value.leaks]

    async def test_generator_open(self) -> None:
        """
        A generator that somebody still holds, suspended, is named and closed.
        """
        generator = numbers()
        with pytest.raises(LeakError, match="still open: numbers at") as caught:
            async with guard_leaks():
                await anext(generator)
        assert [] == [number async for number in generator]
        assert 1 == len(caught.value.leaks)

    async def test_generator_unstarted(self) -> None:
        """
        A generator that was never started holds nothing open.
        """
        async with guard_leaks():
            generator = numbers()
        await generator.aclose()

    async def test_resource_warning(self) -> None:
        """
        A socket that was dropped open is named.
        """
        with pytest.raises(LeakError, match=r"ResourceWarning: unclosed <socket"):
            async with guard_leaks():
                socket.socket()

    async def test_unraisable(self) -> None:
        """
        An error in a finalizer, which no code can catch, is named.
        """

        class Planted:
            def __del__(self) -> None:
                raise LookupError("planted")

        with pytest.raises(LeakError, match=r"Planted.__del__.*LookupError: planted"):
            async with guard_leaks():
                Planted()

    async def test_never_awaited(self) -> None:
        """
        A coroutine that was never awaited is named.
        """
        with pytest.raises(LeakError, match="'forever' was never awaited"):
            async with guard_leaks():
                forever()  # type: ignore[unused-coroutine] # pyright: ignore[reportUnusedCoroutine] - the planted fault

    async def test_task_error_nobody_saw(self) -> None:
        """
        The error of a task that nobody awaited is named.
        """

        async def fail() -> None:
            raise LookupError("planted")

        with pytest.raises(LeakError, match=r"never retrieved: LookupError: planted"):
            async with guard_leaks():
                await asyncio.wait([asyncio.create_task(fail())])

    async def test_failing_block(self) -> None:
        """
        A block that fails keeps its error, and the leaks are a note on it.
        """
        with pytest.raises(LookupError, match="own") as caught:
            async with guard_leaks():
                kept.append(asyncio.create_task(forever(), name="planted"))
                raise LookupError("own")
        kept.clear()
        assert "task planted still running" in caught.value.__notes__[0]

    async def test_hooks_restored(self) -> None:
        """
        What was set before the block is set again after it.
        """
        loop = asyncio.get_running_loop()
        before = (sys.get_asyncgen_hooks(), sys.unraisablehook, loop.get_exception_handler())
        async with guard_leaks():
            assert before[0] != sys.get_asyncgen_hooks()
        assert before == (sys.get_asyncgen_hooks(), sys.unraisablehook, loop.get_exception_handler())
