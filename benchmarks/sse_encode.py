"""
What does framing one small chunk as a server-sent event cost beside its JSON alone?
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from benchmarks.report import Row, at_least, at_most, interleave
from jaystream import SseEncoder

NAMES = ("format_sse of a small chunk",)
CHUNK: dict[str, Any] = {"type": "text", "content": "Hello"}


def run(*, short: bool) -> list[Row]:
    size, repeats = (20_000, 9) if short else (100_000, 25)
    encode = SseEncoder().encode

    def ours() -> None:
        for _ in range(size):
            encode(CHUNK)

    def json_alone() -> None:
        for _ in range(size):
            to_json(CHUNK)

    framed, alone = (1e6 * seconds / size for seconds in interleave(ours, json_alone, repeats=repeats))
    rows = [at_most(NAMES[0], framed, "pydantic_core.to_json", alone, 2)]
    try:
        from sse_starlette.event import JSONServerSentEvent  # noqa: PLC0415 - the opponent, which need not be there
    except ModuleNotFoundError:
        return rows

    def theirs() -> None:
        for _ in range(size // 10):
            JSONServerSentEvent(data=CHUNK, event="text").encode()

    (other,) = interleave(theirs, repeats=max(3, repeats // 3))
    return [*rows, at_least(NAMES[0], framed, "sse-starlette", 1e7 * other / size, 4)]
