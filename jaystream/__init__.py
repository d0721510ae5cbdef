"""
Streams for Python: a pipeline is a description, and it runs as the loop you would have written by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream._core.measure import StageStats, StreamStats
from jaystream._core.run import Outcome
from jaystream._version import __version__
from jaystream.errors import (
    CleanupTimeoutError,
    FormatError,
    JaypieError,
    JaystreamError,
    StreamConsumedError,
    StreamTimeoutError,
)
from jaystream.formats.ndjson import NdjsonDecoder, NdjsonEncoder, format_ndjson
from jaystream.formats.sse import SseEncoder, SseEvent, format_sse
from jaystream.formats.sse_decoder import SseDecoder
from jaystream.formats.stream_error import format_stream_error
from jaystream.operators.emitted import Emitted
from jaystream.operators.materialize import End, Failure, Item
from jaystream.sinks.aws_lambda import ResponseWriter, create_asgi_stream, create_lambda_stream
from jaystream.sinks.report import SinkReport
from jaystream.sources.merge import merge
from jaystream.sources.push import Emitter
from jaystream.stream import JaypieStream, Operator, create_jaypie_stream, stream_to_sse

if TYPE_CHECKING:
    from jaystream.integrations.stream_response import StreamResponse

__all__ = [
    "CleanupTimeoutError",
    "Emitted",
    "Emitter",
    "End",
    "Failure",
    "FormatError",
    "Item",
    "JaypieError",
    "JaypieStream",
    "JaystreamError",
    "NdjsonDecoder",
    "NdjsonEncoder",
    "Operator",
    "Outcome",
    "ResponseWriter",
    "SinkReport",
    "SseDecoder",
    "SseEncoder",
    "SseEvent",
    "StageStats",
    "StreamConsumedError",
    "StreamResponse",
    "StreamStats",
    "StreamTimeoutError",
    "__version__",
    "create_asgi_stream",
    "create_jaypie_stream",
    "create_lambda_stream",
    "format_ndjson",
    "format_sse",
    "format_stream_error",
    "merge",
    "stream_to_sse",
]


def __getattr__(name: str) -> Any:
    # StreamResponse is a Starlette response where Starlette is, and importing that takes time.
    if name == "StreamResponse":
        from jaystream.integrations.stream_response import StreamResponse  # noqa: PLC0415 - see above

        return StreamResponse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
