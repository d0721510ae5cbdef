"""
The chunks of a language model's answer as pydantic models: snake case in Python, Jaypie's camel case on the wire.

Their JSON is that of the dicts in `jaystream.formats.chunks`, key for key. Streams are made of the dicts, which cost
less; these are for an API's schema and for checking what comes in.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, TypeAdapter, model_serializer
from pydantic.alias_generators import to_camel

from jaystream.formats.chunks import StopReason  # noqa: TC001 - pydantic reads it

__all__ = [
    "ChunkModel",
    "Done",
    "Error",
    "ErrorDetails",
    "LlmChunkModel",
    "Reasoning",
    "Source",
    "SourceDetails",
    "Start",
    "Text",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallDetails",
    "ToolCallPiece",
    "ToolPending",
    "ToolPendingDetails",
    "ToolResult",
    "ToolResultDetails",
    "UsageDetails",
    "chunk_adapter",
]


class ChunkModel(BaseModel):
    """
    What all of them share: what was left out stands in no JSON.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    @model_serializer(mode="wrap")
    def _without_what_is_missing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        missing = [
            to_camel(name)
            for name, info in fields.items()
            if not info.is_required() and info.default is None and getattr(self, name) is None
        ]
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in missing}


class Start(ChunkModel):
    """
    The model has begun to answer.
    """

    type: Literal["start"] = "start"
    message_id: str | None = None
    model: str | None = None
    provider: str | None = None


class Text(ChunkModel):
    """
    A piece of the answer's text.
    """

    type: Literal["text"] = "text"
    content: str


class Reasoning(ChunkModel):
    """
    A piece of what the model thinks before it answers.
    """

    type: Literal["reasoning"] = "reasoning"
    content: str
    signature: str | None = None


class ToolCallPiece(ChunkModel):
    """
    A piece of a tool call's arguments.
    """

    id: str
    name: str | None = None
    delta: str


class ToolCallDelta(ChunkModel):
    """
    A tool call is being written.
    """

    type: Literal["tool_call_delta"] = "tool_call_delta"
    tool_call_delta: ToolCallPiece


class ToolCallDetails(ChunkModel):
    """
    A tool that the model wants called; *arguments* is JSON text.
    """

    id: str
    name: str
    arguments: str
    metadata: dict[str, Any] | None = None


class ToolCall(ChunkModel):
    """
    The model asks for a tool.
    """

    type: Literal["tool_call"] = "tool_call"
    tool_call: ToolCallDetails


class ToolPendingDetails(ChunkModel):
    """
    A tool call that is parked until somebody answers it under *xid*.
    """

    xid: str
    name: str
    arguments: str
    message: str | None = None


class ToolPending(ChunkModel):
    """
    A tool call is parked.
    """

    type: Literal["tool_pending"] = "tool_pending"
    tool_pending: ToolPendingDetails


class ToolResultDetails(ChunkModel):
    """
    What a tool gave.
    """

    id: str
    name: str
    result: Any
    is_error: bool | None = None


class ToolResult(ChunkModel):
    """
    A tool has answered.
    """

    type: Literal["tool_result"] = "tool_result"
    tool_result: ToolResultDetails


class SourceDetails(ChunkModel):
    """
    A page or a document.
    """

    id: str
    url: str | None = None
    title: str | None = None
    media_type: str | None = None
    filename: str | None = None


class Source(ChunkModel):
    """
    The answer rests on a source.
    """

    type: Literal["source"] = "source"
    source: SourceDetails


class UsageDetails(ChunkModel):
    """
    The tokens that one call of a model took: those that were cached are part of *input*, reasoning is part of *output*.
    """

    input: int
    output: int
    reasoning: int
    total: int
    cache_read: int | None = None
    cache_write: int | None = None
    provider: str | None = None
    model: str | None = None


class Done(ChunkModel):
    """
    The answer is complete; the last chunk.
    """

    type: Literal["done"] = "done"
    usage: list[UsageDetails]
    stop_reason: StopReason | None = None


class ErrorDetails(ChunkModel):
    """
    One error as JSON:API words it.
    """

    status: int | str
    title: str
    detail: str | None = None


class Error(ChunkModel):
    """
    Something failed within the answer.
    """

    type: Literal["error"] = "error"
    error: ErrorDetails


LlmChunkModel: TypeAlias = Annotated[
    Start | Text | Reasoning | ToolCallDelta | ToolCall | ToolPending | ToolResult | Source | Done | Error,
    Field(discriminator="type"),
]
"""
Any of them, told apart by *type*.
"""


def chunk_adapter() -> TypeAdapter[LlmChunkModel]:
    """
    What checks a chunk: `chunk_adapter().validate_python({"type": "text", "content": "Hi"})`.

    >>> chunk_adapter().validate_python({"type": "done", "usage": [], "stopReason": "end"})
    Done(type='done', usage=[], stop_reason='end')
    """
    return _ADAPTER


_ADAPTER: TypeAdapter[LlmChunkModel] = TypeAdapter(LlmChunkModel)
