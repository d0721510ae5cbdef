"""
A streaming Lambda handler where nothing can stream: it runs to its end, and its answer is one piece.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream.handlers.lambda_answer import buffered_answer
from jaystream.handlers.log import log

if TYPE_CHECKING:
    from jaystream.handlers.lambda_request import LambdaRequest

R = TypeVar("R")

_loops = threading.local()
_told: set[str] = set()


class Buffer:
    """
    A response writer that keeps everything.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        cookies: The cookies.
        body: The body so far.
    """

    def __init__(self) -> None:
        self.status: int = 200
        self.headers: list[tuple[str, str]] = []
        self.cookies: list[str] = []
        self.body: bytearray = bytearray()

    def start(self, status: int, headers: list[tuple[str, str]], cookies: list[str]) -> None:
        self.status, self.headers, self.cookies = status, headers, cookies

    def write(self, data: bytes) -> None:
        self.body += data

    def end(self) -> None:
        """There is nothing to end."""

    def answer(self, request: LambdaRequest | None) -> Any:
        """The result for the front of *request*; for an event that is no request, the body as text."""
        if request is None:
            return self.body.decode("utf-8", "replace")
        return buffered_answer(request, self.status, self.headers, self.cookies, bytes(self.body))


def tell_once(name: str, why: str, what: str, *, problem: str = "the answer is not streamed") -> None:
    """
    Warn, once for a process and reason, of what a handler cannot do here, and say what it needs.
    """
    if why not in _told:
        _told.add(why)
        log.warning("[%s] %s: %s; %s", name, problem, why, what)


def run(work: Coroutine[Any, Any, R]) -> R:
    """
    Run on a loop that stays from call to call, so that clients with open connections can be kept.
    """
    runner: asyncio.Runner | None = getattr(_loops, "runner", None)
    if runner is None:
        runner = _loops.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        atexit.register(runner.close)
    return runner.run(work)
