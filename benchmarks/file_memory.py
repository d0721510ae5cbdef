"""
How much memory does it take to stream a large file into a file, and into a Lambda writer?
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Row

PROBE = """
import asyncio, sys
from jaystream import JaypieStream

def peak():  # not ru_maxrss, which a process inherits from the one that started it
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

class Writer:
    def write(self, data): pass
    def end(self): pass

async def main(kind, source, target):
    await JaypieStream.from_file(__file__ or source).take(1).to_file(target)
    await JaypieStream.from_file(source).take(8).to_lambda(Writer())
    idle = peak()
    stream = JaypieStream.from_file(source)
    await (stream.to_file(target) if kind == "file" else stream.to_lambda(Writer()))
    print(peak() - idle)

asyncio.run(main(*sys.argv[1:]))
"""


def run(*, short: bool) -> list[Row]:
    size = (64 if short else 1024) * 2**20
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        probe, source, target = (Path(folder) / name for name in ("probe.py", "source", "target"))
        probe.write_text(PROBE)
        with source.open("wb") as file:
            for _ in range(size // 2**20):
                file.write(b"x" * 2**20)
        for kind in ("file", "Lambda writer"):
            done = subprocess.run(  # noqa: S603 - our own interpreter and text
                [sys.executable, str(probe), kind, str(source), str(target)],
                capture_output=True,
                text=True,
                check=True,
            )
            grown = int(done.stdout) / 1024
            rows.append(
                Row(
                    f"{size // 2**20} MiB from a file to a {kind}",
                    f"+{grown:.1f} MiB",
                    "idle",
                    grown,
                    "<= 20",
                    grown <= 20,
                    "the ratio column gives MiB over idle",
                )
            )
    return rows
