"""
The event streams that the tests of real clients serve, and the app that sends them with `to_asgi`.

Run by uvicorn in a process of its own; the tests import the same tables. Not a test.
"""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaystream import JaypieStream, SseEncoder, SseEvent
from tests.formats.test_sse_decoder import WPT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]

PAGE = Path(__file__).parent / "clients" / "read.html"
RAW = [source.encode() for source, _ in WPT.values()]

PIECES = [
    *("a", "word ", " lead", "\t", ":", "data: x", "event: forged", "id: 9"),
    *("\n", "\r", "\r\n", "\n\n", "\0", "\ufeff", "\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\u00a0"),
    *("é", "…", "😀", "𝄞", "a\ud83d b"),
]
NAMES = ["message", "text", "tool call", " lead", "é:", "😀", "error", "\ufeffname"]
IDS = [None, "1", "0", " 7", "é…", "a:b", "x" * 100]


class BrokenSourceError(Exception):
    """
    What a source raises in the middle.
    """


def texts() -> list[str]:
    """
    Texts that are hard to carry: each piece alone, at each end, and many of them mixed.
    """
    mixed = random.Random(5)
    found = ["", *PIECES, *(f"x{piece}" for piece in PIECES), *(f"{piece}x" for piece in PIECES)]
    return [*found, *("".join(mixed.choices(PIECES, k=mixed.randint(2, 9))) for _ in range(80))]


def every_kind() -> list[Any]:
    """
    Each text under each kind of name, with the ids that belong to each.
    """
    mixed = random.Random(7)
    made: list[Any] = []
    for number, text in enumerate(texts()):
        made.append(SseEvent(text, event=NAMES[number % len(NAMES)], id=IDS[number % len(IDS)]))
        if number % 5 == 0:
            made.append(SseEncoder.ping)
        if number % 7 == 0:
            made.append(SseEvent(text, comment="between\nevents\r" + text, retry=mixed.randint(1, 9)))
    return made


def without_ids() -> list[Any]:
    """
    Items as a program sends them: text, chunks, events without ids, and pings between them.
    """
    made: list[Any] = [*texts()]
    made += [{"type": f"kind {number}", "content": text} for number, text in enumerate(texts())]
    return [one for item in made for one in (item, SseEncoder.ping)]


async def pausing() -> AsyncIterator[str]:
    """
    Items with time between them, in which keepalives are sent.
    """
    for word in ("one", "two", "three"):
        yield word
        await asyncio.sleep(0.1)


async def broken() -> AsyncIterator[str]:
    """
    Some items, and then a failure: the error event ends the stream.
    """
    yield "fine"
    raise BrokenSourceError("a secret")


STREAMS: dict[str, Callable[[], JaypieStream[bytes]]] = {
    "every kind": lambda: JaypieStream(every_kind()).format_sse(),
    "every kind, with ids and retry": lambda: JaypieStream(texts()).format_sse(id=len, retry=9),
    "without ids": lambda: JaypieStream(without_ids()).format_sse(),
    "named alike": lambda: JaypieStream(texts()).format_sse(event="é 😀"),
    "pauses": lambda: JaypieStream(pausing).format_sse(),
    "broken": lambda: JaypieStream(broken).format_sse(),
    "empty": lambda: JaypieStream[str]([]).format_sse(),
    "large": lambda: JaypieStream(["x" * 300_000, "y\n" * 50_000, "😀" * 100_000]).format_sse(),
}

ASKED: list[tuple[float, str]] = []
"""When the reconnecting stream was asked for, and with which `Last-Event-ID`."""

ROUNDS = {
    "plain": [("one", "first"), ("2", "second"), ("", "third")],
    "utf-8": [("one", "first"), ("zwö…", "second"), ("", "third")],
}
"""The id and the data of each connection; after the last one the client is told to stop."""


def again(scope: Message, rounds: list[tuple[str, str]]) -> JaypieStream[bytes]:
    """
    One event per connection, telling the id that the client came with.
    """
    came_with = dict(scope["headers"]).get(b"last-event-id", b"").decode()
    event_id, data = rounds[min(len(ASKED), len(rounds) - 1)]
    ASKED.append((asyncio.get_running_loop().time(), came_with))
    return JaypieStream([SseEvent(data, id=event_id, retry=50)]).format_sse()


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """
    `/stream/N`, `/raw/N` by the number in their tables; `/again/WHICH`; `/asked` tells what came, and forgets it.
    """
    if scope["type"] != "http":
        return
    _, kind, *rest = scope["path"].split("/")
    stream: JaypieStream[Any]
    status, headers, keepalive = 200, {"content-type": "application/json"}, None
    if kind == "stream":
        name, make = [*STREAMS.items()][int(rest[0])]
        # only where no client makes anything of them: how many there are is the clock's
        stream, headers, keepalive = make(), {}, 0.02 if name == "pauses" else None
    elif kind == "raw":
        stream, headers = JaypieStream[Any]([RAW[int(rest[0])]]).format_sse(), {}
    elif kind == "again":
        rounds = ROUNDS[rest[0]]
        status = 200 if len(ASKED) < len(rounds) else 204
        stream, headers = again(scope, rounds), {}
    elif kind == "asked":
        stream = JaypieStream([json.dumps(ASKED)]).format_text()
        ASKED.clear()
    else:
        stream, headers = JaypieStream([PAGE.read_text(encoding="utf-8")]).format_text(), {"content-type": "text/html"}
    await stream.to_asgi(scope, receive, send, status=status, headers=headers, keepalive=keepalive)
