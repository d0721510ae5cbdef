"""
A server's shutdown, told to the streams it waits for.

Lives here: an event that a signal sets. What a stream does about it is its sink's, which takes the event as
``shutdown=``.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["shutdown_on"]


@contextmanager
def shutdown_on(*signals: signal.Signals) -> Generator[asyncio.Event, None, None]:
    """
    Give an event that is set when the process is told to end, beside what the server does at that signal.

    ASGI servers wait at their shutdown for open responses, and send ``lifespan.shutdown`` after that; so an open
    stream has to be told by somebody else. Use this in the app's lifespan, in every worker process.

    Args:
        signals: Which signals; SIGTERM and SIGINT where none are given.

    Raises:
        RuntimeError: Outside the main thread, where Python takes no signals, or without a running event loop.

    Flow:
        What handled the signal before is called after the event has been set, and is put back when the block is left,
        unless somebody has put yet another handler in its place.

    >>> from jaystream.handlers import shutdown_on
    >>> async def main():
    ...     with shutdown_on() as shutdown:
    ...         return shutdown.is_set()
    >>> asyncio.run(main())
    False
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("shutdown_on() works in the main thread alone: Python takes signals nowhere else")
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    before: dict[signal.Signals, Any] = {}

    def tell(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(event.set)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)
        elif previous is signal.SIG_DFL:
            # as if nobody had taken it
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in signals or (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.getsignal(number)
        signal.signal(number, tell)
    try:
        yield event
    finally:
        for number, previous in before.items():
            if signal.getsignal(number) is tell:
                signal.signal(number, previous)
