"""
What does `from jaystream import JaypieStream` cost beside what it stands on?
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.report import Row

BASE = "import anyio, asyncio"
OURS = f"{BASE}; from jaystream import JaypieStream"
NAMES = ("from jaystream import JaypieStream, with bytecode",)
PROBE = "import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"


def seconds(statement: str, cache: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", PROBE.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return float(done.stdout)


def run(*, short: bool) -> list[Row]:
    repeats = 9 if short else 25
    base = ours = float("inf")
    with tempfile.TemporaryDirectory() as cache:
        seconds(OURS, cache)  # writes the bytecode, as an installer does
        for _ in range(repeats):
            base = min(base, seconds(BASE, cache))
            ours = min(ours, seconds(OURS, cache))
    extra = 1e3 * (ours - base)
    return [
        Row(
            NAMES[0],
            f"{1e3 * ours:.1f} ms",
            f"import anyio, asyncio {1e3 * base:.1f} ms",
            extra,
            "<= +20 ms",
            extra <= 20,
            "the ratio column gives the difference in ms",
        )
    ]
