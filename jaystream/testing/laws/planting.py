"""
The failures that laws plant, and how they see one come out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jaystream.testing.saying import expect

__all__ = ["PlantedError", "ended", "failing_at", "fails_with"]


class PlantedError(Exception):
    """
    The error that a law plants.
    """


async def fails_with(running: Awaitable[Any], seen: list[BaseException] | None = None) -> None:
    """
    Wait for *running*, which may fail as planned.
    """
    try:
        await running
    except PlantedError as error:
        if seen is not None:
            seen.append(error)


def failing_at(at: int, error: Exception | None = None) -> Callable[[Any], Any]:
    """
    A function for `map` that fails at an item.
    """
    left = iter(range(at))

    def call(item: Any) -> Any:
        if next(left, None) is None:
            raise error or PlantedError("below")
        return item

    return call


async def ended(running: Any, what: str) -> None:
    """
    State that nothing more comes.
    """
    nothing = object()
    more = await anext(running, nothing)
    expect(more is nothing, f"{what} gave {more!r} afterwards")
