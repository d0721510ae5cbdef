"""
Every exception of jaystream, and the JSON:API bodies they become on the wire.

    JaystreamError
    ├── StreamConsumedError (RuntimeError)   a one-shot source was run a second time
    ├── CleanupTimeoutError (TimeoutError)   closing a source took longer than its grace
    ├── ClosedEmitterError                   an item was sent to an emitter that was closed
    ├── BrokenEmitterError                   an item was sent, and the consumer has left
    ├── FullEmitterError (asyncio.QueueFull) an item was sent without waiting, and there is no room
    ├── LimitExceededError (ValueError)      a stated bound on size was passed
    └── FormatError (ValueError)             bytes or values that a wire format cannot carry
        ├── UnencodableError (TypeError)     JSON has no form for a value
        ├── InvalidJsonError                 a line that is not JSON, or does not fit
        ├── InvalidUtf8Error                 bytes that are not UTF-8
        └── FrameTooLargeError               a line, piece or event passed its bound (a LimitExceededError too)

    JaypieError                              an error with an HTTP status that clients may see; raise these yourself
    ├── 400 BadRequestError, NotImplementedYetError
    ├── 401 UnauthorizedError, CorsError
    ├── 403 ForbiddenError, RejectedError
    ├── 404 NotFoundError   405 MethodNotAllowedError   409 ConflictError   410 GoneError
    ├── 418 TeapotError     429 TooManyRequestsError
    ├── 500 InternalError, UnhandledError, ConfigurationError, IllogicalError, UnreachableCodeError
    └── 502 BadGatewayError 503 UnavailableError        504 GatewayTimeoutError

Cancellation is never one of these: it passes through untouched.
"""

from __future__ import annotations

from asyncio import QueueFull
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "BadGatewayError",
    "BadRequestError",
    "BrokenEmitterError",
    "CleanupTimeoutError",
    "ClosedEmitterError",
    "ConfigurationError",
    "ConflictError",
    "CorsError",
    "ForbiddenError",
    "FormatError",
    "FrameTooLargeError",
    "FullEmitterError",
    "GatewayTimeoutError",
    "GoneError",
    "IllogicalError",
    "InternalError",
    "InvalidJsonError",
    "InvalidUtf8Error",
    "JaypieError",
    "JaystreamError",
    "LimitExceededError",
    "MethodNotAllowedError",
    "NotFoundError",
    "NotImplementedYetError",
    "RejectedError",
    "StreamConsumedError",
    "TeapotError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnavailableError",
    "UnencodableError",
    "UnhandledError",
    "UnreachableCodeError",
]


class JaystreamError(Exception):
    """
    Base of every error that jaystream raises by itself.
    """


class StreamConsumedError(JaystreamError, RuntimeError):
    """
    A source that can run once was run a second time.
    """


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
            "Enum; for anything else pass dumps=, a callable that gives bytes or str"
        )


class InvalidJsonError(FormatError):
    """
    A line that is not JSON, or not what the model for it wants.

    Args:
        line: The number of the line, the first is 1.
        excerpt: The line's beginning.
        reason: What the parser says.
    """

    def __init__(self, line: int, excerpt: str, reason: str) -> None:
        super().__init__(line, excerpt, reason)
        self.line = line
        self.excerpt = excerpt
        self.reason = reason

    def __str__(self) -> str:
        return f"line {self.line} is not JSON: {self.reason}; it begins {self.excerpt!r}"


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


class JaypieError(Exception):
    """
    An error with an HTTP status, whose text a client may see.

    Args:
        detail: What happened, for the client; by default what the class says.

    Attributes:
        status: The HTTP status.
        title: A few words for the kind of error.
        detail: A sentence for this one.
    """

    status: int = 500
    title: str = "Internal Application Error"
    detail: str = "An unexpected error occurred and the request was unable to complete"

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)

    def body(self) -> dict[str, list[dict[str, int | str]]]:
        """
        The JSON:API body that a client gets. The status is a number, as in Jaypie.

        >>> NotFoundError("No such stream").body()
        {'errors': [{'status': 404, 'title': 'Not Found', 'detail': 'No such stream'}]}
        """
        return {"errors": [{"status": self.status, "title": self.title, "detail": self.detail}]}


