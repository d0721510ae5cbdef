"""
What jaystream raises by itself. The tree is drawn in `jaystream.errors`, where these are imported from.
"""

from __future__ import annotations

from asyncio import QueueFull
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal, Self


class JaystreamError(Exception):
    """
    Base of every error that jaystream raises by itself.
    """


class StreamConsumedError(JaystreamError, RuntimeError):
    """
    A source that can run once was run a second time.
    """


class StreamTimeoutError(JaystreamError, TimeoutError):
    """
    A stream took longer than its `timeout()` allows.

    Args:
        phase: The limit that was passed: ``"first"`` (until the first item), ``"idle"`` (between two items) or
            ``"total"``.
        seconds: The limit.
    """

    def __init__(self, phase: Literal["first", "idle", "total"], seconds: float) -> None:
        super().__init__(phase, seconds)
        self.phase: Literal["first", "idle", "total"] = phase
        self.seconds: float = seconds

    def __str__(self) -> str:
        what = {
            "first": "no first item came within",
            "idle": "nothing came for",
            "total": "the stream did not end within",
        }[self.phase]
        return (
            f"{what} {self.seconds:g} s, which is all that timeout({self.phase}=) allows; allow more, or go on with "
            "something else by catch(StreamTimeoutError, ...)"
        )


class CleanupTimeoutError(JaystreamError, TimeoutError):
    """
    Closing a source took longer than its grace and was cut.
    """


class ClosedEmitterError(JaystreamError):
    """
    An item was sent to an emitter that was closed.
    """


class BrokenEmitterError(JaystreamError):
    """
    An item was sent to an emitter whose consumer has left.
    """


class FullEmitterError(JaystreamError, QueueFull):
    """
    An item was sent without waiting to an emitter that has no room.
    """


class ProviderError(JaystreamError):
    """
    A language model's provider said within its stream that it failed, or its stream makes no sense.

    The text is the provider's, and for logs: a client is told by the `JaypieError` that has this as its cause.

    Args:
        message: What the provider says.
        code: The word it has for the kind of failure.
        status: The HTTP status it names.
    """

    def __init__(self, message: str, *, code: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.code: str = code
        self.status: int | None = status

    def __str__(self) -> str:
        said = self.code or self.status
        return f"{self.args[0]} ({said})" if said else str(self.args[0])


class BufferOverflowError(JaystreamError):
    """
    An item came to a buffer that was full, and that may neither wait nor drop.

    Args:
        size: The items that the buffer holds.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size: int = size

    def __str__(self) -> str:
        return (
            f'buffer(size={self.size}, overflow="error") was full when the next item came; make it larger, or let it '
            'wait with overflow="suspend" or drop with "drop_oldest" or "drop_newest"'
        )


class DetachedError(JaystreamError):
    """
    A part of a shared run was cut off from it before the run's end.

    Args:
        part: Which one, such as ``"broadcast(3): stream 2 of 3"``.
        reason: Why.
    """

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(part, reason)
        self.part: str = part
        self.reason: str = reason

    def __str__(self) -> str:
        return f"{self.part} was cut off: {self.reason}"


class ResponseStartedError(JaystreamError, RuntimeError):
    """
    A status, header or cookie was set on a response whose head has been sent.

    Args:
        what: What was set, such as ``"status"``.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what: str = what

    def __str__(self) -> str:
        return (
            f"{self.what} was set after the response had begun: it goes out with the first byte, or when a stream has "
            "given nothing for eager_first seconds; set it before, or give eager_first=None"
        )


class ResponseEndedError(JaystreamError, RuntimeError):
    """
    Something was written to a response that has been ended.
    """

    def __str__(self) -> str:
        return "the response has been ended, and takes nothing more"


class BrokenResponseError(JaystreamError, ConnectionError):
    """
    Something was written to a response whose reader has left.
    """


class RuntimeApiError(JaystreamError):
    """
    Lambda's Runtime API cannot be reached, or answers what it may not.

    Args:
        endpoint: What was asked, such as ``"GET /runtime/invocation/next"``.
        reason: What came instead.
    """

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(endpoint, reason)
        self.endpoint: str = endpoint
        self.reason: str = reason

    def __str__(self) -> str:
        return f"Lambda's Runtime API failed at {self.endpoint}: {self.reason}"


class LimitExceededError(JaystreamError, ValueError):
    """
    A stated bound on size was passed.

    Args:
        what: What was too large, such as ``"stream"`` or ``"SSE line"``.
        limit: The bound that was passed.
        unit: What the bound counts, such as ``"items"`` or ``"bytes"``.
        argument: The name of the argument that sets the bound.
    """

    def __init__(self, what: str, limit: int, unit: str, argument: str) -> None:
        super().__init__(what, limit, unit, argument)
        self.what = what
        self.limit = limit
        self.unit = unit
        self.argument = argument

    def __str__(self) -> str:
        return f"{self.what} of more than {self.limit} {self.unit}; {self.argument}= allows no more"


class FormatError(JaystreamError, ValueError):
    """
    Bytes or values that a wire format cannot carry.
    """

    def copy(self) -> Self:
        """
        Give an error that says the same and has no traceback yet, for a decoder that fails at every later call.
        """
        return type(self)(*self.args)


class UnencodableError(FormatError, TypeError):
    """
    JSON has no form for a value.

    Args:
        kind: The name of the value's type.
        where: The way to it from the chunk, as in ``["a"][0]``; empty for the chunk itself.
        reason: What is wrong with it.
    """

    def __init__(self, kind: str, where: str, reason: str) -> None:
        # The fields are the args, so that the error can be copied and pickled; the message is made when asked for.
        super().__init__(kind, where, reason)
        self.kind = kind
        self.where = where
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"cannot write {self.kind} at chunk{self.where} as JSON: {self.reason}. Accepted are mappings, lists, "
            "tuples, sets, str, int, float, bool, None, pydantic models, dataclasses, dates, times, UUID, Decimal and "
            "Enum; map anything else to one of these, or, where there is one, pass dumps=, which gives bytes or str"
        )


class InvalidJsonError(FormatError):
    """
    A line that is not JSON, or not what the model for it wants; or an event.

    Args:
        line: The number of the line, the first is 1.
        excerpt: The line's beginning.
        reason: What the parser says.
        what: What is counted, ``"line"`` or ``"event"``.
    """

    def __init__(self, line: int, excerpt: str, reason: str, what: str = "line") -> None:
        super().__init__(line, excerpt, reason, what)
        self.line = line
        self.excerpt = excerpt
        self.reason = reason
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} {self.line} is not JSON: {self.reason}; it begins {self.excerpt!r}"


class InvalidUtf8Error(FormatError):
    """
    Bytes that are not UTF-8.

    Args:
        offset: How many bytes of the stream stand before the bad one.
        reason: What the codec says.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        return f"byte {self.offset} is not UTF-8: {self.reason}; errors='replace' puts U+FFFD in its place"


class FrameTooLargeError(FormatError, LimitExceededError):
    """
    A line, a piece or an event passed its bound.
    """

    def __str__(self) -> str:
        return (
            f"{self.what} of more than {self.limit} {self.unit}; "
            f"pass a larger {self.argument}= where the peer is trusted, or {self.argument}=None for no bound"
        )


for _kind in [*globals().values()]:
    if isinstance(_kind, type) and issubclass(_kind, JaystreamError):
        _kind.__module__ = "jaystream.errors"  # where it is public: tracebacks and pickles name it so
