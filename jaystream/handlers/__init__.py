"""
What stands round a stream when it answers a request: the request itself, the lifecycle, secrets, the log.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.handlers.asgi import AsgiStreamHandler, asgi_stream_handler
    from jaystream.handlers.asgi_request import AsgiRequest
    from jaystream.handlers.aws_lambda import LambdaStreamHandler, lambda_stream_handler
    from jaystream.handlers.lambda_request import LambdaRequest
    from jaystream.handlers.options import AsgiHandlerOptions, HandlerOptions
    from jaystream.handlers.response_stream import ResponseStream
    from jaystream.handlers.shutdown import shutdown_on

__all__ = [
    "AsgiHandlerOptions",
    "AsgiRequest",
    "AsgiStreamHandler",
    "HandlerOptions",
    "LambdaRequest",
    "LambdaStreamHandler",
    "ResponseStream",
    "asgi_stream_handler",
    "lambda_stream_handler",
    "shutdown_on",
]

# Loaded when first asked for, as at the top level: on Lambda nobody pays for ASGI, and the other way round.
_HOMES = {
    "AsgiHandlerOptions": "options",
    "AsgiRequest": "asgi_request",
    "AsgiStreamHandler": "asgi",
    "HandlerOptions": "options",
    "LambdaRequest": "lambda_request",
    "LambdaStreamHandler": "aws_lambda",
    "ResponseStream": "response_stream",
    "asgi_stream_handler": "asgi",
    "lambda_stream_handler": "aws_lambda",
    "shutdown_on": "shutdown",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found  # the next look finds it without this function
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
