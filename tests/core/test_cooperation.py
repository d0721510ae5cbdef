"""
Contract 7: pipelines that are always ready let the loop run, and those that wait by themselves pay nothing for it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream._core import run as run_module
from jaystream.testing import RecordingSend
from tests.checks import WAYS, pause
from tests.sinks.exchange import scope

Way = Callable[[JaypieStream[Any]], Coroutine[Any, Any, list[Any]]]


async def always_ready() -> AsyncIterator[int]:
    for n in itertools.count():
        yield n


ENDLESS: dict[str, Callable[[], JaypieStream[Any]]] = {
    "plain": lambda: JaypieStream(itertools.count()),
    "async": lambda: JaypieStream(always_ready),
    "callable": lambda: JaypieStream(itertools.count),
    "flat_map": lambda: JaypieStream([0]).flat_map(lambda _: itertools.count()),
    "flat_map of lists": lambda: JaypieStream(itertools.count()).flat_map(lambda n: [n] * 50),
    "async flat_map": lambda: JaypieStream([0]).flat_map(lambda _: always_ready()),
    "on_end": lambda: JaypieStream([0]).on_end(always_ready),
    "concat": lambda: JaypieStream([0]).concat(always_ready),
    "segments": lambda: JaypieStream(itertools.count()).catch(OSError, []).concat([1]),
}


class TestCooperation:
    """
    The loop gets its turns.
    """

    @pytest.mark.parametrize("name", ENDLESS)
    @pytest.mark.parametrize("way", WAYS)
    async def test_timeouts_fire(self, name: str, way: Way) -> None:
        """
        A timeout ends every endless pipeline, also one that drops all of its items.
        """
        for stream in (ENDLESS[name]().filter(lambda _: False), ENDLESS[name]().skip(10**9)):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.002):
                    await way(stream)

    @pytest.mark.parametrize("name", ENDLESS)
    async def test_a_ticker_beside_it(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The longest wait of a task beside it, in the pipeline's own clock, is the slice and what one look may miss.
        """
        clock = 0.0
        monkeypatch.setattr(run_module, "perf_counter", lambda: clock)
        longest = since = 0.0

        def work(_: object) -> bool:
            nonlocal clock
            clock += 0.0001
            return clock > 1

        async def tick() -> None:
            nonlocal longest, since
            while clock <= 1:
                longest = max(longest, clock - since)
                since = clock
                await pause()

        ticker = asyncio.ensure_future(tick())
        await ENDLESS[name]().filter(work).first()
        await ticker
        assert longest <= run_module.SLICE + run_module.STRIDE * 0.0001

    async def test_a_source_that_ceases_to_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A response looks seldom as long as its source waits before each item. When that ceases to, the loop has its
        turns after two strides more.
        """
        clock = 0.0
        monkeypatch.setattr(run_module, "perf_counter", lambda: clock)
        longest = since = 0.0
        going = True

        async def source() -> AsyncIterator[bytes]:
            nonlocal clock
            for number in range(1000):
                if number % 500 < 100:
                    await pause()
                clock += 0.001
                yield b"x"

        async def tick() -> None:
            nonlocal longest, since
            while going:
                longest = max(longest, clock - since)
                since = clock
                await pause()

        ticker = asyncio.ensure_future(tick())
        send = RecordingSend()
        await JaypieStream(source).to_asgi(scope(), send.receive, send)
        going = False
        await ticker
        assert longest <= run_module.SLICE + 2 * run_module.PACED * 0.001

    async def test_it_does_not_turn_at_every_item(self) -> None:
        """
        Fast items share a turn: a thousand of them cost the loop a handful.
        """
        turns = await turns_of(JaypieStream(range(1000)).map(lambda n: n).drain())
        assert turns < 50

    async def test_a_source_that_waits_pays_no_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the source waits by itself the loop turns as often as without us, however slow the clock says it is.
        """
        clock = itertools.count(step=1)
        monkeypatch.setattr(run_module, "perf_counter", lambda: float(next(clock)))

        async def source() -> AsyncIterator[int]:
            for n in range(100):
                await pause()
                yield n

        async def by_hand() -> None:
            async for _ in source():
                pass

        assert abs(await turns_of(JaypieStream(source).map(lambda n: n).drain()) - await turns_of(by_hand())) <= 2


async def turns_of(main: Coroutine[Any, Any, object]) -> int:
    """
    How often the loop turns while *main* runs.
    """
    loop = asyncio.get_running_loop()
    turns = 0
    going = True

    def count() -> None:
        nonlocal turns
        if going:
            turns += 1
            loop.call_soon(count)

    loop.call_soon(count)
    await main
    going = False
    await pause()
    return turns
