"""
Blocking work off the event loop: the one way in which this package hands something to a worker thread.
"""

from __future__ import annotations

from asyncio import CancelledError, get_running_loop, wait
from collections.abc import Callable
from typing import TypeVar

import anyio

R = TypeVar("R")


async def in_thread(work: Callable[..., R], *args: object) -> R:
    """
    Run *work* in a worker thread and wait for it even when cancelled: a thread cannot be stopped, and what it does may
    not happen behind our back. The cancellation goes on afterwards.
    """
    from anyio.to_thread import run_sync  # noqa: PLC0415 - it loads with the first thread, not with the package

    cancelled: CancelledError | None = None
    thread = get_running_loop().create_task(run_sync(work, *args))
    with anyio.CancelScope(shield=True):
        while not thread.done():
            try:
                await wait([thread])
            except CancelledError as error:
                cancelled = error
    if cancelled is not None:
        if not thread.cancelled():
            thread.exception()  # looked at: the cancellation weighs more
        raise cancelled
    return thread.result()
