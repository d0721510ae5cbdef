"""
A `KeyboardInterrupt` out of a write: the loop ends by it, and everything is still closed.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio
import sys

from jaystream import JaypieStream, asgi_stream_handler
from jaystream.sinks import pull

how, few = sys.argv[1:]
pull.FEW = int(few)


class Writer:
    def write(self, data):
        raise KeyboardInterrupt

    def end(self):
        print("ended")


async def send(message):
    raise KeyboardInterrupt


async def receive():
    await asyncio.Event().wait()


async def source():
    try:
        yield "a"
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.01)
        print("closed")


@asgi_stream_handler
async def handler(request, response):
    try:
        response.write(b"a")
    finally:
        await asyncio.sleep(0.01)
        print("closed")


async def main():
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    try:
        if how == "lambda":
            await JaypieStream(source).to_lambda(Writer())
        elif how == "asgi":
            await JaypieStream(source).to_asgi(scope, receive, send)
        else:
            await handler(scope, receive, send)
        print("returned")
    finally:
        print("left")


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


class TestInterrupt:
    """
    It passes through whoever writes, and through the loop.
    """

    @pytest.mark.parametrize("few", ["8", "0"], ids=["stepped", "in rounds"])
    @pytest.mark.parametrize("how", ["lambda", "asgi", "by hand"])
    def test_closes_everything(self, how: str, few: str) -> None:
        """
        The source's clean-up runs to its end, the writer is ended, and the caller's clean-up run, before `asyncio.run`
        raises it.
        """
        command = [sys.executable, "-c", PROGRAM, how, few]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        ended = ["ended"] if how == "lambda" else []
        assert ["closed", *ended, "left", "interrupted"] == done.stdout.split(), done.stderr
