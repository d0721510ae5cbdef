"""
A run taken from await to await, and cancelled at each of them.

Only the stepping lives here; what has to hold afterwards is said in `jaystream.testing.laws`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, Literal, TypeVar, cast

import anyio

from jaystream.testing.saying import expect

__all__ = ["cancel_at_every_await"]

R = TypeVar("R")


async def cancel_at_every_await(
    make: Callable[[], Coroutine[Any, Any, Any]],
    how: Literal["native", "scope", "timeout", "twice"],
    *,
    most: int = 500,
) -> int:
    """
    Run *make* again and again, cancelled at its first await, its second and so on, until one run is not reached.

    Args:
        make: Gives the coroutine of one run.
        how: By `Task.cancel`; by a cancel scope of anyio round the run; by `asyncio.timeout` round it; or by
            `Task.cancel` twice, the second time at the await after the one that was hit, where a run cleans up.
        most: Awaits after which the run is taken for an endless one.

    Returns:
        How many awaits a whole run has.

    Raises:
        AssertionError: If a run that was cancelled ended in any other way, or left its task cancelled.
    """
    for at in range(1, most):
        main = make()
        if how == "scope":
            reached = await _cancel_by_scope(main, at)
        elif how == "timeout":
            reached = await _cancel_by_timeout(main, at)
        else:
            reached = await _cancel_natively(main, at, how == "twice")
        if not reached:
            return at - 1
    raise AssertionError(f"a run of more than {most} awaits")


class Stepped(Generic[R]):
    """
    A coroutine that is counted from await to await; at some of them something is done.

    Args:
        main: What runs.
        at: The numbers of the awaits, the first is 1.
        do: Called there, before the event loop sees the await.
    """

    def __init__(self, main: Coroutine[Any, Any, R], at: tuple[int, ...], do: Callable[[], object]) -> None:
        """
        Take what runs; nothing has run yet.
        """
        self.awaits: int = 0
        self._main = main
        self._at = at
        self._do = do

    @property
    def reached(self) -> bool:
        """
        Whether the run got to the first of the awaits.
        """
        return self.awaits >= self._at[0]

    def __await__(self) -> Generator[Any, Any, R]:
        """
        Run, handing every await on to whoever drives this one.
        """
        main = self._main.__await__()
        error: BaseException | None = None
        while True:
            try:
                waits_for = next(main) if error is None else main.throw(error)
            except StopIteration as stop:
                result: R = stop.value
                return result
            self.awaits += 1
            if self.awaits in self._at:
                self._do()
            try:
                yield waits_for
                error = None
            except BaseException as thrown:  # noqa: BLE001 - handed to the one that runs
                error = thrown


async def _cancel_natively(main: Coroutine[Any, Any, Any], at: int, again: bool) -> bool:  # noqa: FBT001 - internal
    loop = asyncio.get_running_loop()
    # not `task.cancel` itself: eager tasks run before `task` is bound
    stepped = Stepped(main, (at, at + 1) if again else (at,), lambda: loop.call_soon(lambda: task.cancel()))  # noqa: PLW0108

    async def run() -> Any:
        return await stepped

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    if stepped.reached:
        expect(task.cancelled(), f"cancelled at await {at}, and the run ended with {_ending(task)}")
    else:
        task.result()
    return stepped.reached


async def _cancel_by_scope(main: Coroutine[Any, Any, Any], at: int) -> bool:
    loop = asyncio.get_running_loop()

    async def run() -> bool:
        with anyio.CancelScope() as scope:
            stepped = Stepped(main, (at,), lambda: loop.call_soon(scope.cancel))
            await stepped
            await asyncio.sleep(0)  # a cancellation that fell on a shielded close comes here
        current = cast("asyncio.Task[Any]", asyncio.current_task())
        expect(current.cancelling() == 0, "the scope is left, and the task still counts as cancelled")
        expect(scope.cancelled_caught == scope.cancel_called, f"the scope's cancellation at await {at} was lost")
        return scope.cancel_called

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    expect(not task.cancelled(), f"the scope's cancellation at await {at} left its scope as one of the task's own")
    return task.result()


async def _cancel_by_timeout(main: Coroutine[Any, Any, Any], at: int) -> bool:
    loop = asyncio.get_running_loop()

    async def run() -> bool:
        fired = False
        limit = asyncio.timeout(None)
        stepped = Stepped(main, (at,), lambda: limit.reschedule(loop.time()))
        try:
            async with limit:
                await stepped
                await asyncio.sleep(0)  # one that fell on the last await comes here
        except TimeoutError:
            fired = True
        current = cast("asyncio.Task[Any]", asyncio.current_task())
        expect(current.cancelling() == 0, "the timeout is over, and the task still counts as cancelled")
        expect(fired == stepped.reached, f"the timeout's cancellation at await {at} was lost")
        return fired

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    expect(not task.cancelled(), f"the timeout's cancellation at await {at} left its block as one of the task's own")
    return task.result()


def _ending(task: asyncio.Task[Any]) -> str:
    if task.cancelled():
        return "its cancellation"
    error = task.exception()
    return repr(task.result()) if error is None else repr(error)
