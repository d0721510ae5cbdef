"""
`from_openai` over chat completions, and `from_litellm`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from openai.types.chat import ChatCompletionChunk

from jaystream import from_litellm, from_llm, from_openai
from jaystream.errors import BadGatewayError, UnavailableError
from jaystream.llm import OpenAiChatReader
from tests.llm.wires import OPENAI_CHAT, Event, chat, text_of, tool, tools_of, types_of


def as_objects(event: Any) -> Any:
    """
    The same event as objects without any base class, which is what other libraries have.
    """
    if isinstance(event, dict):
        return SimpleNamespace(**{key: as_objects(value) for key, value in cast("Event", event).items()})
    items: Any = event
    return [as_objects(each) for each in items] if isinstance(event, list) else event


class TestOpenAiChat:
    """
    Chunks of chat completions.
    """

    async def test_all(self) -> None:
        """
        Thoughts of other servers, text, a source, interleaved tool calls, and every token.
        """
        chunks: list[Any] = await from_openai(OPENAI_CHAT).to_list()
        assert [
            {"type": "start", "messageId": "chatcmpl-1", "model": "gpt-test", "provider": "openai"},
            {"type": "reasoning", "content": "Hm."},
            {"type": "text", "content": "Hel"},
            {"type": "text", "content": "lo"},
            {"type": "source", "source": {"id": "source-1", "url": "https://example.test/a", "title": "A"}},
        ] == chunks[:5]
        assert [("call_1", "now", "{}"), ("call_2", "add", '{"a": 1}')] == tools_of(chunks)
        expected = {"input": 12, "output": 20, "reasoning": 4, "total": 32, "cacheRead": 3}
        assert [{**expected, "provider": "openai", "model": "gpt-test"}] == chunks[-1]["usage"]

    async def test_same_for_objects(self) -> None:
        """
        Objects of the SDK, dicts and objects of others are read alike.
        """
        expected = await from_openai(OPENAI_CHAT).to_list()
        models = [ChatCompletionChunk.construct(**event) for event in OPENAI_CHAT]
        validated = [ChatCompletionChunk.model_validate(event) for event in OPENAI_CHAT]
        for events in (models, validated, [as_objects(event) for event in OPENAI_CHAT]):
            assert expected == await from_openai(events).to_list()

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("stop", "end"),
            ("length", "length"),
            ("tool_calls", "tool_calls"),
            ("function_call", "tool_calls"),
            ("content_filter", "content_filter"),
            ("eos", "other"),
        ],
    )
    async def test_stop_reasons(self, theirs: str, ours: str) -> None:
        """
        Each reason to stop has a word of ours.
        """
        done: Any = await from_openai([chat({"content": "a"}, theirs)]).last()
        assert ours == done["stopReason"]

    async def test_text_in_any_chunk(self) -> None:
        """
        No text is lost where it comes with something else: a role, the end, tokens, a thought, a tool call.
        """
        used = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        call = tool(0, "{}", id="c", name="f")
        events = [
            chat({"role": "assistant", "content": "a"}),
            chat({"role": "assistant", "content": "b"}),
            chat({"content": "c"}, usage=used),
            chat({"content": "d", "reasoning": "Hm."}),
            chat({"content": "e", **call}),
            chat({"content": "f", "refusal": None, "tool_calls": None}),
            chat({"content": "g"}, "stop"),
        ]
        for kind in (dict[str, Any], as_objects, ChatCompletionChunk.model_validate):
            chunks: list[Any] = await from_openai([kind(event) for event in events]).to_list()
            assert "abcdefg" == text_of(chunks)
            assert [("c", "f", "{}")] == tools_of(chunks)
            assert 3 == chunks[-1]["usage"][0]["total"]

    async def test_thinking_blocks(self) -> None:
        """
        Thoughts that come as blocks alone; annotations of another kind, and a chunk without a delta, give nothing.
        """
        blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]
        bare = chat({}, "stop")
        del bare["choices"][0]["delta"]
        events = [chat({"thinking_blocks": blocks, "annotations": [{"type": "file"}]}), bare]
        chunks: list[Any] = await from_openai(events).to_list()
        assert {"type": "reasoning", "content": "Hm.", "signature": "s"} == chunks[1]
        assert ["start", "reasoning", "done"] == types_of(chunks)

    async def test_refusal(self) -> None:
        """
        A refusal is text, and the reason to stop.
        """
        chunks: list[Any] = await from_openai([chat({"refusal": "No."}), chat({}, "stop")]).to_list()
        assert "No." == text_of(chunks)
        assert "refusal" == chunks[-1]["stopReason"]

    async def test_other_choices(self) -> None:
        """
        Only the first of several answers is given.
        """
        other = chat({"content": "b"})
        other["choices"][0]["index"] = 1
        assert "a" == text_of(await from_openai([chat({"content": "a"}), other, chat({}, "stop")]).to_list())

    async def test_calls_at_one_index(self) -> None:
        """
        Servers that give each call the same index mean different calls.
        """
        events = [
            chat(tool(0, "{}", id="a", name="f")),
            chat(tool(0, '{"x":1}', id="b", name="g")),
            chat({}, "tool_calls"),
        ]
        assert [("a", "f", "{}"), ("b", "g", '{"x":1}')] == tools_of(await from_openai(events).to_list())

    async def test_name_later(self) -> None:
        """
        Arguments that come before the name wait for it; a missing id is made.
        """
        events = [chat(tool(0, "{")), chat(tool(0, "}", name="f")), chat({}, "tool_calls")]
        chunks: list[Any] = await from_openai(events).to_list()
        ((made, name, arguments),) = tools_of(chunks)
        assert ("f", "{}") == (name, arguments)
        deltas = [chunk["toolCallDelta"] for chunk in chunks if chunk["type"] == "tool_call_delta"]
        assert [{"id": made, "name": "f", "delta": "{}"}] == deltas
        assert made.startswith("call_")

    async def test_cut_call(self) -> None:
        """
        A tool call that was cut by the limit is not given.
        """
        events = [chat(tool(0, '{"a": ', id="c", name="f")), chat({}, "length")]
        assert [] == tools_of(await from_openai(events).to_list())

    async def test_helper_events(self) -> None:
        """
        Of the events of the SDK's helper those count that have the chunk itself.
        """
        events: list[Event] = []
        for event in OPENAI_CHAT:
            events += [{"type": "chunk", "chunk": event}, {"type": "content.delta", "delta": "x", "snapshot": "x"}]
        assert await from_openai(OPENAI_CHAT).to_list() == await from_openai(events).to_list()

    async def test_done_marks_the_end(self) -> None:
        """
        The mark of the end is one, too, for servers that give no reason to stop.
        """
        chunks: list[Any] = await from_openai([chat({"content": "a"}), "[DONE]"]).to_list()
        assert {"type": "done", "usage": []} == chunks[-1]

    async def test_error(self) -> None:
        """
        An error in the place of a chunk is the server's.
        """
        error = {"error": {"message": "secret", "type": "server_error", "code": None}}
        with pytest.raises(BadGatewayError) as caught:
            await from_openai([chat({"content": "a"}), error]).drain()
        assert "secret (server_error)" == str(caught.value.__cause__)
        with pytest.raises(UnavailableError):
            await from_openai([chat({"content": "a"}), {"error": {"message": "x", "code": 429}}]).drain()

    async def test_more_output_than_said(self) -> None:
        """
        Where thoughts are counted beside the output, they are added to it.
        """
        used = {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 22,
            "completion_tokens_details": {"reasoning_tokens": 7},
        }
        done: Any = await from_openai([chat({}, "stop"), chat(usage=used)]).last()
        assert (10, 12, 7, 22) == tuple(done["usage"][0][name] for name in ("input", "output", "reasoning", "total"))

    def test_not_this(self) -> None:
        """
        Events of another kind are refused before the first of this one, and passed over behind it.
        """
        reader = OpenAiChatReader()
        with pytest.raises(TypeError, match="chunks of a chat completion are expected, not dict"):
            reader.feed({"type": "message_start"})
        reader.feed(chat({"content": "a"}))
        assert [] == reader.feed({"type": "message_start"})


class TestLiteLlm:
    """
    litellm's objects: their class is a data model with fields of its own.
    """

    async def test_shapes(self) -> None:
        """
        Thoughts with signatures, and the end; the module of the first chunk says whose it is.
        """
        kind = type("ModelResponseStream", (SimpleNamespace,), {"__module__": "litellm.types.utils"})
        blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]
        deltas: list[Event] = [
            {"role": "assistant", "content": "", "reasoning_content": "Hm.", "thinking_blocks": blocks},
            {"content": "Hi", "tool_calls": None, "function_call": None, "audio": None},
        ]
        events = [kind(**vars(as_objects(chat(delta)))) for delta in deltas]
        events.append(kind(**vars(as_objects(chat({"content": None}, "stop")))))
        for make in (from_llm, from_litellm):
            chunks: list[Any] = await make(events).to_list()
            assert ["start", "reasoning", "reasoning", "text", "done"] == types_of(chunks)
            assert "litellm" == chunks[0]["provider"]
            assert "s" == chunks[2]["signature"]
