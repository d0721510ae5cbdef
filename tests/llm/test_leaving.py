"""
The ways out of a conversation: whatever is left, the provider's stream is closed and no tool runs on.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any, Literal

import pytest

from jaystream import CleanupTimeoutError, JaypieStream, Llm
from jaystream.llm import calls as calls_module
from jaystream.testing import cancel_at_every_await
from tests.llm.conversations import call

WAYS: tuple[Literal["native", "scope", "timeout"], ...] = ("native", "scope", "timeout")


class Watched:
    """
    A script and a tool that note what is open.
    """

    def __init__(self) -> None:
        self.streams = 0
        self.tools = 0

    async def script(self, messages: list[Any]) -> AsyncGenerator[Any, None]:
        """
        Two calls, and then an answer; each turn is a stream that must be closed.
        """
        self.streams += 1
        try:
            await asyncio.sleep(0)
            yield "One "
            await asyncio.sleep(0)
            if messages[-1]["role"] == "user":
                yield call("work", n=1)
                yield call("work", n=2)
            else:
                yield "two."
            await asyncio.sleep(0)
        finally:
            self.streams -= 1

    async def work(self, n: int) -> int:
        """
        Take a moment.
        """
        self.tools += 1
        try:
            for _ in range(n):
                await asyncio.sleep(0)
            return n
        finally:
            self.tools -= 1

    def stream(self) -> JaypieStream[Any]:
        """
        The conversation.
        """
        return Llm("test", tools=[self.work], script=self.script).stream("Go")

    @property
    def idle(self) -> bool:
        """
        Whether nothing is open.
        """
        return self.streams == self.tools == 0


class TestLeaving:
    """
    Nothing is left; the leak guard round each test sees to generators and tasks.
    """

    async def test_early_exit(self) -> None:
        """
        After each number of chunks.
        """
        watched = Watched()
        whole = await watched.stream().to_list()
        for taken in range(len(whole)):
            assert whole[:taken] == await watched.stream().take(taken).to_list()
            assert watched.idle
            async with watched.stream().open() as chunks:
                for _ in range(taken):
                    await anext(chunks)
            assert watched.idle

    @pytest.mark.parametrize("way", WAYS)
    async def test_cancelled_at_every_await(self, way: Literal["native", "scope", "timeout"]) -> None:
        """
        A run that is cancelled at any await ends cancelled, and nothing of it is open.
        """
        watched = Watched()

        async def run() -> None:
            try:
                await watched.stream().drain()
            finally:
                assert watched.idle

        assert await cancel_at_every_await(run, way) > 10

    @pytest.mark.leaks(allow_finalized=True, reason="the second cancellation cuts the closing of the script")
    async def test_cancelled_twice(self) -> None:
        """
        A second cancellation while the first one cleans up does not keep the run from ending cancelled.
        """
        watched = Watched()
        assert await cancel_at_every_await(lambda: watched.stream().drain(), "twice") > 10
        gc.collect()
        for _ in range(10):
            await asyncio.sleep(0)
        assert watched.idle

    async def test_consumer_fails(self) -> None:
        """
        An error below closes it too.
        """
        watched = Watched()

        def refuse(chunk: Any) -> None:
            if chunk["type"] == "tool_result":
                raise OSError("full")

        with pytest.raises(OSError, match="full"):
            await watched.stream().for_each(refuse)
        assert watched.idle

    async def test_answer_is_cancelled(self) -> None:
        """
        So does the cancellation of `operate`.
        """
        watched = Watched()
        llm = Llm("test", tools=[watched.work], script=watched.script)
        assert await cancel_at_every_await(lambda: llm.operate("Go"), "native") > 10
        assert watched.idle

    async def test_waits_for_threads(self) -> None:
        """
        A tool in a thread cannot be stopped: the run waits for it.
        """
        begun, go, ended = asyncio.Event(), threading.Event(), list[int]()
        loop = asyncio.get_running_loop()

        def block() -> None:
            loop.call_soon_threadsafe(begun.set)
            go.wait(20)
            ended.append(1)

        run = asyncio.create_task(Llm("test", tools=[block], script=[[call("block")]]).stream("Go").drain())
        await begun.wait()
        run.cancel()
        await asyncio.sleep(0)
        assert not run.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert [1] == ended

    @pytest.mark.parametrize("leave", ["break", "cancel"])
    async def test_waits_no_longer_than_that(self, leave: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        But not for ever: an early stop fails then, and a cancellation says so in a note.
        """
        monkeypatch.setattr(calls_module, "GRACE", 0.01)
        begun, go = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        async def quick() -> int:
            return 1

        def block() -> None:
            loop.call_soon_threadsafe(begun.set)
            go.wait(20)

        stream = Llm("test", tools=[quick, block], script=[[call("quick"), call("block")]]).stream("Go")
        before = asyncio.all_tasks()
        try:
            if leave == "break":
                with pytest.raises(CleanupTimeoutError, match=r"tool block did not end within 0\.01 seconds"):
                    async with stream.open() as chunks:
                        async for chunk in chunks:
                            if chunk["type"] == "tool_result":
                                await begun.wait()
                                break
            else:
                run = asyncio.create_task(stream.drain())
                await begun.wait()
                run.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await run
                assert "tool block did not end" in "".join(getattr(caught.value, "__notes__", ()))
        finally:
            go.set()
            left = asyncio.all_tasks() - before
            if left:
                await asyncio.wait(left)

    @pytest.mark.parametrize("make", [lambda: Llm("test"), lambda: Llm("test", script="a b c")])
    async def test_both_offline_models(self, make: Callable[[], Llm]) -> None:
        """
        Both kinds of offline model are left clean in the middle of their text.
        """
        for taken in range(4):
            await make().stream("Go").take(taken).drain()
