"""
What a stream costs that waits: the memory of many idle responses on one loop, beyond that of a raw ASGI app that waits
for its client to leave.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Row
from benchmarks.serving import request, uvicorn

if TYPE_CHECKING:
    import socket

NAMES = ("idle streams on one loop, memory of each",)
BOUND = 12.0
SETTLED = 6.0
"""Seconds after which a stream has sent its headers and let go of what only writing needs."""


def resident(process: int) -> int:
    """
    KiB of memory that *process* has in use.
    """
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {process} does not tell its memory")


def each(path: str, count: int) -> float:
    """
    KiB that one idle response takes, server side and all.
    """
    with uvicorn("benchmarks.streaming_apps:app", "--http", "h11", "--loop", "asyncio") as (port, process):
        open_ones: list[socket.socket] = []
        try:
            open_ones += [_first_event(port, path) for _ in range(50)]  # what is made once only
            before = resident(process)
            open_ones += [_first_event(port, path) for _ in range(count)]
            time.sleep(SETTLED)
            return (resident(process) - before) / count
        finally:
            for one in open_ones:
                one.close()


def _first_event(port: int, path: str) -> socket.socket:
    connection = request(port, path)
    got = b""
    while b"Hello" not in got:
        piece = connection.recv(4096)
        assert piece, f"{path} ended: {got!r}"
        got += piece
    return connection


def run(*, short: bool) -> list[Row]:
    """
    Measure 10,000 idle streams, in the short form 1,000.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 1_000 if short else 10_000
    room = (hard if hard != resource.RLIM_INFINITY else 1 << 20) - 200
    count = min(count, room)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    raw, ours = each("/hand/idle", count), each("/ours/idle", count)
    return [
        Row(
            NAMES[0],
            f"{ours:.1f} KiB",
            f"raw ASGI app {raw:.1f} KiB",
            ours - raw,
            f"<= +{BOUND:g} KiB",
            ours - raw <= BOUND,
            f"{count:,} streams; the ratio column gives KiB beyond the raw app",
        )
    ]