class BadRequestError(JaypieError):
    """
    The request cannot be understood.
    """


class NotImplementedYetError(JaypieError):
    """
    The resource does not exist yet; a 400 as in Jaypie.
    """


class UnauthorizedError(JaypieError):
    """
    The client has not said who it is.
    """


class CorsError(JaypieError):
    """
    The client's origin may not ask.
    """


class ForbiddenError(JaypieError):
    """
    The client may not do this.
    """


class RejectedError(JaypieError):
    """
    The request was turned away before anybody looked at it.
    """


class NotFoundError(JaypieError):
    """
    There is nothing here.
    """


class MethodNotAllowedError(JaypieError):
    """
    There is something here, but not for this method.
    """


class ConflictError(JaypieError):
    """
    The resource is in another state than the request assumes.
    """


class GoneError(JaypieError):
    """
    There was something here once.
    """


class TeapotError(JaypieError):
    """
    The resource makes tea.
    """


class TooManyRequestsError(JaypieError):
    """
    The client asks too often.
    """


class InternalError(JaypieError):
    """
    The application failed, and says so.
    """


class UnhandledError(JaypieError):
    """
    The application failed with an error that is none of these.
    """


class ConfigurationError(JaypieError):
    """
    The application is set up wrongly.
    """


class IllogicalError(JaypieError):
    """
    The application met a contradiction.
    """


class UnreachableCodeError(JaypieError):
    """
    The application came where it cannot come.
    """


class BadGatewayError(JaypieError):
    """
    Somebody upstream failed.
    """


class UnavailableError(JaypieError):
    """
    The application does not answer for now.
    """


class GatewayTimeoutError(JaypieError):
    """
    Somebody upstream did not answer in time.
    """


_INTERNAL = "Internal Application Error"
_CONDITION = "The application encountered an {} condition while processing the request"
_TEXTS = {
    BadRequestError: (400, "Bad Request", "The request was not properly formatted"),
    NotImplementedYetError: (400, "Not Implemented", "The request was understood but the resource is not implemented"),
    UnauthorizedError: (401, "Service Unauthorized", "The request did not include valid authentication credentials"),
    CorsError: (401, "Unauthorized Origin", "The requesting origin is not authorized to this resource"),
    ForbiddenError: (403, "Forbidden", "Access to this resource is not authorized"),
    RejectedError: (403, "Request Rejected", "The request was rejected prior to processing"),
    NotFoundError: (404, "Not Found", "The requested resource was not found"),
    MethodNotAllowedError: (405, "Method Not Allowed", "The requested method is not allowed"),
    ConflictError: (409, "Conflict", "The request conflicts with the current state of the resource"),
    GoneError: (410, "Gone", "The requested resource is no longer available"),
    TeapotError: (418, "Teapot", "This resource is a teapot incapable of processing the request"),
    TooManyRequestsError: (429, "Too Many Requests", "The requesting origin exceeded the request limit"),
    InternalError: (500, _INTERNAL, "An unexpected error occurred and the request was unable to complete"),
    UnhandledError: (500, _INTERNAL, "An unhandled error occurred and the request was unable to complete"),
    ConfigurationError: (
        500,
        "Internal Configuration Error",
        "The application responding to the request encountered a configuration error",
    ),
    IllogicalError: (500, _INTERNAL, _CONDITION.format("illogical")),
    UnreachableCodeError: (500, _INTERNAL, _CONDITION.format("unreachable")),
    BadGatewayError: (502, "Bad Gateway", "An unexpected error occurred on an upstream resource"),
    UnavailableError: (503, "Service Unavailable", "The requested resource is temporarily unavailable"),
    GatewayTimeoutError: (504, "Gateway Timeout", "The connection timed out waiting for an upstream resource"),
}
for _kind, (_status, _title, _detail) in _TEXTS.items():
    _kind.status, _kind.title, _kind.detail = _status, _title, _detail
