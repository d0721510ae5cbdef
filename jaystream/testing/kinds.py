"""
Every kind of source that a stream takes, made from a list of items.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from jaystream import JaypieStream
from jaystream.testing.probes import ManagedProbe, Probe

__all__ = ["SOURCE_KINDS"]


class Rereadable:
    """
    An async iterable that begins anew each time.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[Any]:
        return yielding(self._items)


class Waiting:
    """
    An awaitable that makes its coroutine when it is awaited, so that one never awaited is no leak.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __await__(self) -> Iterator[Any]:
        return given_later(self._items).__await__()


async def yielding(items: Sequence[Any]) -> AsyncGenerator[Any, None]:
    """
    Give *items*, a turn of the loop before each.
    """
    for item in items:
        await asyncio.sleep(0)
        yield item


def generating(items: Sequence[Any]) -> Generator[Any, None, None]:
    """
    Give *items* from a plain generator.
    """
    yield from items


async def given_later(items: Sequence[Any]) -> AsyncIterator[Any]:
    """
    A source that is there only after a while.
    """
    await asyncio.sleep(0)
    return yielding(items)


@asynccontextmanager
async def managed(items: Sequence[Any]) -> AsyncGenerator[AsyncIterator[Any], None]:
    """
    A source behind a context manager, which closes it as its own.
    """
    source = yielding(items)
    try:
        yield source
    finally:
        await source.aclose()


SOURCE_KINDS: Mapping[str, Callable[[Sequence[Any]], Any]] = MappingProxyType(
    {
        "list": list,
        "iterator": lambda items: iter(list(items)),
        "generator": generating,
        "async generator": yielding,
        "async iterable": Rereadable,
        "probe": Probe,
        "managed probe": ManagedProbe,
        "context manager": managed,
        "stream": lambda items: JaypieStream(list(items)),
        "awaitable": Waiting,
        "callable giving a list": lambda items: lambda: list(items),
        "callable giving an async generator": lambda items: lambda: yielding(items),
        "coroutine function": lambda items: lambda: given_later(items),
    }
)
"""
How to make each kind of source of contract 1 from a sequence of items.
"""
