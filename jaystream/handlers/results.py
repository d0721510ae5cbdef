"""
What a handler gives: a stream, or nothing because it has written by itself.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import describe
from jaystream._core.ownership import discard, kind_of
from jaystream._core.plan import Plan, Source, plan_in
from jaystream.handlers.response_stream import wire_for
from jaystream.operators.wire import Format

if TYPE_CHECKING:
    from jaystream.handlers.options import HandlerSettings
    from jaystream.handlers.response_stream import ResponseStream
    from jaystream.sinks.head import Head

_STREAMS = frozenset({"stream", "context", "async"})


async def plan_of_result(
    result: object, settings: HandlerSettings, head: Head, response: ResponseStream
) -> Plan | None:
    """
    The plan of what a handler gave, framed; None where the handler has written by itself, or there is no body.

    Raises:
        TypeError: If it gave something else.
    """
    awaited = False
    while inspect.isawaitable(result) and not _is_stream(result):
        result, awaited = await result, True
    if result is None and (awaited or response.started or response.ended):
        return None
    if not _is_stream(result):
        raise TypeError(
            f"the handler {settings.name!r} must yield chunks (as an async generator), return a stream or another "
            "async iterable, or be a coroutine that writes to its response stream and returns nothing; it gave "
            f"{describe(result)}"
        )
    origin: Any = result
    plan = plan_in(origin) or Plan(Source(origin))
    if head.is_bodiless or response.ended:
        discard(plan.source)
        return None
    if plan.wire is None:
        media_type = head.wire.media_type  # the handler may have said that it is another
        plan = plan.then(Format("format", lambda: wire_for(media_type, settings.make_wire())))
    wire = plan.wire
    assert wire is not None  # noqa: S101 - for type checkers
    head.be(wire)
    return plan


def _is_stream(result: object) -> bool:
    try:
        return kind_of(result) in _STREAMS
    except TypeError:
        return False
