"""
An event loop for callers that have none: AWS's stock runtime calls a handler as a plain function.

The loop stays between calls, and with it whatever an application keeps open on it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import socket
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
                _close_on_sigterm(self.close)
            return self._runner.run(work, context=copy_context())

    def close(self) -> None:
        """
        Close the loop, if there is one.
        """
        with self._lock:
            runner, self._runner = self._runner, None
            if runner is None:
                return
            try:
                with runner:
                    runner.run(self._before_close())
            finally:
                atexit.unregister(self.close)  # not before: a process that ends meanwhile waits here for the lock


def _close_on_sigterm(close: Callable[[], None]) -> None:
    """
    Close what is open when Lambda ends the environment, and exit.

    Only there, and only where nobody else minds the signal. Between two invocations the stock runtime waits in C, where
    no Python handler runs; the interpreter's wake-up does reach a thread that waits for it.
    """
    if (
        "AWS_LAMBDA_RUNTIME_API" not in os.environ
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        return
    awake, wake = socket.socketpair()
    wake.setblocking(False)
    before = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
        awake.close()
        wake.close()
        return
    signal.signal(signal.SIGTERM, _exit)

    def watch() -> None:
        with wake:  # which would close if nobody held it
            while awake.recv(1) != bytes([signal.SIGTERM]):
                pass
        close()
        sys.stdout.flush()
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, name="jaystream-sigterm", daemon=True).start()


def _exit(number: int, _frame: FrameType | None) -> None:
    """Where Python does run, end what runs there."""
    sys.exit(128 + number)
