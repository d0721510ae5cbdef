"""
What type checkers make of the adapters over the SDKs' own types. Checked, never run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from pydantic_ai.direct import model_request_stream

from jaystream import (
    JaypieStream,
    Llm,
    from_anthropic,
    from_bedrock,
    from_google,
    from_langchain,
    from_llm,
    from_openai,
    from_pydantic_ai,
)
from jaystream.formats import LlmChunk
from jaystream.llm import Answer, Tool
from jaystream.llm.messages import LlmMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from anthropic import Anthropic, AsyncAnthropic
    from anthropic.types import MessageParam
    from google.genai import Client
    from google.genai.types import GenerateContentResponse
    from langchain_core.language_models import BaseChatModel
    from openai import AsyncOpenAI, OpenAI
    from pydantic_ai import Agent


def check_anthropic(client: AsyncAnthropic, blocking: Anthropic, messages: list[MessageParam]) -> None:
    """
    Streams and managers, async and blocking.
    """
    assert_type(
        from_anthropic(client.messages.stream(model="m", max_tokens=1, messages=messages)), JaypieStream[LlmChunk]
    )
    from_llm(client.messages.create(model="m", max_tokens=1, messages=messages, stream=True))
    from_llm(lambda: client.messages.create(model="m", max_tokens=1, messages=messages, stream=True))
    from_llm(blocking.messages.create(model="m", max_tokens=1, messages=messages, stream=True))
    from_llm(blocking.messages.stream(model="m", max_tokens=1, messages=messages))


def check_openai(client: AsyncOpenAI, blocking: OpenAI) -> None:
    """
    Both APIs.
    """
    chat = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True)
    assert_type(from_openai(chat), JaypieStream[LlmChunk])
    from_llm(client.responses.create(model="m", input="?", stream=True))
    from_llm(client.responses.stream(model="m", input="?"))
    from_llm(blocking.responses.create(model="m", input="?", stream=True))


def check_others(
    client: Client,
    responses: Coroutine[Any, Any, AsyncIterator[GenerateContentResponse]],
    model: BaseChatModel,
    agent: Agent,
) -> None:
    """
    Coroutines, generators, context managers, callables.
    """
    models: Any = client.models  # its signatures speak of types of images that not every machine has
    from_google(models.generate_content_stream(model="m", contents="?"))
    assert_type(from_google(responses), JaypieStream[LlmChunk])
    assert_type(from_langchain(model.astream("?")), JaypieStream[LlmChunk])
    assert_type(from_pydantic_ai(model_request_stream("m", [])), JaypieStream[LlmChunk])
    from_llm(agent.run_stream_events("?"))
    assert_type(from_bedrock(lambda: {"stream": []}), JaypieStream[LlmChunk])


def check_pipelines(chunks: JaypieStream[LlmChunk]) -> None:
    """
    Operators on text take chunks.
    """
    assert_type(chunks.smooth(by="word").timeout(first=5), JaypieStream[LlmChunk])
    assert_type(chunks.text(), JaypieStream[str])
    assert_type(chunks.format_sse(), JaypieStream[bytes])


def check_refused() -> None:
    """
    What events cannot come from, and other words.
    """
    from_llm(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    from_llm([], on_error="ignore")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def check_asking() -> None:
    """
    `Llm`: its chunks, and the whole answer.
    """

    def double(n: int) -> int:
        return 2 * n

    llm = Llm("test", tools=[double, Tool(double, approval=True)], settings={"max_tokens": 9})
    assert_type(llm.stream("Hi"), JaypieStream[LlmChunk])
    assert_type(llm.stream([{"role": "user", "content": "Hi"}]).format_ai_sdk(), JaypieStream[bytes])
    assert_type(await llm.operate("Hi"), Answer)
    assert_type((await llm.operate("Hi")).messages, list[LlmMessage])
    llm.stream(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
