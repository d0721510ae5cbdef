"""
Operators that choose items by place or by a condition, and leave the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import CallStage, check_int
from jaystream.operators.last import SkipLast, TakeLast

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["SelectMixin"]


class Take(Stage):
    __slots__ = ("born_ended", "size")
    name = "take"
    names: tuple[str, ...] = ("size",)
    keeps_items = True
    ends = True

    def __init__(self, size: int) -> None:
        self.size: int = size
        self.born_ended: bool = size == 0

    @property
    def shape(self) -> Hashable:
        return (type(self), self.born_ended)

    def values(self) -> tuple[object, ...]:
        return (self.size,)

    def describe(self) -> str:
        return f"take({self.size})"

    def write_setup(self, code: LoopWriter) -> None:
        if self.born_ended:
            code.never_begin()
        code.line(f"{code.name('n')} = {code.name('size')}")

    def write(self, code: LoopWriter) -> None:
        n = code.name("n")
        code.line(f"{n} -= 1")
        code.end_after(f"not {n}")


class Skip(Stage):
    __slots__ = ("size",)
    name = "skip"
    names: tuple[str, ...] = ("size",)
    keeps_items = True

    def __init__(self, size: int) -> None:
        self.size: int = size

    def values(self) -> tuple[object, ...]:
        return (self.size,)

    def describe(self) -> str:
        return f"skip({self.size})"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('n')} = {code.name('size')}")

    def write(self, code: LoopWriter) -> None:
        n = code.name("n")
        with code.block(f"if {n}:"):
            code.line(f"{n} -= 1")
            code.go_on()


class Every(Stage):
    __slots__ = ("step",)
    name = "every"
    names: tuple[str, ...] = ("step",)
    keeps_items = True

    def __init__(self, step: int) -> None:
        self.step: int = step

    def values(self) -> tuple[object, ...]:
        return (self.step,)

    def describe(self) -> str:
        return f"[::{self.step}]"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('n')} = 0")

    def write(self, code: LoopWriter) -> None:
        n, step = code.name("n"), code.name("step")
        code.line(f"{n}, skipped = ({n} + 1) % {step}, {n}")
        code.skip("skipped")


class TakeWhile(CallStage):
    __slots__ = ("inclusive",)
    name = "take_while"
    keeps_items = True
    ends = True

    def __init__(self, f: Callable[..., Any], *, inclusive: bool) -> None:
        super().__init__(f)
        self.inclusive: bool = bool(inclusive)

    @property
    def shape(self) -> Hashable:
        return (super().shape, self.inclusive)

    def write(self, code: LoopWriter) -> None:
        ends = code.end_after if self.inclusive else code.stop
        ends(f"not {self.call(code.name('f'), 'x')}")


class SkipWhile(CallStage):
    __slots__ = ()
    name = "skip_while"
    keeps_items = True

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('skipping')} = True")

    def write(self, code: LoopWriter) -> None:
        skipping = code.name("skipping")
        code.skip(f"{skipping} and ({skipping} := {self.call(code.name('f'), 'x')})")


class SelectMixin(Described[T_co]):
    """
    `take`, `skip` and their family.
    """

    __slots__ = ()

    def take(self, size: int) -> JaypieStream[T_co]:
        """
        End the stream after *size* items.

        Args:
            size: Items to let through; with 0 the source is not even opened.

        Raises:
            ValueError: At this call, if *size* is negative.

        Flow:
            Keeps order, holds one item, reads exactly *size* items. The source is closed when the run ends, without
            being asked for an item more. An error behind the last item that is wanted is not raised, also where a stage
            above, as `chunk`, has met it already.

        >>> asyncio.run(JaypieStream(range(9)).take(2).to_list())
        [0, 1]
        """
        return self._then(Take(check_int(size, "take", "size", 0)))

    def skip(self, size: int) -> JaypieStream[T_co]:
        """
        Leave out the first *size* items.

        Args:
            size: Items to leave out.

        Raises:
            ValueError: At this call, if *size* is negative.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream(range(4)).skip(2).to_list())
        [2, 3]
        """
        return self._then(Skip(check_int(size, "skip", "size", 0)))

    def take_while(self, f: Callable[[T_co], object], *, inclusive: bool = False) -> JaypieStream[T_co]:
        """
        End the stream at the first item for which *f* is false.

        Args:
            f: Called with the item, sync or async.
            inclusive: Whether that item is given too.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            Keeps order, holds one item. Reads the item that ends it and none more.

        >>> asyncio.run(JaypieStream.of(1, 5, 2).take_while(lambda n: n < 3).to_list())
        [1]
        """
        return self._then(TakeWhile(f, inclusive=inclusive))

    def skip_while(self, f: Callable[[T_co], object]) -> JaypieStream[T_co]:
        """
        Leave out items until *f* is false for one; that one and all after it pass.

        Args:
            f: Called with the item, sync or async, until it gives a false value.

        Raises:
            TypeError: At this call, if *f* cannot be called.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream.of(1, 5, 2).skip_while(lambda n: n < 3).to_list())
        [5, 2]
        """
        return self._then(SkipWhile(f))

    def __getitem__(self, index: slice) -> JaypieStream[T_co]:
        """
        Slice as a list is sliced: `stream[a:b:c]`. A negative *a* or *b* counts from the end.

        Raises:
            TypeError: If *index* is no slice; `(await stream.skip(i).first())` gives one item.
            ValueError: If the step is below 1, or if *a* is negative and *b* is not.

        Flow:
            Keeps order, holds one item and reads nothing behind the last item it gives. A part that is negative is
            `take_last` or `skip_last`, which read to the end and hold that number of items.

        >>> asyncio.run(JaypieStream(range(9))[1:6:2].to_list())
        [1, 3, 5]
        >>> asyncio.run(JaypieStream(range(9))[-3:-1].to_list())
        [6, 7]
        """
        if not isinstance(index, slice):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
            raise TypeError(f"a stream takes a slice [a:b:c], not {describe(index)}; skip(i) and first() give one item")
        start = check_int(0 if index.start is None else index.start, "slice", "start")
        stop = None if index.stop is None else check_int(index.stop, "slice", "stop")
        step = check_int(1 if index.step is None else index.step, "slice", "step", 1)
        if start < 0 and stop is not None and stop >= 0:
            raise ValueError(
                f"slice [{start}:{stop}] begins at a place counted from the end and stops at one counted from the "
                "front; which of them comes first is known of a list alone"
            )
        made: Any = self._then(TakeLast(-start) if start < 0 else Skip(start))
        if stop is not None and stop < 0:
            made = made._then(SkipLast(-stop))
        if step > 1:
            made = made._then(Every(step))
        if stop is not None and stop >= 0:
            made = made._then(Take(max(0, -((start - stop) // step))))
        return made  # type: ignore[no-any-return]  # every step gives a JaypieStream
