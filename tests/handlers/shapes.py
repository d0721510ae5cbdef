"""
The shapes that a handler may have, all of which come to the same.

Nothing here is a test.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jaystream import JaypieStream
from tests.sinks.exchange import yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HI = {"type": "text", "content": "Hi"}
FRAMED = b'event: text\ndata: {"type":"text","content":"Hi"}\n\n'


async def generate(event: Any, context: Any) -> AsyncIterator[Any]:
    """
    The first shape: chunks.
    """
    yield HI


def stream(event: Any, context: Any) -> JaypieStream[Any]:
    """
    The second: a stream.
    """
    return JaypieStream.of(HI)


def formatted(event: Any, context: Any) -> JaypieStream[bytes]:
    """
    One in a format.
    """
    return JaypieStream.of(HI).format_sse()


async def later(event: Any, context: Any) -> Any:
    """
    One that has to be waited for.
    """
    await asyncio.sleep(0)
    return yielding(HI)


async def write(event: Any, context: Any) -> None:
    """
    The third: by hand.
    """
    await context.response_stream.send(HI)


def write_at_once(event: Any, context: Any) -> None:
    """
    By hand, without waiting.
    """
    context.response_stream.send(HI)
    context.response_stream.end()


SHAPES = [generate, stream, formatted, later, write, write_at_once]
