"""
What a sink tells when it is done.
"""

from __future__ import annotations

from time import perf_counter
from typing import Literal, TypeAlias

Ending: TypeAlias = Literal["end", "error", "disconnected", "send_timeout", "shutdown", "max_duration", "head"]


class SinkReport:
    """
    How a sink's run went.

    Attributes:
        items: Items that reached the sink.
        bytes: Bytes of body that it handed on; keepalive comments and error events count.
        first_byte: Seconds from the start to the first byte, None if there was none.
        seconds: Seconds from the start to the end.
        ended: "end", "error", or why it stopped: "disconnected", "send_timeout", "shutdown", "max_duration", or "head"
            for a request that wants no body.
        error: What went wrong, if so.
    """

    __slots__ = ("_since", "bytes", "ended", "error", "first_byte", "items", "seconds")

    def __init__(self) -> None:
        self._since = perf_counter()
        self.items: int = 0
        self.bytes: int = 0
        self.first_byte: float | None = None
        self.seconds: float = 0.0
        self.ended: Ending = "end"
        self.error: BaseException | None = None

    def wrote(self, size: int) -> None:
        """
        Note that *size* bytes have been handed on.
        """
        if self.first_byte is None and size:
            self.first_byte = perf_counter() - self._since
        self.bytes += size

    def finish(self, ended: Ending, error: BaseException | None = None) -> SinkReport:
        """
        Note how it ended, and when: now.
        """
        self.seconds = perf_counter() - self._since
        self.ended = ended
        self.error = error
        return self

    def __repr__(self) -> str:
        first = "None" if self.first_byte is None else f"{self.first_byte:.6f}"
        return (
            f"SinkReport(ended={self.ended!r}, items={self.items}, bytes={self.bytes}, first_byte={first}, "
            f"seconds={self.seconds:.6f}, error={self.error!r})"
        )
