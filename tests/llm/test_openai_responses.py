"""
`from_openai` over the Responses API.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import from_openai
from jaystream.errors import BadGatewayError, UnavailableError
from tests.llm.wires import OPENAI_RESPONSES, Event, function_call, part, response, text_of, tools_of, types_of

DELTA = part("response.output_text.delta", "m", 0, delta="Hi")


def ending(status: str, **more: Any) -> Event:
    """
    The last event of a response.
    """
    return {"type": f"response.{status}", "response": response(status, **more)}


class TestOpenAiResponses:
    """
    Events of responses.
    """

    async def test_all(self) -> None:
        """
        Thoughts, text, a source, interleaved tool calls, and every token.
        """
        chunks: list[Any] = await from_openai(OPENAI_RESPONSES).to_list()
        assert [
            {"type": "start", "messageId": "resp_1", "model": "gpt-test", "provider": "openai"},
            {"type": "reasoning", "content": "Hm."},
            {"type": "text", "content": "Hel"},
            {"type": "text", "content": "lo"},
            {"type": "source", "source": {"id": "source-1", "url": "https://example.test/a", "title": "A"}},
        ] == chunks[:5]
        assert [("call_1", "now", "{}"), ("call_2", "add", '{"a": 1}')] == tools_of(chunks)
        expected = {"input": 12, "output": 20, "reasoning": 4, "total": 32, "cacheRead": 3}
        assert [{**expected, "provider": "openai", "model": "gpt-test"}] == chunks[-1]["usage"]

    @pytest.mark.parametrize(
        ("events", "reason"),
        [
            ([DELTA, ending("completed")], "end"),
            ([DELTA, ending("incomplete", incomplete_details={"reason": "max_output_tokens"})], "length"),
            ([DELTA, ending("incomplete", incomplete_details={"reason": "content_filter"})], "content_filter"),
            ([DELTA, ending("incomplete")], "other"),
            ([part("response.refusal.delta", "m", 0, delta="No."), ending("completed")], "refusal"),
            (
                [{"type": "response.output_item.done", "item": function_call(1, "f", "{}")}, ending("completed")],
                "tool_calls",
            ),
        ],
    )
    async def test_stop_reasons(self, events: list[Event], reason: str) -> None:
        """
        The last event says why the model stopped.
        """
        done: Any = await from_openai(events).last()
        assert reason == done["stopReason"]

    @pytest.mark.parametrize(
        ("event", "kind", "said"),
        [
            (ending("failed", error={"code": "server_error", "message": "secret"}), BadGatewayError, "secret"),
            (ending("failed", error={"code": "rate_limit_exceeded", "message": "x"}), UnavailableError, "x"),
            (ending("failed"), BadGatewayError, "the response failed"),
            (ending("cancelled"), BadGatewayError, "was cancelled"),
            ({"type": "error", "sequence_number": 1, "message": "secret", "code": None}, BadGatewayError, "secret"),
        ],
    )
    async def test_failures(self, event: Event, kind: type[Exception], said: str) -> None:
        """
        Failures are events, too, and are raised; what came before is given.
        """
        given: list[Any] = []
        with pytest.raises(kind) as caught:
            await from_openai([DELTA, event]).for_each(given.append)
        assert ["start", "text"] == types_of(given)
        assert said in str(caught.value.__cause__)

    async def test_tokens_of_a_failure(self) -> None:
        """
        A failure that is given as a chunk keeps the tokens.
        """
        used = {"input_tokens": 3, "output_tokens": 1}
        events = [DELTA, ending("failed", error={"code": "server_error", "message": "x"}, usage=used)]
        chunks: list[Any] = await from_openai(events, on_error="chunk").to_list()
        assert 4 == chunks[-1]["usage"][0]["total"]

    async def test_call_without_pieces(self) -> None:
        """
        A call that comes whole is shown like one that came in pieces; missing pieces are added.
        """
        item = {"type": "response.output_item.added", "item": function_call(1, "f")}
        piece = part("response.function_call_arguments.delta", "fc_1", 0, delta='{"a"')
        whole = {"type": "response.output_item.done", "item": function_call(1, "f", '{"a":1}')}
        for events in ([whole], [item, whole], [item, piece, whole]):
            chunks: list[Any] = await from_openai([*events, ending("completed")]).to_list()
            assert [("call_1", "f", '{"a":1}')] == tools_of(chunks)
            pieces = [chunk["toolCallDelta"]["delta"] for chunk in chunks if chunk["type"] == "tool_call_delta"]
            assert '{"a":1}' == "".join(pieces)

    async def test_pieces_that_do_not_fit(self) -> None:
        """
        Where the whole arguments are not what the pieces make, the whole ones count.
        """
        item = {"type": "response.output_item.added", "item": function_call(1, "f")}
        piece = part("response.function_call_arguments.delta", "fc_1", 0, delta='{"b"')
        whole = {"type": "response.output_item.done", "item": function_call(1, "f", '{"a":1}')}
        chunks: list[Any] = await from_openai([item, piece, whole, ending("completed")]).to_list()
        assert [("call_1", "f", '{"a":1}')] == tools_of(chunks)

    async def test_thoughts_apart(self) -> None:
        """
        Parts of a summary are paragraphs.
        """
        kind = "response.reasoning_summary_text.delta"
        events = [
            part(kind, "rs", 0, summary_index=0, delta="a"),
            part(kind, "rs", 0, summary_index=0, delta="b"),
            part(kind, "rs", 0, summary_index=1, delta="c"),
            ending("completed"),
        ]
        chunks: list[Any] = await from_openai(events).to_list()
        assert "ab\n\nc" == "".join(chunk["content"] for chunk in chunks if chunk["type"] == "reasoning")
        assert "" == text_of(chunks)

    async def test_not_this(self) -> None:
        """
        Events of another kind are passed over behind the first of this one.
        """
        events = [DELTA, {"type": "ping"}, {"other": 1}, ending("completed")]
        assert ["start", "text", "done"] == types_of(await from_openai(events).to_list())

    async def test_other_events(self) -> None:
        """
        Events of the provider's own tools, and those to come, are passed over; so is a piece of an unknown item.
        """
        events = [
            {"type": "response.web_search_call.searching", "item_id": "ws"},
            {"type": "response.something_new"},
            part("response.function_call_arguments.delta", "fc_9", 0, delta="{"),
            {"type": "response.output_item.done", "item": {"type": "web_search_call", "id": "ws"}},
            DELTA,
            ending("completed"),
        ]
        assert ["start", "text", "done"] == types_of(await from_openai(events).to_list())
