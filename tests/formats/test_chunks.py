"""
The shapes of chunks, as types: what may be formatted, and that bytes may not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel

from jaystream.formats import SseEvent, chunks, format_ndjson, format_sse

if TYPE_CHECKING:
    from jaystream.formats import (
        Chunk,
        DoneChunk,
        ErrorChunk,
        LlmChunk,
        ReasoningChunk,
        SourceChunk,
        StartChunk,
        TextChunk,
        ToolCallChunk,
        ToolCallDeltaChunk,
        ToolPendingChunk,
        ToolResultChunk,
    )


class Model(BaseModel):
    """
    A chunk that is a pydantic model.
    """

    type: str = "m"


@dataclass(frozen=True)
class Record:
    """
    A chunk that is a dataclass.
    """

    type: str = "r"


class Colour(Enum):
    """
    A chunk that is a member of an enum.
    """

    RED = 1


class TestChunk:
    """
    The types that the checkers let through, and that the encoders take.
    """

    def test_everything_encodes(self) -> None:
        """
        Whatever is a chunk for the type checker, each format can write.
        """
        start: StartChunk = {"type": "start", "messageId": "m", "model": "n", "provider": "p"}
        text: TextChunk = {"type": "text", "content": "a"}
        thought: ReasoningChunk = {"type": "reasoning", "content": "a", "signature": "s"}
        delta: ToolCallDeltaChunk = {"type": "tool_call_delta", "toolCallDelta": {"id": "1", "name": "n", "delta": "{"}}
        call: ToolCallChunk = {"type": "tool_call", "toolCall": {"id": "1", "name": "n", "arguments": "{}"}}
        pending: ToolPendingChunk = {
            "type": "tool_pending",
            "toolPending": {"xid": "1", "name": "n", "arguments": "{}"},
        }
        result: ToolResultChunk = {"type": "tool_result", "toolResult": {"id": "1", "name": "n", "result": [1]}}
        source: SourceChunk = {"type": "source", "source": {"id": "1", "url": "https://a.example", "title": "t"}}
        done: DoneChunk = {
            "type": "done",
            "usage": [{"input": 1, "output": 2, "reasoning": 0, "total": 3}],
            "stopReason": "end",
        }
        error: ErrorChunk = {"type": "error", "error": {"status": 500, "title": "t"}}
        shapes: list[LlmChunk] = [start, text, thought, delta, call, pending, result, source, done, error]
        plain: dict[str, str] = {"type": "x"}
        numbers: list[int] = [1]
        given: list[Chunk] = [
            *(*shapes, plain, numbers, (1, "a"), {1}, frozenset({1}), "a", 1, 1.5, True, None),
            *(Model(), Record(), Colour.RED, UUID(int=1), Decimal(1), SseEvent("a")),
            *(date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), time(1), timedelta(1)),
        ]
        for chunk in given:
            assert format_sse(chunk).endswith("\n\n")
            line = format_ndjson(chunk)
            assert "\n" == line[-1]
            json.loads(line)

    def test_bytes_are_none(self) -> None:
        """
        Formatting what is framed already is an error for the type checker; at run time the bytes pass.
        """
        framed: Any = format_sse(b"data: a\n\n")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # that this is an error is the point
        assert "data: a\n\n" == framed

    def test_shapes_are_jaypies(self) -> None:
        """
        Each shape has its type and the keys that carry its content, those of Jaypie's among them.
        """
        keys = {
            name: sorted(shape.__annotations__)
            for name, shape in vars(chunks).items()
            if name.endswith("Chunk") and isinstance(shape, type)
        }
        assert {
            "DoneChunk": ["stopReason", "type", "usage"],
            "ErrorChunk": ["error", "type"],
            "ReasoningChunk": ["content", "signature", "type"],
            "SourceChunk": ["source", "type"],
            "StartChunk": ["messageId", "model", "provider", "type"],
            "TextChunk": ["content", "type"],
            "ToolCallChunk": ["toolCall", "type"],
            "ToolCallDeltaChunk": ["toolCallDelta", "type"],
            "ToolPendingChunk": ["toolPending", "type"],
            "ToolResultChunk": ["toolResult", "type"],
        } == keys
