"""
The two programs: `demo` and `serve`. A signal cancels them, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaystream.demo.pipeline import events
from jaystream.demo.server import import_server, listen, make_app, serving
from jaystream.demo.show import difference, event_line, sink_line
from jaystream.demo.sinks import into_file, into_lambda, over_http
from jaystream.demo.text import Text, open_text

if TYPE_CHECKING:
    from jaystream import SseEvent

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def demo(argument: str | None, *, fast: bool) -> int:
    """
    Stream a text into three sinks at once, print what happens, and compare.

    Returns:
        0; 1 if what the sinks got differs; 130 after an interrupt.

    Raises:
        OSError: If the text cannot be read.
        MissingServerError: If the web server is not installed.
        ClientFailedError: If the HTTP client could not read the stream.
    """
    text = open_text(argument)  # outside the event loop: an interrupt ends a read that waits for somebody to type
    since = perf_counter()
    import_server()
    return run(_demo(text, since, fast=fast))


async def _demo(text: Text, since: float, *, fast: bool) -> int:
    def show(event: SseEvent) -> None:
        print(event_line(event, perf_counter() - since), flush=True)

    stream = events(text.pieces, fast=fast)
    print(
        f"{text.name}, streamed to a file, over HTTP and to a Lambda; this is what the HTTP client sees.\n", flush=True
    )
    with TemporaryDirectory(prefix="jaystream-") as folder:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(into_file(stream, Path(folder) / "events.sse")),
                group.create_task(over_http(stream, show)),
                group.create_task(into_lambda(stream)),
            ]
    results = [task.result() for task in tasks]
    print()
    for result in results:
        print(sink_line(result))
    source = b"".join(await text.pieces.to_list()).decode("utf-8", "replace")
    found = difference(results, source)
    print(f"\nThis is the loop that ran:\n\n{stream.explain()}")
    if found is not None:
        print(f"The sinks differ: {found}", flush=True)
        return 1
    print("All three got the same, byte for byte, and it holds the whole text.", flush=True)
    return 0


def serve(argument: str | None, port: int) -> int:
    """
    Serve the page and the stream until interrupted.

    Returns:
        0: an interrupt is how it is meant to end.

    Raises:
        OSError: If the text cannot be read, or the port is taken.
        MissingServerError: If the web server is not installed.
    """
    text = open_text(argument)
    import_server()
    with listen(port) as listener:
        code = run(_serve(text, listener))
    return 0 if code == INTERRUPTED else code


async def _serve(text: Text, listener: socket) -> int:
    shutdown = asyncio.Event()
    app = make_app(text.name, partial(events, text.pieces), shutdown)
    async with serving(app, listener, shutdown) as address:
        print(f"Open {address} in a browser. Ctrl-C stops the server.", flush=True)
        forever: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await forever


def run(program: Coroutine[Any, Any, int]) -> int:
    """
    Run a program to its exit code; a signal cancels it, and it closes what it opened first.
    """
    try:
        return asyncio.run(_cancelled_by_sigterm(program))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    except ExceptionGroup as group:
        alone, *others = group.exceptions
        if others:
            raise
        raise alone from None


async def _cancelled_by_sigterm(program: Coroutine[Any, Any, int]) -> int:
    task = asyncio.create_task(program)
    with suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
