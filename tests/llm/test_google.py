"""
`from_google`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai.types import GenerateContentResponse

from jaystream import from_google
from jaystream.errors import BadGatewayError, UnavailableError
from tests.llm.wires import GOOGLE, Event, gemini, tools_of, types_of


class TestFromGoogle:
    """
    Responses of Gemini.
    """

    async def test_all(self) -> None:
        """
        Thoughts, text, a source, tool calls with their signature, and every token, thoughts included.
        """
        chunks: list[Any] = await from_google(GOOGLE).to_list()
        assert [
            {"type": "start", "messageId": "r1", "model": "gemini-test", "provider": "google"},
            {"type": "reasoning", "content": "Hm."},
            {"type": "text", "content": "Hel"},
            {"type": "text", "content": "lo"},
            {"type": "source", "source": {"id": "source-1", "url": "https://example.test/a", "title": "A"}},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "call_1", "name": "now", "delta": ""}},
            {
                "type": "tool_call",
                "toolCall": {
                    "id": "call_1",
                    "name": "now",
                    "arguments": "{}",
                    "metadata": {"thoughtSignature": "c2ln"},
                },
            },
            {"type": "tool_call_delta", "toolCallDelta": {"id": "call_2", "name": "add", "delta": ""}},
            {"type": "tool_call_delta", "toolCallDelta": {"id": "call_2", "delta": '{"a":1}'}},
            {"type": "tool_call", "toolCall": {"id": "call_2", "name": "add", "arguments": '{"a":1}'}},
        ] == chunks[:-1]
        expected = {"input": 12, "output": 20, "reasoning": 4, "total": 32, "cacheRead": 3}
        assert [{**expected, "provider": "google", "model": "gemini-test"}] == chunks[-1]["usage"]

    async def test_same_for_objects(self) -> None:
        """
        Objects of the SDK and the JSON of the REST API are read alike.
        """
        models = [GenerateContentResponse.model_validate(event) for event in GOOGLE]
        assert await from_google(GOOGLE).to_list() == await from_google(models).to_list()

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [("STOP", "end"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("OTHER", "other")],
    )
    async def test_stop_reasons(self, theirs: str, ours: str) -> None:
        """
        Each reason to stop has a word of ours, from the SDK's enum as well.
        """
        event = gemini({"text": "a"}, finish=theirs)
        for made in (event, GenerateContentResponse.model_validate(event)):
            done: Any = await from_google([made]).last()
            assert ours == done["stopReason"]

    async def test_several_turns(self) -> None:
        """
        Where the SDK runs tools by itself, each of its requests has tokens, and the last one a reason to stop.
        """
        call = gemini({"functionCall": {"name": "f", "args": {}}}, finish="STOP")
        events = [call, {**gemini({"text": "a"}), "responseId": "r2"}, {**gemini(finish="STOP"), "responseId": "r2"}]
        chunks: list[Any] = await from_google(events).to_list()
        assert [32, 32] == [used["total"] for used in chunks[-1]["usage"]]
        assert "end" == chunks[-1]["stopReason"]
        with pytest.raises(BadGatewayError):
            await from_google(events[:2]).drain()

    async def test_blocked(self) -> None:
        """
        A prompt that is blocked has no answer.
        """
        chunks: list[Any] = await from_google([{"promptFeedback": {"blockReason": "SAFETY"}}]).to_list()
        assert ["start", "done"] == types_of(chunks)
        assert "content_filter" == chunks[-1]["stopReason"]

    async def test_calls_without_ids(self) -> None:
        """
        Calls without an id get one each.
        """
        call: Event = {"functionCall": {"name": "f", "args": {}}}
        made = tools_of(await from_google([gemini(call, call, finish="STOP")]).to_list())
        assert 2 == len({id_ for id_, _, _ in made})

    async def test_calls_in_pieces(self) -> None:
        """
        Arguments that come in pieces, each with its place, are put together; text is added to text.
        """
        pieces: list[Event] = [
            {"name": "f", "willContinue": True},
            {"partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}], "willContinue": True},
            {"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}], "willContinue": True},
            {
                "partialArgs": [
                    {"jsonPath": "$.b[1].c", "numberValue": 2},
                    {"jsonPath": "$['d']", "boolValue": False},
                    {"jsonPath": "$.e", "nullValue": "NULL_VALUE"},
                ],
                "willContinue": True,
            },
            {},
        ]
        events = [gemini({"functionCall": piece}) for piece in pieces] + [gemini(finish="STOP")]
        for made in (events, [GenerateContentResponse.model_validate(event) for event in events]):
            ((_, name, arguments),) = tools_of(await from_google(made).to_list())
            assert "f" == name
            assert {"a": "xy", "b": [None, {"c": 2}], "d": False, "e": None} == json.loads(arguments)

    @pytest.mark.parametrize("path", ["$[0]", "$.a.b", "$.a[0]", "$.c[1000000000]"])
    async def test_no_such_place(self, path: str) -> None:
        """
        A piece that fits nowhere is the provider's failure.
        """
        pieces = [{"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": path, "stringValue": "y"}]
        with pytest.raises(BadGatewayError) as caught:
            await from_google([gemini({"functionCall": {"name": "f", "partialArgs": pieces}})]).drain()
        assert f"has no place at {path!r}" in str(caught.value.__cause__)

    async def test_signatures(self) -> None:
        """
        A signature is base64, whether the SDK has bytes or the wire has text; it may come beside text.
        """
        event = gemini({"text": "Hi", "thoughtSignature": "c2ln"}, finish="STOP")
        for made in (event, GenerateContentResponse.model_validate(event)):
            chunks: list[Any] = await from_google([made]).to_list()
            assert [{"type": "reasoning", "content": "", "signature": "c2ln"}] == chunks[2:-1]

    async def test_not_this(self) -> None:
        """
        Events of another kind are refused before the first of this one, and passed over behind it.
        """
        with pytest.raises(TypeError, match="responses of Google's generate_content_stream are expected"):
            await from_google([{"type": "ping"}]).drain()
        assert ["start", "text", "done"] == types_of(
            await from_google([gemini({"text": "a"}), {"type": "ping"}, gemini(finish="STOP")]).to_list()
        )

    async def test_error(self) -> None:
        """
        An error in the stream is the provider's.
        """
        error: Event = {"error": {"code": 503, "message": "secret", "status": "UNAVAILABLE"}}
        with pytest.raises(UnavailableError):
            await from_google([GOOGLE[0], error]).drain()
