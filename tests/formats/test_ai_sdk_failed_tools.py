"""
A tool that failed, as the AI SDK's UI message stream tells of it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.formats import AiSdkEncoder

CALL: dict[str, Any] = {"type": "tool_call", "toolCall": {"id": "c1", "name": "f", "arguments": "{}"}}


def failed(result: Any) -> dict[str, Any]:
    """
    A result that is none.
    """
    return {"type": "tool_result", "toolResult": {"id": "c1", "name": "f", "result": result, "isError": True}}


class TestFailedTools:
    """
    There and back.
    """

    @pytest.mark.parametrize(("result", "told"), [("no such town", "no such town"), ({"code": 3}, '{"code":3}')])
    def test_written(self, result: Any, told: str) -> None:
        """
        It is an error with its text, and not an output.
        """
        encoder = AiSdkEncoder()
        frames = (encoder.encode(CALL) + encoder.encode(failed(result))).split(b"\n\n")
        last = json.loads(frames[-2].removeprefix(b"data: "))
        assert {"type": "tool-output-error", "toolCallId": "c1", "errorText": told} == last

    async def test_read(self) -> None:
        """
        And it is one again when it is read.
        """
        chunks: list[Any] = await JaypieStream.of(CALL, failed("no")).format_ai_sdk().parse_ai_sdk().to_list()
        assert failed("no") in chunks
