"""
`Llm` with real providers of pydantic-ai and the real SDKs below them, which ask a server that replays.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.bedrock import BedrockProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from jaystream import Llm
from jaystream.errors import JaypieError
from jaystream.testing import guard_leaks
from tests.contracts.llm_clients import SDKS
from tests.contracts.replay import Replay, replaying
from tests.llm.wires import ANTHROPIC, RESPONSE_USAGE, Event, chat, gemini, part, response, text_of, tools_of

pytestmark = [
    pytest.mark.leaks(allow_finalized=True, reason="the SDKs leave generators of theirs to the collector"),
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

_MESSAGE: Event = {"type": "message", "id": "msg_2", "role": "assistant", "content": [], "status": "in_progress"}
_SAID: Event = {"type": "output_text", "text": "It is 3.", "annotations": list[Any]()}


_ENDING: list[Event] = [
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.output_item.added", "output_index": 0, "item": _MESSAGE},
    part("response.content_part.added", "msg_2", 0, content_index=0, part={**_SAID, "text": ""}),
    part("response.output_text.delta", "msg_2", 0, content_index=0, delta="It is 3.", logprobs=[]),
    part("response.output_text.done", "msg_2", 0, content_index=0, text="It is 3.", logprobs=[]),
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {**_MESSAGE, "content": [_SAID], "status": "completed"},
    },
    {"type": "response.completed", "response": response("completed", usage={**RESPONSE_USAGE, "output_tokens": 5})},
]


def _anthropic(client: Any) -> Any:
    return AnthropicModel("claude-test", provider=AnthropicProvider(anthropic_client=client))


def _openai_chat(client: Any) -> Any:
    return OpenAIChatModel("gpt-test", provider=OpenAIProvider(openai_client=client))


def _openai_responses(client: Any) -> Any:
    return OpenAIResponsesModel("gpt-test", provider=OpenAIProvider(openai_client=client))


def _google(client: Any) -> Any:
    return GoogleModel("gemini-test", provider=GoogleProvider(client=client))


def _bedrock(client: Any) -> Any:
    return BedrockConverseModel("us.anthropic.claude-test-v1:0", provider=BedrockProvider(bedrock_client=client))


class Wire(NamedTuple):
    """
    One provider.

    Attributes:
        sdk: The name of its SDK in `llm_clients`, which has its first turn too: a thought, text, two tool calls.
        model: Makes pydantic-ai's model of the SDK's client.
        second: The events of the turn after the tools.
        tokens: What goes in and comes out in the two turns.
        cites: Whether pydantic-ai tells of the source in the first turn.
    """

    sdk: str
    model: Callable[[Any], Any]
    second: list[Event]
    tokens: list[tuple[int, int]]
    cites: bool = False


WIRES: dict[str, Wire] = {
    "anthropic": Wire(
        "anthropic",
        _anthropic,
        [
            ANTHROPIC[0],
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is 3."}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
             "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ],
        [(12, 20), (12, 5)],
        cites=True,
    ),
    "openai-chat": Wire(
        "openai-chat",
        _openai_chat,
        [
            chat({"role": "assistant", "content": "It is 3."}),
            chat({}, "stop"),
            chat(usage={"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}),
        ],
        [(12, 20), (12, 5)],
    ),
    "openai-responses": Wire(
        "openai-responses",
        _openai_responses,
        [{**event, "sequence_number": number} for number, event in enumerate(_ENDING)],
        [(12, 20), (12, 5)],
        cites=True,
    ),
    "google": Wire(
        "google",
        _google,
        [gemini({"text": "It is 3."}, finish="STOP")],
        [(12, 20), (12, 20)],
    ),
    "bedrock": Wire(
        "bedrock",
        _bedrock,
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "It is 3."}}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14},
             "metrics": {"latencyMs": 5}}},
        ],
        [(12, 20), (9, 5)],
    ),
}  # fmt: skip


_kept: list[Any] = []
"""Google's clients start a task when they are collected in a running loop, so they are not."""


@pytest.fixture(scope="module")
def server() -> Generator[Replay, None, None]:
    """
    The server of all tests here.
    """
    with replaying() as made:
        yield made


@asynccontextmanager
async def talking(name: str, url: str, **options: Any) -> AsyncGenerator[Llm, None]:
    """
    An `Llm` whose provider is at *url*, while the block runs.
    """
    sdk = SDKS[WIRES[name].sdk]
    client = sdk.client(url)
    _kept.append(client)
    try:
        yield Llm(WIRES[name].model(client), **options)
    finally:
        closing = sdk.close(client)
        if closing is not None:
            await closing


