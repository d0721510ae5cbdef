"""
`from_langchain`: its messages as dicts; the library itself is asked in `tests/contracts`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import from_langchain
from jaystream.llm import LangChainReader
from tests.llm.wires import Event, text_of, tools_of, types_of


def message(content: Any = "", **more: Any) -> Event:
    """
    A piece of a message.
    """
    return {"type": "AIMessageChunk", "id": "run-1", "content": content, **more}


def calling(index: int, args: str, **more: Any) -> Event:
    """
    A piece of a message with a piece of a tool call.
    """
    return message(tool_call_chunks=[{"index": index, "args": args, "id": None, "name": None, **more}])


class TestFromLangChain:
    """
    Messages of LangChain.
    """

    async def test_blocks(self) -> None:
        """
        Content is text, or blocks: text with its sources, thoughts in the words of each provider.
        """
        notes = [{"type": "citation", "url": "https://a.test", "title": "A"}]
        contents = [
            [{"type": "thinking", "thinking": "1", "signature": "s", "index": 0}],
            [{"type": "reasoning", "reasoning": "2"}],
            [{"type": "reasoning_content", "reasoning_content": {"text": "3", "signature": "t"}}],
            ["He", {"type": "text", "text": "l", "annotations": notes}, {"type": "image", "url": "x"}],
            "lo",
        ]
        events = [message(content) for content in contents]
        events.insert(3, message(additional_kwargs={"reasoning_content": "4"}))
        chunks: list[Any] = await from_langchain(events).to_list()
        assert "Hello" == text_of(chunks)
        assert "1234" == "".join(chunk["content"] for chunk in chunks if chunk["type"] == "reasoning")
        assert [{"id": "source-1", "url": "https://a.test", "title": "A"}] == [
            chunk["source"] for chunk in chunks if chunk["type"] == "source"
        ]

    async def test_calls(self) -> None:
        """
        Tool calls in pieces, interleaved; and whole ones, where a message comes at once.
        """
        events = [
            calling(0, "", id="a", name="now"),
            calling(1, '{"a"', id="b", name="add"),
            calling(0, "{}"),
            calling(1, ":1}"),
            message(response_metadata={"finish_reason": "tool_calls", "model_name": "m"}),
        ]
        chunks: list[Any] = await from_langchain(events).to_list()
        assert [("a", "now", "{}"), ("b", "add", '{"a":1}')] == tools_of(chunks)
        assert "tool_calls" == chunks[-1]["stopReason"]
        whole = {"type": "ai", "content": "", "tool_calls": [{"id": "a", "name": "f", "args": {"x": 1}}]}
        at_once: list[Any] = await from_langchain([whole]).to_list()
        assert [("a", "f", '{"x":1}')] == tools_of(at_once)
        nothing: list[Any] = [None, {}, ""]
        for none in nothing:
            bare = {"type": "ai", "content": "", "tool_calls": [{"id": "a", "name": "f", "args": none}]}
            assert [("a", "f", "{}")] == tools_of(await from_langchain([bare]).to_list())
        text = {"type": "ai", "content": "", "tool_calls": [{"id": "a", "name": "f", "args": "[1]"}]}
        assert [("a", "f", "[1]")] == tools_of(await from_langchain([text]).to_list())
        assert "tool_calls" == at_once[-1]["stopReason"]

    async def test_name_later(self) -> None:
        """
        A call's name may come behind its first piece.
        """
        events = [calling(0, "{"), calling(0, "}", name="f"), message(response_metadata={"model": "m"})]
        ((_, name, arguments),) = tools_of(await from_langchain(events).to_list())
        assert ("f", "{}") == (name, arguments)

    async def test_graph(self) -> None:
        """
        What LangGraph streams: pairs, several messages, and results of tools.
        """
        result = {"type": "tool", "tool_call_id": "a", "name": "f", "content": "2", "status": "success"}
        events: list[Any] = [
            (calling(0, "{}", id="a", name="f"), {"langgraph_node": "agent"}),
            (message(usage_metadata={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}), {}),
            (result, {}),
            ({**result, "status": "error"}, {}),
            (message("Hi", id="run-2"), {}),
            (message(id="run-2", usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}), {}),
            {"something": "else"},
        ]
        chunks: list[Any] = await from_langchain(events).to_list()
        deltas = ["tool_call_delta", "tool_call_delta"]
        assert ["start", *deltas, "tool_call", "tool_result", "tool_result", "text", "done"] == types_of(chunks)
        assert [None, True] == [chunk["toolResult"].get("isError") for chunk in chunks if "toolResult" in chunk]
        assert [6, 9] == [used["total"] for used in chunks[-1]["usage"]]
        assert "end" == chunks[-1]["stopReason"]

    async def test_tokens(self) -> None:
        """
        Tokens come with several pieces of a message, and are added up.
        """
        details = {"input_token_details": {"cache_read": 2}, "output_token_details": {"reasoning": 1}}
        events = [
            message("a", usage_metadata={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}),
            message("b", usage_metadata={"input_tokens": 0, "output_tokens": 3, "total_tokens": 3, **details}),
        ]
        done: Any = await from_langchain(events, provider="openai", model="m").last()
        expected = {"input": 5, "output": 4, "reasoning": 1, "total": 9, "cacheRead": 2}
        assert [{**expected, "provider": "openai", "model": "m"}] == done["usage"]

    @pytest.mark.parametrize(
        ("metadata", "reason"),
        [
            ({"finish_reason": "stop"}, "end"),
            ({"finish_reason": "STOP"}, "end"),
            ({"stop_reason": "max_tokens"}, "length"),
            ({"stopReason": "end_turn"}, "end"),
            ({"finish_reason": "odd"}, "other"),
            ({}, "end"),
        ],
    )
    async def test_stop_reasons(self, metadata: Event, reason: str) -> None:
        """
        Each provider's word for it, wherever it stands.
        """
        done: Any = await from_langchain([message("a", response_metadata=metadata)]).last()
        assert reason == done["stopReason"]

    def test_no_messages(self) -> None:
        """
        Other things are refused.
        """
        with pytest.raises(TypeError, match="messages of LangChain are expected, not dict"):
            LangChainReader().feed({"event": "on_chat_model_stream"})
