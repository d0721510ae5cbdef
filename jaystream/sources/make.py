"""
How a class method makes a stream: what all sources here share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaystream._core.plan import Described, Plan, Source

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream


def make(cls: type[Described[Any]], origin: object, wire: Callable[[], WireEncoder] | None = None) -> JaypieStream[Any]:
    """
    A stream of the class *cls* over *origin*, whose items are in the format of *wire*.
    """
    made: Any = object.__new__(cls)
    made._plan = Plan(Source(origin, wire))
    return made  # type: ignore[no-any-return]  # every Described that is made is a JaypieStream
