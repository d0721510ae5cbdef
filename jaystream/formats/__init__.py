"""
Wire formats, sans-IO: a plain class to encode and one to decode for each, and the shapes of chunks.

An encoder has ``encode`` and ``flush``, a decoder ``feed`` and ``flush``; nothing here waits, opens or sends.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jaystream.formats.json import encode_json, json_encoder
from jaystream.formats.lines import LineDecoder
from jaystream.formats.ndjson import NdjsonDecoder, NdjsonEncoder, format_ndjson
from jaystream.formats.partial_json import PartialJsonDecoder
from jaystream.formats.split import SplitDecoder
from jaystream.formats.sse import SseEncoder, format_sse
from jaystream.formats.sse_decoder import SseDecoder
from jaystream.formats.sse_event import SseEvent
from jaystream.formats.stop import StopScanner
from jaystream.formats.stream_error import ENCODERS, content_type_for, encoder_for, format_stream_error
from jaystream.formats.tags import TagScanner
from jaystream.formats.text import TextEncoder, text_of
from jaystream.formats.utf8 import Utf8Decoder, encode_utf8
from jaystream.formats.wire import DEFAULT_LIMIT, WireEncoder

if TYPE_CHECKING:
    from jaystream.formats.ag_ui import AgUiEncoder
    from jaystream.formats.ag_ui_decoder import AgUiDecoder
    from jaystream.formats.ai_sdk import AiSdkEncoder
    from jaystream.formats.ai_sdk_decoder import AiSdkDecoder
    from jaystream.formats.chunks import (
        Chunk,
        DataclassLike,
        DoneChunk,
        ErrorChunk,
        ErrorDetail,
        LlmChunk,
        ModelLike,
        ReasoningChunk,
        SourceChunk,
        SourceReference,
        StartChunk,
        StopReason,
        TextChunk,
        ToolCall,
        ToolCallChunk,
        ToolCallDelta,
        ToolCallDeltaChunk,
        ToolPending,
        ToolPendingChunk,
        ToolResult,
        ToolResultChunk,
        Usage,
    )
    from jaystream.formats.openai import OpenAiEncoder
    from jaystream.formats.openai_decoder import OpenAiDecoder

__all__ = [
    "DEFAULT_LIMIT",
    "ENCODERS",
    "AgUiDecoder",
    "AgUiEncoder",
    "AiSdkDecoder",
    "AiSdkEncoder",
    "Chunk",
    "DataclassLike",
    "DoneChunk",
    "ErrorChunk",
    "ErrorDetail",
    "LineDecoder",
    "LlmChunk",
    "ModelLike",
    "NdjsonDecoder",
    "NdjsonEncoder",
    "OpenAiDecoder",
    "OpenAiEncoder",
    "PartialJsonDecoder",
    "ReasoningChunk",
    "SourceChunk",
    "SourceReference",
    "SplitDecoder",
    "SseDecoder",
    "SseEncoder",
    "SseEvent",
    "StartChunk",
    "StopReason",
    "StopScanner",
    "TagScanner",
    "TextChunk",
    "TextEncoder",
    "ToolCall",
    "ToolCallChunk",
    "ToolCallDelta",
    "ToolCallDeltaChunk",
    "ToolPending",
    "ToolPendingChunk",
    "ToolResult",
    "ToolResultChunk",
    "Usage",
    "Utf8Decoder",
    "WireEncoder",
    "content_type_for",
    "encode_json",
    "encode_utf8",
    "encoder_for",
    "format_ndjson",
    "format_sse",
    "format_stream_error",
    "json_encoder",
    "text_of",
]


# What many programs never ask for is loaded when it is asked for; all other lazy names are shapes of chunks.
_HOMES = {
    "AgUiDecoder": "ag_ui_decoder",
    "AgUiEncoder": "ag_ui",
    "AiSdkDecoder": "ai_sdk_decoder",
    "AiSdkEncoder": "ai_sdk",
    "OpenAiDecoder": "openai_decoder",
    "OpenAiEncoder": "openai",
}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"jaystream.formats.{_HOMES.get(name, 'chunks')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
