"""
Reading an event, whatever it is: an object of an SDK, a dict of the same shape, or JSON in a server-sent event.

Nothing here knows a provider.
"""

from __future__ import annotations

import os
from typing import Any

from pydantic_core import from_json

from jaystream._core.inspecting import describe, is_a
from jaystream.errors import ProviderError
from jaystream.formats.sse_event import SseEvent

__all__ = ["field", "items_of", "joined_json", "minted", "number", "parsed", "payload", "word"]

DONE = "[DONE]"
"""What stands in the place of JSON in the last event of OpenAI's protocol."""


def field(thing: Any, name: str, other: str = "") -> Any:
    """
    A key of a dict or an attribute of an object, under *name* or else under its *other* name; None where there is none.
    """
    found: Any
    if isinstance(thing, dict):
        found = thing.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - any dict
    else:
        try:
            found = thing.__dict__[name]  # data models take long to say that they have no such field
        except (AttributeError, KeyError):
            found = getattr(thing, name, None)
    return field(thing, other) if found is None and other else found  # pyright: ignore[reportUnknownVariableType]


def items_of(thing: Any, name: str, other: str = "") -> list[Any]:
    """
    A field that is a list; an empty one where there is none.
    """
    found = field(thing, name, other)
    return list(found) if isinstance(found, (list, tuple)) else []  # pyright: ignore[reportUnknownArgumentType]


def word(thing: Any) -> str:
    """
    A constant of a protocol as text: SDKs have enums for some. Empty for None.
    """
    value = getattr(thing, "value", thing)
    return "" if value is None else str(value)


def number(thing: Any, name: str, other: str = "") -> int:
    """
    A field that counts something; 0 where there is none.
    """
    found = field(thing, name, other)
    return int(found) if isinstance(found, (int, float)) else 0


def payload(event: Any) -> Any:
    """
    What an event carries: the JSON of a server-sent event, or of a `str`; anything else is its own payload.

    Returns:
        None for an event that carries nothing, and `DONE` for the mark of the end.

    Raises:
        ProviderError: If it is no JSON.
        TypeError: For bytes, which nobody has parsed yet.
    """
    text: Any
    if isinstance(event, dict):
        return event  # pyright: ignore[reportUnknownVariableType] - any dict
    if isinstance(event, str):
        text = event
    elif isinstance(event, SseEvent) or (hasattr(event, "data") and hasattr(event, "event")):
        text = event.data
        if not isinstance(text, str):
            return text
    elif is_a(event, (bytes, bytearray, memoryview)):
        raise TypeError(f"events are expected, not bytes ({describe(event, 40)}): put .parse_sse() in front")
    else:
        return event
    if not text or text.isspace():
        return None
    return DONE if text.strip() == DONE else parsed(text)


def parsed(text: str) -> Any:
    """
    JSON of a provider.

    Raises:
        ProviderError: If it is none.
    """
    try:
        return from_json(text)
    except ValueError as error:
        raise ProviderError(f"an event that is not JSON: {error}") from error


def joined_json(value: Any) -> str:
    """
    Arguments of a tool as JSON text: some SDKs have it as such, some have read it already. None is no arguments.
    """
    if value is None or value == "":
        return "{}"
    if isinstance(value, str):
        return value
    from jaystream.formats.json import encode_json  # noqa: PLC0415 - see `parsed`

    return encode_json(value).decode()


def minted(kind: str) -> str:
    """
    An id for what its provider has given none.
    """
    return f"{kind}_{os.urandom(12).hex()}"
