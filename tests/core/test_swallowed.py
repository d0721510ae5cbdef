"""
Contract 4 where something in a run keeps a cancellation to itself: the run ends cancelled all the same, and a cancel
scope gets back what it sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from tests.checks import pause

Leave = Callable[[JaypieStream[int]], Coroutine[Any, Any, object]]


async def gives_an_item() -> AsyncIterator[int]:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        yield 1


async def ends() -> AsyncIterator[int]:
    yield 1
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def fails() -> AsyncIterator[int]:
    yield 1
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise OSError("the connection was lost") from None


async def left(stream: JaypieStream[int]) -> None:
    async with stream.open() as items:
        async for _ in items:
            if swallowed():
                break


async def read_to_the_end(stream: JaypieStream[int]) -> None:
    async with stream.open() as items:
        async for _ in items:
            pass


def swallowed() -> bool:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling() > 0


LEAVES: list[Leave] = [
    lambda s: s.drain(),
    lambda s: s.take_while(lambda _: not swallowed()).to_list(),
    lambda s: s.tee(JaypieStream[int].drain, lambda part: part.take(9).drain()),
    lambda s: s.also_to(JaypieStream[int].drain).drain(),
    lambda s: s.concat([2]).catch(OSError, [3]).drain(),
    lambda s: JaypieStream([1, 2, 3]).zip(s).drain(),
    left,
    read_to_the_end,
]


@pytest.mark.parametrize("leave", LEAVES)
@pytest.mark.parametrize("source", [gives_an_item, ends, fails])
class TestSwallowed:
    """
    A source that swallows a cancellation or makes an error of it, under every kind of run.
    """

    async def test_native(self, leave: Leave, source: Callable[[], AsyncIterator[int]]) -> None:
        """
        A task that was cancelled ends cancelled.
        """
        task = asyncio.ensure_future(leave(JaypieStream(source)))
        for _ in range(5):
            await pause()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    async def test_timeout(self, leave: Leave, source: Callable[[], AsyncIterator[int]]) -> None:
        """
        A limit of asyncio's takes back its own.
        """
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit:
                soon(lambda: limit.reschedule(0))
                await leave(JaypieStream(source))
        assert not swallowed()

    async def test_scope(self, leave: Leave, source: Callable[[], AsyncIterator[int]]) -> None:
        """
        A scope takes back its own, and its task goes on.
        """
        with anyio.CancelScope() as outer, anyio.CancelScope() as scope:
            soon(scope.cancel)
            await leave(JaypieStream(source))
        assert scope.cancelled_caught
        assert not outer.cancelled_caught
        await pause()
        assert not swallowed()

    async def test_outer_scope(self, leave: Leave, source: Callable[[], AsyncIterator[int]]) -> None:
        """
        So does a scope further out, with a task group in between.
        """
        went_on: list[bool] = []
        with anyio.CancelScope() as scope:
            soon(scope.cancel)
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
                await leave(JaypieStream(source))
                went_on.append(True)
        assert scope.cancelled_caught
        assert went_on == []
        assert not swallowed()

    async def test_scope_and_native(self, leave: Leave, source: Callable[[], AsyncIterator[int]]) -> None:
        """
        Where both come at once, the task ends cancelled.
        """

        async def run() -> None:
            with anyio.CancelScope() as scope:
                soon(scope.cancel)
                await leave(JaypieStream(source))

        task = asyncio.ensure_future(run())
        soon(task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()


def soon(do: Callable[[], object], turns: int = 5) -> None:
    """
    Call *do* some turns of the loop later, when the source waits.
    """
    if turns:
        asyncio.get_running_loop().call_soon(soon, do, turns - 1)
    else:
        do()
