"""
Closing what a run has opened: one thing, bounded in time, and many in order.

Lives here: what closing is called for each kind of thing, and what becomes of errors and cancellations meanwhile. How
things are opened is `ownership.py`'s.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError, current_task, sleep, timeout
from collections.abc import Callable
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from jaystream._core.inspecting import describe, is_a, special_method
from jaystream.errors import CleanupTimeoutError

GRACE = 10.0
"""Seconds that closing one source may take."""


class Closer:
    """
    One thing that was opened, and how it is closed.
    """

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing: object = thing

    async def close(self, error: BaseException | None) -> object:
        """Close by the first of `aclose` and `close`."""
        thing: Any = self.thing
        generator = is_a(thing, AsyncGeneratorType)
        if generator and thing.ag_frame is None:
            return None  # it has ended by itself
        if generator and isinstance(error, CancelledError):
            cancellation = error
            return await bounded(lambda: _throw(thing, cancellation), thing, GRACE)
        close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
        if is_a(thing, GeneratorType) or close is None:
            return close and close()
        await bounded(close, thing, GRACE)
        return None


class Generated(Closer):
    """
    One of our own generators: it bounds its closing by itself.

    A cancellation is thrown into it, as into every generator: the scope that it comes from may be one that the source
    holds, which then says what it was for.
    """

    __slots__ = ()

    async def close(self, error: BaseException | None) -> object:
        """Close it; whether it has settled *error*."""
        thing: Any = self.thing
        if isinstance(error, CancelledError) and thing.ag_frame is not None:
            return await _throw(thing, error)
        await thing.aclose()
        return False


async def _throw(generator: AsyncGeneratorType[Any, Any], error: CancelledError) -> bool:
    """Throw a cancellation where a generator waits, and close it; whether it ended without an error."""
    try:
        await generator.athrow(error)
    except StopAsyncIteration:
        return True
    await generator.aclose()  # it has given an item instead
    return False


class Exit(Closer):
    """
    An async context manager that was entered. An early stop is a clean exit for it.
    """

    __slots__ = ()

    async def close(self, error: BaseException | None) -> object:
        thing: Any = self.thing
        leave = special_method(thing, "__aexit__")
        if error is None or isinstance(error, GeneratorExit):
            return await bounded(lambda: leave(thing, None, None, None), thing, GRACE)
        return await bounded(lambda: leave(thing, type(error), error, error.__traceback__), thing, GRACE)


def cancel_requests() -> int:
    """
    How often the current task has been cancelled without taking it back.
    """
    task = current_task()
    return task.cancelling() if task is not None else 0


async def recall(requests: int, error: Exception | None = None) -> None:
    """
    Raise the cancellation again that something in a run has kept to itself, or has made *error* of.

    A cancel scope cancels anew at each wait, and takes back none but its own; only a native cancellation is made here.

    Args:
        requests: What `cancel_requests` gave before the run.
        error: What the run ended with, if it failed.
    """
    if cancel_requests() > requests:
        try:
            await sleep(0)
        except CancelledError as again:
            raise again from error
        raise CancelledError("the run was cancelled, and something in it kept that to itself") from error


async def bounded(close: Callable[[], Any], thing: object, grace: float) -> object:
    """
    Call *close* and await what it gives, for at most *grace* seconds.

    The limit is a native one: sources hold cancel scopes of their own, and those nest, so none may be put round the
    leaving of an older one.

    Raises:
        CleanupTimeoutError: When *grace* is over; the close has then been cancelled.
    """
    result = close()
    if not inspect.isawaitable(result):
        return result
    limit = timeout(grace)
    try:
        async with limit:
            return await result
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise CleanupTimeoutError(
            f"closing {describe(thing)} took longer than {grace:g} seconds and was cut"
        ) from error


async def close_each(
    owned: list[Closer], error: BaseException | None, mark: int = 0, below: BaseException | None = None
) -> bool:
    """
    Close and forget what was opened since *mark* things were owned, last opened first, whatever goes wrong with some.

    Errors of closing become notes of *error* where there is one; where not they are raised, and what is closed later is
    told of the first, as by nested `async with`; unless the run has failed *below* here and this is closed for it. A
    cancellation that lands here ends the close it hits, and is raised when all the others are done.

    Returns:
        Whether *error* is settled: the cancellation of a scope that a source held, which that source took back.
    """
    problems: list[Exception] = []
    interrupt: BaseException | None = None
    settled = False
    told = error
    requests = cancel_requests()
    while len(owned) > mark:
        closer = owned.pop()
        taken: object = None
        try:
            taken = await closer.close(told)
        except Exception as problem:  # noqa: BLE001 - the others must be closed as well
            if problem is not told:
                problems.append(problem)
            if told is None or (isinstance(told, GeneratorExit) and below is None):
                told = problem
        except BaseException as problem:  # noqa: BLE001 - raised when the others are closed
            if problem is not told and (interrupt is None or not isinstance(problem, CancelledError)):
                interrupt = problem
        now = cancel_requests()
        if now < requests and isinstance(error, CancelledError) and (taken or problems):
            error, settled = None, not problems  # the source's own scope had cancelled, and says what of
            told = problems[-1] if problems else None
        elif now > requests and interrupt is None:
            interrupt = CancelledError("cancelled while closing, and what was being closed kept it to itself")
        requests = now
    carrier = interrupt or (None if isinstance(error, GeneratorExit) else error)
    if carrier is not None:
        for each in problems:
            carrier.add_note(f"while closing: {type(each).__name__}: {each}")
    if interrupt is not None:
        raise interrupt
    if problems and carrier is None:
        raise problems[0] if len(problems) == 1 else ExceptionGroup("several sources failed to close", problems)
    return settled
