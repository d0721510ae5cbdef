"""
A pump that is left while it closes something in the middle of its run: that comes to its end, and then the pump.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually


def slowly_closed() -> Probe[int]:
    """
    A source that takes a second to close.
    """
    return Probe([1], on_close=lambda: asyncio.sleep(1))


async def cancel_after(seconds: float, stream: JaypieStream[Any]) -> float:
    """
    Cancel a run; gives the time at which it is over.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(stream.drain())
    loop.call_later(seconds, task.cancel)
    await asyncio.wait([task])
    assert task.cancelled()
    return loop.time()


class TestLeftWhileClosing:
    """
    The pump ends after the closing, and begins nothing more.
    """

    @pytest.mark.parametrize("operator", ["merge", "flat_map", "buffer", "map"])
    def test_next_source(self, operator: str) -> None:
        """
        What comes behind the source that is being closed is not waited for.
        """
        first, second = slowly_closed(), Probe([2], before=lambda _: asyncio.sleep(100))
        chained = JaypieStream[Any](first).concat(second)
        made: dict[str, Callable[[], JaypieStream[Any]]] = {
            "merge": lambda: JaypieStream[Any].never().merge(chained),
            "flat_map": lambda: JaypieStream.of(1).flat_map(lambda _: chained, concurrency=2),
            "buffer": lambda: chained.buffer(5),
            "map": lambda: chained.map(echo, concurrency=2),
        }
        assert run_virtually(cancel_after(0.5, made[operator]())) == 1
        assert first.closed
        assert second.reads <= 1
        first.assert_released()
        second.assert_released()

    def test_early_stop(self) -> None:
        """
        The same where the consumer has had enough.
        """
        first, second = slowly_closed(), Probe([2], before=lambda _: asyncio.sleep(100))

        async def main() -> float:
            merged = JaypieStream[Any](first).concat(second).merge(JaypieStream[Any].tick(0.5).take(3))
            async with merged.open() as items:
                async for item in items:
                    if item == 1:
                        break
            return asyncio.get_running_loop().time()

        assert run_virtually(main()) <= 1
        first.assert_released()
        second.assert_released()

    @pytest.mark.parametrize("operator", ["flat_map", "map"])
    def test_nothing_begins(self, operator: str) -> None:
        """
        An item that comes after the closing opens nothing and calls nothing: `race` closes its losers, and goes on.
        """
        begun: list[Any] = []

        async def call(x: int) -> list[int]:
            begun.append(x)
            await asyncio.sleep(0)
            return [x]

        loser = Probe[Any]([], before=lambda _: asyncio.sleep(50), on_close=lambda: asyncio.sleep(1))
        raced = JaypieStream(loser).race([0, 1, 2])
        stream = raced.flat_map(call, concurrency=1) if operator == "flat_map" else raced.map(call, concurrency=1)
        assert run_virtually(cancel_after(0.5, stream)) == 1
        assert begun == []


async def echo(x: Any) -> Any:
    """
    A call that takes a turn.
    """
    await asyncio.sleep(0)
    return x
