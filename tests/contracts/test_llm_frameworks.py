"""
The adapters over pydantic-ai and LangChain themselves, with the models that both have for tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelRequest
from pydantic_ai.models.function import (
    AgentInfo,
    DeltaThinkingCalls,
    DeltaThinkingPart,
    DeltaToolCall,
    DeltaToolCalls,
    FunctionModel,
)
from pydantic_ai.models.test import TestModel

from jaystream import from_langchain, from_llm, from_pydantic_ai
from jaystream.errors import JaypieError
from tests.llm.wires import text_of, tools_of, types_of

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun

Made = AsyncIterator[str | DeltaToolCalls | DeltaThinkingCalls]

QUESTION: list[ModelMessage] = [ModelRequest.user_text_prompt("Why?")]


async def answer(messages: list[ModelMessage], info: AgentInfo) -> Made:
    """
    A model that thinks, speaks and calls two tools, and says "Done." when they have answered.
    """
    if len(messages) > 1:
        yield "Done."
        return
    yield {0: DeltaThinkingPart(content="Hm.", signature="s")}
    yield "Hel"
    yield "lo"
    yield {1: DeltaToolCall(name="add", json_args='{"a":', tool_call_id="c1")}
    yield {1: DeltaToolCall(json_args=" 1}")}
    yield {2: DeltaToolCall(name="now", json_args="{}", tool_call_id="c2")}


class TestPydanticAi:
    """
    pydantic-ai's streams.
    """

    async def test_request(self) -> None:
        """
        One request of a model: the context manager as it is given, the tokens and the reason at the end.
        """
        for make in (from_pydantic_ai, from_llm):
            chunks: list[Any] = await make(
                model_request_stream(FunctionModel(stream_function=answer), QUESTION)
            ).to_list()
            assert "Hello" == text_of(chunks)
            assert {"type": "reasoning", "content": "Hm.", "signature": "s"} in chunks
            assert [("c1", "add", '{"a": 1}'), ("c2", "now", "{}")] == tools_of(chunks)
            assert ["start", "done"] == [types_of(chunks)[0], types_of(chunks)[-1]]
            assert "tool_calls" == chunks[-1]["stopReason"]
            assert chunks[-1]["usage"][0]["total"] > 0
            assert "function::answer" == chunks[-1]["usage"][0]["model"]

    async def test_opened(self) -> None:
        """
        A stream that the caller has opened stays the caller's to leave.
        """
        async with model_request_stream(FunctionModel(stream_function=answer), QUESTION) as opened:
            stream = from_llm(opened)
            assert "StreamedResponse" in repr(stream)
            chunks: list[Any] = await stream.to_list()
        assert "Hello" == text_of(chunks)
        assert chunks[-1]["usage"][0]["total"] > 0

    async def test_test_model(self) -> None:
        """
        Its model for tests.
        """
        stream = model_request_stream(TestModel(custom_output_text="Hello you"), QUESTION)
        chunks: list[Any] = await from_llm(stream).to_list()
        assert "Hello you" == text_of(chunks)
        assert "end" == chunks[-1]["stopReason"]

    async def test_agent(self) -> None:
        """
        An agent's run: calls, their results, failures of tools, and the turns after.
        """
        agent = Agent(FunctionModel(stream_function=answer))

        @agent.tool_plain
        def add(a: int) -> int:
            return a + 1

        @agent.tool_plain
        def now() -> str:
            raise ModelRetry("no clock")

        chunks: list[Any] = await from_llm(agent.run_stream_events("Why?")).to_list()
        results = {chunk["toolResult"]["id"]: chunk["toolResult"] for chunk in chunks if chunk["type"] == "tool_result"}
        assert {"id": "c1", "name": "add", "result": 2} == results["c1"]
        assert results["c2"]["isError"]
        assert "HelloDone." == text_of(chunks)
        assert "end" == chunks[-1]["stopReason"]
        assert chunks[-1]["usage"][0]["total"] > 0

    async def test_failure(self) -> None:
        """
        A failure of the model is one of the provider.
        """

        async def fail(messages: list[ModelMessage], info: AgentInfo) -> Made:
            yield "Hel"
            raise ModelHTTPError(401, "m", {"error": "secret"})

        given: list[Any] = []
        with pytest.raises(JaypieError) as caught:
            await from_llm(model_request_stream(FunctionModel(stream_function=fail), QUESTION)).for_each(given.append)
        assert 502 == caught.value.status
        assert "Hel" == text_of(given)

    @pytest.mark.leaks(allow_finalized=True, reason="pydantic-ai leaves generators of its own to the collector")
    @pytest.mark.parametrize("cancel", [True, False])
    async def test_left(self, cancel: bool) -> None:
        """
        Who leaves early closes the model's stream, by an early stop and by a cancellation.
        """
        closed, waits = asyncio.Event(), asyncio.Event()

        async def endless(messages: list[ModelMessage], info: AgentInfo) -> Made:
            try:
                yield "a"
                waits.set()
                await asyncio.Event().wait()
                yield "b"
            finally:
                closed.set()

        chunks = from_llm(model_request_stream(FunctionModel(stream_function=endless), QUESTION))
        if cancel:
            run = asyncio.ensure_future(chunks.drain())
            await waits.wait()
            run.cancel()
            await asyncio.wait([run])
            assert run.cancelled()
        else:
            assert ["start", "text"] == types_of(await chunks.take(2).to_list())
        await closed.wait()


class Pieces(BaseChatModel):
    """
    A model of LangChain that streams the messages it is given.
    """

    pieces: list[AIMessageChunk]

    @property
    def _llm_type(self) -> str:
        return "pieces"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.pieces:
            yield ChatGenerationChunk(message=piece)


class TestLangChain:
    """
    LangChain's streams.
    """

    async def test_fake_model(self) -> None:
        """
        Its model for tests, async and blocking.
        """
        for way in ("astream", "stream"):
            model = GenericFakeChatModel(messages=iter([AIMessage(content="Hello you")]))
            chunks: list[Any] = await from_llm(getattr(model, way)("Why?")).to_list()
            assert "Hello you" == text_of(chunks)
            assert ["start", "done"] == [types_of(chunks)[0], types_of(chunks)[-1]]

    async def test_pieces(self) -> None:
        """
        Thoughts, text and tool calls in pieces, tokens and the reason at the end.
        """
        used = UsageMetadata(input_tokens=5, output_tokens=3, total_tokens=8)
        pieces = [
            AIMessageChunk(content=[{"type": "thinking", "thinking": "Hm.", "index": 0}]),
            AIMessageChunk(content=[{"type": "text", "text": "Hello", "index": 1}]),
            AIMessageChunk(
                content="",
                tool_call_chunks=[ToolCallChunk(name="add", args='{"a"', id="c", index=0, type="tool_call_chunk")],
            ),
            AIMessageChunk(
                content="",
                tool_call_chunks=[ToolCallChunk(name=None, args=":1}", id=None, index=0, type="tool_call_chunk")],
            ),
            AIMessageChunk(content="", usage_metadata=used, response_metadata={"stop_reason": "tool_use"}),
        ]
        for make in (from_langchain, from_llm):
            chunks: list[Any] = await make(Pieces(pieces=pieces).astream("Why?")).to_list()
            assert "Hello" == text_of(chunks)
            assert {"type": "reasoning", "content": "Hm."} in chunks
            assert [("c", "add", '{"a":1}')] == tools_of(chunks)
            assert "tool_calls" == chunks[-1]["stopReason"]
            assert 8 == chunks[-1]["usage"][0]["total"]

    async def test_left(self) -> None:
        """
        Who leaves early closes the model's stream, inner generators included.
        """
        closed: list[str] = []

        class Endless(Pieces):
            async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
                try:
                    while True:
                        yield ChatGenerationChunk(message=AIMessageChunk(content="a"))
                finally:
                    closed.append("closed")

        chunks = await from_llm(Endless(pieces=[]).astream("Why?")).take(3).to_list()
        assert ["start", "text", "text"] == types_of(chunks)
        assert ["closed"] == closed
