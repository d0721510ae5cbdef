"""
Blocking work in a worker thread: it is waited for on every way out.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from jaystream._core.threads import in_thread
from tests.checks import pause


class Work:
    """
    Blocks its thread until it is let go.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.began, self.go, self.done = threading.Event(), threading.Event(), threading.Event()
        self.error = error

    def __call__(self) -> str:
        self.began.set()
        assert self.go.wait(30)
        self.done.set()
        if self.error is not None:
            raise self.error
        return "done"


class TestInThread:
    """
    One call in a worker thread.
    """

    async def test_result(self) -> None:
        """
        It gives what the call gave, and raises what it raised.
        """
        assert await in_thread(max, 1, 2) == 2
        with pytest.raises(ZeroDivisionError):
            await in_thread(divmod, 1, 0)

    @pytest.mark.parametrize("error", [None, OSError("disk")])
    async def test_cancelled(self, error: Exception | None) -> None:
        """
        A cancellation goes on when the work is over, whatever that made of it.
        """
        work = Work(error)
        task = asyncio.ensure_future(in_thread(work))
        await asyncio.to_thread(work.began.wait, 30)
        for _ in range(2):
            task.cancel()
            await pause()
        assert not task.done()
        work.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert work.done.is_set()

    async def test_loop_shuts_down(self) -> None:
        """
        A loop that cancels all its tasks gets no warning and no error but the cancellation.
        """
        work = Work()
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(in_thread(work))
        await asyncio.to_thread(work.began.wait, 30)
        try:
            for each in asyncio.all_tasks() - before:
                each.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        finally:
            work.go.set()
            assert await asyncio.to_thread(work.done.wait, 30)
