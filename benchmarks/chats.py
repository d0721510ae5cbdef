"""
Chats at once on one event loop: how late the tokens are, and at how many chats they get too late.

The client is the leanest that Python has, so that what is measured is the server: one thread over all connections,
which reads what is there and looks at the tokens of some of the chats only.
"""

from __future__ import annotations

import re
import selectors
import socket
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.chat_apps import PEERS
from benchmarks.report import Row
from benchmarks.serving import uvicorn

if TYPE_CHECKING:
    from collections.abc import Generator

CHATS = 200
LIMIT = 0.020
"""Seconds that the slowest token in a hundred may be late."""

NAMES = (
    f"{CHATS} chats at 50 tokens/s: the slowest token in 100 is late by",
    f"chats at once until that is {1000 * LIMIT:g} ms",
)

WATCHED = 40
"""Chats whose tokens are looked at."""

BODY = (
    b'{"id":"c","trigger":"submit-message","messages":[{"id":"m","role":"user","parts":[{"type":"text","text":"Go"}]}]}'
)
TOKEN = re.compile(rb'"delta": ?" (\d+\.\d{6})"')


class Lateness(NamedTuple):
    """
    How late tokens were, in seconds.
    """

    half: float
    most: float


def chat(port: int, path: str, chats: int, tokens: int) -> Lateness | None:
    """
    Hold so many chats at once, begun one after the other within a second; None if the path has no answer.

    Raises:
        AssertionError: If one was not answered to its end.
    """
    ask = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n"
        f"content-length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY
    late: list[float] = []
    poll = selectors.DefaultSelector()
    begun = monotonic()
    opened = closed = 0
    watched: dict[socket.socket, list[int]] = {}
    missing = False
    try:
        while closed < chats:
            while opened < chats and monotonic() >= begun + opened / chats:
                connection = socket.create_connection(("127.0.0.1", port))
                connection.setblocking(False)
                connection.send(ask)
                poll.register(connection, selectors.EVENT_READ)
                if opened % max(1, chats // WATCHED) == 0:
                    watched[connection] = [0]
                opened += 1
            for key, _ in poll.select(0.005 if opened < chats else 1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                data = connection.recv(65536)
                now = monotonic()
                if not data:
                    poll.unregister(connection)
                    connection.close()
                    closed += 1
                    continue
                missing = missing or data.startswith(b"HTTP/1.1 404")
                seen = watched.get(connection)
                if seen is not None:
                    found = TOKEN.findall(data)
                    seen[0] += len(found)
                    late.extend(now - float(each) for each in found)
    finally:
        for key in list(poll.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        poll.close()
    if missing:
        return None
    assert all(seen == [tokens] for seen in watched.values()), f"{path}: {sorted(watched.values())} of {tokens} tokens"
    late.sort()
    return Lateness(late[len(late) // 2], late[int(len(late) * 0.99)])


def breaks_at(port: int, path: str, tokens: int, halvings: int) -> int:
    """
    The largest number of chats at which the slowest token in a hundred is in time, in two of three tries.

    It goes up by halves until that breaks, and then looks between the last two.
    """

    def holds(chats: int) -> bool:
        kept = missed = 0
        while kept < 2 and missed < 2:
            found = chat(port, path, chats, tokens)
            if found is not None and found.most <= LIMIT:
                kept += 1
            else:
                missed += 1
        return kept == 2

    good, bad = 1, 60
    while holds(bad):
        good, bad = bad, bad * 3 // 2
    for _ in range(halvings):
        middle = (good + bad) // 2
        if middle in {good, bad}:
            break
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


@contextmanager
def server(path: str, tokens: int) -> Generator[int | None, None, None]:
    """
    Serve one of the apps, in a process that has loaded no other one, and warm it; None if it is not there.
    """
    options = ("--loop", "uvloop", "--http", "httptools")
    with uvicorn("benchmarks.chat_apps:app", *options, CHAT_TOKENS=str(tokens)) as (port, _):
        yield None if chat(port, path, 10, tokens) is None else port


def run(*, short: bool) -> list[Row]:
    """
    Measure: by hand and ours in turns, since the machine is not the same all the time, and the better try of each.
    """
    tokens, halvings, tries = (50, 1, 1) if short else (200, 4, 2)
    late: dict[str, list[Lateness]] = {"/raw": [], "/jaystream": []}
    most: dict[str, int] = dict.fromkeys(late, 0)
    for path in [*late] * tries:
        with server(path, tokens) as port:
            assert port is not None
            found = chat(port, path, CHATS, tokens)
            assert found is not None
            late[path].append(found)
            most[path] = max(most[path], breaks_at(port, path, tokens, halvings))
    hand, ours = (min(each, key=lambda found: found.most) for each in late.values())
    raw, mine = most.values()
    ratio = mine / raw
    rows = [
        Row(
            NAMES[0],
            f"{1000 * ours.most:.1f} ms",
            f"by hand {1000 * hand.most:.1f} ms",
            ours.most / hand.most,
            f"< {1000 * LIMIT:g} ms",
            ours.most < LIMIT,
            f"half of the tokens are late by {1000 * ours.half:.2f} ms, by hand {1000 * hand.half:.2f} ms",
        ),
        Row(NAMES[1], str(mine), f"by hand {raw}", ratio, ">= 0.7 x", ratio >= 0.7),
    ]
    for path in PEERS:
        with server(path, tokens) as port:
            if port is not None:
                theirs = breaks_at(port, path, tokens, halvings)
                rows.append(Row(NAMES[1], str(mine), f"{path[1:].replace('_', '-')} {theirs}", mine / theirs))
    return rows
