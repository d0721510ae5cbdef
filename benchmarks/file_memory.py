"""
How much memory does it take to stream a large file into a file, an ASGI response and a Lambda writer?
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Row

KINDS = ("a file", "ASGI", "a Lambda writer")
NAMES = tuple(f"streaming 1 GB to {kind}" for kind in KINDS)
PROBE = """
import asyncio, os, sys
from jaystream import JaypieStream

class Writer:
    def write(self, data): pass
    def end(self): pass

def peak():  # of this program alone: what getrusage tells is at least what the starting process had
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

async def receive():
    await asyncio.get_running_loop().create_future()

async def send(message):  # dropped, as what a fast client has read
    await asyncio.sleep(0)

async def to(kind, stream, target):
    if kind == "a file":
        return await stream.to_file(target)
    if kind == "ASGI":
        return await stream.to_asgi({"type": "http", "method": "GET"}, receive, send)
    return await stream.to_lambda(Writer())

async def main(kind, source, target):
    await to(kind, JaypieStream.from_file(source).take(8), target)
    idle = peak()
    report = await to(kind, JaypieStream.from_file(source), target)
    assert report.ended == "end" and report.bytes == os.path.getsize(source), report
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
        for kind, name in zip(KINDS, NAMES, strict=True):
            done = subprocess.run(  # noqa: S603 - our own interpreter and text
                [sys.executable, str(probe), kind, str(source), str(target)],
                capture_output=True,
                text=True,
                check=True,
            )
            grown = int(done.stdout) / 1024
            rows.append(
                Row(
                    name,
                    f"+{grown:.1f} MiB",
                    f"idle, {size // 2**20} MiB sent",
                    grown,
                    "<= 20",
                    grown <= 20,
                    "the ratio column gives MiB over idle",
                )
            )
    return rows
