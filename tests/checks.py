"""
What tests of several rooms share beside `jaystream.testing`.
"""

from __future__ import annotations

import asyncio

from jaystream.testing import cancel_at_every_await, check_operator, check_terminal
from jaystream.testing.ways import WAYS, close_iterator, in_async_for, in_open, in_terminal, pause

close_generator = close_iterator

__all__ = [
    "WAYS",
    "cancel_at_every_await",
    "cancel_me",
    "check_operator",
    "check_terminal",
    "close_generator",
    "in_async_for",
    "in_open",
    "in_terminal",
    "pause",
]


def cancel_me() -> None:
    """
    Cancel the task that this is called in; its next await is where that lands.
    """
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
