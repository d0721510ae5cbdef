"""
An event loop for callers that have none: AWS's stock runtime calls a handler as a plain function.

The loop stays between calls, and with it whatever an application keeps open on it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from types import FrameType
from typing import Any, TypeVar

__all__ = ["OwnLoop"]

T = TypeVar("T")


class OwnLoop:
    """
    A loop that is made at the first call, and closed when the process ends.

    Args:
        before_close: Run on the loop before it closes.
    """

    def __init__(self, before_close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._before_close = before_close
        self._runner: asyncio.Runner | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """
        Run *work* to its end; calls from several threads take turns.
        """
        with self._lock:
            if self._runner is None:
                self._runner = asyncio.Runner()
                atexit.register(self.close)
                _exit_on_sigterm()
            return self._runner.run(work, context=copy_context())

    def close(self) -> None:
        """
        Close the loop, if there is one.
        """
        with self._lock:
            runner, self._runner = self._runner, None
            if runner is None:
                return
            atexit.unregister(self.close)
            with runner:
                runner.run(self._before_close())


def _exit_on_sigterm() -> None:
    """
    Make the signal that ends a Lambda environment an ordinary exit, so that what is open gets closed.

    Only there, only where nobody else minds the signal, and as far as the runtime lets Python run: the environment is
    killed soon after.
    """
    if (
        "AWS_LAMBDA_RUNTIME_API" in os.environ
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
