"""
The guard of one invocation: it ends a handler in time, before Lambda freezes or kills the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from jaystream.aws.runtime.faults import FaultError, frames_of, lines_of
from jaystream.errors import GatewayTimeoutError, UnavailableError

if TYPE_CHECKING:
    from jaystream.aws.runtime.response_stream import LambdaResponseStream
    from jaystream.errors import JaypieError

SHARE = 4
"""The part of its time, at most one in so many, that a handler gives up for its ending."""

GRACE = 1.0
"""Seconds that a handler has to end when the process is told to stop."""


class Guard:
    """
    Watches over the handler of one invocation.

    Args:
        remaining: Seconds until the deadline; None if there is none.
        reserve: Seconds before the deadline at which the handler is cut; 0 for never.

    Attributes:
        stream: What the handler streams to; it is ended before the handler is cancelled.
        stuck: Whether the handler went on though it was cancelled.
    """

    __slots__ = ("_cut", "_over", "_remaining", "_reserve", "_task", "_timer", "stream", "stuck")

    def __init__(self, remaining: float | None, reserve: float) -> None:
        self.stream: LambdaResponseStream | None = None
        self.stuck: bool = False
        self._remaining = remaining
        self._reserve = 0.0 if remaining is None else min(reserve, max(0.0, remaining) / SHARE)
        self._cut: FaultError | None = None
        self._over: asyncio.Future[bool] | None = None
        self._task: asyncio.Future[object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, result: Awaitable[object]) -> object:
        """
        Await *result* for as long as there is time. What it gives after it was cut is its result all the same.

        Raises:
            FaultError: If it was cut, or has cancelled itself.
            Exception: What it raises.
        """
        loop = asyncio.get_running_loop()
        over = self._over = loop.create_future()
        task = self._task = asyncio.ensure_future(result)
        task.add_done_callback(lambda _: None if over.done() else over.set_result(True))
        if self._reserve and self._remaining is not None:
            self._timer = loop.call_later(self._remaining - self._reserve, self._expire)
        try:
            self.stuck = not await over
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task], timeout=GRACE)
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self.stuck:
            assert self._cut is not None  # noqa: S101 - for type checkers
            task.add_done_callback(_look)
            raise self._cut
        if self._cut is not None:
            self._cut.trace = _place_in(task)
        if task.cancelled():
            raise self._cut or FaultError("CancelledError", "the handler cancelled itself")
        error = task.exception()
        if error is None:
            return task.result()
        raise error if self._cut is None else self._cut from error

    def interrupt(self, reason: FaultError, answer: JaypieError, grace: float) -> None:
        """
        End the response, and cancel the handler; it has *grace* seconds for its ending.
        """
        if self._cut is not None or self._task is None or self._over is None or self._over.done():
            return
        self._cut = reason
        self._task.cancel()  # it hears of that when this has returned, and the response has ended
        if self.stream is not None:
            self.stream.expire(reason, answer.body(), answer.status)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._over.get_loop().call_later(grace, self._give_up)

    def stop(self) -> None:
        """
        End it since the process was told to stop.
        """
        fault = FaultError("Runtime.Shutdown", "the runtime was told to stop while the handler was running")
        self.interrupt(fault, UnavailableError(), GRACE)

    def _expire(self) -> None:
        fault = FaultError(
            "Function.Timeout",
            f"the handler was still running {self._reserve:.2g} s before its deadline, and was cancelled; allow the "
            "function more time, or set JAYSTREAM_DEADLINE_RESERVE to fewer seconds",
        )
        self.interrupt(fault, GatewayTimeoutError(), self._reserve / 2)

    def _give_up(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(False)


def _place_in(task: asyncio.Future[object]) -> list[str]:
    """Where it was when it was cut, if that has ended it; empty if it ended well all the same."""
    try:
        task.result()
    except BaseException as error:  # noqa: BLE001 - the place is asked for, whatever it was
        return lines_of(frames_of(error.__traceback__))
    return []


def _look(task: asyncio.Future[object]) -> None:
    if not task.cancelled():
        task.exception()  # it was told of already
