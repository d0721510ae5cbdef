"""
Running handlers against the stand-in, in this process or in one of their own. Not a test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaystream.aws.runtime.api import RuntimeApi
from jaystream.aws.runtime.context import enter
from jaystream.aws.runtime.invoking import Invoker
from jaystream.aws.runtime.logs import Sink

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tests.aws.runtime.stand_in import StandIn

ROOT = Path(__file__).resolve().parent.parent.parent.parent

URL_EVENT: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/",
    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET", "path": "/"}},
}
REST_EVENT: dict[str, Any] = {
    "resource": "/",
    "path": "/",
    "httpMethod": "GET",
    "headers": {},
    "requestContext": {"stage": "prod"},
}
ALB_EVENT: dict[str, Any] = {"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/", "headers": {}}


class RecordingSink(Sink):
    """
    Keeps what is written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def write(self, text: str, level: int | None = None) -> None:
        """
        Keep it.
        """
        self.text += text


def streaming(function: Callable[..., Any]) -> Callable[..., Any]:
    """
    Mark a handler as one that streams.
    """
    marked: Any = function
    marked.streams_response = True
    return function


async def serve(api: StandIn, handler: Callable[..., Any], count: int = 1, **options: Any) -> tuple[Invoker, str]:
    """
    Serve so many invocations; gives the invoker and the log.
    """
    sink = RecordingSink()
    invoker = Invoker(handler, sink, **options)
    client = RuntimeApi(api.address)
    try:
        for _ in range(count):
            await invoker.invoke(client, await client.next())
    finally:
        client.close()
        enter(None, alone=True)
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    return invoker, sink.text


class Process:
    """
    A runtime in a process of its own.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def read(self) -> asyncio.Future[tuple[bytes, bytes]]:
        """
        Read what it prints, from now on until it ends.
        """
        return asyncio.ensure_future(self.process.communicate())

    async def end(self) -> tuple[int, str, str]:
        """
        Wait for its end; gives the exit code and what it printed.
        """
        out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def process(
    api: StandIn,
    folder: Path,
    source: str,
    name: str = "function.handler",
    *,
    runtime: str = "jaystream.aws.runtime",
    **environment: str,
) -> AsyncGenerator[Process, None]:
    """
    Run a runtime with a module of this source.
    """
    (folder / "function.py").write_text(source, encoding="utf-8")
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        runtime,
        *([name] if name else []),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AWS_LAMBDA_RUNTIME_API": api.address, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(started)
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGINT)  # Python's own handling of it, for sync functions too, counts coverage
            try:
                await asyncio.wait_for(started.communicate(), 10)
            except TimeoutError:
                started.kill()
                await started.communicate()
