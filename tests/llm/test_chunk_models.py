"""
The chunks as pydantic models.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from jaystream import format_sse, from_llm
from jaystream.llm import chunks
from jaystream.llm.chunks import Done, Start, Text, ToolCall, ToolResult, UsageDetails, chunk_adapter
from tests.llm.wires import WIRES

EVERY: list[dict[str, Any]] = [
    {"type": "start"},
    {"type": "start", "messageId": "m", "model": "x", "provider": "p"},
    {"type": "text", "content": "é"},
    {"type": "reasoning", "content": "Hm.", "signature": "s"},
    {"type": "tool_call_delta", "toolCallDelta": {"id": "c", "name": "f", "delta": "{"}},
    {"type": "tool_call_delta", "toolCallDelta": {"id": "c", "delta": "}"}},
    {"type": "tool_call", "toolCall": {"id": "c", "name": "f", "arguments": "{}", "metadata": {"a_b": None}}},
    {"type": "tool_pending", "toolPending": {"xid": "x", "name": "f", "arguments": "{}", "message": "wait"}},
    {"type": "tool_result", "toolResult": {"id": "c", "name": "f", "result": None}},
    {"type": "tool_result", "toolResult": {"id": "c", "name": "f", "result": "no", "isError": True}},
    {"type": "source", "source": {"id": "1", "url": "u", "title": "t", "mediaType": "m/t", "filename": "f"}},
    {"type": "done", "usage": [], "stopReason": "end"},
    {
        "type": "done",
        "usage": [{"input": 3, "output": 1, "reasoning": 0, "total": 4, "cacheRead": 2, "cacheWrite": 1, "model": "m"}],
    },
    {"type": "error", "error": {"status": 503, "title": "Busy", "detail": "Later"}},
]


class TestChunkModels:
    """
    Models of every shape.
    """

    @pytest.mark.parametrize("chunk", EVERY)
    def test_json(self, chunk: dict[str, Any]) -> None:
        """
        A model's JSON is the dict's, byte for byte, by every way to write it.
        """
        model = chunk_adapter().validate_python(chunk)
        written = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False)
        assert written == model.model_dump_json()
        assert chunk == model.model_dump()
        assert format_sse(chunk) == format_sse(model)
        assert model == chunk_adapter().validate_json(written)

    @pytest.mark.parametrize("name", WIRES)
    async def test_of_streams(self, name: str) -> None:
        """
        What the adapters give fits.
        """
        async with from_llm(WIRES[name]).open() as items:
            async for chunk in items:
                assert chunk == chunk_adapter().validate_python(chunk).model_dump()

    def test_python_names(self) -> None:
        """
        In Python the names are in snake case.
        """
        used = UsageDetails(input=1, output=2, reasoning=0, total=3, cache_read=1)
        done = Done(usage=[used], stop_reason="length")
        assert 1 == done.model_dump()["usage"][0]["cacheRead"]
        assert "length" == done.stop_reason
        assert {"type": "start", "messageId": "m"} == Start(message_id="m").model_dump()

    def test_refused(self) -> None:
        """
        Other shapes are refused.
        """
        none: list[Any] = []
        for wrong in ({"type": "other"}, {"type": "text"}, {"type": "done", "usage": none, "stopReason": "tired"}):
            with pytest.raises(ValidationError):
                chunk_adapter().validate_python(wrong)

    def test_every_type(self) -> None:
        """
        Each type of chunk has a model.
        """
        models = [getattr(chunks, name) for name in chunks.__all__ if isinstance(getattr(chunks, name), type)]
        with_type = {model.model_fields["type"].default for model in models if "type" in model.model_fields}
        assert {chunk["type"] for chunk in EVERY} == with_type
        assert all(model in models for model in (Text, ToolCall, ToolResult))
