"""
What a sink tells when it is done.
"""

from __future__ import annotations

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

    __slots__ = ("bytes", "ended", "error", "first_byte", "items", "seconds")

    def __init__(
        self,
        ended: Ending = "end",
        error: BaseException | None = None,
        *,
        items: int = 0,
        size: int = 0,
        first_byte: float | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.items: int = items
        self.bytes: int = size
        self.first_byte: float | None = first_byte
        self.seconds: float = seconds
        self.ended: Ending = ended
        self.error: BaseException | None = error

    def __repr__(self) -> str:
        first = "None" if self.first_byte is None else f"{self.first_byte:.6f}"
        return (
            f"SinkReport(ended={self.ended!r}, items={self.items}, bytes={self.bytes}, first_byte={first}, "
            f"seconds={self.seconds:.6f}, error={self.error!r})"
        )
