"""
The shapes of chunks as they stand on the wire, and the types a chunk may have. Types only, nothing that runs.

The keys are Jaypie's, in camel case. Any other mapping with a ``type`` is as good a chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date, time, timedelta
    from decimal import Decimal
    from enum import Enum
    from typing import NotRequired
    from uuid import UUID

    from jaystream.formats.sse_event import SseEvent

__all__ = [
    "Chunk",
    "DataclassLike",
    "DoneChunk",
    "ErrorChunk",
    "ErrorDetail",
    "LlmChunk",
    "ModelLike",
    "ReasoningChunk",
    "SourceChunk",
    "SourceReference",
    "StartChunk",
    "StopReason",
    "TextChunk",
    "ToolCall",
    "ToolCallChunk",
    "ToolCallDelta",
    "ToolCallDeltaChunk",
    "ToolPending",
    "ToolPendingChunk",
    "ToolResult",
    "ToolResultChunk",
    "Usage",
]


class DataclassLike(Protocol):
    """
    An instance of any dataclass.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]


class ModelLike(Protocol):
    """
    An instance of a pydantic model, or of anything that writes itself in the same way.
    """

    def model_dump_json(self) -> str:
        """
        Give the model as JSON.
        """
        ...


# As text, so that importing this page loads none of the types it names.
_Collection: TypeAlias = "Mapping[str, Any] | list[Any] | tuple[Any, ...] | AbstractSet[Any]"
_Scalar: TypeAlias = "str | int | float | date | time | timedelta | UUID | Decimal | Enum"
Chunk: TypeAlias = "_Scalar | _Collection | SseEvent | DataclassLike | ModelLike | None"
"""
Everything a format can encode, which is not ``bytes``: those are framed already.
"""


StopReason: TypeAlias = Literal[
    "end",
    "length",
    "tool_calls",
    "content_filter",
    "stop_sequence",
    "refusal",
    "pause",
    "error",
    "other",
]
"""
Why a model stopped, in one set of words for all of them.
"""


class StartChunk(TypedDict):
    """
    The model has begun to answer; at most one stands before the rest of an answer.
    """

    type: Literal["start"]
    messageId: NotRequired[str]
    model: NotRequired[str]
    provider: NotRequired[str]


class TextChunk(TypedDict):
    """
    A piece of the answer's text.
    """

    type: Literal["text"]
    content: str


class ReasoningChunk(TypedDict):
    """
    A piece of what the model thinks before it answers; *signature* proves to the provider that a thought is its own.
    """

    type: Literal["reasoning"]
    content: str
    signature: NotRequired[str]


class ToolCallDelta(TypedDict):
    """
    A piece of a tool call's arguments, JSON text that is cut anywhere; *name* comes with the first piece of an *id*.
    """

    id: str
    name: NotRequired[str]
    delta: str


class ToolCallDeltaChunk(TypedDict):
    """
    A tool call is being written; a `ToolCallChunk` with all of it still follows.
    """

    type: Literal["tool_call_delta"]
    toolCallDelta: ToolCallDelta


class ToolCall(TypedDict):
    """
    A tool that the model wants called; *arguments* is JSON text.
    """

    id: str
    name: str
    arguments: str
    metadata: NotRequired[dict[str, Any]]


class ToolCallChunk(TypedDict):
    """
    The model asks for a tool.
    """

    type: Literal["tool_call"]
    toolCall: ToolCall


class ToolPending(TypedDict):
    """
    A tool call that is parked until somebody answers it under *xid*; *arguments* is JSON text.
    """

    xid: str
    name: str
    arguments: str
    message: NotRequired[str]


class ToolPendingChunk(TypedDict):
    """
    A tool call is parked.
    """

    type: Literal["tool_pending"]
    toolPending: ToolPending


class ToolResult(TypedDict):
    """
    What a tool gave; with *isError* the call failed, and *result* is a sentence that says why.
    """

    id: str
    name: str
    result: Any
    isError: NotRequired[bool]


class ToolResultChunk(TypedDict):
    """
    A tool has answered.
    """

    type: Literal["tool_result"]
    toolResult: ToolResult


class SourceReference(TypedDict):
    """
    Where something in the answer comes from: a page under *url*, or a document with a *title*, a media type or a name.
    """

    id: str
    url: NotRequired[str]
    title: NotRequired[str]
    mediaType: NotRequired[str]
    filename: NotRequired[str]


class SourceChunk(TypedDict):
    """
    The answer rests on a source.
    """

    type: Literal["source"]
    source: SourceReference


class Usage(TypedDict):
    """
    The tokens that one call of a model took.
    """

    input: int
    output: int
    reasoning: int
    total: int
    cacheRead: NotRequired[int]
    cacheWrite: NotRequired[int]
    provider: NotRequired[str]
    model: NotRequired[str]


class DoneChunk(TypedDict):
    """
    The answer is complete; the last chunk.
    """

    type: Literal["done"]
    usage: list[Usage]
    stopReason: NotRequired[StopReason]


class ErrorDetail(TypedDict):
    """
    One error as JSON:API words it.
    """

    status: int | str
    title: str
    detail: NotRequired[str]


class ErrorChunk(TypedDict):
    """
    Something failed within the answer.
    """

    type: Literal["error"]
    error: ErrorDetail


LlmChunk: TypeAlias = (
    StartChunk
    | TextChunk
    | ReasoningChunk
    | ToolCallDeltaChunk
    | ToolCallChunk
    | ToolPendingChunk
    | ToolResultChunk
    | SourceChunk
    | DoneChunk
    | ErrorChunk
)
"""
What a stream from a language model is made of.
"""
