"""
Waiting that a cancellation does not cut short: for tasks that are ending anyway and may not be left behind.
"""

from __future__ import annotations

from asyncio import CancelledError, Task, get_running_loop, sleep, wait
from collections.abc import Sequence
from typing import Any

from jaystream._core.shelter import shield


async def over(tasks: Sequence[Task[Any]], *, within: float | None) -> None:
    """
    Wait until *tasks*, which end soon, are done; their results are not looked at.

    Args:
        tasks: What to wait for.
        within: Seconds after which what still runs is left alone, since it refuses to be cancelled; None for never.

    Raises:
        CancelledError: When the wait is over, if a cancellation came in between.
    """
    if all(task.done() for task in tasks):
        return
    cancelled: CancelledError | None = None
    with shield():
        clock = get_running_loop().time
        until = None if within is None else clock() + within
        pending: list[Task[Any]] = [*tasks]
        turns = 0
        while pending:
            left = None if until is None else until - clock()
            if left is not None and left <= 0:
                break
            try:
                if turns < 2:  # most end in the first, what is called then runs in the second: a wait costs more
                    turns += 1
                    await sleep(0)
                else:
                    await wait(pending, timeout=left)
            except CancelledError as error:
                cancelled = error
            if turns == 2:
                pending = [task for task in pending if not task.done()]
    if cancelled is not None:
        raise cancelled
