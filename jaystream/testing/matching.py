"""
Matchers for errors and events: what a test expects on the left of ``==``, as far as it wants to say it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from jaystream.errors import JaypieError
from jaystream.formats.sse_event import SseEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["an_error", "an_event"]


class Matcher:
    """
    Equal to whatever fits; its `repr` says what that is.
    """

    __hash__: ClassVar[None]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride] - equal to many things

    def __init__(self, kind: str, wanted: Mapping[str, object]) -> None:
        self._kind = kind
        self._wanted = {name: value for name, value in wanted.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        return any(
            all(name in found and value == found[name] for name, value in self._wanted.items())
            for found in self._found_in(other)
        )

    def __repr__(self) -> str:
        return f"<{self._kind} {', '.join(f'{name}={value!r}' for name, value in self._wanted.items())}>"

    def _found_in(self, other: object) -> Iterator[Mapping[str, Any]]:
        """What *other* can be read as."""
        raise NotImplementedError


class _Error(Matcher):
    def _found_in(self, other: object) -> Iterator[Mapping[str, Any]]:
        if isinstance(other, JaypieError):
            yield other.body()["errors"][0]
        elif isinstance(other, SseEvent):
            yield from self._found_in(_parsed(other.data))
        elif isinstance(other, (str, bytes)):
            yield from self._found_in(_parsed(other))
        elif isinstance(other, Mapping):
            body = cast("Mapping[str, Any]", other)
            if "errors" in body:
                errors: list[Any] = body["errors"]
                yield from errors[:1]
            elif "error" in body:  # a line of NDJSON
                yield from self._found_in(body["error"])
            elif "status" in body:
                yield body


class _Event(Matcher):
    def _found_in(self, other: object) -> Iterator[Mapping[str, Any]]:
        if isinstance(other, SseEvent):
            data = _parsed(other.data)
            fields: Mapping[str, Any] = cast("Mapping[str, Any]", data) if isinstance(data, Mapping) else {}
            yield {**fields, "type": other.event or fields.get("type"), "data": other.data}
        elif isinstance(other, Mapping):
            yield cast("Mapping[str, Any]", other)


def an_error(status: int | None = None, *, title: str | None = None, detail: str | None = None) -> Any:
    """
    Match an error as clients see it: a `JaypieError`, a JSON:API body or its text, one error out of it, an error event.

    Args:
        status: Its status; None for any.
        title: Its title.
        detail: Its detail.

    >>> from jaystream.errors import NotFoundError
    >>> an_error(404) == NotFoundError(), an_error(404) == {"errors": [{"status": 500}]}
    (True, False)
    """
    return _Error("an error", {"status": status, "title": title, "detail": detail})


def an_event(type: str | None = None, *, data: str | None = None, **fields: object) -> Any:
    """
    Match an event or a chunk: an `SseEvent` by its type and what its JSON holds, a chunk by what it holds.

    Args:
        type: Its type; None for any.
        data: The event's data as it stands on the wire.
        fields: What it holds; it may hold more.

    >>> an_event("text", content="Hi") == {"type": "text", "content": "Hi", "role": "assistant"}
    True
    """
    return _Event("an event", {"type": type, "data": data, **fields})


def _parsed(text: object) -> object:
    try:
        return json.loads(cast("str", text))
    except (TypeError, ValueError):
        return None
