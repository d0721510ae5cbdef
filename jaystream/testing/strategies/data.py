"""
Strategies for what goes into a stream: items, sources, cuts of bytes and text, and functions with random waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from jaystream.testing.kinds import SOURCE_KINDS
from jaystream.testing.laws.model import with_checkpoints

__all__ = ["byte_cuts", "callables", "items", "sources", "text_cuts"]

T = TypeVar("T")


def items(elements: st.SearchStrategy[Any] | None = None, *, max_size: int = 6) -> st.SearchStrategy[list[Any]]:
    """
    Lists of items; small integers where no *elements* are given.
    """
    return st.lists(st.integers(0, 30) if elements is None else elements, max_size=max_size)


def sources(lists: st.SearchStrategy[list[T]] | None = None) -> st.SearchStrategy[tuple[Any, list[T]]]:
    """
    Sources of every kind that a stream takes, each with the list of what it gives. Most run once only.

    Args:
        lists: What they give; by default `items()`.
    """
    kinds = st.sampled_from(sorted(SOURCE_KINDS))
    given: st.SearchStrategy[Any] = items() if lists is None else lists
    return st.tuples(kinds, given).map(lambda drawn: (SOURCE_KINDS[drawn[0]](drawn[1]), drawn[1]))


def byte_cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """
    *data* in pieces, cut anywhere, some of them empty: joined they are *data*.
    """
    return _cuts(data)


def text_cuts(text: str) -> st.SearchStrategy[list[str]]:
    """
    *text* in pieces, cut anywhere, some of them empty: joined they are *text*.
    """
    return _cuts(text)


def _cuts(whole: Any) -> st.SearchStrategy[list[Any]]:
    size = len(whole)
    places = st.lists(st.integers(0, size), max_size=12) | st.just(list(range(1, size)))
    return places.map(lambda at: [whole[a:b] for a, b in zip([0, *sorted(at)], [*sorted(at), size], strict=True)])


def callables(f: Callable[..., Any]) -> st.SearchStrategy[Callable[..., Any]]:
    """
    *f* itself, or an `async def` of it whose calls wait for a few turns of the loop, chosen at random.
    """
    waits = st.lists(st.integers(0, 3), min_size=1, max_size=4)
    return st.just(f) | waits.map(lambda turns: with_checkpoints(f, turns))
