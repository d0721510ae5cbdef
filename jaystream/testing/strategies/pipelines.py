"""
Random pipelines with their model on lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from jaystream.testing.strategies.steps import ENTRIES, Step

if TYPE_CHECKING:
    from jaystream import JaypieStream

__all__ = ["Pipeline", "pipelines"]


class Pipeline(NamedTuple):
    """
    Some operators one after the other.

    Attributes:
        steps: Each of them.
    """

    steps: tuple[Step, ...]

    def operate(self, stream: JaypieStream[Any]) -> JaypieStream[Any]:
        """
        Put them on a stream.
        """
        for step in self.steps:
            stream = step.operate(stream)
        return stream

    def model(self, items: Sequence[Any]) -> list[Any]:
        """
        What comes of *items*.
        """
        for step in self.steps:
            items = step.model(items)
        return list(items)


def pipelines(*, max_size: int = 5, without: Sequence[str] = ()) -> st.SearchStrategy[Pipeline]:
    """
    Pipelines of up to *max_size* registered operators that take any items; one that fails by itself is caught, and what
    is behind it goes on.

    Args:
        max_size: The most operators.
        without: Names of operators to leave out.
    """
    names = sorted(name for name, entry in ENTRIES.items() if entry.takes_anything and name not in without)
    steps = st.sampled_from(names).flatmap(lambda name: ENTRIES[name].steps).map(Step.caught)
    return st.lists(steps, max_size=max_size).map(lambda drawn: Pipeline(tuple(drawn)))
