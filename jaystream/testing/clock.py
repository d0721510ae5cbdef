"""
Virtual time for asyncio: while something can run the clock stands still, and then it jumps to the next timer.

Here live the clock, its loop and a runner. Timers that tests need are those of asyncio and anyio, as always.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import anyio.to_thread

from jaystream.testing.leaks import guard_leaks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from concurrent.futures import Executor
    from contextvars import Context

    from anyio import CapacityLimiter

__all__ = ["DeadlockError", "VirtualClock", "VirtualLoop", "run_virtually"]

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class DeadlockError(AssertionError):
    """
    Nothing is ready, no timer is set, no thread works: the loop would wait for ever.

    Attributes:
        tasks: One line per task that waits, with the place.
    """

    def __init__(self, tasks: tuple[str, ...]) -> None:
        """
        Build the message from *tasks*.
        """
        self.tasks = tasks
        waiting = "".join(f"\n  - {task}" for task in tasks) or " no task"
        super().__init__(f"nothing is left that could wake the loop; what waits:{waiting}")


class VirtualClock:
    """
    The time that a `VirtualLoop` goes by; calling it gives the time too, as recorders want it.

    >>> VirtualClock().now
    0.0
    """

    __slots__ = ("_now",)

    def __init__(self) -> None:
        """
        Start at zero.
        """
        self._now = 0.0

    @property
    def now(self) -> float:
        """
        Seconds since the clock was made, all of them virtual.
        """
        return self._now

    def __call__(self) -> float:
        """
        The same, for what takes a function that tells the time.
        """
        return self._now

    def advance(self, seconds: float) -> None:
        """
        Let time pass, as code does that blocks the loop.

        Raises:
            ValueError: If *seconds* is negative or no number.
        """
        if not seconds >= 0:
            raise ValueError(f"time goes forward only, not by {seconds!r} seconds")
        self._now += seconds


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    An event loop in virtual time.

    Worker threads of anyio and of the loop's executor are waited for in real time, in which the clock stands still.
    A timer at infinity is none. Sockets are looked at, and not waited for while a timer is set.

    Args:
        clock: Its clock; one of its own by default.
        patience: Real seconds to wait, where there is no timer, for sockets and for threads that the loop knows nothing
            of; then they count as dead.
    """

    def __init__(self, clock: VirtualClock | None = None, *, patience: float = 5.0) -> None:
        """
        Make the loop; the time is the clock's.
        """
        self.clock: VirtualClock = clock or VirtualClock()
        self._patience = patience
        self._limiter: CapacityLimiter | None = None
        self._in_executor = 0
        self._jumping = _Jumping(self)
        super().__init__(self._jumping)
        # asyncio takes a timer for due when it is less than this away; the usual nanosecond is lost in large numbers
        self._clock_resolution = 1e-6
        self._own_files = len(self._jumping.get_map())

    def time(self) -> float:
        """
        The clock's time.
        """
        return self.clock.now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """
        Set a timer; one at infinity is never set.
        """
        if when == float("inf"):
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], R], *args: *Ts) -> asyncio.Future[R]:
        """
        Run *func* in a thread, which is waited for.
        """
        future = super().run_in_executor(executor, func, *args)
        self._in_executor += 1
        future.add_done_callback(self._left_executor)
        return future

    def run_until_complete(self, future: Generator[Any, None, R] | Awaitable[R]) -> R:
        """
        Run until *future* is done.

        Raises:
            DeadlockError: If nothing can make it so.
        """
        if self._limiter is None:
            # only a task can ask anyio for it, and the selector, which is no task, has to know it
            self._limiter = super().run_until_complete(_find_limiter())
        return super().run_until_complete(future)

    async def shutdown_default_executor(self, *args: Any) -> None:
        """
        Wait until the executor's threads have ended, in real time.
        """
        self._in_executor += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._in_executor -= 1

    def _left_executor(self, _: asyncio.Future[Any]) -> None:
        self._in_executor -= 1

    def working_threads(self) -> bool:
        """
        Whether a thread works for this loop.
        """
        return self._in_executor > 0 or (self._limiter is not None and self._limiter.borrowed_tokens > 0)

    def wait_for_strangers(self) -> float:
        """
        Real seconds to wait for what may wake the loop, though it does not know of it; 0 where there is nothing.
        """
        watched = len(self._jumping.get_map()) > self._own_files
        strangers = [
            thread
            for thread in threading.enumerate()
            if thread is not threading.current_thread()
            and not thread.name.startswith(("AnyIO worker thread", "asyncio_", "jaystream "))
        ]
        return self._patience if watched or strangers else 0


class _Jumping(selectors.DefaultSelector):
    """
    A selector that does not wait for timers: it moves the clock by the time it was to wait.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self._loop.working_threads():
            return super().select(None)
        if timeout is not None:
            self._loop.clock.advance(timeout)
            return ready
        ready = super().select(self._loop.wait_for_strangers())
        if not ready:
            raise DeadlockError(tuple(sorted(describe_waiting(task) for task in asyncio.all_tasks(self._loop))))
        return ready


def run_virtually(main: Coroutine[Any, Any, R], *, clock: VirtualClock | None = None) -> R:
    """
    Run a coroutine to its end in virtual time, inside the leak guard.

    Args:
        main: What runs.
        clock: The clock to go by; a new one by default.

    Raises:
        DeadlockError: If the coroutine can never end.
        LeakError: If it left something behind.

    >>> run_virtually(asyncio.sleep(86_400, "a day later"))
    'a day later'
    """

    async def guarded() -> R:
        async with guard_leaks():
            return await main

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(guarded())


async def _find_limiter() -> CapacityLimiter:
    return anyio.to_thread.current_default_thread_limiter()


def describe_waiting(task: asyncio.Task[Any]) -> str:
    """
    A task's name, and where it waits: the innermost frame of code that is not asyncio's or anyio's own.
    """
    inner: Any = task.get_coro()
    where = f"{getattr(inner, '__qualname__', inner)}"
    while inner is not None:
        frame = _first_of(inner, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] not in {"asyncio", "anyio"}:
            where = f"{getattr(inner, '__qualname__', inner)} at {frame.f_code.co_filename}:{frame.f_lineno}"
        inner = _first_of(inner, "cr_await", "gi_yieldfrom", "ag_await")
    return f"{task.get_name()} in {where}"


def _first_of(thing: object, *names: str) -> Any:
    return next((found for name in names if (found := getattr(thing, name, None)) is not None), None)
