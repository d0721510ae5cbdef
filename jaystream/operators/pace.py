"""
Operators that let items through later: `throttle`, `delay`. They wait in the loop itself, without a task.
"""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from collections import deque
from typing import TYPE_CHECKING

from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import check_int, check_seconds

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["PaceMixin"]


class Throttle(Stage):
    """
    At most *n* items in any *per* seconds, as early as that allows: the time of the last *n* is kept.
    """

    __slots__ = ("n", "per")
    name = "throttle"
    names: tuple[str, ...] = ("deque", "n", "per", "running", "sleep")
    keeps_items = True

    def __init__(self, n: int, per: float) -> None:
        self.n: int = n
        self.per: float = per

    def values(self) -> tuple[object, ...]:
        return (deque, self.n, self.per, get_running_loop, sleep)

    def describe(self) -> str:
        return f"throttle({self.n}, per={self.per:g})"

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('times')} = {code.name('deque')}((), {code.name('n')})")
        code.line(f"{code.name('clock')} = {code.name('running')}().time")

    def write(self, code: LoopWriter) -> None:
        times, clock, now, at = (code.name(word) for word in ("times", "clock", "now", "at"))
        code.line(f"{now} = {clock}()")
        with code.block(f"if len({times}) == {code.name('n')}:"):
            code.line(f"{at} = {times}[0] + {code.name('per')}")
            with code.block(f"while {now} < {at}:"):
                code.line(f"await {code.name('sleep')}({at} - {now})")
                code.line(f"{now} = {clock}()")
        code.line(f"{times}.append({now})")


class Bucket(Stage):
    """
    A token bucket: *burst* items at once when it is full, and one more every *per* / *n* seconds.
    """

    __slots__ = ("burst", "n", "per")
    name = "throttle"
    names: tuple[str, ...] = ("running", "sleep", "gap", "slack")
    keeps_items = True

    def __init__(self, n: int, per: float, burst: int) -> None:
        self.n: int = n
        self.per: float = per
        self.burst: int = burst

    def values(self) -> tuple[object, ...]:
        gap = self.per / self.n
        return (get_running_loop, sleep, gap, gap * (self.burst - 1))

    def describe(self) -> str:
        return f"throttle({self.n}, per={self.per:g}, burst={self.burst})"

    def write_setup(self, code: LoopWriter) -> None:
        # when the bucket is full again
        code.line(f"{code.name('clock')} = {code.name('running')}().time")
        code.line(f"{code.name('full')} = {code.name('clock')}()")

    def write(self, code: LoopWriter) -> None:
        clock, now, at, full = (code.name(word) for word in ("clock", "now", "at", "full"))
        code.line(f"{now}, {at} = {clock}(), {full} - {code.name('slack')}")
        with code.block(f"while {now} < {at}:"):
            code.line(f"await {code.name('sleep')}({at} - {now})")
            code.line(f"{now} = {clock}()")
        code.line(f"{full} = max({full}, {now}) + {code.name('gap')}")


class Delay(Stage):
    __slots__ = ("seconds",)
    name = "delay"
    names: tuple[str, ...] = ("sleep", "seconds")
    keeps_items = True
    heads = True

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds

    def values(self) -> tuple[object, ...]:
        return (sleep, self.seconds)

    def describe(self) -> str:
        return f"delay({self.seconds:g})"

    def write_head(self, code: LoopWriter) -> None:
        code.line(f"await {code.name('sleep')}({code.name('seconds')})")


class PaceMixin(Described[T_co]):
    """
    `throttle`, `delay`.
    """

    __slots__ = ()

    def throttle(self, n: int, *, per: float = 1.0, burst: int | None = None) -> JaypieStream[T_co]:
        """
        Give at most *n* items in any *per* seconds; the others wait for their turn, and none is lost.

        Without *burst* an item goes as early as the limit allows: *n* at once, and the next when the first of them is
        *per* seconds old. With *burst* items are spread evenly, one every *per* / *n* seconds, and up to *burst* of
        them may go at once after a pause (a token bucket), so that any *per* seconds have at most *n* + *burst*. 1 is
        the strictest pace.

        Args:
            n: Items, at least 1.
            per: The seconds that they are counted in, above 0.
            burst: Items that may go at once, at least 1; None is as said above.

        Raises:
            TypeError: At this call, if an argument is no number of its kind.
            ValueError: At this call, if *n* or *burst* is below 1, or *per* is not above 0.

        Flow:
            Keeps order, holds one item, and the times of the last *n* without *burst*. The source is asked for the
            next item when the one before has gone; no task is needed. Errors from above pass.

        >>> asyncio.run(JaypieStream.of(1, 2, 3).throttle(2, per=0.01).to_list())
        [1, 2, 3]
        """
        check_int(n, "throttle", "n", 1)
        check_seconds(per, "throttle", "per")
        if burst is None:
            return self._then(Throttle(n, per))
        return self._then(Bucket(n, per, check_int(burst, "throttle", "burst", 1)))

    def delay(self, seconds: float) -> JaypieStream[T_co]:
        """
        Begin *seconds* later.

        The source is opened after that time, so each item comes that much later and the gaps between them stay, while
        nothing has to be held. What gives items on its own account, such as an `Emitter`, keeps those of the
        meantime itself. To space items out use `throttle`.

        Args:
            seconds: From the first pull until the source is opened, 0 or more.

        Raises:
            TypeError: At this call, if *seconds* is no number.
            ValueError: At this call, if it is negative.

        Flow:
            Keeps order, holds nothing. Nothing above is opened or asked before the time has passed; a stop or a
            cancellation before that opens nothing at all.

        >>> asyncio.run(JaypieStream.of(1, 2).delay(0.01).to_list())
        [1, 2]
        """
        return self._then(Delay(check_seconds(seconds, "delay", "seconds", zero=True)))
