"""
Generators of an SDK that read from one another: closing the outermost leaves the inner ones, and the connection below
them, to the garbage collector. Here they are found and closed.

The Google SDK builds such chains, with a circle in them that only a full collection breaks; LangChain's models as well.
"""

from __future__ import annotations

import gc
from types import AsyncGeneratorType, TracebackType
from typing import Any

from jaystream._core.closing import Closer, close_each
from jaystream._core.inspecting import is_a

__all__ = ["Chained", "is_chain"]

MAKERS = ("/google/genai/", "/langchain_core/", "/langchain/")
"""Where the generators are from that loop over others which nobody else has."""


def is_chain(origin: Any) -> bool:
    """
    Whether it is a generator of such an SDK.
    """
    return is_a(origin, AsyncGeneratorType) and is_theirs(origin)


def is_theirs(generator: Any) -> bool:
    """
    Whether the code of an async generator is that of such an SDK.
    """
    where = generator.ag_code.co_filename.replace("\\", "/")
    return any(maker in where for maker in MAKERS)


def chain_of(generator: Any) -> list[Any]:
    """
    The generator, and those that it reads from, outermost first.

    What a generator loops over stands in no variable, but it refers to it.
    """
    chain = [generator]
    for outer in chain:
        for held in gc.get_referents(outer) if is_theirs(outer) else ():
            inner: Any = held if is_a(held, AsyncGeneratorType) else getattr(held, "segment_iterator", None)
            if is_a(inner, AsyncGeneratorType) and not any(inner is each for each in chain):
                chain.append(inner)
    return chain


class Chained:
    """
    The outermost generator of a chain as a context manager that closes all of them.
    """

    __slots__ = ("_generator",)

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    async def __aenter__(self) -> Any:
        return ChainPulls(self._generator)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await close_each([Closer(each) for each in reversed(chain_of(self._generator))], error)

    def __repr__(self) -> str:
        return repr(self._generator)


class ChainPulls:
    """
    The pulls of a generator that its manager closes.
    """

    __slots__ = ("_generator",)

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __aiter__(self) -> ChainPulls:
        return self

    def __anext__(self) -> Any:
        return self._generator.__anext__()
