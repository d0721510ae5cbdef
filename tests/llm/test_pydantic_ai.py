"""
`from_pydantic_ai`: its events as dicts; the library itself is asked in `tests/contracts`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import from_pydantic_ai
from tests.llm.wires import Event, text_of, tools_of, types_of


def started(index: int, **part: Any) -> Event:
    """
    The start of a part.
    """
    return {"event_kind": "part_start", "index": index, "part": part}


def piece(index: int, **delta: Any) -> Event:
    """
    A piece of a part.
    """
    return {"event_kind": "part_delta", "index": index, "delta": delta}


def ended(index: int, **part: Any) -> Event:
    """
    The end of a part.
    """
    return {"event_kind": "part_end", "index": index, "part": part}


CALL: dict[str, Any] = {"part_kind": "tool-call", "tool_name": "add", "tool_call_id": "c"}


class TestFromPydanticAi:
    """
    Events of pydantic-ai.
    """

    async def test_text_and_thoughts(self) -> None:
        """
        The first text stands in the start of its part.
        """
        events = [
            started(0, part_kind="thinking", content="H", signature=None),
            piece(0, part_delta_kind="thinking", content_delta="m.", signature_delta=None),
            piece(0, part_delta_kind="thinking", content_delta=None, signature_delta="s"),
            ended(0, part_kind="thinking", content="Hm."),
            started(1, part_kind="text", content="Hel"),
            {"event_kind": "final_result", "tool_name": None},
            piece(1, part_delta_kind="text", content_delta="lo"),
        ]
        chunks: list[Any] = await from_pydantic_ai(events).to_list()
        assert "Hello" == text_of(chunks)
        assert ["start", "reasoning", "reasoning", "reasoning", "text", "text", "done"] == types_of(chunks)
        assert "s" == chunks[3]["signature"]

    async def test_provider(self) -> None:
        """
        The model behind it is named where the events name it, and nobody else did.
        """
        event = {**started(0, part_kind="text", content="a"), "canonical_system": "anthropic"}
        chunks: list[Any] = await from_pydantic_ai([event]).to_list()
        assert "anthropic" == chunks[0]["provider"]
        named: list[Any] = await from_pydantic_ai([event], provider="mine").to_list()
        assert "mine" == named[0]["provider"]

    async def test_calls(self) -> None:
        """
        Arguments come as text in pieces, or as dicts.
        """
        text = [
            started(0, **CALL, args='{"a"'),
            piece(0, part_delta_kind="tool_call", args_delta=": 1}", tool_name_delta=None),
            piece(9, part_delta_kind="tool_call", args_delta="x"),
            ended(0, **CALL, args='{"a": 1}'),
        ]
        assert [("c", "add", '{"a": 1}')] == tools_of(await from_pydantic_ai(text).to_list())
        dicts = [
            started(0, **CALL, args={"a": 1}),
            piece(0, part_delta_kind="tool_call", args_delta={"b": 2}),
            ended(0, **CALL),
            ended(0, **CALL),
        ]
        assert [("c", "add", '{"a":1,"b":2}')] == tools_of(await from_pydantic_ai(dicts).to_list())

    async def test_part_without_an_end(self) -> None:
        """
        A call whose part is not ended is given when the next part takes its place, a tool runs, or the events end.
        """
        call = started(0, **CALL, args="{}")
        other = started(0, **{**CALL, "tool_call_id": "d"}, args="{}")
        for rest in ([], [other], [{"event_kind": "function_tool_call"}]):
            assert ("c", "add", "{}") == tools_of(await from_pydantic_ai([call, *rest]).to_list())[0]

    async def test_other_events(self) -> None:
        """
        Parts and events of other kinds are passed over; other things are refused.
        """
        events = [
            started(0, part_kind="file"),
            piece(0, part_delta_kind="other"),
            {"event_kind": "something_new"},
            {"event_kind": "agent_run_result", "result": {"usage": None}},
        ]
        assert ["start", "done"] == types_of(await from_pydantic_ai(events).to_list())
        with pytest.raises(TypeError, match="events of pydantic-ai are expected, not dict"):
            await from_pydantic_ai([{"type": "x"}]).drain()

    async def test_results(self) -> None:
        """
        Results of tools, and failures as such.
        """
        result = {"part_kind": "tool-return", "tool_name": "add", "tool_call_id": "c", "content": 2}
        failed = {**result, "outcome": "retried", "content": "no"}
        events = [{"event_kind": "function_tool_result", "part": part} for part in (result, failed)]
        chunks: list[Any] = await from_pydantic_ai(events).to_list()
        assert [
            {"id": "c", "name": "add", "result": 2},
            {"id": "c", "name": "add", "result": "no", "isError": True},
        ] == [chunk["toolResult"] for chunk in chunks if chunk["type"] == "tool_result"]
