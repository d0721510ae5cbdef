"""
Language models: their answers as streams of chunks, from any SDK. No SDK is imported here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.llm.answer import Answer
    from jaystream.llm.anthropic import AnthropicReader, from_anthropic
    from jaystream.llm.anything import AnyReader, from_llm
    from jaystream.llm.bedrock import BedrockReader, from_bedrock
    from jaystream.llm.event_reader import EventReader
    from jaystream.llm.google import GoogleReader, from_google
    from jaystream.llm.langchain import LangChainReader, from_langchain
    from jaystream.llm.litellm import LiteLlmReader, from_litellm
    from jaystream.llm.llm import Llm
    from jaystream.llm.openai import OpenAiReader, from_openai
    from jaystream.llm.openai_chat import OpenAiChatReader
    from jaystream.llm.openai_responses import OpenAiResponsesReader
    from jaystream.llm.pydantic_ai import PydanticAiReader, from_pydantic_ai
    from jaystream.llm.requests import AgUiRequest, ChatRequest, UiRequest
    from jaystream.llm.tools import Pending, Tool, ToolLike

__all__ = [
    "AgUiRequest",
    "Answer",
    "AnthropicReader",
    "AnyReader",
    "BedrockReader",
    "ChatRequest",
    "EventReader",
    "GoogleReader",
    "LangChainReader",
    "LiteLlmReader",
    "Llm",
    "OpenAiChatReader",
    "OpenAiReader",
    "OpenAiResponsesReader",
    "Pending",
    "PydanticAiReader",
    "Tool",
    "ToolLike",
    "UiRequest",
    "from_anthropic",
    "from_bedrock",
    "from_google",
    "from_langchain",
    "from_litellm",
    "from_llm",
    "from_openai",
    "from_pydantic_ai",
]

_HOMES = {
    "AgUiRequest": "requests",
    "ChatRequest": "requests",
    "UiRequest": "requests",
    "Answer": "answer",
    "AnthropicReader": "anthropic",
    "AnyReader": "anything",
    "BedrockReader": "bedrock",
    "EventReader": "event_reader",
    "GoogleReader": "google",
    "LangChainReader": "langchain",
    "LiteLlmReader": "litellm",
    "Llm": "llm",
    "OpenAiChatReader": "openai_chat",
    "OpenAiReader": "openai",
    "OpenAiResponsesReader": "openai_responses",
    "Pending": "tools",
    "PydanticAiReader": "pydantic_ai",
    "Tool": "tools",
    "ToolLike": "tools",
    "from_anthropic": "anthropic",
    "from_bedrock": "bedrock",
    "from_google": "google",
    "from_langchain": "langchain",
    "from_litellm": "litellm",
    "from_llm": "anything",
    "from_openai": "openai",
    "from_pydantic_ai": "pydantic_ai",
}
"""Where each name is; a Lambda that reads one provider loads that one."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"jaystream.llm.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
