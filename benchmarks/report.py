"""
What every benchmark gives, and how it measures.

Method: the candidates run in turns, many times over, and the fastest run of each counts: noise only ever adds. What is
quoted is the ratio of two such minima from one process.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time
from typing import NamedTuple


class Row(NamedTuple):
    """
    One figure of the table.

    Attributes:
        name: The work that was done.
        ours: What jaystream took, with its unit.
        peer: What it is held against, with its name and unit.
        ratio: The figure the bound speaks of.
        bound: The bound, as it is written ("<= 1.15"), or "" for a figure without one.
        holds: Whether it holds; None without a bound.
        note: Anything a reader should know.
    """

    name: str
    ours: str
    peer: str
    ratio: float
    bound: str = ""
    holds: bool | None = None
    note: str = ""


def at_most(name: str, ours: float, peer_name: str, peer: float, bound: float, *, unit: str = "us") -> Row:
    """
    A row that holds if *ours* is at most *bound* times *peer*.
    """
    ratio = ours / peer
    return Row(name, f"{ours:.3g} {unit}", f"{peer_name} {peer:.3g} {unit}", ratio, f"<= {bound:g} x", ratio <= bound)


def at_least(name: str, ours: float, peer_name: str, peer: float, bound: float, *, unit: str = "us") -> Row:
    """
    A row that holds if *peer* takes at least *bound* times as long as *ours*.
    """
    ratio = peer / ours
    return Row(name, f"{ours:.3g} {unit}", f"{peer_name} {peer:.3g} {unit}", ratio, f">= {bound:g} x", ratio >= bound)


def interleave_async(
    *candidates: Callable[[], Awaitable[object]], repeats: int, expected: object = None
) -> list[float]:
    """
    `interleave` for coroutine functions, all in one event loop; each has to give what is *expected*, if anything is.

    They wait for nothing, so it is the processor's time that counts: other programs disturb that less.
    """

    async def measure() -> list[float]:
        best = [float("inf")] * len(candidates)
        for _ in range(repeats):
            for at, candidate in enumerate(candidates):
                since = process_time()
                result = await candidate()
                best[at] = min(best[at], process_time() - since)
                assert expected is None or result == expected, f"candidate {at} gave {result!r}, not {expected!r}"
                gc.collect()
        return best

    collected = gc.isenabled()
    gc.disable()
    try:
        return asyncio.run(measure())
    finally:
        if collected:
            gc.enable()


def interleave(*candidates: Callable[[], object], repeats: int) -> list[float]:
    """
    The fastest run of each candidate, in seconds; they take turns, with the collector off.
    """
    best = [float("inf")] * len(candidates)
    collected = gc.isenabled()
    gc.disable()
    try:
        for _ in range(repeats):
            for at, candidate in enumerate(candidates):
                since = perf_counter()
                candidate()
                best[at] = min(best[at], perf_counter() - since)
                gc.collect()
    finally:
        if collected:
            gc.enable()
    return best
