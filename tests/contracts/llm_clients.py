"""
The real SDKs, each with one question to ask of `replay`. Not a test.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, NamedTuple

import anthropic
import httpx2
import openai
from google import genai
from google.genai.types import HttpOptions, HttpRetryOptions

from tests.contracts.replay import AWS_STREAM, EVENT_STREAM, aws, sse
from tests.llm.wires import ANTHROPIC, BEDROCK, GOOGLE, OPENAI_CHAT, OPENAI_RESPONSES, Event

boto3: Any = import_module("boto3")  # has no types
botocore_config: Any = import_module("botocore.config")

QUESTION: Any = [{"role": "user", "content": "Why?"}]


class Sdk(NamedTuple):
    """
    One way to ask one SDK.

    Attributes:
        client: Makes its client, for the server's address.
        ask: Gives what the SDK hands out for an answer.
        close: Closes the client.
        events: The answer.
        frame: The bytes of events, one piece each.
        media_type: Their content type.
        blocking: Whether *ask* gives a callable that blocks.
    """

    client: Callable[[str], Any]
    ask: Callable[[Any], Any]
    close: Callable[[Any], Any]
    events: list[Event]
    frame: Callable[[list[Event]], list[bytes]]
    media_type: str = EVENT_STREAM
    blocking: bool = False


def _named(events: list[Event]) -> list[bytes]:
    return sse(events, named=True)


def _plain(events: list[Event]) -> list[bytes]:
    return sse(events, named=False, done=True)


def _crlf(events: list[Event]) -> list[bytes]:
    return sse(events, named=False, ending="\r\n")


def _boto3(url: str) -> Any:
    config = botocore_config.Config(retries={"total_max_attempts": 1}, read_timeout=20, connect_timeout=5)
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the server asks for none
        config=config,
    )


def _gemini(url: str) -> Any:
    # where aiohttp is, as here, it is taken for what is async
    options = HttpOptions(base_url=url, retry_options=HttpRetryOptions(attempts=1))
    return genai.Client(api_key="test", http_options=options)


def _gemini_httpx(url: str) -> Any:
    options = HttpOptions(
        base_url=url, retry_options=HttpRetryOptions(attempts=1), httpx_async_client=httpx2.AsyncClient()
    )
    return genai.Client(api_key="test", http_options=options)


def _messages(client: Any) -> Any:
    return client.messages.create(model="claude-test", max_tokens=9, messages=QUESTION, stream=True)


def _messages_helper(client: Any) -> Any:
    return client.messages.stream(model="claude-test", max_tokens=9, messages=QUESTION)


def _chat(client: Any) -> Any:
    return client.chat.completions.create(model="gpt-test", messages=QUESTION, stream=True)


def _chat_helper(client: Any) -> Any:
    return client.chat.completions.stream(model="gpt-test", messages=QUESTION)


def _responses(client: Any) -> Any:
    return client.responses.create(model="gpt-test", input="Why?", stream=True)


def _responses_helper(client: Any) -> Any:
    return client.responses.stream(model="gpt-test", input="Why?")


def _generate(client: Any) -> Any:
    return client.models.generate_content_stream(model="gemini-test", contents="Why?")


def _generate_async(client: Any) -> Any:
    return client.aio.models.generate_content_stream(model="gemini-test", contents="Why?")


def _converse(client: Any) -> Any:
    return client.converse_stream(modelId="test", messages=[{"role": "user", "content": [{"text": "Why?"}]}])


def _called(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def later(client: Any) -> Callable[[], Any]:
        return lambda: ask(client)

    return later


def _anthropic(url: str) -> Any:
    return anthropic.AsyncAnthropic(api_key="test", base_url=url, max_retries=0)


def _anthropic_blocking(url: str) -> Any:
    return anthropic.Anthropic(api_key="test", base_url=url, max_retries=0)


def _openai(url: str) -> Any:
    return openai.AsyncOpenAI(api_key="test", base_url=f"{url}/v1", max_retries=0)


def _openai_blocking(url: str) -> Any:
    return openai.OpenAI(api_key="test", base_url=f"{url}/v1", max_retries=0)


def _close(client: Any) -> Any:
    return client.close()


async def _close_gemini(client: Any) -> None:
    await client.aio.aclose()
    client.close()


SDKS: dict[str, Sdk] = {
    "anthropic": Sdk(_anthropic, _messages, _close, ANTHROPIC, _named),
    "anthropic-helper": Sdk(_anthropic, _messages_helper, _close, ANTHROPIC, _named),
    "anthropic-blocking": Sdk(_anthropic_blocking, _messages, _close, ANTHROPIC, _named),
    "anthropic-blocking-helper": Sdk(_anthropic_blocking, _messages_helper, _close, ANTHROPIC, _named),
    "openai-chat": Sdk(_openai, _chat, _close, OPENAI_CHAT, _plain),
    "openai-chat-helper": Sdk(_openai, _chat_helper, _close, OPENAI_CHAT, _plain),
    "openai-chat-blocking": Sdk(_openai_blocking, _chat, _close, OPENAI_CHAT, _plain),
    "openai-responses": Sdk(_openai, _responses, _close, OPENAI_RESPONSES, _named),
    "openai-responses-helper": Sdk(_openai, _responses_helper, _close, OPENAI_RESPONSES, _named),
    "google": Sdk(_gemini, _generate_async, _close_gemini, GOOGLE, _crlf),
    "google-httpx2": Sdk(_gemini_httpx, _generate_async, _close_gemini, GOOGLE, _crlf),
    "google-blocking": Sdk(_gemini, _generate, _close_gemini, GOOGLE, _crlf),
    "anthropic-call": Sdk(_anthropic_blocking, _called(_messages), _close, ANTHROPIC, _named, blocking=True),
    "openai-chat-call": Sdk(_openai_blocking, _called(_chat), _close, OPENAI_CHAT, _plain, blocking=True),
    "bedrock": Sdk(_boto3, _called(_converse), _close, BEDROCK, aws, AWS_STREAM, blocking=True),
}


_kept: list[Any] = []
"""Google's clients start a task when they are collected in a running loop, so they are not."""


@asynccontextmanager
async def asking(sdk: Sdk, url: str) -> AsyncGenerator[Callable[[], Any], None]:
    """
    A client of *sdk* while the block runs: what gives an answer of it, unopened.
    """
    client = sdk.client(url)
    _kept.append(client)
    try:
        yield lambda: sdk.ask(client)
    finally:
        closing = sdk.close(client)
        if closing is not None:
            await closing
