"""
Many invocations and large responses: nothing piles up.

    JAYSTREAM_SOAK=10000    how many invocations, by default a few hundred
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.runtime.runs import process
from tests.aws.runtime.stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

SOAK = int(os.environ.get("JAYSTREAM_SOAK", "400"))

SOURCE = """
import asyncio, gc, json, os, resource

def streaming(function):
    function.streams_response = True
    return function

def stats():
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {
        "objects": len(gc.get_objects()),
        "files": len(os.listdir("/proc/self/fd")),
        "resident": pages * resource.getpagesize(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }

@streaming
async def stream(event, context):
    stream = context.response_stream
    if event == "stats":
        stream.write(json.dumps({**stats(), "tasks": len(asyncio.all_tasks())}))
        return
    if isinstance(event, int):
        piece = bytes(65_536)
        for _ in range(event // len(piece)):
            room = stream.write(piece)
            if room is not None:
                await room
        return
    if event == "before":
        raise LookupError("before")
    if event == "http":
        stream.start(200, [("content-type", "text/plain")], [])
    for number in range(3):
        await (stream.write(b"%d" % number) or asyncio.sleep(0))
    if event == "amid":
        raise LookupError("amid")

def sync(event, context):
    if event == "before":
        raise LookupError("before")
    return stats() if event == "stats" else event

async def plain(event, context):
    await asyncio.sleep(0)
    return sync(event, context)
"""


@pytest.mark.timeout(60 + SOAK // 10)
class TestEndurance:
    """
    In a process of its own, which tells what it holds.
    """

    @pytest.mark.parametrize("handler", ["stream", "sync", "plain"])
    @pytest.mark.parametrize("together", [False, True])
    async def test_many(self, handler: str, together: bool, tmp_path: Path) -> None:
        """
        After many invocations of every kind the process holds what it held after some.
        """
        environment = {"AWS_LAMBDA_MAX_CONCURRENCY": "4"} if together else {}
        async with (
            StandIn() as api,
            process(api, tmp_path, SOURCE, f"function.{handler}", **environment) as running,
        ):
            drain = running.read()
            found = [await self.stats(api, SOAK // 4) for _ in range(4)]
            running.process.kill()
            await drain
        # what is loaded late comes once; a leak grows in every round
        assert min(self.growth(found, "objects")) < SOAK / 40
        assert min(self.growth(found, "files")) <= 0
        assert min(self.growth(found, "tasks")) <= 0
        assert min(self.growth(found, "resident")) < 500_000

    @staticmethod
    def growth(found: list[dict[str, Any]], name: str) -> list[int]:
        """
        How one figure grew in each round.
        """
        return [late.get(name, 0) - early.get(name, 0) for early, late in itertools.pairwise(found)]

    @staticmethod
    async def stats(api: StandIn, count: int) -> dict[str, Any]:
        """
        What the process holds after so many invocations.
        """
        for number in range(count):
            api.offer(("text", "before", "amid", "http")[number % 4], request_id=f"r-{number}")
        await api.answers(count)
        api.posted.clear()
        api.began.clear()
        looks: list[dict[str, Any]] = []
        for number in range(6):
            api.offer("stats", request_id=f"stats-{number}")
            (posted,) = await api.answers(1)
            api.posted.clear()
            looks.append(posted.json)
        # the least of several looks: what is still being cleared away beside one of them is no leak
        return {name: min(look[name] for look in looks) for name in looks[0]}

    async def test_large(self, tmp_path: Path) -> None:
        """
        A response of 200 MB goes through constant memory, though its reader is slower than its writer.
        """
        size = 200_000_000 // 65_536 * 65_536
        async with StandIn(keep=1000) as api, process(api, tmp_path, SOURCE, "function.stream"):
            api.offer("stats")
            api.offer(size)
            api.offer("stats")
            before, large, after = await api.answers(3)
        assert (size, True) == (large.size, large.whole)
        assert after.json["peak"] - before.json["peak"] < 20_000_000
