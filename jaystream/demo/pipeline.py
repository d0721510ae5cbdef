"""
The stream that the demo shows: a text, word by word at the pace of a model, as server-sent events.
"""

from __future__ import annotations

import re
from asyncio import sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream import JaypieStream

WORD = re.compile(r"\s*+\S++|\s++")
"""A word with the space before it, or space that waits for its word. Possessive, so that no input makes it slow."""

LONGEST = 4096
"""Characters after which something without a space goes on as it is."""

WORDS = 4
"""Words in one event."""


def events(text: JaypieStream[bytes], *, fast: bool = False) -> JaypieStream[bytes]:
    """
    The demo's pipeline: bytes of a text in, bytes of server-sent events out.
    """
    tokens = text.decode_utf8("replace").pipe(words)
    if not fast:
        tokens = tokens.map(at_the_pace_of_a_model)
    return tokens.chunk(WORDS).map(as_chunk).on_end([{"type": "done"}]).format_sse()


def words(stream: JaypieStream[str]) -> JaypieStream[str]:
    """
    Cut text into words that keep their spaces, so that all of them joined are the text again.
    """
    return stream.map_accum(cut, "", on_end=lambda rest: [[rest]] if rest else None).flatten()


def cut(rest: str, piece: str) -> tuple[str, list[str]]:
    """
    The words that *piece* completes, and what is left for the next.
    """
    *whole, last = WORD.findall(rest + piece)
    return ("", [*whole, last]) if len(last) > LONGEST else (last, whole)  # the last may go on


async def at_the_pace_of_a_model(word: str) -> str:
    """
    Wait as long as a fast model does for a word: longer for a long one and at the end of a sentence.
    """
    await sleep(0.003 + 0.0007 * min(len(word), 20) + (0.02 if word.endswith((".", ":", "?", "!")) else 0))
    return word


def as_chunk(tokens: tuple[str, ...]) -> dict[str, Any]:
    """
    A chunk of text, as models' streams have them.
    """
    return {"type": "text", "content": "".join(tokens)}
