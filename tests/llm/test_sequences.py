"""
The machines under Hypothesis: answers of any shape come through whole, and no order of events breaks them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from jaystream.errors import ProviderError
from jaystream.llm import (
    AnthropicReader,
    AnyReader,
    BedrockReader,
    EventReader,
    GoogleReader,
    OpenAiChatReader,
    OpenAiResponsesReader,
)
from jaystream.llm.chunks import chunk_adapter
from tests.llm.wires import WIRES, Event, chat, function_call, gemini, part, response, tool, tools_of, types_of

MACHINES: dict[str, type[EventReader]] = {
    "anthropic": AnthropicReader,
    "openai-chat": OpenAiChatReader,
    "openai-responses": OpenAiResponsesReader,
    "google": GoogleReader,
    "bedrock": BedrockReader,
}

Part = tuple[str, list[str]]

TEXTS = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4)
ARGUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(max_size=3), max_size=3).map(json.dumps)


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """
    A text in pieces.
    """
    text = draw(texts)
    at = sorted(draw(st.sets(st.integers(0, len(text)), max_size=3)))
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


PARTS: st.SearchStrategy[list[Part]] = st.lists(
    st.tuples(st.sampled_from(["text", "thought"]), TEXTS) | st.tuples(st.just("tool"), cut(ARGUMENTS)), max_size=6
)


def anthropic(parts: list[Part]) -> list[Event]:
    """
    An answer as Anthropic sends it.
    """
    events: list[Event] = [{"type": "message_start", "message": {"id": "m", "model": "x"}}]
    for number, (kind, pieces) in enumerate(parts):
        blocks: dict[str, Event] = {
            "text": {"type": "text", "text": ""},
            "thought": {"type": "thinking", "thinking": ""},
            "tool": {"type": "tool_use", "id": f"t{number}", "name": "f", "input": {}},
        }
        events.append({"type": "content_block_start", "index": number, "content_block": blocks[kind]})
        for piece in pieces:
            delta = {
                "text": {"type": "text_delta", "text": piece},
                "thought": {"type": "thinking_delta", "thinking": piece},
                "tool": {"type": "input_json_delta", "partial_json": piece},
            }[kind]
            events.append({"type": "content_block_delta", "index": number, "delta": delta})
        events.append({"type": "content_block_stop", "index": number})
    return [*events, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]


def openai_chat(parts: list[Part]) -> list[Event]:
    """
    An answer as chunks of a chat completion.
    """
    events = [chat({"role": "assistant", "content": ""})]
    for number, (kind, pieces) in enumerate(parts):
        if kind == "tool":
            events.append(chat(tool(number, "", id=f"t{number}", name="f")))
        for piece in pieces:
            name = {"text": "content", "thought": "reasoning_content"}.get(kind)
            events.append(chat({name: piece} if name else tool(number, piece)))
    return [*events, chat({}, "stop"), chat(usage={"prompt_tokens": 1, "completion_tokens": 1})]


def openai_responses(parts: list[Part]) -> list[Event]:
    """
    An answer as events of the Responses API; the thoughts are one item.
    """
    events: list[Event] = [{"type": "response.created", "response": response("in_progress")}]
    for number, (kind, pieces) in enumerate(parts):
        if kind == "tool":
            events.append({"type": "response.output_item.added", "item": function_call(number, "f")})
        for piece in pieces:
            name = {"text": "output_text", "thought": "reasoning_text", "tool": "function_call_arguments"}[kind]
            item = "rs" if kind == "thought" else f"fc_{number}"
            events.append(part(f"response.{name}.delta", item, number, delta=piece))
        if kind == "tool":
            events.append({"type": "response.output_item.done", "item": function_call(number, "f", "".join(pieces))})
    return [*events, {"type": "response.completed", "response": response("completed")}]


def google(parts: list[Part]) -> list[Event]:
    """
    An answer as Gemini sends it: tool calls come whole.
    """
    events: list[Event] = []
    for number, (kind, pieces) in enumerate(parts):
        if kind == "tool":
            call = {"name": "f", "args": json.loads("".join(pieces)), "id": f"t{number}"}
            events.append(gemini({"functionCall": call}))
        else:
            events += [gemini({"text": piece, "thought": kind == "thought"}) for piece in pieces]
    return [*events, gemini(finish="STOP")]


def bedrock(parts: list[Part]) -> list[Event]:
    """
    An answer as Bedrock sends it.
    """
    events: list[Event] = [{"messageStart": {"role": "assistant"}}]
    for number, (kind, pieces) in enumerate(parts):
        if kind == "tool":
            start = {"toolUse": {"toolUseId": f"t{number}", "name": "f"}}
            events.append({"contentBlockStart": {"contentBlockIndex": number, "start": start}})
        for piece in pieces:
            delta = {
                "text": {"text": piece},
                "thought": {"reasoningContent": {"text": piece}},
                "tool": {"toolUse": {"input": piece}},
            }[kind]
            events.append({"contentBlockDelta": {"contentBlockIndex": number, "delta": delta}})
        events.append({"contentBlockStop": {"contentBlockIndex": number}})
    return [*events, {"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": {"inputTokens": 1}}}]


WRITERS: dict[str, Callable[[list[Part]], list[Event]]] = {
    "anthropic": anthropic,
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "google": google,
    "bedrock": bedrock,
}


def run(reader: EventReader, events: list[Any]) -> list[Any]:
    """
    Everything that a machine gives.
    """
    return [chunk for event in events for chunk in reader.feed(event)] + reader.flush()


def joined(chunks: list[Any], kind: str) -> str:
    """
    The contents of the chunks of one type.
    """
    return "".join(chunk["content"] for chunk in chunks if chunk["type"] == kind)


def check(chunks: list[Any]) -> None:
    """
    What holds for all that any machine gives.
    """
    types = types_of(chunks)
    assert types.count("start") <= 1
    assert types.count("done") <= 1
    if chunks:
        assert "start" == types[0]
    if "done" in types:
        assert "done" == types[-1]
        for used in chunks[-1]["usage"]:
            assert used["total"] == used["input"] + used["output"]
            assert used["reasoning"] <= used["output"]
    pieces: dict[str, str] = {}
    for chunk in chunks:
        assert chunk == chunk_adapter().validate_python(chunk).model_dump()
        if chunk["type"] == "tool_call_delta":
            delta = chunk["toolCallDelta"]
            assert ("name" in delta) == (delta["id"] not in pieces)
            pieces[delta["id"]] = pieces.get(delta["id"], "") + delta["delta"]
        assert chunk["type"] != "text" or chunk["content"]


@pytest.mark.parametrize("name", MACHINES)
class TestSequences:
    """
    Each machine.
    """

    @hypothesis.given(parts=PARTS)
    def test_whole(self, name: str, parts: list[Part]) -> None:
        """
        All text, all thoughts and all tool calls come through, in their order.
        """
        events = WRITERS[name](parts)
        chunks = run(MACHINES[name](), events)
        check(chunks)
        assert "".join(piece for kind, pieces in parts for piece in pieces if kind == "text") == joined(chunks, "text")
        thoughts = "".join(piece for kind, pieces in parts for piece in pieces if kind == "thought")
        assert thoughts == joined(chunks, "reasoning")
        calls = [json.loads("".join(pieces)) for kind, pieces in parts if kind == "tool"]
        assert calls == [json.loads(arguments) for _, _, arguments in tools_of(chunks)]
        assert chunks == run(AnyReader(), events)
        assert chunks == run(MACHINES[name](), [json.dumps(event) for event in events])

    @hypothesis.given(data=st.data())
    def test_any_order(self, name: str, data: st.DataObject) -> None:
        """
        Events that are lost, doubled or out of order give chunks of the right shapes, or the provider's failure.
        """
        events = data.draw(st.lists(st.sampled_from(WIRES[name]), max_size=25))
        reader = MACHINES[name]()
        chunks: list[Any] = []
        for event in events:
            chunks += reader.feed(event)
        check(chunks)
        with contextlib.suppress(ProviderError):  # the end was lost
            chunks += reader.flush()
        check(chunks)
