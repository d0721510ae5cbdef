"""
Contract 7 for the operators that read several sources at once: the event loop has its turns, however ready all are.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from jaystream import JaypieStream, merge
from jaystream._core import run as run_module
from tests.checks import WAYS, pause


async def ready() -> AsyncGenerator[int, None]:
    for n in itertools.count():
        yield n


def endless() -> JaypieStream[int]:
    return JaypieStream(itertools.count())


ENDLESS: dict[str, Callable[[], JaypieStream[Any]]] = {
    "merge": lambda: merge(*[endless() for _ in range(300)]),
    "merge, read ahead": lambda: merge(itertools.count, ready, prefetch=500),
    "flat_map": lambda: JaypieStream(range(9)).flat_map(lambda _: ready(), concurrency=9),
    "flat_map of short ones": lambda: endless().flat_map(lambda n: [n], concurrency=3),
    "zip": lambda: endless().zip(ready, concurrent=True),
    "combine_latest": lambda: endless().combine_latest(*[itertools.count for _ in range(300)]),
    "with_latest_from": lambda: endless().with_latest_from(itertools.count, ready),
    "with_latest_from, too early": lambda: endless().with_latest_from(JaypieStream.never()),
    "interleave": lambda: endless().interleave(ready),
    "race": lambda: endless().race(ready),
    "switch_map": lambda: endless().switch_map(lambda n: [n]),
    "switch_map, one source": lambda: JaypieStream([1]).switch_map(lambda _: ready()),
}


class TestTurns:
    """
    The loop gets its turns.
    """

    @pytest.mark.parametrize("name", ENDLESS)
    @pytest.mark.parametrize("way", WAYS)
    async def test_timeouts_fire(self, name: str, way: Any) -> None:
        """
        A timeout ends it, also where all of the items are dropped below.
        """
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.002):
                await way(ENDLESS[name]().filter(lambda _: False))

    # where no item is given, or a source is read freely, this clock stands still
    @pytest.mark.parametrize(
        "name", sorted(name for name in ENDLESS if name.startswith(("merge", "zip", "comb", "race")))
    )
    async def test_busy_consumer(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Beside a consumer that works without a pause, the longest wait of another task is a slice and one look.
        """
        clock = 0.0
        monkeypatch.setattr(run_module, "perf_counter", lambda: clock)
        longest = since = 0.0

        def work(_: object) -> bool:
            nonlocal clock
            clock += 0.001
            return clock > 0.5

        async def tick() -> None:
            nonlocal longest, since
            while clock <= 0.5:
                longest = max(longest, clock - since)
                since = clock
                await pause()

        ticker = asyncio.ensure_future(tick())
        await ENDLESS[name]().filter(work).first()
        await ticker
        assert longest <= run_module.SLICE + 0.002