@pytest.mark.parametrize("name", WIRES)
class TestProviders:
    """
    Each provider.
    """

    async def test_conversation(self, server: Replay, name: str) -> None:
        """
        A whole conversation: the tools run, the provider is told what they gave, and it all comes as chunks.
        """
        wire = WIRES[name]
        sdk = SDKS[wire.sdk]
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type)
        server.requests.clear()

        def now() -> str:
            server.play(sdk.frame(wire.second), media_type=sdk.media_type)
            return "noon"

        async def add(a: int, b: int = 2) -> int:
            return a + b

        async with talking(name, server.url, tools=[now, add], system="Be brief.") as llm:
            chunks = await llm.stream("What is 1 + 2, and when?").to_list()
        assert "start" == chunks[0]["type"]
        assert ["Hm."] == [chunk["content"] for chunk in chunks if chunk["type"] == "reasoning" and chunk["content"]]
        assert "HelloIt is 3." == text_of(list(chunks))
        sources = [chunk["source"].get("url") for chunk in chunks if chunk["type"] == "source"]
        assert (["https://example.test/a"] if wire.cites else []) == sources
        calls = tools_of(list(chunks))
        assert [("now", {}), ("add", {"a": 1})] == [(tool, json.loads(arguments)) for _, tool, arguments in calls]
        results = [chunk["toolResult"] for chunk in chunks if chunk["type"] == "tool_result"]
        assert [("noon", calls[0][0]), (3, calls[1][0])] == [(result["result"], result["id"]) for result in results]
        done = [chunk for chunk in chunks if chunk["type"] == "done"]
        assert chunks[-1:] == done
        assert "end" == done[0].get("stopReason")
        assert wire.tokens == [(usage["input"], usage["output"]) for usage in done[0]["usage"]]
        first, second = (json.dumps(body) for _, body in server.requests)
        assert "Be brief." in first
        assert "noon" not in first
        assert "Be brief." in second
        assert "noon" in second

    async def test_early_exit(self, server: Replay, name: str) -> None:
        """
        Who takes no more stops the provider, at the first word or during a tool.
        """
        sdk = SDKS[WIRES[name].sdk]
        text = 1 + next(at for at, event in enumerate(sdk.events) if '"Hel"' in json.dumps(event))
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, hold=text)
        async with talking(name, server.url) as llm:
            async with llm.stream("Go").open() as chunks:
                async for chunk in chunks:
                    if chunk["type"] == "text":
                        break
            assert await asyncio.to_thread(server.left.wait, 10)

    async def test_cancelled(self, server: Replay, name: str) -> None:
        """
        So does a cancellation while the model thinks.
        """
        sdk = SDKS[WIRES[name].sdk]
        text = 1 + next(at for at, event in enumerate(sdk.events) if '"Hel"' in json.dumps(event))
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, hold=text)
        seen = asyncio.Event()

        def look(chunk: Any) -> None:
            if chunk["type"] == "text":
                seen.set()

        async with talking(name, server.url) as llm:
            run = asyncio.ensure_future(llm.stream("Go").for_each(look))
            await seen.wait()
            run.cancel()
            await asyncio.wait([run])
            assert run.cancelled()
            assert await asyncio.to_thread(server.left.wait, 10)

    @pytest.mark.parametrize(("theirs", "ours"), [(401, 502), (429, 503), (500, 502), (529, 503)])
    async def test_refused(self, server: Replay, name: str, theirs: int, ours: int) -> None:
        """
        A refusal is a status of ours, and what the provider says goes to no client.
        """
        server.play([b'{"error": {"message": "secret"}}'], status=theirs, media_type="application/json")
        async with talking(name, server.url) as llm:
            with pytest.raises(JaypieError) as caught:
                await llm.stream("Go").drain()
        assert ours == caught.value.status
        assert "secret" not in str(caught.value.body())

    async def test_dropped(self, server: Replay, name: str) -> None:
        """
        A connection that breaks in the middle is a 502, behind what came before.
        """
        sdk = SDKS[WIRES[name].sdk]
        text = 1 + next(at for at, event in enumerate(sdk.events) if '"Hel"' in json.dumps(event))
        server.play(sdk.frame(sdk.events), media_type=sdk.media_type, drop=text)
        got: list[Any] = []
        async with talking(name, server.url) as llm:
            with pytest.raises(JaypieError) as caught:
                await llm.stream("Go").for_each(got.append)
        assert 502 == caught.value.status
        assert "Hel".startswith(text_of(got))  # what the SDK gave before it saw the reset


class TestReasoning:
    """
    Thoughts that go back to who thought them.
    """

    async def test_signature(self, server: Replay) -> None:
        """
        A signed thought of a history comes back to the provider as a thought.
        """
        wire = WIRES["anthropic"]
        sdk = SDKS["anthropic"]
        server.play(sdk.frame(wire.second), media_type=sdk.media_type)
        server.requests.clear()
        thought_given = {"type": "reasoning", "text": "Hm.", "signature": "c2ln"}
        call = {"id": "toolu_1", "name": "now", "arguments": "{}"}
        history: list[Any] = [
            {"role": "user", "content": "When?"},
            {"role": "assistant", "content": [thought_given], "toolCalls": [call]},
            {"role": "tool", "toolCallId": "toolu_1", "content": "noon"},
        ]  # fmt: skip
        async with talking("anthropic", server.url) as llm:
            await llm.stream(history).drain()
        ((_, body),) = server.requests
        thought, used = body["messages"][1]["content"]
        assert {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"} == thought
        assert ("tool_use", "toolu_1") == (used["type"], used["id"])


class TestByName:
    """
    Providers that are named, with their keys and addresses in the environment.
    """

    @pytest.mark.parametrize(
        ("model", "wire", "address"),
        [
            ("anthropic:claude-test", "anthropic", ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "")),
            ("openai:gpt-test", "openai-responses", ("OPENAI_API_KEY", "OPENAI_BASE_URL", "/v1")),
        ],
    )
    def test_each_loop(
        self, server: Replay, model: str, wire: str, address: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        One `Llm` serves one event loop after the other, kept open or not, and leaves no connection behind.
        """
        key, variable, path = address
        monkeypatch.setenv(key, "test")
        monkeypatch.setenv(variable, server.url + path)
        sdk = SDKS[WIRES[wire].sdk]
        server.play(sdk.frame(WIRES[wire].second), media_type=sdk.media_type)
        llm = Llm(model)

        async def ask() -> str:
            return (await llm.operate("Go")).content

        async def keep() -> list[str]:
            async with llm:
                return [await ask(), await ask()]

        async def guarded(run: Callable[[], Any]) -> Any:
            async with guard_leaks(allow_finalized=True):
                return await run()

        assert "It is 3." == asyncio.run(guarded(ask))
        assert ["It is 3."] * 2 == asyncio.run(guarded(keep))
        assert "It is 3." == asyncio.run(guarded(ask))
