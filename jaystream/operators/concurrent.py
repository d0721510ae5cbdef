"""
`map` with several items at once.

Lives here: the stage. The method is `transform.py`'s.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, Task
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, TypeAlias

from jaystream._core.closing import cancel_requests
from jaystream._core.guard import Guard, check_callable, is_async, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.run import LeftError
from jaystream._core.stages import check_int

if TYPE_CHECKING:
    from jaystream._core.run import Loop

Call: TypeAlias = Callable[[Any], Coroutine[Any, Any, Any]]


class Work:
    """
    One item on its way through the callable.
    """

    __slots__ = ("done", "error", "task", "value")

    def __init__(self) -> None:
        self.task: Task[None] | None = None
        self.done: bool = False
        self.value: Any = None
        self.error: BaseException | None = None


class Window(Inlet):
    """
    An inlet that calls *f* with each item, in a task each. It holds what has not been given yet, running or done.

    When a call fails nothing more is begun; the boundary gives what came before, and closes.
    """

    __slots__ = ("_f", "failed")

    def __init__(self, pumps: Pumps, size: int, f: Call) -> None:
        super().__init__(pumps, None, size)
        self.failed: bool = False
        self._f = f

    @property
    def append(self) -> Callable[[Any], object]:
        return self._begin

    def came(self) -> None:
        """Nobody waits for that."""

    def _begin(self, item: Any) -> None:
        if self.failed or self.left:
            raise LeftError
        work = Work()
        self._keep(work)
        task = self.pumps.events.create_task(self._call(work, item))
        if not work.done:  # an eager task may be
            work.task = task
            self.pumps.tasks.add(task)

    async def _call(self, work: Work, item: Any) -> None:
        try:
            work.value = await self._f(item)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - it goes to the boundary
            work.error = error
            self._fail(error)
        work.done = True
        if work.task is not None:
            self.pumps.tasks.discard(work.task)
        self._finish(work)

    def _fail(self, error: BaseException) -> None:
        if self.left and isinstance(error, Exception):
            self.pumps.problems.append(error)
        elif not self.failed:
            self.failed = True
            # from the loop, since an eager task fails in the middle of the pump's own step
            pump = self.pumps.running.get(self)
            if pump is not None:  # it is over where a call has outlived its closing
                self.pumps.events.call_soon(pump.leave, error)

    # in order -----------------------------------------------------------------------------------------------------

    def _keep(self, work: Work) -> None:
        self.held.append(work)

    def _finish(self, work: Work) -> None:
        if self.held and self.held[0] is work:
            self.pumps.ring()

    def next(self) -> Work | None:
        """The next work to give, if it is done."""
        works = self.held
        if not works or not works[0].done:
            return None
        self.wake()
        return works.popleft()  # type: ignore[no-any-return]

    def errors(self) -> list[Exception]:
        """What other works have failed with."""
        return [work.error for work in self.held if isinstance(work.error, Exception)]

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self.pumps.ring()


class LooseWindow(Window):
    """
    The same, giving works as they are done.
    """

    __slots__ = ("_all",)

    def __init__(self, pumps: Pumps, size: int, f: Call) -> None:
        super().__init__(pumps, size, f)
        self._all: set[Work] = set()
        self.load: Collection[Any] = self._all

    def _keep(self, work: Work) -> None:
        self._all.add(work)

    def _finish(self, work: Work) -> None:
        self.held.append(work)
        self.pumps.ring()

    def next(self) -> Work | None:
        works = self.held
        if not works:
            return None
        self.wake()
        work: Work = works.popleft()
        self._all.discard(work)
        return work


class MapConcurrent(Boundary):
    __slots__ = ("concurrency", "f", "key", "on_error", "ordered")
    name = "map"
    pumped = True

    def __init__(
        self,
        f: Callable[..., Any],
        concurrency: int,
        key: Callable[..., Hashable] | None,
        on_error: Callable[..., Any] | None,
        *,
        ordered: bool,
    ) -> None:
        check_callable(f, self.name)
        if not is_async(f):
            raise TypeError(
                f"{self.name}(concurrency=) is for `async def` functions; {describe(f)} is a plain callable, which "
                "blocks the event loop while it runs: leave concurrency out, or run it in threads with "
                "`async def g(item): return await asyncio.to_thread(f, item)`"
            )
        self.f: Call = f
        self.concurrency: int = check_int(concurrency, self.name, "concurrency", 1)
        if key is not None:
            check_callable(key, "map(per_key=)")
            if is_async(key):
                raise TypeError(f"map(per_key=) expects a plain callable from item to key, not {describe(key)}")
        if on_error is not None:
            check_callable(on_error, "map(on_error=)")
        self.key: Callable[..., Hashable] | None = key
        self.on_error: Callable[..., Any] | None = on_error
        self.ordered: bool = ordered

    def describe(self) -> str:
        name = getattr(self.f, "__qualname__", None) or describe(self.f)
        return f"{self.name}({name}, concurrency={self.concurrency}, ordered={self.ordered})"

    def _call(self) -> Call:
        f = self.f
        if self.on_error is not None:
            f = _with_handler(f, self.on_error)
        return f if self.key is None else _in_lines(f, Guard(self.key, "map(per_key=)"))

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps = Pumps(loop, self.describe())
        window = (Window if self.ordered else LooseWindow)(pumps, self.concurrency, self._call())
        try:
            pumps.start(loop.upstream, window)
            while True:
                work = window.next()
                if work is not None:
                    if work.error is not None:
                        raise _failure(work.error, window)
                    yield work.value
                elif window.ended and not window.load:
                    pumps.forget(window)
                    break
                else:
                    await pumps.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


class ForEachConcurrent(MapConcurrent):
    """
    The calls of `for_each`: what they give is dropped, so they are done in any order.
    """

    __slots__ = ()
    name = "for_each"

    def __init__(self, f: Callable[..., Any], concurrency: int) -> None:
        super().__init__(f, concurrency, None, None, ordered=False)


def _failure(first: BaseException, window: Window) -> BaseException:
    more = window.errors()
    return ExceptionGroup("several calls failed", [first, *more]) if more and isinstance(first, Exception) else first


def _with_handler(f: Call, handler: Callable[..., Any]) -> Call:
    """*f*, with what *handler* makes of an error in the place of its result."""
    handles = handler if is_async(handler) or not needs_guard(handler) else Guard(handler, "map(on_error=)")

    async def call(item: Any) -> Any:
        try:
            return await f(item)
        except Exception as error:
            if cancel_requests():
                raise  # a cancellation that was dressed up as an error
            result = handles(item, error)
            return await result if is_async(handler) else result

    return call


def _in_lines(f: Call, key: Callable[[Any], Hashable]) -> Call:
    """*f*, begun when the items with the same key that came before are done."""
    tails: dict[Hashable, Future[None]] = {}

    async def call(item: Any) -> Any:
        name = key(item)
        before = tails.get(name)
        mine = tails[name] = Future()
        if before is not None:
            await before
        result = await f(item)
        # After an error nobody is let go on: nothing may begin any more.
        if tails[name] is mine:
            del tails[name]
        elif not mine.done():
            mine.set_result(None)
        return result

    return call
