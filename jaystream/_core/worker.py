"""
One worker thread for one thing that blocks, for its whole life.
"""

from __future__ import annotations

from asyncio import CancelledError, get_running_loop
from collections.abc import Callable
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Executor, Future
from contextvars import Context, copy_context
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

Job: TypeAlias = "tuple[Future[Any], Callable[[], Any]] | None"

NAME = "jaystream blocking source"
"""What the threads are called."""


class Worker(Executor):
    """
    A thread that does one job after the other, in a copy of the context that it was begun in.

    The thread is a daemon: one that blocks for ever does not keep the interpreter from ending. A job that was handed in
    is done, even if nobody waits for it any more; `leave` lets the thread end after the last.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._context: Context | None = None

    async def call(self, f: Callable[[], R]) -> R:
        """
        Call *f* in the thread.

        Raises:
            RuntimeError: If *f* raised an error that means something else where it is awaited: `StopIteration` or a
                cancellation.
        """
        return await get_running_loop().run_in_executor(self, f)

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        if self._context is None:
            self._context = copy_context()
            Thread(target=_work, args=(self._jobs, self._context), name=NAME, daemon=True).start()
        future: Future[R] = Future()
        future.set_running_or_notify_cancel()  # from now on it cannot be taken back
        self._jobs.put((future, lambda: fn(*args, **kwargs)))
        return future

    @property
    def begun(self) -> bool:
        """Whether there is a thread."""
        return self._context is not None

    def leave(self) -> None:
        """Let the thread end when it has done its jobs."""
        self._jobs.put(None)


def _work(jobs: SimpleQueue[Job], context: Context) -> None:
    while (job := jobs.get()) is not None:
        future, f = job
        try:
            result = context.run(f)
        except (StopIteration, CancelledError, FutureCancelledError) as error:
            wrapped = RuntimeError(f"a blocking source raised {type(error).__name__}")
            wrapped.__cause__ = error
            future.set_exception(wrapped)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            future.set_exception(error)
        else:
            future.set_result(result)
        del job, future, f  # an idle thread keeps nothing alive
        result = None
