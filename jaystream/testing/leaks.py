"""
The leak guard: what a piece of async code left behind, found while its loop still runs.

Here live the guard and its error. How tests are run, and by which loop, is the business of whoever uses it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from types import AsyncGeneratorType, TracebackType

    _Hook = Callable[[AsyncGenerator[Any, Any]], None]

__all__ = ["LeakError", "LeakGuard", "guard_leaks"]


class LeakError(AssertionError):
    """
    Something was left behind.

    Attributes:
        leaks: One line per thing left.
    """

    def __init__(self, leaks: tuple[str, ...]) -> None:
        """
        Build the message from *leaks*.
        """
        self.leaks = leaks
        super().__init__("left behind:\n" + "\n".join(f"  - {leak}" for leak in leaks))


def guard_leaks(*, allow_finalized: bool = False, settle: int = 0) -> LeakGuard:
    """
    Watch a block of async code and raise where it leaves something behind.

    Caught are tasks that still run, async generators that are suspended or were left to the garbage collector,
    errors that no code could catch (in ``__del__``, in tasks nobody awaited), ``ResourceWarning`` and coroutines
    that were never awaited. What is left is cancelled and closed, so that the next block starts clean.

    Enter it inside the running loop: asyncio sets the async-generator hooks anew at each run, so a guard put on from
    outside would see no generator at all. A block that fails keeps its own error; the leaks become a note on it.

    Args:
        allow_finalized: Let async generators be closed by the loop's finalizer hook, as a bare ``async for`` that is
            left early does. The guard then waits for that closing.
        settle: Turns of the loop to let pass before looking. Libraries that wind down in the background need some;
            a jaystream run needs none.

    Raises:
        LeakError: At the end of the block, naming everything that was left.
    """
    return LeakGuard(allow_finalized=allow_finalized, settle=settle)


class LeakGuard:
    """
    What `guard_leaks` returns; an async context manager for one use.
    """

    __slots__ = (
        "_allow_finalized",
        "_finalized",
        "_found",
        "_hooks",
        "_loop",
        "_loop_handler",
        "_loop_hooks",
        "_settle",
        "_started",
        "_tasks_before",
        "_unraisable",
        "_warnings",
    )

    def __init__(self, *, allow_finalized: bool = False, settle: int = 0) -> None:
        """
        Take the options of `guard_leaks`.
        """
        self._allow_finalized = allow_finalized
        self._settle = settle
        self._found: list[str] = []
        self._finalized = False
        self._started: WeakSet[AsyncGeneratorType[Any, Any]] = WeakSet()

    async def __aenter__(self) -> None:
        """
        Start to watch.
        """
        self._loop = asyncio.get_running_loop()
        self._tasks_before = asyncio.all_tasks()
        self._hooks = sys.get_asyncgen_hooks()
        # what an inner guard watches is its own business, so guards hand on to the loop and not to each other
        outer: object = getattr(self._hooks.finalizer, "__self__", None)
        self._loop_hooks: tuple[_Hook, _Hook] = (self._hooks.firstiter or _ignore, self._hooks.finalizer or _ignore)
        if isinstance(outer, LeakGuard):
            self._loop_hooks = outer._loop_hooks
        self._unraisable: Callable[[sys.UnraisableHookArgs], Any] = sys.unraisablehook
        self._loop_handler = self._loop.get_exception_handler()
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        # as errors, because a warning raised in __del__ is handed to the unraisable hook, wherever it happens
        warnings.simplefilter("error", ResourceWarning)
        warnings.filterwarnings("error", message="coroutine .* was never awaited", category=RuntimeWarning)
        sys.set_asyncgen_hooks(firstiter=self._on_first_iteration, finalizer=self._on_finalizer)
        sys.unraisablehook = self._on_unraisable
        self._loop.set_exception_handler(self._on_loop_error)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Look at what is left, clean it away, and raise or note it.
        """
        try:
            # the collection brings generators and coroutines that sit in reference cycles to their hooks
            gc.collect()
            for _ in range(self._settle):
                await asyncio.sleep(0)
            await self._settle_finalized()
            tasks = asyncio.all_tasks() - self._tasks_before
            self._found += [f"task {_describe_task(task)}" for task in tasks]
            suspended = [generator for generator in self._started if generator.ag_frame is not None]
            self._found += [f"async generator still open: {_describe_generator(item)}" for item in suspended]
            if tasks or suspended:
                await self._clean_away(tasks, suspended)
                # what was cleaned away may have held more
                gc.collect()
        finally:
            self._loop.set_exception_handler(self._loop_handler)
            sys.unraisablehook = self._unraisable
            sys.set_asyncgen_hooks(*self._hooks)
            self._warnings.__exit__(None, None, None)
        if not self._found:
            return
        leaks = LeakError(tuple(self._found))
        if error is None:
            raise leaks
        error.add_note(str(leaks))

    async def _settle_finalized(self) -> None:
        """
        Wait for the closing tasks that the loop starts for finalized generators.
        """
        while self._finalized:
            self._finalized = False
            # the hook starts them by call_soon_threadsafe, so they exist after one turn
            await asyncio.sleep(0)
            closing = [task for task in asyncio.all_tasks() - self._tasks_before if _is_generator_closing(task)]
            # their errors reach the loop's handler, which is ours; a closed generator may have dropped another one
            await asyncio.gather(*closing, return_exceptions=True)

    @staticmethod
    async def _clean_away(tasks: set[asyncio.Task[Any]], suspended: list[AsyncGeneratorType[Any, Any]]) -> None:
        for task in tasks:
            task.cancel()
        # gather, not wait: it retrieves the errors, which would else be reported a second time
        await asyncio.gather(*tasks, return_exceptions=True)
        # a task may have been what held a generator open, and then it is closed by now
        closing = [generator.aclose() for generator in suspended if not generator.ag_running]
        for close in closing:
            await asyncio.gather(close, return_exceptions=True)

    def _on_first_iteration(self, generator: AsyncGenerator[Any, Any]) -> None:
        # the interpreter calls hooks with the builtin type alone, which typeshed does not say
        self._started.add(cast("AsyncGeneratorType[Any, Any]", generator))
        self._loop_hooks[0](generator)

    def _on_finalizer(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._finalized = True
        known = cast("AsyncGeneratorType[Any, Any]", generator)
        self._started.discard(known)
        if not self._allow_finalized:
            self._found.append(f"async generator left to the garbage collector: {_describe_generator(known)}")
        self._loop_hooks[1](generator)

    def _on_unraisable(self, event: sys.UnraisableHookArgs) -> None:
        where = event.err_msg or "unraisable error in"
        self._found.append(f"{where} {event.object!r}: {_describe_error(event.exc_value)}")

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        culprit = context.get("task") or context.get("future") or context.get("asyncgen") or context.get("handle")
        self._found.append(f"{context.get('message')}: {_describe_error(context.get('exception'))} in {culprit!r}")


def _ignore(generator: AsyncGenerator[Any, Any]) -> None:
    """
    Stands for a hook that is not set: a loop may go without.
    """


def _describe_error(error: BaseException | None) -> str:
    return "no error" if error is None else f"{type(error).__name__}: {error}"


def _describe_generator(generator: AsyncGeneratorType[Any, Any]) -> str:
    frame = generator.ag_frame
    where = f"{generator.ag_code.co_filename}:{frame.f_lineno}" if frame else generator.ag_code.co_filename
    return f"{generator.__qualname__} at {where}"


def _describe_task(task: asyncio.Task[Any]) -> str:
    coro = task.get_coro()
    stack = task.get_stack(limit=1)
    where = f" at {stack[-1].f_code.co_filename}:{stack[-1].f_lineno}" if stack else ""
    return f"{task.get_name()} still running: {getattr(coro, '__qualname__', coro)}{where}"


def _is_generator_closing(task: asyncio.Task[Any]) -> bool:
    return type(task.get_coro()).__name__ == "async_generator_athrow"
