"""
What a stream has given before it failed, for a source that goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from jaystream._core.inspecting import describe
from jaystream._core.ownership import kind_of
from jaystream.formats.text import text_of

if TYPE_CHECKING:
    from jaystream._core.stages import Opened

__all__ = ["Emitted"]

R = TypeVar("R")

GoingOn: TypeAlias = "Callable[[Emitted], Opened[R]]"
"""A source that goes on from what was given."""


class Emitted:
    """
    What a stream has given before it failed: a source that goes on from there is called with it.

    Attributes:
        items: How many items.
        last: The last of them, None if there was none.
        text: Their text so far, where they are text: `str` is text, a chunk of type "text" has it under `content`.
    """

    __module__ = "jaystream"
    __slots__ = ("items", "last", "text")

    def __init__(self, items: int = 0, last: Any = None, text: str = "") -> None:
        self.items: int = items
        self.last: Any = last
        self.text: str = text

    def __repr__(self) -> str:
        return f"Emitted({self.items}, {describe(self.last, 40)}, {describe(self.text, 40)})"


class Record:
    """
    What becomes an `Emitted` when it is asked for.
    """

    __slots__ = ("_items", "_last", "_pieces")

    def __init__(self) -> None:
        self._items = 0
        self._last: Any = None
        self._pieces: list[str] = []

    def note(self, item: Any) -> None:
        self._items += 1
        self._last = item
        text = text_of(item)
        if text:
            self._pieces.append(text)

    def emitted(self) -> Emitted:
        text = "".join(self._pieces)
        self._pieces = [text] if text else []
        return Emitted(self._items, self._last, text)


def check_resumes(origin: object, operator: str, what: str) -> None:
    """
    Raises:
        TypeError: If *origin* cannot be called with what was given so far.
    """
    fix = "as in `async def ask(emitted: Emitted = Emitted())`"
    if kind_of(origin) != "callable":
        raise TypeError(
            f'{operator}(partial="resume") needs {what} to be a callable that takes one argument, {fix}: it is called '
            f"with what was given so far, and goes on from there; this one is {describe(origin)}"
        )
    subject: Any = origin
    try:
        takes = signature(subject)
    except (TypeError, ValueError):
        return  # some builtins do not tell
    try:
        takes.bind(None)
    except TypeError:
        raise TypeError(
            f'{operator}(partial="resume") calls {what} with one argument, what was given so far, which '
            f"{describe(origin)} does not take; let it, {fix}"
        ) from None
