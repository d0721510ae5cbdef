"""
Operators that let the source go on while the consumer is busy: `buffer` keeps what comes, `conflate` merges it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Literal

from jaystream._core.guard import Guard, check_callable, is_async
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.run import turn
from jaystream._core.stages import check_int
from jaystream.errors import BufferOverflowError

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.stream import JaypieStream

__all__ = ["BufferMixin"]


class Shelf(Inlet):
    """
    The one inlet of its boundary, which looks at it without any turns. Full, it lets the pump wait for room.
    """

    __slots__ = ()

    def __init__(self, pumps: Pumps, size: int) -> None:
        super().__init__(pumps, None, size)

    def came(self) -> None:
        self.pumps.ring()

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self.pumps.ring()


class Passing(Shelf):
    """
    One that the pump does not wait for. While it is full the pump gives the event loop one turn at each item, so that
    a consumer which is ready has had its chance before anything is dropped.
    """

    __slots__ = ("_put",)

    def __init__(self, pumps: Pumps, size: int, put: Callable[[Passing, Any], object]) -> None:
        super().__init__(pumps, size)
        self._put = put

    @property
    def append(self) -> Callable[[Any], object]:
        return self._take_in

    def _take_in(self, item: Any) -> None:
        self._put(self, item)
        if len(self.held) >= self.size:
            self.pumps.events.call_soon(self.wake)


class Shelved(Boundary):
    """
    What `buffer` and `conflate` share: the loop over one inlet.
    """

    __slots__ = ()
    pumped = True

    @abstractmethod
    def shelf(self, pumps: Pumps) -> Shelf:
        """The inlet."""

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        shelf, left, look = self.shelf(pumps), 1, loop.look
        held = shelf.held
        try:
            pumps.start(loop.upstream, shelf, outer=loop.run if self.keeps_items else None)
            while True:
                if held:
                    x = held.popleft()
                    shelf.wake()
                    yield x
                    left -= 1
                    if not left:
                        left = look()
                        if left < 0:
                            left = -left
                            await turn()
                elif shelf.ended:
                    pumps.forget(shelf)
                    break
                else:
                    await pumps.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class Buffer(Shelved):
    __slots__ = ("on_drop", "overflow", "size")
    name = "buffer"
    keeps_items = True

    def __init__(self, size: int, overflow: str, on_drop: Callable[[Any], object] | None) -> None:
        if overflow not in {"suspend", "drop_oldest", "drop_newest", "error"}:
            raise ValueError(
                f'buffer(overflow=) is "suspend", "drop_oldest", "drop_newest" or "error", not {describe(overflow)}'
            )
        if on_drop is not None:
            check_plain(on_drop, "buffer(on_drop=)", "an item")
            if overflow not in {"drop_oldest", "drop_newest"}:
                raise ValueError(f"buffer(on_drop=) is for buffers that drop; overflow={overflow!r} drops nothing")
        self.size: int = check_int(size, self.name, "size", 1)
        self.overflow: str = overflow
        self.on_drop: Callable[[Any], object] | None = on_drop

    def describe(self) -> str:
        return f"buffer({self.size}, overflow={self.overflow!r})"

    def shelf(self, pumps: Pumps) -> Shelf:
        size, overflow = self.size, self.overflow
        if overflow == "suspend":
            return Shelf(pumps, size)
        dropped = _nothing if self.on_drop is None else Guard(self.on_drop, "buffer(on_drop=)")

        def put(shelf: Passing, item: Any) -> None:
            held = shelf.held
            if len(held) < size:
                held.append(item)
            elif overflow == "drop_oldest":
                oldest = held.popleft()
                held.append(item)
                dropped(oldest)
            elif overflow == "drop_newest":
                dropped(item)
            else:
                raise BufferOverflowError(size)

        return Passing(pumps, size, put)


class Conflate(Shelved):
    __slots__ = ("f",)
    name = "conflate"

    def __init__(self, f: Callable[[Any, Any], Any]) -> None:
        check_plain(f, self.name, "what is held and an item")
        self.f: Callable[[Any, Any], Any] = f

    def describe(self) -> str:
        return f"conflate({getattr(self.f, '__qualname__', None) or describe(self.f)})"

    def shelf(self, pumps: Pumps) -> Shelf:
        f = Guard(self.f, self.name)

        def put(shelf: Passing, item: Any) -> None:
            held = shelf.held
            if held:
                held[0] = f(held[0], item)
            else:
                held.append(item)

        return Passing(pumps, 1, put)


def check_plain(f: object, operator: str, takes: str) -> None:
    """
    Raises:
        TypeError: If *f* is no callable, or one that must be awaited.
    """
    check_callable(f, operator)
    if callable(f) and is_async(f):
        raise TypeError(
            f"{operator}() expects a plain callable that takes {takes}, not {describe(f)}: nothing waits here"
        )


def _nothing(_: object) -> None:
    """Nobody wants to know what was dropped."""


class BufferMixin(Described[T_co]):
    """
    `buffer`, `conflate`.
    """

    __slots__ = ()

    def buffer(
        self,
        size: int,
        *,
        overflow: Literal["suspend", "drop_oldest", "drop_newest", "error"] = "suspend",
        on_drop: Callable[[T_co], object] | None = None,
    ) -> JaypieStream[T_co]:
        """
        Let the source be up to *size* items ahead of the consumer.

        Args:
            size: Items that are held, at least 1.
            overflow: What becomes of an item that comes while so many are held. "suspend": the source waits.
                "drop_oldest": the oldest one held makes room. "drop_newest": it is dropped itself. "error": the stream
                fails with `BufferOverflowError`.
            on_drop: A plain function that is called with each item that is dropped, in the source's task; for counts
                and logs.

        Raises:
            ValueError: At this call, if *size* is below 1, *overflow* is another word, or *on_drop* is given where
                nothing is dropped.
            TypeError: At this call, if *size* is no whole number, or *on_drop* no plain function.
            BufferOverflowError: In the run, after the items that were held.

        Flow:
            Keeps order. The source is read in a task of its own, from the first pull on. Holds at most *size* items. A
            consumer that always waits for the next item loses none, however fast the source: a full buffer that drops
            gives the event loop a turn between two items. An error of the source comes after what is held; an error of
            *on_drop* is one of the source. An early stop and a cancellation drop what is held and close the source.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).buffer(2).to_list())
        [1, 2, 3]
        """
        return self._then(Buffer(size, overflow, on_drop))

    def conflate(self, f: Callable[[T_co, T_co], T_co]) -> JaypieStream[T_co]:
        """
        Merge what comes while the consumer is busy into one item: `f(held, item)`.

        Where nothing is held an item is held as it is, so a consumer that always waits for the next one gets each item
        by itself. For the newest alone: `conflate(lambda held, item: item)`; for all that came, in lists:
        `map(lambda item: [item]).conflate(operator.add)`.

        Args:
            f: A plain function of what is held and the next item; gives what is held then.

        Raises:
            TypeError: At this call, if *f* is no plain function.

        Flow:
            Keeps order. The source is read in a task of its own, without waiting for the consumer, from the first pull
            on. Holds one item, merged. While one is held the event loop gets a turn at each further item. An error of
            the source or of *f* comes after what is held. An early stop and a cancellation drop what is held and close
            the source.

        >>> async def main():
        ...     async with JaypieStream.of(1, 2, 3, 4).conflate(lambda a, b: a + b).open() as sums:
        ...         first = await anext(sums)
        ...         for _ in range(9):  # the consumer is busy
        ...             await asyncio.sleep(0)
        ...         return first, await anext(sums)
        >>> asyncio.run(main())
        (1, 9)
        """
        return self._then(Conflate(f))
