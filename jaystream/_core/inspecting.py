"""
Looking at things of users: how a message shows them, and what they are.
"""

from __future__ import annotations

from typing import Any


def describe(value: object, limit: int = 80) -> str:
    """
    A value as an error message shows it: its `repr`, cut.
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def is_a(thing: object, kinds: type | tuple[type, ...]) -> bool:
    """`isinstance`, of which type checkers conclude nothing: a class without its parameters is of no use to them."""
    return isinstance(thing, kinds)


def special_method(thing: object, name: str) -> Any:
    """A special method, looked up where Python looks: in the class. None if there is none."""
    return getattr(type(thing), name, None)
