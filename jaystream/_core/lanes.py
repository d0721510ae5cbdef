"""
Lanes: how items go from one task to another, in order and bounded.

Lives here: the hand-over alone. Who runs the tasks at its two ends, and what an end means there, is for whoever makes a
lane to say.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Lane(Generic[T]):
    """
    A deque and a wake-up. The taking end is an async iterator that runs once; closing it is leaving.

    There is room for *size* items, and for one more while the taker asks: with a size of 0 an item is handed over only
    to a taker that waits for it. Those who wait for room get it in the order in which they came.

    Args:
        size: Items that it holds ahead of the taker, from 0 on.

    Attributes:
        size: The same.
        ended: The giving end has ended the lane; what it holds can still be taken.
        left: The taking end has gone; what the lane held is dropped.
        told: The error that the lane ended with has been raised at the taking end.
    """

    __slots__ = (
        "_asked",
        "_cut",
        "_error",
        "_givers",
        "_granted",
        "_held",
        "_loop",
        "_taker",
        "ended",
        "left",
        "size",
        "told",
    )

    def __init__(self, size: int = 0) -> None:
        self.size: int = size
        self.ended: bool = False
        self.left: bool = False
        self.told: bool = False
        self._held: deque[T] = deque()
        self._givers: deque[Future[bool]] = deque()
        self._granted = 0  # places given to those who waited and have not put anything yet
        self._asked = 0
        self._cut = False  # it was left before its end, so that it may not pass for one that has ended
        self._taker: Future[None] | None = None
        self._error: Exception | None = None
        self._loop: AbstractEventLoop | None = None  # in which somebody took, or waited for a place

    def __repr__(self) -> str:
        return f"lane({self.size})"

    def check_loop(self) -> None:
        """
        Raises:
            RuntimeError: If the lane is in use in an event loop that runs, and this is not called there.
        """
        if self._loop is not None and self._loop.is_running():
            try:
                here = get_running_loop() is self._loop
            except RuntimeError:
                here = False
            if not here:
                raise RuntimeError(
                    f"{self!r} is used from another event loop or thread than the one that waits at its other end; go "
                    "there with loop.call_soon_threadsafe or asyncio.run_coroutine_threadsafe"
                )

    # the giving end -----------------------------------------------------------------------------------------------

    @property
    def shut(self) -> bool:
        """Whether nothing can be given any more."""
        return self.ended or self.left

    def reserve(self) -> bool:
        """Take a place without waiting; whether there was one. What was reserved is used by `put`."""
        if self.shut or self._givers or self._granted or not self._has_room():
            return False  # also while somebody who came earlier has a place and has not put anything yet
        self._granted += 1
        return True

    async def ready(self) -> bool:
        """
        Wait for a place and take it; False when the lane is shut. One who is cancelled here leaves no trace.
        """
        if self.shut or self.reserve():
            return not self.shut
        self._bind()
        giver: Future[bool] = get_running_loop().create_future()
        self._givers.append(giver)
        try:
            await giver
        except BaseException:
            if giver.done() and not giver.cancelled() and giver.result():
                self._free()  # it came in the same moment: the next one has it
            else:
                with suppress(ValueError):
                    self._givers.remove(giver)
            raise
        return not self.shut

    def put(self, item: T) -> None:
        """Give an item for which a place is reserved."""
        self._granted -= 1
        if not self.left:
            self._held.append(item)
            self._wake()
        self._grant()  # to those who came while this place was taken and not used

    def end(self, error: Exception | None = None) -> None:
        """End the lane after what it holds, with *error* where there is one; it ends once."""
        if not self.ended:
            self.ended = True
            self._error = error
            self._wake()
            self._grant()

    def _has_room(self) -> bool:
        return self.size + self._asked > len(self._held) + self._granted

    def _free(self) -> None:
        self._granted -= 1
        self._grant()

    def _grant(self) -> None:
        while self._givers and (self.shut or self._has_room()):
            giver = self._givers.popleft()
            if not giver.done():  # one that was cancelled has not run yet
                self._granted += not self.shut
                giver.set_result(not self.shut)

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)

    def _bind(self) -> None:
        self.check_loop()
        self._loop = get_running_loop()

    # the taking end -----------------------------------------------------------------------------------------------

    def __aiter__(self) -> Lane[T]:
        self._bind()
        return self

    async def __anext__(self) -> T:
        if not self._held and not self.shut:
            if self._taker is not None:
                raise RuntimeError(f"{self!r} is asked for an item while it is being asked for one")
            self._taker = get_running_loop().create_future()
            self._asked = 1
            self._grant()
            try:
                await self._taker
            finally:
                self._asked = 0
                self._taker = None
        if self._held:
            item = self._held.popleft()
            self._grant()
            return item
        if self._cut:
            raise RuntimeError(
                f"nothing more can be taken from {self!r}: it was left before its end; a stream that was given to a "
                "sink can be read until the sink returns"
            )
        error, self._error = self._error, None
        if error is not None:
            self.told = True
            try:
                raise error
            finally:
                error = None  # its traceback holds this frame
        raise StopAsyncIteration

    def leave(self) -> None:
        """Leave the taking end: whoever gives is told, and what is held is dropped."""
        if not self.left:
            self.left = True
            self._cut = bool(not self.ended or self._held or self._error)
        self._held.clear()
        self._error = None
        self._wake()
        self._grant()

    async def aclose(self) -> None:
        """`leave`, for the run that iterates over this."""
        self.leave()
