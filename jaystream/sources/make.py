"""
How a source makes a stream: what all of them here share.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream._core.plan import Described, Plan, Source

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

C = TypeVar("C", bound="type[Described[Any]]")

_classes: list[type[Described[Any]]] = []


def make(cls: type[Described[Any]], origin: object, wire: Callable[[], WireEncoder] | None = None) -> JaypieStream[Any]:
    """
    A stream of the class *cls* over *origin*, whose items are in the format of *wire*.
    """
    made: Any = object.__new__(cls)
    made._plan = Plan(Source(origin, wire))
    return made  # type: ignore[no-any-return]  # every Described that is made is a JaypieStream


def stream_class(cls: C) -> C:
    """
    Name the class that `make_stream` makes. A decorator: the class stands below everything that makes streams.
    """
    _classes[:] = [cls]
    return cls


def make_stream(origin: object) -> JaypieStream[Any]:
    """
    A stream over *origin*, for what is no class method of it.
    """
    return make(_the_class(), origin)


def make_over(plan: Plan) -> JaypieStream[Any]:
    """
    A stream that runs *plan*.
    """
    made: Any = object.__new__(_the_class())
    made._plan = plan
    return made  # type: ignore[no-any-return]  # every Described that is made is a JaypieStream


def _the_class() -> type[Described[Any]]:
    """
    The class of streams. Its module names it, so that module is loaded where a source was the first to be asked for.
    """
    if not _classes:
        import_module("jaystream.stream")
    return _classes[0]
