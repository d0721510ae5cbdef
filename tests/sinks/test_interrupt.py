"""
A `KeyboardInterrupt` out of a writer: the loop ends by it, and everything is still closed.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
from jaystream import JaypieStream


class Writer:
    def write(self, data):
        raise KeyboardInterrupt

    def end(self):
        print("ended")


async def source():
    try:
        yield "a"
        await asyncio.Event().wait()
    finally:
        print("closed")


async def main():
    try:
        await JaypieStream(source).to_lambda(Writer())
    finally:
        print("left")


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


class TestInterrupt:
    """
    It passes through the task that writes, and through the loop.
    """

    def test_closes_everything(self) -> None:
        """
        The source is closed, the writer ended and the caller's clean-up run, before `asyncio.run` raises it.
        """
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False)
        assert ["closed", "ended", "left", "interrupted"] == done.stdout.split(), done.stderr
