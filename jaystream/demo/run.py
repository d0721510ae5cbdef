"""
The two programs: `demo` and `serve`. A signal cancels them, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jaystream.demo.pipeline import events
from jaystream.demo.server import NoModelError, import_server, listen, make_app, serving
from jaystream.demo.show import difference, event_line, sink_line
from jaystream.demo.sinks import into_file, into_lambda, over_http
from jaystream.demo.text import Text, open_text, read_text
from jaystream.errors import JaypieError

if TYPE_CHECKING:
    from jaystream import JaypieStream, Llm, SseEvent
    from jaystream.demo.sinks import Result

PROMPT = "What is the weather in Lisbon and in Oslo? And in two sentences: why is streaming better than waiting?"

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def demo(argument: str | None, *, fast: bool, llm: str | None = None) -> int:
    """
    Stream a text, or a model's answer to it, into three sinks at once, print what happens, and compare.

    Returns:
        0; 1 if what the sinks got differs; 130 after an interrupt.

    Raises:
        OSError: If the text cannot be read.
        NoModelError: If there is no such model, or its package is not installed.
        JaypieError: If the model cannot be asked, or does not answer.
        MissingServerError: If the web server is not installed.
        ClientFailedError: If the HTTP client could not read the stream.
    """
    # outside the event loop: an interrupt ends a read that waits for somebody to type
    if llm is None:
        text = open_text(argument)
        since = perf_counter()
        import_server()
        return run(_demo(text, since, fast=fast))
    prompt = PROMPT if argument is None else read_text(argument)
    import_server()
    model = make_llm(llm)
    return run(_answer(model, prompt, perf_counter()))


async def _demo(text: Text, since: float, *, fast: bool) -> int:
    stream = events(text.pieces, fast=fast)
    results = await _into_sinks(text.name, [stream] * 3, since)
    source = b"".join(await text.pieces.to_list()).decode("utf-8", "replace")
    return _compare(results, source, stream)


async def _answer(model: Llm, prompt: str, since: float) -> int:
    said: list[str] = []
    async with model as llm:
        answer = llm.stream(prompt).tap(lambda chunk: said.append(str(chunk.get("content", "")))).format_sse()
        results = await _into_sinks(f"The answer of {llm.provider}:{llm.model}", answer.broadcast(3), since)
    return _compare(results, "".join(said), answer)


async def _into_sinks(name: str, streams: Sequence[JaypieStream[bytes]], since: float) -> list[Result]:
    def show(event: SseEvent) -> None:
        print(event_line(event, perf_counter() - since), flush=True)

    print(f"{name}, streamed to a file, over HTTP and to a Lambda; this is what the HTTP client sees.\n", flush=True)
    with TemporaryDirectory(prefix="jaystream-") as folder:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(into_file(streams[0], Path(folder) / "events.sse")),
                group.create_task(over_http(streams[1], show)),
                group.create_task(into_lambda(streams[2])),
            ]
    return [task.result() for task in tasks]


def _compare(results: Sequence[Result], source: str, stream: JaypieStream[bytes]) -> int:
    print()
    for result in results:
        print(sink_line(result))
    found = difference(results, source)
    print(f"\nThis is the loop that ran:\n\n{stream.explain()}")
    if found is not None:
        print(f"The sinks differ: {found}", flush=True)
        return 1
    print("All three got the same, byte for byte, and it holds the whole text.", flush=True)
    return 0


def serve(argument: str | None, port: int, llm: str) -> int:
    """
    Serve the chat, and the text on a page of its own, until interrupted.

    Returns:
        0: an interrupt is how it is meant to end.

    Raises:
        OSError: If the text cannot be read, or the port is taken.
        NoModelError: If there is no such model, or its package is not installed.
        JaypieError: If the model cannot be asked.
        MissingServerError: If the web server is not installed.
    """
    text = open_text(argument)
    import_server()
    model = make_llm(llm)
    with listen(port) as listener:
        code = run(_serve(text, listener, model))
    return 0 if code == INTERRUPTED else code


def make_llm(model: str) -> Llm:
    """
    The model that *model* names, with the demo's tools.

    Raises:
        NoModelError: If there is none, or its package is not installed.
    """
    from jaystream.demo import chat  # noqa: PLC0415 - it takes time that the demo without a model has not

    try:
        return chat.make_llm(model)
    except (ImportError, TypeError, ValueError) as error:
        raise NoModelError(str(error)) from error


async def _serve(text: Text, listener: socket, llm: Llm) -> int:
    shutdown = asyncio.Event()
    app = make_app(text.name, partial(events, text.pieces), shutdown, llm)
    async with llm, serving(app, listener, shutdown) as address:
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
        told = next((error for error in group.exceptions if isinstance(error, JaypieError)), None if others else alone)
        if told is None:
            raise
        raise told from told.__cause__


async def _cancelled_by_sigterm(program: Coroutine[Any, Any, int]) -> int:
    task = asyncio.create_task(program)
    with suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
