"""
A sink that runs in a task of its own beside a loop, over a lane.

Lives here: calling a sink, and the task's whole life as something that its loop owns. The stream that the sink is given
is made by whoever names the sink.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError, Task, get_running_loop, wait
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import GRACE, Closer, bounded
from jaystream._core.inspecting import describe
from jaystream._core.lanes import Lane
from jaystream._core.waiting import over

if TYPE_CHECKING:
    from jaystream._core.run import Loop


async def serve(sink: Callable[..., Any], stream: object, *args: Any, **kwargs: Any) -> Any:
    """
    Call a sink and wait for what it gives.

    Raises:
        TypeError: If it gives nothing to await.
    """
    running = sink(stream, *args, **kwargs)
    if not inspect.isawaitable(running):
        raise TypeError(
            f"a sink is a callable that takes a stream and gives a coroutine; {describe(sink)} gave {describe(running)}"
        )
    return await running


class Side(Closer):
    """
    The task of one sink, owned by a loop: the loop closes it below everything that it opens.

    Its stream ends as the loop does: with an end or an early stop by its end, with an error by that error. A
    cancellation cancels it. In each case the loop waits until it is done.

    Args:
        loop: The loop that owns it.
        sink: Called with the lane; gives the coroutine that the task runs.

    Attributes:
        lane: Hands items to the sink.
    """

    __slots__ = ("_loop", "_task", "lane")

    def __init__(self, loop: Loop, sink: Callable[[Lane[Any]], Coroutine[Any, Any, Any]]) -> None:
        super().__init__(sink)
        self.lane: Lane[Any] = Lane()
        self._loop = loop
        self._task: Task[Any] = get_running_loop().create_task(sink(self.lane))
        self._task.add_done_callback(self._left)  # also where it is cancelled before it has begun

    def _left(self, _: object) -> None:
        self.lane.leave()

    async def wanted(self) -> bool:
        """
        Wait until the sink asks for an item; False when it has left.

        Raises:
            Exception: What the sink failed with.
        """
        wanted = await self.lane.ready()
        if not wanted and not self._task.done():
            return False  # it has closed its stream, and does something else now
        self._raise()
        return wanted

    async def finish(self) -> None:
        """
        End the sink's stream and wait for the sink.

        Raises:
            Exception: What the sink failed with.
        """
        self.lane.end()
        await wait([self._task])
        self._raise()

    def _raise(self) -> None:
        if self._task.done():
            self._task.result()

    async def close(self, error: BaseException | None) -> object:
        """End the sink as the loop ends."""
        cause = error
        if isinstance(error, GeneratorExit):
            cause = self._loop.run.shelter.failure
        if isinstance(cause, CancelledError):
            self._task.cancel()
        else:
            self.lane.end(cause if isinstance(cause, Exception) else None)
        try:
            await bounded(self._over, self.thing, GRACE)
        except Exception as problem:
            if problem is not cause:  # the run's own error, which the sink was given, is no error of closing
                raise
        return None

    async def _over(self) -> None:
        try:
            await wait([self._task])
        except CancelledError as interrupt:
            self._task.cancel()
            await over([self._task], within=GRACE)
            if self._task.done() and not self._task.cancelled() and (problem := self._task.exception()) is not None:
                interrupt.add_note(f"while closing: {type(problem).__name__}: {problem}")
            raise
        if not self._task.cancelled():
            self._raise()
