"""
A Lambda runtime that streams: ``python -m jaystream.aws.runtime module.handler``.

It serves handlers that stream, such as those of `create_lambda_stream_handler`, and ordinary functions of
``(event, context)``, sync or async. `LambdaContext` and `LambdaResponseStream` are what a handler is given.
"""

from __future__ import annotations

from jaystream.aws.runtime.context import LambdaContext, current_context
from jaystream.aws.runtime.program import main
from jaystream.aws.runtime.response_stream import LambdaResponseStream

__all__ = ["LambdaContext", "LambdaResponseStream", "current_context", "main"]
