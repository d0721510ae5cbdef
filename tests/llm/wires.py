"""
What providers send, event by event, as JSON has it: the shapes are those that their SDKs read.

The same answer from each: a thought, two pieces of text, two tool calls whose arguments come interleaved where a
provider can do that, a source where it names any, and the tokens.
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

ANTHROPIC: list[Event] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 7,
                "cache_creation_input_tokens": 2,
                "cache_read_input_tokens": 3,
                "output_tokens": 1,
            },
        },
    },
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
    },
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {
            "type": "citations_delta",
            "citation": {
                "type": "web_search_result_location",
                "url": "https://example.test/a",
                "title": "A",
                "cited_text": "a",
                "encrypted_index": "x",
            },
        },
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}},
    },
    {
        "type": "content_block_start",
        "index": 3,
        "content_block": {"type": "tool_use", "id": "toolu_2", "name": "add", "input": {}},
    },
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"a": 1'}},
    {"type": "content_block_stop", "index": 2},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": "}"}},
    {"type": "content_block_stop", "index": 3},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 20},
    },
    {"type": "message_stop"},
]


def chat(delta: Event | None = None, finish: str | None = None, **more: Any) -> Event:
    """
    One chunk of a chat completion.
    """
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-test"}
    return {**head, "choices": choices, "usage": None, **more}


def tool(index: int, arguments: str, **more: Any) -> Event:
    """
    A piece of a tool call in a chunk of a chat completion.
    """
    name = {"name": more.pop("name")} if "name" in more else {}
    return {"tool_calls": [{"index": index, **more, "function": {**name, "arguments": arguments}}]}


OPENAI_CHAT: list[Event] = [
    chat({"role": "assistant", "content": ""}),
    chat({"reasoning_content": "Hm."}),
    chat({"content": "Hel"}),
    chat({"content": "lo"}),
    chat(
        {
            "annotations": [
                {"type": "url_citation", "url_citation": {"url": "https://example.test/a", "title": "A"}},
            ]
        }
    ),
    chat(tool(0, "", id="call_1", type="function", name="now")),
    chat(tool(1, "", id="call_2", type="function", name="add")),
    chat(tool(1, '{"a": 1')),
    chat(tool(0, "")),
    chat(tool(1, "}")),
    chat({}, "tool_calls"),
    chat(
        usage={
            "prompt_tokens": 12,
            "completion_tokens": 20,
            "total_tokens": 32,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 4},
        }
    ),
]


def response(status: str, **more: Any) -> Event:
    """
    The response that the events of the Responses API carry.
    """
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "gpt-test",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        **more,
    }


def function_call(number: int, name: str, arguments: str = "", status: str = "in_progress") -> Event:
    """
    A tool call as an item of a response.
    """
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": name,
        "arguments": arguments,
        "status": status,
    }


def part(kind: str, item: str, index: int, **more: Any) -> Event:
    """
    An event within an item of a response.
    """
    return {"type": kind, "item_id": item, "output_index": index, **more}


RESPONSE_USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 32,
}

_CITED = {
    "type": "url_citation",
    "url": "https://example.test/a",
    "title": "A",
    "start_index": 0,
    "end_index": 2,
}
_TEXT = {"type": "output_text", "text": "Hello", "annotations": [_CITED]}

_RESPONSES: list[Event] = [
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.in_progress", "response": response("in_progress")},
    {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {"type": "reasoning", "id": "rs_1", "summary": []},
    },
    part("response.reasoning_summary_text.delta", "rs_1", 0, summary_index=0, delta="Hm."),
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
    },
    {
        "type": "response.output_item.added",
        "output_index": 1,
        "item": {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [],
            "status": "in_progress",
        },
    },
    part(
        "response.content_part.added",
        "msg_1",
        1,
        content_index=0,
        part={"type": "output_text", "text": "", "annotations": []},
    ),
    part("response.output_text.delta", "msg_1", 1, content_index=0, delta="Hel", logprobs=[]),
    part("response.output_text.delta", "msg_1", 1, content_index=0, delta="lo", logprobs=[]),
    part(
        "response.output_text.annotation.added",
        "msg_1",
        1,
        content_index=0,
        annotation_index=0,
        annotation=_CITED,
    ),
    part("response.output_text.done", "msg_1", 1, content_index=0, text="Hello", logprobs=[]),
    part("response.content_part.done", "msg_1", 1, content_index=0, part=_TEXT),
    {
        "type": "response.output_item.done",
        "output_index": 1,
        "item": {"type": "message", "id": "msg_1", "role": "assistant", "content": [_TEXT], "status": "completed"},
    },
    {"type": "response.output_item.added", "output_index": 2, "item": function_call(1, "now")},
    {"type": "response.output_item.added", "output_index": 3, "item": function_call(2, "add")},
    part("response.function_call_arguments.delta", "fc_2", 3, delta='{"a": 1'),
    part("response.function_call_arguments.done", "fc_1", 2, arguments="", name="now"),
    part("response.function_call_arguments.delta", "fc_2", 3, delta="}"),
    {
        "type": "response.output_item.done",
        "output_index": 2,
        "item": function_call(1, "now", "", "completed"),
    },
    {
        "type": "response.output_item.done",
        "output_index": 3,
        "item": function_call(2, "add", '{"a": 1}', "completed"),
    },
    {"type": "response.completed", "response": response("completed", usage=RESPONSE_USAGE)},
]

OPENAI_RESPONSES: list[Event] = [{**event, "sequence_number": number} for number, event in enumerate(_RESPONSES)]


def gemini(*parts: Event, finish: str | None = None, **more: Any) -> Event:
    """
    One response of Gemini's stream.
    """
    candidate: Event = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}
    if finish:
        candidate["finishReason"] = finish
    used = {
        "promptTokenCount": 12,
        "cachedContentTokenCount": 3,
        "candidatesTokenCount": 16,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 32,
    }
    return {"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-test", "responseId": "r1"}


GOOGLE: list[Event] = [
    gemini({"text": "Hm.", "thought": True}),
    gemini({"text": "Hel"}),
    gemini(
        {"text": "lo"},
        groundingMetadata={"groundingChunks": [{"web": {"uri": "https://example.test/a", "title": "A"}}]},
    ),
    gemini({"functionCall": {"name": "now", "args": {}, "id": "call_1"}, "thoughtSignature": "c2ln"}),
    gemini({"functionCall": {"name": "add", "args": {"a": 1}, "id": "call_2"}}, finish="STOP"),
]

BEDROCK: list[Event] = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm."}}}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}},
    {"contentBlockStop": {"contentBlockIndex": 0}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "Hel"}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "lo"}}},
    {"contentBlockStop": {"contentBlockIndex": 1}},
    {
        "contentBlockStart": {
            "contentBlockIndex": 2,
            "start": {"toolUse": {"toolUseId": "tooluse_1", "name": "now"}},
        }
    },
    {"contentBlockStop": {"contentBlockIndex": 2}},
    {
        "contentBlockStart": {
            "contentBlockIndex": 3,
            "start": {"toolUse": {"toolUseId": "tooluse_2", "name": "add"}},
        }
    },
    {"contentBlockDelta": {"contentBlockIndex": 3, "delta": {"toolUse": {"input": '{"a": 1'}}}},
    {"contentBlockDelta": {"contentBlockIndex": 3, "delta": {"toolUse": {"input": "}"}}}},
    {"contentBlockStop": {"contentBlockIndex": 3}},
    {"messageStop": {"stopReason": "tool_use"}},
    {
        "metadata": {
            "usage": {
                "inputTokens": 7,
                "outputTokens": 20,
                "totalTokens": 27,
                "cacheReadInputTokens": 3,
                "cacheWriteInputTokens": 2,
            },
            "metrics": {"latencyMs": 5},
        }
    },
]

WIRES: dict[str, list[Event]] = {
    "anthropic": ANTHROPIC,
    "openai-chat": OPENAI_CHAT,
    "openai-responses": OPENAI_RESPONSES,
    "google": GOOGLE,
    "bedrock": BEDROCK,
}
"""
By the name of the provider.
"""


def text_of(chunks: list[Any]) -> str:
    """
    The text that chunks have.
    """
    return "".join(chunk["content"] for chunk in chunks if chunk["type"] == "text")


def tools_of(chunks: list[Any]) -> list[tuple[str, str, str]]:
    """
    The tool calls that chunks have: id, name and arguments.
    """
    calls = [chunk["toolCall"] for chunk in chunks if chunk["type"] == "tool_call"]
    return [(call["id"], call["name"], call["arguments"]) for call in calls]


def types_of(chunks: list[Any]) -> list[str]:
    """
    The types of chunks, in their order.
    """
    return [chunk["type"] for chunk in chunks]
