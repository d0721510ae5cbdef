"""
The app of the tests in which clients leave, stall, or servers stop: by path, what each of them needs to see.

Run by a server in a process of its own; `/stats` tells what happened there. Not a test.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx

from jaystream import JaypieStream
from jaystream.handlers import shutdown_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from jaystream import Outcome

    Message = MutableMapping[str, Any]

COUNTS: Counter[str] = Counter()
SAVED: list[list[str]] = []
LOGGED: list[str] = []

PIECE = "x" * 65_536


class Keeping(logging.Handler):
    """
    Keeps what is logged as an error, by whomever.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Keep one record.
        """
        LOGGED.append(f"{record.name}: {record.getMessage()}")


async def ticking(pause: float = 0.005) -> AsyncIterator[str]:
    """
    Words without an end.
    """
    COUNTS["opened"] += 1
    try:
        number = 0
        while True:
            yield f"word {number}"
            number += 1
            await asyncio.sleep(pause)
    finally:
        COUNTS["closed"] += 1


async def from_upstream(url: str) -> AsyncIterator[bytes]:
    """
    What another server streams, as a model's provider does.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client, client.stream("GET", url) as response:
        async for piece in response.aiter_raw():
            yield piece


async def heavy() -> AsyncIterator[str]:
    """
    Large pieces without an end, counted.
    """
    COUNTS["opened"] += 1
    try:
        while True:
            COUNTS["produced"] += len(PIECE)
            yield PIECE
    finally:
        COUNTS["closed"] += 1


async def numbered(count: int, pause: float) -> AsyncIterator[dict[str, int]]:
    """
    Events with a number each, so that a lost or doubled one shows.
    """
    COUNTS["opened"] += 1
    try:
        for number in range(count):
            yield {"n": number}
            await asyncio.sleep(pause)
    finally:
        COUNTS["closed"] += 1


async def ten_words() -> AsyncIterator[str]:
    """
    An answer worth saving.
    """
    for number in range(10):
        yield f"word {number}"
        await asyncio.sleep(0.02)


async def save(words: JaypieStream[str]) -> None:
    """
    A side sink: the transcript.
    """
    SAVED.append(await words.to_list())


def note(outcome: Outcome) -> None:
    """
    Count how a run ended.
    """
    COUNTS[f"outcome {outcome.kind}"] += 1


def stats() -> dict[str, Any]:
    """
    What is alive in this process, and what has happened.
    """
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return {
        "counts": COUNTS,
        "saved": SAVED,
        "logged": LOGGED,
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "kib": int(status.split("VmRSS:")[1].split()[0]),
    }


SHUTDOWN: list[asyncio.Event] = []


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """
    Everything by path.
    """
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
    shutdown = SHUTDOWN[0] if SHUTDOWN else None
    match scope["path"]:
        case "/forever":
            response = JaypieStream(ticking).finalize(note).to_response(shutdown=shutdown)
        case "/idle":
            response = JaypieStream(lambda: ticking(3600)).finalize(note).to_response(shutdown=shutdown)
        case "/proxy":
            response = JaypieStream(lambda: from_upstream(query["url"])).to_response()
        case "/heavy":
            response = JaypieStream(heavy).finalize(note).to_response(send_timeout=float(query.get("timeout", "60")))
        case "/numbered":
            count, pause = int(query["count"]), float(query["pause"])
            keepalive = float(query.get("keepalive", "15"))
            response = JaypieStream(lambda: numbered(count, pause)).to_response(keepalive=keepalive)
        case "/saved":
            words = JaypieStream(ten_words).also_to(save).finalize(note)
            response = words.to_response(on_disconnect="drain" if "drain" in query else "cancel")
        case _:
            response = JaypieStream.of(json.dumps(stats())).format_text().to_response()
    await response(scope, receive, send)


async def lifespan(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    """
    Listen for the signal that ends the server, and tell the streams.
    """
    logging.getLogger().addHandler(Keeping(logging.ERROR))
    await receive()
    with shutdown_on() as shutdown:
        SHUTDOWN.append(shutdown)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
