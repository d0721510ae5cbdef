"""
Writing to a sink by hand: the response writer that work within a sink has, such as a handler that writes its own body.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Callable, Coroutine, Generator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from jaystream._core.run import SLICE

if TYPE_CHECKING:
    from jaystream.sinks.outbox import Outbox


class Later:
    """
    Something to await, or to leave: nothing runs, and nothing complains, where nobody awaits it.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, Any, None]:
        yield from self._make().__await__()


class Sink(Protocol):
    """
    What is written to.
    """

    @property
    def outbox(self) -> Outbox: ...

    def close(self) -> Later:
        """End the body with what has been written; what this gives is ready when it has gone."""
        ...

    def abort(self, error: BaseException) -> None:
        """End the response as one that is cut."""
        ...


class ByHand:
    """
    A response writer over a sink: what is written goes through its outbox, so that the sink's limits hold for it.

    The sink sends the head by itself, with the first byte. Awaiting the writer waits until the peer has taken what was
    written: most peers have at once, and then nothing is made for it.
    """

    __slots__ = ("_outbox", "_sink", "_turned")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._outbox = sink.outbox
        self._turned = perf_counter()

    def __await__(self) -> Generator[Any, Any, None]:
        outbox = self._outbox
        if (
            outbox.busy
            or outbox.parts
            or outbox.stopped
            or outbox.failure is not None
            or perf_counter() - self._turned >= SLICE  # a peer that always reads must not keep the loop from the others
        ):
            yield from self._relief().__await__()

    def write(self, data: bytes) -> ByHand:
        """
        Write, at this call; what this gives is ready when the peer has taken it.
        """
        self._outbox.put(data)
        return self

    def end(self) -> Later:
        """
        End the body, at this call.
        """
        return self._sink.close()

    def fail(self, error: BaseException) -> None:
        """
        End the response in a way that shows the peer that it is cut.
        """
        self._sink.abort(error)

    async def _relief(self) -> None:
        await self._outbox.relief()
        now = perf_counter()
        if now - self._turned >= SLICE:
            self._turned = now
            await sleep(0)
