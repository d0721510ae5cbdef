"""
Streams for Python: a pipeline is a description, and it runs as the loop you would have written by hand.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jaystream._version import __version__

if TYPE_CHECKING:
    from jaystream._core.measure import StageStats, StreamStats
    from jaystream._core.run import Outcome
    from jaystream.aws.asgi_app import create_lambda_stream_handler
    from jaystream.errors import (
        CleanupTimeoutError,
        FormatError,
        JaypieError,
        JaystreamError,
        StreamConsumedError,
        StreamTimeoutError,
    )
    from jaystream.formats.ag_ui import AgUiEncoder
    from jaystream.formats.ag_ui_decoder import AgUiDecoder
    from jaystream.formats.ai_sdk import AiSdkEncoder
    from jaystream.formats.ai_sdk_decoder import AiSdkDecoder
    from jaystream.formats.ndjson import NdjsonDecoder, NdjsonEncoder, format_ndjson
    from jaystream.formats.openai import OpenAiEncoder
    from jaystream.formats.openai_decoder import OpenAiDecoder
    from jaystream.formats.sse import SseEncoder, SseEvent, format_sse
    from jaystream.formats.sse_decoder import SseDecoder
    from jaystream.formats.stream_error import format_stream_error
    from jaystream.handlers import (
        AsgiRequest,
        LambdaRequest,
        ResponseStream,
        asgi_stream_handler,
        lambda_stream_handler,
    )
    from jaystream.integrations.stream_response import StreamResponse
    from jaystream.llm.anthropic import from_anthropic
    from jaystream.llm.anything import from_llm
    from jaystream.llm.bedrock import from_bedrock
    from jaystream.llm.google import from_google
    from jaystream.llm.langchain import from_langchain
    from jaystream.llm.litellm import from_litellm
    from jaystream.llm.llm import Llm
    from jaystream.llm.openai import from_openai
    from jaystream.llm.pydantic_ai import from_pydantic_ai
    from jaystream.llm.requests import AgUiRequest, ChatRequest, UiRequest
    from jaystream.operators.emitted import Emitted
    from jaystream.operators.materialize import End, Failure, Item
    from jaystream.sinks.aws_lambda import ResponseWriter, create_asgi_stream, create_lambda_stream
    from jaystream.sinks.report import SinkReport
    from jaystream.sources.merge import merge
    from jaystream.sources.push import Emitter
    from jaystream.stream import JaypieStream, Operator, create_jaypie_stream, stream_to_sse

__all__ = [
    "AgUiDecoder",
    "AgUiEncoder",
    "AgUiRequest",
    "AiSdkDecoder",
    "AiSdkEncoder",
    "AsgiRequest",
    "ChatRequest",
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
    "LambdaRequest",
    "Llm",
    "NdjsonDecoder",
    "NdjsonEncoder",
    "OpenAiDecoder",
    "OpenAiEncoder",
    "Operator",
    "Outcome",
    "ResponseStream",
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
    "UiRequest",
    "__version__",
    "asgi_stream_handler",
    "create_asgi_stream",
    "create_jaypie_stream",
    "create_lambda_stream",
    "create_lambda_stream_handler",
    "format_ndjson",
    "format_sse",
    "format_stream_error",
    "from_anthropic",
    "from_bedrock",
    "from_google",
    "from_langchain",
    "from_litellm",
    "from_llm",
    "from_openai",
    "from_pydantic_ai",
    "lambda_stream_handler",
    "merge",
    "stream_to_sse",
]

# Where each name lives. They are loaded when first asked for: what runs on Lambda pays at its cold start for what it
# uses, and names of rooms that stand on other libraries cost nobody else anything.
_HOMES = {
    "AgUiRequest": "jaystream.llm.requests",
    "ChatRequest": "jaystream.llm.requests",
    "UiRequest": "jaystream.llm.requests",
    "AgUiDecoder": "jaystream.formats.ag_ui_decoder",
    "AgUiEncoder": "jaystream.formats.ag_ui",
    "AiSdkDecoder": "jaystream.formats.ai_sdk_decoder",
    "AiSdkEncoder": "jaystream.formats.ai_sdk",
    "AsgiRequest": "jaystream.handlers.asgi_request",
    "CleanupTimeoutError": "jaystream.errors",
    "Emitted": "jaystream.operators.emitted",
    "Emitter": "jaystream.sources.push",
    "End": "jaystream.operators.materialize",
    "Failure": "jaystream.operators.materialize",
    "FormatError": "jaystream.errors",
    "Item": "jaystream.operators.materialize",
    "JaypieError": "jaystream.errors",
    "JaypieStream": "jaystream.stream",
    "JaystreamError": "jaystream.errors",
    "Llm": "jaystream.llm.llm",
    "LambdaRequest": "jaystream.handlers.lambda_request",
    "NdjsonDecoder": "jaystream.formats.ndjson",
    "NdjsonEncoder": "jaystream.formats.ndjson",
    "OpenAiDecoder": "jaystream.formats.openai_decoder",
    "OpenAiEncoder": "jaystream.formats.openai",
    "Operator": "jaystream.stream",
    "Outcome": "jaystream._core.run",
    "ResponseStream": "jaystream.handlers.response_stream",
    "ResponseWriter": "jaystream.sinks.aws_lambda",
    "SinkReport": "jaystream.sinks.report",
    "SseDecoder": "jaystream.formats.sse_decoder",
    "SseEncoder": "jaystream.formats.sse",
    "SseEvent": "jaystream.formats.sse",
    "StageStats": "jaystream._core.measure",
    "StreamConsumedError": "jaystream.errors",
    "StreamResponse": "jaystream.integrations.stream_response",
    "StreamStats": "jaystream._core.measure",
    "StreamTimeoutError": "jaystream.errors",
    "asgi_stream_handler": "jaystream.handlers.asgi",
    "create_asgi_stream": "jaystream.sinks.aws_lambda",
    "create_jaypie_stream": "jaystream.stream",
    "create_lambda_stream": "jaystream.sinks.aws_lambda",
    "create_lambda_stream_handler": "jaystream.aws.asgi_app",
    "format_ndjson": "jaystream.formats.ndjson",
    "format_sse": "jaystream.formats.sse",
    "format_stream_error": "jaystream.formats.stream_error",
    "from_anthropic": "jaystream.llm.anthropic",
    "from_bedrock": "jaystream.llm.bedrock",
    "from_google": "jaystream.llm.google",
    "from_langchain": "jaystream.llm.langchain",
    "from_litellm": "jaystream.llm.litellm",
    "from_llm": "jaystream.llm.anything",
    "from_openai": "jaystream.llm.openai",
    "from_pydantic_ai": "jaystream.llm.pydantic_ai",
    "lambda_stream_handler": "jaystream.handlers.aws_lambda",
    "merge": "jaystream.sources.merge",
    "stream_to_sse": "jaystream.stream",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found  # the next look finds it without this function
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
