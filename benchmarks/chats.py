"""
Chats at once on one event loop: how late the tokens are, and at how many chats they get too late.

The client is the leanest that Python has, so that what is measured is the server: one thread over all connections,
which reads what is there and looks at the tokens of some of the chats only.
"""

from __future__ import annotations

import re
import selectors
import socket
from time import monotonic
from typing import NamedTuple

from benchmarks.chat_apps import PEERS
from benchmarks.report import Row
from benchmarks.serving import uvicorn

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


def breaks_at(port: int, path: str, tokens: int, halvings: int) -> int | None:
    """
    The largest number of chats at which the slowest token in a hundred is in time; twice too late is broken.

    It goes up by halves until it breaks, and then looks between the last two.

    Returns:
        None if the path has no answer.
    """

    def holds(chats: int) -> bool:
        for _ in range(2):
            found = chat(port, path, chats, tokens)
            if found is not None and found.most <= LIMIT:
                return True
        return False

    if chat(port, path, 1, tokens) is None:
        return None
    good, bad = 1, 20
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


def run(*, short: bool) -> list[Row]:
    """
    Measure, one server for all: it is the same loop, and they take turns.
    """
    tokens, halvings = (50, 1) if short else (200, 4)
    with uvicorn("benchmarks.chat_apps:app", "--loop", "uvloop", "--http", "httptools", CHAT_TOKENS=str(tokens)) as (
        port,
        _,
    ):
        for path in ("/raw", "/jaystream"):
            chat(port, path, 10, tokens)
        hand, ours = (chat(port, path, CHATS, tokens) for path in ("/raw", "/jaystream"))
        assert hand is not None
        assert ours is not None
        rows = [
            Row(
                NAMES[0],
                f"{1000 * ours.most:.1f} ms",
                f"by hand {1000 * hand.most:.1f} ms",
                ours.most / hand.most,
                f"< {1000 * LIMIT:g} ms",
                ours.most < LIMIT,
                f"half of the tokens are late by {1000 * ours.half:.2f} ms, by hand {1000 * hand.half:.2f} ms",
            )
        ]
        raw = breaks_at(port, "/raw", tokens, halvings) or 0
        mine = breaks_at(port, "/jaystream", tokens, halvings) or 0
        ratio = mine / raw if raw else 0.0
        name = NAMES[1]
        rows.append(Row(name, str(mine), f"by hand {raw}", ratio, ">= 0.7 x", ratio >= 0.7))
        for path in PEERS:
            theirs = breaks_at(port, path, tokens, halvings)
            if theirs is not None:
                rows.append(Row(name, str(mine), f"{path[1:].replace('_', '-')} {theirs}", mine / theirs))
    return rows
