"""
Two thousand clients at once, half of which leave at a moment of their own: nothing is lost for those who stay, and
nothing is left of those who went.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from functools import partial
from typing import Any

import pytest

from tests.contracts.servers import serving
from tests.contracts.test_leaving import APP, stats, until

CLIENTS = 2_000
EVENTS = 25


async def client(host: str, port: int, leaves_after: int | None) -> list[int]:
    """
    Read the numbers of one stream, to its end or up to so many.
    """
    reader, writer = await asyncio.open_connection(host, port)
    seen: list[int] = []
    try:
        path = f"/numbered?count={EVENTS}&pause=0.05"
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"data: "):
                seen.append(json.loads(line.removeprefix(b"data: "))["n"])
                if leaves_after is not None and len(seen) >= leaves_after:
                    break
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # the server may be quicker
            await writer.wait_closed()
    return seen


async def crowd(host: str, port: int, seed: int) -> list[tuple[int | None, list[int]]]:
    """
    All clients, half of which leave after a number of events drawn for each.
    """
    drawn = random.Random(seed)
    plans = [drawn.randrange(1, EVENTS) if number % 2 else None for number in range(CLIENTS)]
    return list(zip(plans, await asyncio.gather(*(client(host, port, plan) for plan in plans)), strict=True))


def all_closed(count: int, now: dict[str, Any]) -> bool:
    """
    Whether so many streams have been closed by now.
    """
    closed: int = now["counts"].get("closed", 0)
    return closed == count


@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", ["uvicorn-httptools"])
def test_crowd(server: str) -> None:
    """
    Those who stay get every event once, in order; the server keeps no task, no descriptor and no memory.
    """
    with serving(server, APP) as (base, _):
        host, port = base.removeprefix("http://").split(":")
        kept: list[dict[str, Any]] = [stats(base)]
        for seed in range(3):
            for plan, seen in asyncio.run(crowd(host, int(port), seed)):
                assert list(range(EVENTS if plan is None else plan)) == seen
            done = (seed + 1) * CLIENTS
            kept.append(until(base, partial(all_closed, done)))
            assert done == kept[-1]["counts"]["opened"]
        at_rest, _, second, third = kept
        assert (at_rest["tasks"], at_rest["descriptors"]) == (third["tasks"], third["descriptors"])
        # what the first crowds grew is used again by the next
        assert third["kib"] - second["kib"] < 4 * 1024, [one["kib"] for one in kept]
        assert [] == third["logged"]
