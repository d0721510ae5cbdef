"""
What the encoders of chat UIs note and check: calls of tools, errors, counts of tokens, ids.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STOP_REASONS", "Call", "as_list", "as_object", "check_text", "error_of", "fresh_id", "usage_of"]

STOP_REASONS = frozenset(
    {"end", "length", "tool_calls", "content_filter", "stop_sequence", "refusal", "pause", "error", "other"}
)

MOST = 2**53 - 1
"""The largest number that JavaScript holds whole; a count beyond it is none."""

_COUNTS = ("input", "output", "reasoning", "total", "cacheRead", "cacheWrite")


class Call:
    """
    A tool call, as far as it has been written.

    Attributes:
        id: Its id.
        name: The tool.
        index: How many calls were there before.
        opened: Whether it has been begun, for arguments in pieces.
        pieces: Its arguments, as far as they came in pieces.
        arguments: All of its arguments, once they are written.
        whole: Whether they are.
        answered: Whether it has a result.
        parked: What it waits for an answer under, if it does, and the words that ask for it.
    """

    __slots__ = ("answered", "arguments", "id", "index", "name", "opened", "parked", "pieces", "whole")

    def __init__(self, id: str, name: str, index: int) -> None:
        self.id: str = id
        self.name: str = name
        self.index: int = index
        self.opened: bool = False
        self.pieces: list[str] = []
        self.arguments: str | None = None
        self.whole: bool = False
        self.answered: bool = False
        self.parked: tuple[str, str | None] | None = None

    def written(self) -> str:
        """The arguments as far as they came in pieces."""
        return "".join(self.pieces)

    def rest(self, arguments: str) -> str:
        """What is still missing of all the arguments; nothing where the pieces were of other ones."""
        written = self.written()
        return arguments[len(written) :] if arguments.startswith(written) else ""


def fresh_id(prefix: str) -> str:
    """
    Make an id that nobody else has.
    """
    return f"{prefix}{os.urandom(12).hex()}"


def as_object(value: object) -> dict[str, Any]:
    """
    Give *value* if it is an object of JSON, and an empty one for everything else.
    """
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """
    Give *value* if it is a list, and an empty one for everything else.
    """
    found: Any = value
    return found if isinstance(value, list) else []


def check_text(name: str, value: object, *, needed: bool = False) -> None:
    """
    Check an argument that is text, or left out where it is not *needed*.

    Raises:
        TypeError: If *value* is neither.
    """
    if not isinstance(value, str) and (needed or value is not None):
        raise TypeError(f"{name} must be a str{'' if needed else ' or None'}, got {value!r}")


def error_of(error: Mapping[str, object]) -> tuple[int, str, str]:
    """The status, the title and the detail of an error as JSON:API words it, with words for what it leaves out."""
    status, title, detail = error.get("status"), error.get("title"), error.get("detail")
    title = title if isinstance(title, str) and title else "Error"
    detail = detail if isinstance(detail, str) and detail else title
    code = str(status)
    return int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 500, title, detail


def usage_of(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The counts and names in a `Usage` that are such."""
    found: dict[str, Any] = {}
    for name in _COUNTS:
        count = usage.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MOST:
            found[name] = int(count)
    for name in ("provider", "model"):
        if isinstance(usage.get(name), str):
            found[name] = usage[name]
    return found
