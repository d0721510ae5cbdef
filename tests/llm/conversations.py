"""
What the tests of `Llm` have in common: scripts, tools, and a look at the chunks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk


def call(name: str, id: str | None = None, /, **arguments: Any) -> dict[str, Any]:
    """
    A script's piece: a call of a tool.
    """
    made: dict[str, Any] = {"name": name, "arguments": json.dumps(arguments)}
    return {"type": "tool_call", "toolCall": made if id is None else {"id": id, **made}}


def kinds(chunks: Iterable[LlmChunk]) -> list[str]:
    """
    The types of the chunks, runs of one type as one.
    """
    found: list[str] = []
    for chunk in chunks:
        if not found or found[-1] != chunk["type"]:
            found.append(chunk["type"])
    return found


def text(chunks: Iterable[LlmChunk]) -> str:
    """
    All text.
    """
    return "".join(chunk["content"] for chunk in chunks if chunk["type"] == "text")


def results(chunks: Iterable[LlmChunk]) -> list[Any]:
    """
    What the tools gave; an error as its text in a tuple.
    """
    found: list[Any] = []
    for chunk in chunks:
        if chunk["type"] == "tool_result":
            result = chunk["toolResult"]
            found.append((result["result"],) if result.get("isError") else result["result"])
    return found
