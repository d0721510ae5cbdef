"""
One invocation: what the runtime is told of it, what became of it, and what it wrote to its log.
"""

from __future__ import annotations

import time
from asyncio import Event
from secrets import token_hex
from typing import TYPE_CHECKING
from uuid import uuid4

from jaystream.aws.emulator.reply import BUFFERED_LIMIT, STREAMED_LIMIT, Reply

if TYPE_CHECKING:
    from jaystream.aws.emulator.settings import Settings

TAIL = 4096
"""Bytes of the log that `LogType=Tail` gives."""


class Invocation:
    """
    One call of the function.

    Args:
        settings: The function's.
        payload: The event, as JSON.
        label: What it is called in the terminal.
        streamed: Whether the client reads a stream; else what the function responds has the limit of a buffered one.
        qualifier: Version or alias that was called.
        headers: For the runtime: its context, identity, tenant and trace.

    Attributes:
        id: The request's id.
        reply: What the function responds.
        log: The last of its log.
        cold: Seconds that the start of its environment took; None in one that was there.
        first_byte: Seconds to the first byte of the response, from the start of the call; None without one.
        seconds: How long the function ran; 0 while it does.
        took: The same from the call on, a cold start included.
        memory: The most MiB that its environment has used, where the system tells.
        over: Set when the environment is done with it.
    """

    __slots__ = (
        "_deadline",
        "_settings",
        "_since",
        "_started",
        "cold",
        "first_byte",
        "headers",
        "id",
        "label",
        "log",
        "memory",
        "note",
        "over",
        "payload",
        "qualifier",
        "reply",
        "seconds",
        "status",
        "streamed",
        "took",
    )

    def __init__(
        self,
        settings: Settings,
        payload: bytes,
        label: str,
        *,
        streamed: bool,
        qualifier: str = "$LATEST",
        headers: dict[str, str] | None = None,
    ) -> None:
        self._settings = settings
        self._since = time.perf_counter()
        self._started = self._since
        self._deadline = 0.0
        self.id: str = str(uuid4())
        self.payload: bytes = payload
        self.label: str = label
        self.streamed: bool = streamed
        self.qualifier: str = qualifier
        trace = f"Root=1-{int(time.time()):08x}-{token_hex(12)};Parent={token_hex(8)};Sampled=0"
        self.headers: dict[str, str] = {"Lambda-Runtime-Trace-Id": trace, **(headers or {})}
        self.reply: Reply = Reply(STREAMED_LIMIT if streamed else BUFFERED_LIMIT)
        self.log: bytearray = bytearray()
        self.cold: float | None = None
        self.first_byte: float | None = None
        self.seconds: float = 0.0
        self.took: float = 0.0
        self.memory: int | None = None
        self.status: int | None = None
        self.note: str = ""
        self.over: Event = Event()

    @property
    def arn(self) -> str:
        """
        What was called.
        """
        suffix = "" if self.qualifier == "$LATEST" else f":{self.qualifier}"
        return self._settings.arn + suffix

    @property
    def age(self) -> float:
        """
        Seconds since the client asked.
        """
        return time.perf_counter() - self._since

    def start(self) -> None:
        """
        The clock runs from now.
        """
        self._started = time.perf_counter()
        self._deadline = time.time() + self._settings.timeout

    @property
    def told(self) -> list[tuple[str, str]]:
        """
        The headers with which a runtime is given it.
        """
        return [
            ("Lambda-Runtime-Aws-Request-Id", self.id),
            ("Lambda-Runtime-Deadline-Ms", str(int(self._deadline * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", self.arn),
            ("Lambda-Runtime-Invocation-Id", self.id),
            *self.headers.items(),
        ]

    def touched(self) -> None:
        """
        A byte of the response has come.
        """
        if self.first_byte is None:
            self.first_byte = self.age

    def stop(self) -> None:
        """
        The environment is done with it, in one way or another.
        """
        self.seconds = time.perf_counter() - self._started
        self.took = self.age
        self.over.set()

    def wrote(self, line: bytes) -> None:
        """
        Keep the end of the log.
        """
        self.log += line
        if len(self.log) > 4 * TAIL:
            del self.log[:-TAIL]

    @property
    def tail(self) -> bytes:
        """
        The last 4 KB of the log.
        """
        return bytes(self.log[-TAIL:])

    @property
    def report(self) -> str:
        """
        The line that ends an invocation's log.
        """
        spent = self.seconds * 1000
        used = "" if self.memory is None else f"Max Memory Used: {self.memory} MB\t"
        cold = "" if self.cold is None else f"Init Duration: {self.cold * 1000:.2f} ms\t"
        failure = self.reply.failure
        outcome = "" if failure is None else f"Status: error\tError Type: {failure.kind}\t"
        if failure is not None and failure.kind == "Sandbox.Timedout":
            outcome = "Status: timeout\t"
        return (
            f"REPORT RequestId: {self.id}\tDuration: {spent:.2f} ms\tBilled Duration: {-int(-spent // 1)} ms\t"
            f"Memory Size: {self._settings.memory} MB\t{used}{cold}{outcome}"
        )
