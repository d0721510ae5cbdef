"""
A source that is pushed into: `Emitter`, for callbacks and other tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from jaystream._core.inspecting import describe
from jaystream._core.lanes import Lane
from jaystream._core.stages import check_int
from jaystream.errors import BrokenEmitterError, ClosedEmitterError, FullEmitterError
from jaystream.sources.make import make_stream

if TYPE_CHECKING:
    from jaystream.stream import JaypieStream

__all__ = ["Emitter"]

T = TypeVar("T")


class Emitter(Generic[T]):
    """
    A stream's giving end, for code that has items to push: callbacks, other tasks, other threads.

    Its `stream` runs once. An emitter has no task of its own and needs no event loop to be made.

    It belongs to the event loop's thread; used from another while the loop runs, it raises `RuntimeError`. From there,
    `loop.call_soon_threadsafe(emitter.send_nowait, item)` pushes without waiting, and
    `asyncio.run_coroutine_threadsafe(emitter.send(item), loop).result()` waits for a place.

    Args:
        size: Items that it holds for a consumer that is busy, from 0 on. While the consumer asks there is room for
            one more; so with 0 an item is handed over only when the consumer waits for it.

    Raises:
        TypeError: At this call, if *size* is no whole number.
        ValueError: At this call, if it is below 0.

    >>> async def main():
    ...     emitter = Emitter[int](8)
    ...     emitter.send_nowait(1)
    ...     await emitter.send(2)
    ...     emitter.close()
    ...     return await emitter.stream.to_list()
    >>> asyncio.run(main())
    [1, 2]
    """

    __slots__ = ("_lane", "_stream")

    def __init__(self, size: int) -> None:
        self._lane: Lane[T] = _Pushed(check_int(size, "Emitter", "size", 0))
        self._stream: JaypieStream[T] = make_stream(self._lane)

    @property
    def stream(self) -> JaypieStream[T]:
        """
        The stream of what is sent, for one consumer; a second run raises `StreamConsumedError`.

        It keeps the order of sending, ends after `close` and fails after `fail`, in both cases after the items before.
        When the consumer leaves early, what the emitter still holds is dropped, and senders learn of it.
        """
        return self._stream

    async def send(self, item: T) -> None:
        """
        Give an item; wait while there is no room. Those who wait get room in the order in which they came.

        A cancellation while this waits means that the item was not sent, and takes nothing from anybody else.

        Raises:
            ClosedEmitterError: If the emitter was closed before the item had a place.
            BrokenEmitterError: If the consumer has left.
        """
        self._lane.check_loop()
        if not await self._lane.ready():
            raise self._refusal()
        self._lane.put(item)

    def send_nowait(self, item: T) -> None:
        """
        Give an item, or raise where `send` would wait.

        Raises:
            FullEmitterError: If there is no room.
            ClosedEmitterError: If the emitter was closed.
            BrokenEmitterError: If the consumer has left.
        """
        self._lane.check_loop()
        if self._lane.shut:
            raise self._refusal()
        if not self._lane.reserve():
            raise FullEmitterError(
                f"the emitter holds as many items as it may (size={self._lane.size}), or others wait for room; await "
                "send(item) instead, or drop the item"
            )
        self._lane.put(item)

    def close(self) -> None:
        """
        End the stream after what the emitter holds; senders that wait get `ClosedEmitterError`. Again is nothing.
        """
        self._lane.check_loop()
        self._lane.end()

    def fail(self, error: Exception) -> None:
        """
        Let the stream raise *error* after what the emitter holds; else like `close`. A closed one stays as it is.

        Raises:
            TypeError: If *error* is no exception below `Exception`.
        """
        # a caller without types may pass anything
        if not isinstance(error, Exception):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"fail() expects an exception below Exception, not {describe(error)}")
        self._lane.check_loop()
        self._lane.end(error)

    def _refusal(self) -> Exception:
        if self._lane.ended:
            return ClosedEmitterError("nothing can be sent: this emitter was closed")
        return BrokenEmitterError("nothing can be sent: the consumer of this emitter's stream has left")

    def __repr__(self) -> str:
        return f"Emitter({self._lane.size})"


class _Pushed(Lane[T]):
    """
    The lane of an emitter.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Emitter({self.size}).stream"
