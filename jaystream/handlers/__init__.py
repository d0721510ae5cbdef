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
    from jaystream.handlers.environment import env_boolean
    from jaystream.handlers.lambda_request import LambdaRequest
    from jaystream.handlers.log import current_tags, tagged
    from jaystream.handlers.log_format import JsonFormatter, TagFilter, configure_logging
    from jaystream.handlers.options import AsgiHandlerOptions, HandlerOptions
    from jaystream.handlers.redaction import redact, redact_text
    from jaystream.handlers.response_stream import ResponseStream
    from jaystream.handlers.secrets import get_secret, load_secrets
    from jaystream.handlers.shutdown import shutdown_on
    from jaystream.handlers.variables import load_variables

__all__ = [
    "AsgiHandlerOptions",
    "AsgiRequest",
    "AsgiStreamHandler",
    "HandlerOptions",
    "JsonFormatter",
    "LambdaRequest",
    "LambdaStreamHandler",
    "ResponseStream",
    "TagFilter",
    "asgi_stream_handler",
    "configure_logging",
    "current_tags",
    "env_boolean",
    "get_secret",
    "lambda_stream_handler",
    "load_secrets",
    "load_variables",
    "redact",
    "redact_text",
    "shutdown_on",
    "tagged",
]

# Loaded when first asked for, as at the top level: on Lambda nobody pays for ASGI, and the other way round.
_HOMES = {
    "AsgiHandlerOptions": "options",
    "AsgiRequest": "asgi_request",
    "AsgiStreamHandler": "asgi",
    "HandlerOptions": "options",
    "JsonFormatter": "log_format",
    "LambdaRequest": "lambda_request",
    "LambdaStreamHandler": "aws_lambda",
    "ResponseStream": "response_stream",
    "TagFilter": "log_format",
    "asgi_stream_handler": "asgi",
    "configure_logging": "log_format",
    "current_tags": "log",
    "env_boolean": "environment",
    "get_secret": "secrets",
    "lambda_stream_handler": "aws_lambda",
    "load_secrets": "secrets",
    "load_variables": "variables",
    "redact": "redaction",
    "redact_text": "redaction",
    "shutdown_on": "shutdown",
    "tagged": "log",
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
