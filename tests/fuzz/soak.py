"""
`python -m tests.fuzz.soak [--items N] [NAME...]`: a million items through each operator that runs tasks or holds items.

Of each the memory of the process, what Python has allocated, and the tasks and generators are looked at from the first
tenth to the end: nothing may grow, nothing may be left.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from jaystream import JaypieStream
from jaystream.testing import guard_leaks

__all__ = ["SOAKS", "Figures", "soak"]

Stream = JaypieStream[Any]
Run = Callable[[Stream, int], Coroutine[Any, Any, int]]

KEPT = 64 * 1024
"""
Bytes that Python may have more at the end than at a tenth of the way.
"""

RESIDENT = 8 * 1024 * 1024
"""
Bytes by which the process may have grown meanwhile: the allocator keeps pages.
"""


class Figures(NamedTuple):
    """
    What one soak found.

    Attributes:
        came: Items that came out.
        kept: Bytes of Python more than at a tenth of the way; None where it was not looked at.
        resident: Bytes of the process more than at a tenth of the way.
        tasks: Tasks beyond those there were, while it ran, at most.
        seconds: How long it took.
    """

    came: int
    kept: int | None
    resident: int
    tasks: int
    seconds: float

    def faults(self) -> list[str]:
        """
        What is wrong with them.
        """
        found: list[str] = []
        if self.kept is not None and self.kept > KEPT:
            found.append(f"{self.kept} bytes kept")
        if self.resident > RESIDENT:
            found.append(f"the process grew by {self.resident} bytes")
        return found


async def same(x: Any) -> Any:
    """
    A call that takes a turn of the loop.
    """
    await asyncio.sleep(0)
    return x


async def parts(streams: tuple[Stream, ...]) -> int:
    """
    Read streams over one run side by side.
    """
    return sum(await asyncio.gather(*(stream.count() for stream in streams)))


def counted(operate: Callable[[Stream, int], Stream]) -> Run:
    """
    Puts an operator on and counts what comes.
    """
    return lambda stream, n: operate(stream, n).count()


SOAKS: dict[str, Run] = {
    "map": counted(lambda s, _: s.map(same, concurrency=8)),
    "map, unordered": counted(lambda s, _: s.map(same, concurrency=8, ordered=False)),
    "map, per key": counted(lambda s, _: s.map(same, concurrency=8, per_key=lambda x: x % 100)),
    "flat_map": counted(lambda s, _: s.chunk(10).flat_map(lambda c: c, concurrency=8)),
    "flatten": counted(lambda s, _: s.chunk(10).flatten(concurrency=8)),
    "merge": counted(lambda s, n: s.take(n // 2).merge(range(n - n // 2))),
    "merge, prefetch": counted(lambda s, n: s.take(n // 2).merge(range(n - n // 2), prefetch=16)),
    "zip": counted(lambda s, n: s.zip(range(n), concurrent=True)),
    "interleave": counted(lambda s, n: s.take(n // 2).interleave(range(n - n // 2))),
    "combine_latest": counted(lambda s, _: s.combine_latest([1])),
    "with_latest_from": counted(lambda s, _: s.with_latest_from([1])),
    "race": counted(lambda s, _: s.race(JaypieStream.never())),
    "switch_map": counted(lambda s, _: s.switch_map(lambda x: [x])),
    "buffer": counted(lambda s, _: s.buffer(16)),
    "buffer, dropping": counted(lambda s, _: s.buffer(16, overflow="drop_oldest")),
    "conflate": counted(lambda s, _: s.conflate(lambda a, b: b)),
    "broadcast": lambda s, _: parts(s.broadcast(3, buffer=8)),
    "partition": lambda s, _: parts(s.partition(lambda x: x % 2)),
    "group_by": counted(lambda s, _: s.group_by(lambda x: x % 50).flat_map(lambda g: g[1], concurrency=100)),
    "group_by, ever new": counted(
        lambda s, _: s.group_by(lambda x: x // 100, idle=0.0001).flat_map(lambda g: g[1], concurrency=100)
    ),
    "group_within": counted(lambda s, _: s.group_within(100, seconds=1)),
    "timeout": counted(lambda s, _: s.timeout(first=60, idle=60, total=3600)),
    "keepalive": counted(lambda s, _: s.keepalive(60, item=None)),
    "debounce": counted(lambda s, _: s.debounce(60)),
    "sample": counted(lambda s, _: s.sample(0.001)),
    "throttle": counted(lambda s, _: s.throttle(1000, per=0.00001)),
    "delay": counted(lambda s, _: s.delay(0)),
    "take_until": counted(lambda s, _: s.take_until(JaypieStream.never())),
    "take_for": counted(lambda s, _: s.take_for(3600)),
    "retry": counted(lambda s, _: JaypieStream(lambda: s).retry(wait=0)),
    "fallback": counted(lambda s, _: s.fallback([1])),
    "smooth": counted(lambda s, _: s.map(str).smooth("word", per=0.000001, max_lag=0.0001)),
    "also_to": counted(lambda s, _: s.also_to(JaypieStream[Any].drain)),
}
"""
Every operator that runs tasks or holds items, as a soak; called with a source and how many items it gives.
"""


def resident() -> int:
    """
    Bytes of memory that the process has; 0 where the system does not tell.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def soak(run: Run, items: int, *, trace: bool = True) -> Figures:
    """
    Send so many items through, inside the leak guard.

    Args:
        run: The soak.
        items: How many.
        trace: Whether to look at what Python has allocated, which takes a few times as long.
    """
    before = len(asyncio.all_tasks())
    at: list[tuple[int, int]] = []
    tasks = 0

    def look() -> None:
        gc.collect()
        at.append((tracemalloc.get_traced_memory()[0], resident()))

    async def source() -> AsyncIterator[int]:
        nonlocal tasks
        for number in range(items):
            if number % max(1, items // 10) == 0 and number:
                tasks = max(tasks, len(asyncio.all_tasks()) - before)
                look()
            if number % 64 == 0:
                await asyncio.sleep(0)
            yield number

    if trace:
        tracemalloc.start()
    started = time.perf_counter()
    try:
        async with guard_leaks():
            came = await run(JaypieStream(source), items)
        took = time.perf_counter() - started
        look()
    finally:
        tracemalloc.stop()
    (kept, grown), *_ = at
    return Figures(came, at[-1][0] - kept if trace else None, at[-1][1] - grown, tasks, took)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.soak", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SOAKS, []], help="which; all by default")
    parser.add_argument("--items", type=int, default=1_000_000, help="how many, a million by default")
    arguments = parser.parse_args()
    failed = 0
    print(f"{'operator':<20} {'out':>9} {'kept':>9} {'resident':>10} {'tasks':>6} {'us/item':>8}")
    for name in arguments.names or SOAKS:
        # what Python keeps is looked at with a tenth of the items, since that is slow
        traced = asyncio.run(soak(SOAKS[name], max(100, arguments.items // 10)))
        figures = asyncio.run(soak(SOAKS[name], arguments.items, trace=False))
        faults = [*traced.faults(), *figures.faults()]
        failed += bool(faults)
        each = figures.seconds / arguments.items * 1e6
        print(
            f"{name:<20} {figures.came:>9} {traced.kept:>9} {figures.resident:>10} {figures.tasks:>6} {each:>8.2f}"
            f"  {'; '.join(faults)}",
            flush=True,
        )
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
