"""
Every exception of jaystream, and the JSON:API bodies they become on the wire.

    JaystreamError
    ├── StreamConsumedError (RuntimeError)   a one-shot source was run a second time
    ├── StreamTimeoutError (TimeoutError)    `timeout()` gave up: its phase says which limit was passed
    ├── CleanupTimeoutError (TimeoutError)   closing a source took longer than its grace
    ├── ClosedEmitterError                   an item was sent to an emitter that was closed
    ├── BrokenEmitterError                   an item was sent, and the consumer has left
    ├── FullEmitterError (asyncio.QueueFull) an item was sent without waiting, and there is no room
    ├── BufferOverflowError                  an item came to a buffer that was full and may not wait
    ├── DetachedError                        a part of a shared run was cut off from it before its end
    ├── ProviderError                        a language model's provider failed within its stream
    ├── ResponseStartedError (RuntimeError)  a header was set after the response's head had been sent
    ├── ResponseEndedError (RuntimeError)    something was written after the response's end
    ├── BrokenResponseError (OSError)        something was written to a response whose reader has left
    ├── RuntimeApiError                      Lambda's Runtime API is gone, or answers what it may not
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
    ├── 502 BadGatewayError 503 UnavailableError        504 GatewayTimeoutError
    └── 502, 503, 504 UpstreamError          what was asked of another server did not come; it knows what did

Cancellation is never one of these: it passes through untouched.
"""

from __future__ import annotations

from jaystream.errors._jaypie import (
    BadGatewayError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    CorsError,
    ForbiddenError,
    GatewayTimeoutError,
    GoneError,
    IllogicalError,
    InternalError,
    JaypieError,
    MethodNotAllowedError,
    NotFoundError,
    NotImplementedYetError,
    RejectedError,
    TeapotError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    UnhandledError,
    UnreachableCodeError,
    error_from_status,
)
from jaystream.errors._own import (
    BrokenEmitterError,
    BrokenResponseError,
    BufferOverflowError,
    CleanupTimeoutError,
    ClosedEmitterError,
    DetachedError,
    FormatError,
    FrameTooLargeError,
    FullEmitterError,
    InvalidJsonError,
    InvalidUtf8Error,
    JaystreamError,
    LimitExceededError,
    ProviderError,
    ResponseEndedError,
    ResponseStartedError,
    RuntimeApiError,
    StreamConsumedError,
    StreamTimeoutError,
    UnencodableError,
)
from jaystream.errors._upstream import UpstreamError

__all__ = [
    "BadGatewayError",
    "BadRequestError",
    "BrokenEmitterError",
    "BrokenResponseError",
    "BufferOverflowError",
    "CleanupTimeoutError",
    "ClosedEmitterError",
    "ConfigurationError",
    "ConflictError",
    "CorsError",
    "DetachedError",
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
    "ProviderError",
    "RejectedError",
    "ResponseEndedError",
    "ResponseStartedError",
    "RuntimeApiError",
    "StreamConsumedError",
    "StreamTimeoutError",
    "TeapotError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnavailableError",
    "UnencodableError",
    "UnhandledError",
    "UnreachableCodeError",
    "UpstreamError",
    "error_from_status",
]
