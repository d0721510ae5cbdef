"""
Server-sent events over HTTP: one response of many items from a real uvicorn in another process, against a hand-written
app and against other libraries.

The server is uvicorn as it comes (h11, asyncio); with a faster one the fixed cost of a write weighs more.
"""

from __future__ import annotations

from benchmarks.report import Row, at_least, at_most, interleave
from benchmarks.serving import get, timed_get, uvicorn

NAMES = ("SSE over ASGI, uvicorn, items one by one", "SSE over ASGI, uvicorn, in bursts of 16")
NEEDLE = b"Hello"


def run(*, short: bool) -> list[Row]:
    """
    Measure items one by one, and in bursts of sixteen.
    """
    repeats = 6 if short else 20
    rows: list[Row] = []
    with uvicorn("benchmarks.streaming_apps:app", "--http", "h11", "--loop", "asyncio") as (port, _):
        there = [who for who in ("sse_starlette", "fastapi") if b" 200 " in get(port, f"/{who}/singly?1")[:20]]
        for what, name, size, limit, least in (
            ("singly", NAMES[0], 4_000, 1.35, {"sse_starlette": 1.6, "fastapi": 4.0}),
            ("bursts", NAMES[1], 32_000, 1.3, {"sse_starlette": 8.0, "fastapi": 30.0}),
        ):
            # the slow ones get fewer items, so that all take turns in the same stretch of time
            sizes = {"hand": size, "ours": size} | dict.fromkeys(there, size // (2 if what == "singly" else 16))

            def one(who: str, what: str = what, sizes: dict[str, int] = sizes) -> object:
                return timed_get(port, f"/{who}/{what}?{sizes[who]}", NEEDLE, sizes[who])

            seconds = interleave(*[lambda who=who: one(who) for who in sizes], repeats=repeats)
            each = {who: taken / sizes[who] * 1e6 for who, taken in zip(sizes, seconds, strict=True)}
            rows.append(at_most(name, each["ours"], "by hand", each["hand"], limit))
            rows += [at_least(name, each["ours"], who, each[who], least[who]) for who in there]
    return rows
