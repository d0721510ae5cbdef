"""
Operators that give several streams over one run: `broadcast` and `partition`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, Literal, overload

from jaystream._core.inspecting import describe
from jaystream._core.parts import Part, SharedHub
from jaystream._core.plan import Described, Plan, T_co
from jaystream._core.stages import CallStage, check_int
from jaystream.errors import DetachedError

if TYPE_CHECKING:
    from jaystream._core.hub import Port
    from jaystream._core.writer import LoopWriter
    from jaystream.stream import JaypieStream

__all__ = ["BroadcastMixin"]


class Label(CallStage):
    """
    Each item becomes a pair: what *f* says of it, and the item.
    """

    __slots__ = ("name",)

    def __init__(self, f: Callable[..., Any], name: str) -> None:
        self.name: str = name
        super().__init__(f)

    @property
    def shape(self) -> Hashable:
        return (super().shape, self.name)

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = ({self.call(code.name('f'), 'x')}, x)")


class ToAll(SharedHub):
    """
    Each item goes to every port. A port has room for one item, and *ahead* more.
    """

    __slots__ = ("_ahead", "_on_slow")

    def __init__(self, plan: Plan, count: int, ahead: int, on_slow: str) -> None:
        super().__init__(plan, f"broadcast({count})")
        self._ahead = ahead
        self._on_slow = on_slow
        for number in range(1, count + 1):
            self.add(f"stream {number} of broadcast({count})")

    def deliver(self, item: Any) -> None:
        ahead, on_slow = self._ahead, self._on_slow
        for port in tuple(self.ports):
            held = port.held
            if len(held) > ahead:
                if on_slow == "detach":
                    self._detach(port)
                    continue
                held.popleft()  # "drop": a full one stops the pump under "wait"
            port.put(item)
            if on_slow == "wait" and len(held) > ahead:
                self.full.add(port)

    def _detach(self, port: Port) -> None:
        del self.ports[port]
        many = "1 item" if not self._ahead else f"{self._ahead + 1} items"
        port.end(DetachedError(port.name, f'it was {many} behind when the next one came, and on_slow="detach"'))


class ToEither(SharedHub):
    """
    Items that are labelled true go to the first port, the others to the second. A port has room for one item.
    """

    __slots__ = ("_no", "_yes")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, "partition()")
        self._yes = self.add("the first stream of partition()")
        self._no = self.add("the second stream of partition()")

    def deliver(self, item: Any) -> None:
        label, x = item
        port = self._yes if label else self._no
        if not port.left:
            port.put(x)
            self.full.add(port)


class BroadcastMixin(Described[T_co]):
    """
    `broadcast`, `partition`.
    """

    __slots__ = ()

    def _parts(self, hub: SharedHub) -> tuple[JaypieStream[T_co], ...]:
        plan = self._plan
        return tuple(self._over(*Part.over(port, plan.wire), plan.loan) for port in hub.ports)

    @overload
    def broadcast(
        self, n: Literal[2], *, buffer: int = 0, on_slow: Literal["wait", "drop", "detach"] = "wait"
    ) -> tuple[JaypieStream[T_co], JaypieStream[T_co]]: ...
    @overload
    def broadcast(
        self, n: Literal[3], *, buffer: int = 0, on_slow: Literal["wait", "drop", "detach"] = "wait"
    ) -> tuple[JaypieStream[T_co], JaypieStream[T_co], JaypieStream[T_co]]: ...
    @overload
    def broadcast(
        self, n: int, *, buffer: int = 0, on_slow: Literal["wait", "drop", "detach"] = "wait"
    ) -> tuple[JaypieStream[T_co], ...]: ...
    def broadcast(
        self, n: int, *, buffer: int = 0, on_slow: Literal["wait", "drop", "detach"] = "wait"
    ) -> tuple[JaypieStream[T_co], ...]:
        """
        Give *n* streams over one run of this one, each with all its items, for consumers that run at the same time.

        Args:
            n: How many streams, at least 1.
            buffer: Items that a slow one may be behind, beyond the one that the fastest has just been given; from 0 on.
            on_slow: What becomes of one that is further behind when the fastest asks for the next item. "wait": the
                others wait for it. "drop": it loses the oldest item that waits for it. "detach": it ends with
                `DetachedError` after what it holds, and the others go on.

        Raises:
            TypeError: At this call, if *n* or *buffer* is no whole number.
            ValueError: At this call, if *n* is below 1, *buffer* below 0, or *on_slow* another word.
            StreamConsumedError: In the run, when one of the streams is run a second time.
            DetachedError: In the run, see *on_slow*; and where a stream is first read after the run was closed.

        Flow:
            The source is opened when the first of the streams is read, in a task of its own, and closed when the last
            one leaves or it ends; whoever is last waits for the closing. An item is pulled when one of the consumers
            waits for it. Holds *buffer* items and one more for each stream. Keeps order. Under "wait" each stream has
            all items from the first, also one that begins late, since nobody gets ahead of it: **read all of them at
            the same time**, in tasks of their own; reading one to its end before the next waits for ever. A warning in
            the log names a stream that nobody has begun to read while others wait for it; one that nobody has any more
            counts as left. An error of the source comes to all, after the items before it. One that leaves early does
            not stop the others; but when one fails or is cancelled, and of the others none has begun, the run is
            closed.

        >>> async def main():
        ...     one, other = JaypieStream.of(3, 4).broadcast(2)
        ...     return await asyncio.gather(one.to_list(), other.map(str).to_list())
        >>> asyncio.run(main())
        [[3, 4], ['3', '4']]
        """
        check_int(n, "broadcast", "n", 1)
        check_int(buffer, "broadcast", "buffer", 0)
        if on_slow not in {"wait", "drop", "detach"}:
            raise ValueError(f'broadcast(on_slow=) is "wait", "drop" or "detach", not {describe(on_slow)}')
        return self._parts(ToAll(self._plan, n, buffer, on_slow))

    @overload
    def partition(
        self, p: Callable[[T_co], Coroutine[Any, Any, object]]
    ) -> tuple[JaypieStream[T_co], JaypieStream[T_co]]: ...
    @overload
    def partition(self, p: Callable[[T_co], object]) -> tuple[JaypieStream[T_co], JaypieStream[T_co]]: ...
    def partition(self, p: Callable[[T_co], Any]) -> tuple[JaypieStream[T_co], JaypieStream[T_co]]:
        """
        Give two streams over one run of this one: the items that *p* is true of, and the others.

        Args:
            p: Sync or async; called once for each item.

        Raises:
            TypeError: At this call, if *p* cannot be called.
            StreamConsumedError: In the run, when one of the streams is run a second time.
            DetachedError: In the run, where a stream is first read after the run was closed.

        Flow:
            The source is opened when the first of the two is read, in a task of its own, and closed when both have left
            or it ends; whoever is last waits for the closing. An item is pulled when one of the consumers waits for it;
            one that is for the other is held until that one takes it, and nothing is pulled meanwhile: holds one item.
            So **read both at the same time**, in tasks of their own; a warning in the log names a stream that nobody
            has begun to read while the other waits for it. The items of one that has left early are dropped. Each keeps
            the order. An error of the source or of *p* comes to both. When one fails or is cancelled before the other
            has begun, the run is closed.

        >>> async def main():
        ...     even, odd = JaypieStream.of(1, 2, 3, 4).partition(lambda n: n % 2 == 0)
        ...     return await asyncio.gather(even.to_list(), odd.to_list())
        >>> asyncio.run(main())
        [[2, 4], [1, 3]]
        """
        hub = ToEither(self._plan.then(Label(p, "partition")))
        yes, no = self._parts(hub)
        return yes, no
