"""
`from_anthropic`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import from_anthropic
from jaystream.errors import ProviderError, UnavailableError
from jaystream.llm import AnthropicReader
from tests.llm.wires import ANTHROPIC, Event, text_of, tools_of, types_of


def block(index: int, **content: Any) -> Event:
    """
    The start of a content block.
    """
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, **given: Any) -> Event:
    """
    A piece of a content block.
    """
    return {"type": "content_block_delta", "index": index, "delta": given}


def ending(reason: str, **used: int) -> list[Event]:
    """
    The end of a message.
    """
    return [{"type": "message_delta", "delta": {"stop_reason": reason}, "usage": used}, {"type": "message_stop"}]


class TestFromAnthropic:
    """
    Events of the messages API.
    """

    async def test_all(self) -> None:
        """
        Thoughts with their signature, text, a source, both tool calls, and every token.
        """
        assert [
            {"type": "start", "messageId": "msg_1", "model": "claude-test", "provider": "anthropic"},
            {"type": "reasoning", "content": "Hm."},
            {"type": "reasoning", "content": "", "signature": "c2ln"},
            {"type": "text", "content": "Hel"},
            {"type": "source", "source": {"id": "source-1", "url": "https://example.test/a", "title": "A"}},
            {"type": "text", "content": "lo"},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "toolu_1", "name": "now", "delta": ""}},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "toolu_2", "name": "add", "delta": ""}},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "toolu_2", "delta": '{"a": 1'}},
            {"type": "tool_call", "toolCall": {"id": "toolu_1", "name": "now", "arguments": "{}"}},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "toolu_2", "delta": "}"}},
            {"type": "tool_call", "toolCall": {"id": "toolu_2", "name": "add", "arguments": '{"a": 1}'}},
            {
                "type": "done",
                "usage": [
                    {
                        "input": 12,
                        "output": 20,
                        "reasoning": 0,
                        "total": 32,
                        "cacheRead": 3,
                        "cacheWrite": 2,
                        "provider": "anthropic",
                        "model": "claude-test",
                    }
                ],
                "stopReason": "tool_calls",
            },
        ] == await from_anthropic(ANTHROPIC).to_list()

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("end_turn", "end"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("stop_sequence", "stop_sequence"),
            ("tool_use", "tool_calls"),
            ("pause_turn", "pause"),
            ("refusal", "refusal"),
            ("something_new", "other"),
        ],
    )
    async def test_stop_reasons(self, theirs: str, ours: str) -> None:
        """
        Each reason to stop has a word of ours.
        """
        done: Any = await from_anthropic(ending(theirs)).last()
        assert ours == done["stopReason"]

    async def test_helper_events(self) -> None:
        """
        What the SDK's helper puts beside the events says the same, and is not given twice.
        """

        class Helper:
            def __init__(self, kind: str) -> None:
                self.type = kind
                self.text = "Hi"

        events = [Helper("text"), delta(0, type="text_delta", text="Hi"), Helper("text"), *ending("end_turn")]
        assert "Hi" == text_of(await from_anthropic(events).to_list())

    async def test_cut_call(self) -> None:
        """
        A tool call that the model could not finish is not given; one with broken arguments is, if it meant to call.
        """
        events = [
            block(0, type="tool_use", id="t", name="add", input={}),
            delta(0, type="input_json_delta", partial_json='{"a": '),
            {"type": "content_block_stop", "index": 0},
        ]
        cut: list[Any] = await from_anthropic([*events, *ending("max_tokens")]).to_list()
        assert ["start", "tool_call_delta", "tool_call_delta", "done"] == types_of(cut)
        meant: list[Any] = await from_anthropic([*events, *ending("tool_use")]).to_list()
        assert [("t", "add", '{"a": ')] == tools_of(meant)

    async def test_whole_blocks(self) -> None:
        """
        What a block has at its start counts too, as recorded messages and other servers have it.
        """
        events = [
            block(0, type="thinking", thinking="Hm.", signature="s"),
            block(1, type="text", text="Hi", citations=[{"document_title": "Doc"}, {"document_title": "Doc"}]),
            block(2, type="tool_use", id="t", name="add", input={"a": 1}),
            {"type": "content_block_stop", "index": 2},
            block(3, type="web_search_tool_result", content=[{"url": "https://b.test", "title": "B"}]),
            block(4, type="server_tool_use", id="x", name="web_search", input={}),
            block(5, type="redacted_thinking", data="x"),
            *ending("tool_use"),
        ]
        chunks: list[Any] = await from_anthropic(events).to_list()
        assert {"type": "reasoning", "content": "Hm.", "signature": "s"} in chunks
        assert [("t", "add", '{"a":1}')] == tools_of(chunks)
        assert [{"id": "source-1", "title": "Doc"}, {"id": "source-2", "url": "https://b.test", "title": "B"}] == [
            chunk["source"] for chunk in chunks if chunk["type"] == "source"
        ]

    async def test_several_turns(self) -> None:
        """
        Messages behind one another are one answer, each with its tokens.
        """
        start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}}
        turn = [start, delta(0, type="text_delta", text="a"), *ending("end_turn", output_tokens=5)]
        chunks: list[Any] = await from_anthropic([*turn, *turn]).to_list()
        assert ["start", "text", "text", "done"] == types_of(chunks)
        assert [(1, 5), (1, 5)] == [(used["input"], used["output"]) for used in chunks[-1]["usage"]]

    async def test_cut_in_a_later_turn(self) -> None:
        """
        The end of the first message is not that of the second.
        """
        start = {"type": "message_start", "message": {"id": "m"}}
        with pytest.raises(Exception, match="could not answer"):
            await from_anthropic([start, *ending("tool_use"), start]).drain()

    async def test_thinking_tokens(self) -> None:
        """
        Tokens of thoughts are part of the output.
        """
        end = ending("end_turn")
        end[0]["usage"] = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
        done: Any = await from_anthropic(end).last()
        assert (9, 4, 9) == tuple(done["usage"][0][name] for name in ("output", "reasoning", "total"))

    async def test_end_without_a_reason(self) -> None:
        """
        An end that does not say why has none.
        """
        events: list[Event] = [{"type": "message_delta", "delta": {}}, {"type": "message_stop"}]
        assert {"type": "done", "usage": []} == await from_anthropic(events).last()

    async def test_error_event(self) -> None:
        """
        An error within the stream is what it is over HTTP.
        """
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
        with pytest.raises(UnavailableError) as caught:
            await from_anthropic([error]).drain()
        assert "busy (overloaded_error)" == str(caught.value.__cause__)

    def test_machine(self) -> None:
        """
        The machine alone: nothing for a ping, an unknown delta, or a piece of an unknown block.
        """
        reader = AnthropicReader()
        assert [] == reader.feed({"type": "ping"})
        assert [] == reader.feed(delta(0, type="something_new"))
        assert [] == reader.feed(delta(0, type="input_json_delta", partial_json="{"))
        assert [] == reader.feed({"type": "content_block_stop", "index": 9})
        with pytest.raises(ProviderError, match=r"ended before the answer did \(cut_off\)"):
            reader.flush()
