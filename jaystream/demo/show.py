"""
What the demo prints, and how it finds out whether the three sinks agree. Nothing here streams.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from jaystream import SseDecoder, SseEvent

if TYPE_CHECKING:
    from jaystream.demo.sinks import Result


def event_line(event: SseEvent, seconds: float) -> str:
    """
    An event with its time, cut to the width of the terminal.
    """
    line = f"{seconds:8.3f} s  {event.event:<15} {event.data}"
    width = max(40, get_terminal_size().columns)
    return line if len(line) <= width else line[: width - 3] + "..."


def sink_line(result: Result) -> str:
    """
    What a sink got, in one line.
    """
    first = "no byte" if result.first_byte is None else f"first byte {1000 * result.first_byte:6.1f} ms"
    return f"{result.sink:<7} {len(events_in(result.body)):>6,} events {len(result.body):>9,} bytes  {first}"


def events_in(body: bytes) -> list[SseEvent]:
    """
    The events that a reader finds in *body*.
    """
    return SseDecoder(max_event=None).feed(body)


def text_in(body: bytes) -> str:
    """
    The text of all the chunks in *body*, put together again.
    """
    chunks: list[dict[str, Any]] = [json.loads(str(event.data)) for event in events_in(body)]
    return "".join(chunk.get("content", "") for chunk in chunks)


def difference(results: Sequence[Result], text: str) -> str | None:
    """
    Where the sinks differ from the first of them, or that one from the text; None if nothing does.
    """
    first = results[0]
    for other in results[1:]:
        if other.body != first.body:
            at = first_difference(first.body, other.body)
            return (
                f"{first.sink} and {other.sink} differ at byte {at:,}:\n"
                f"  {first.sink}: {around(first.body, at)}\n  {other.sink}: {around(other.body, at)}"
            )
    found = text_in(first.body)
    if found != text:
        at = first_difference(found.encode("utf-8", "replace"), text.encode("utf-8", "replace"))
        return f"the text of the events, put together, differs from the source at byte {at:,}"
    return None


def first_difference(one: bytes, other: bytes) -> int:
    """
    The place of the first byte that is not in both.
    """
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def around(body: bytes, at: int) -> str:
    """
    The bytes near a place, or that there are none.
    """
    return f"{body[max(0, at - 20) : at + 20]!r}" if at < len(body) else f"ends after {len(body):,} bytes"
