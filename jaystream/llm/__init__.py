"""
Language models: their answers as streams of chunks, from any SDK. No SDK is imported here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.llm.answer import Answer
    from jaystream.llm.anthropic import AnthropicDecoder, from_anthropic
    from jaystream.llm.anything import AnyDecoder, from_llm
    from jaystream.llm.bedrock import BedrockDecoder, from_bedrock
    from jaystream.llm.decoder import EventDecoder
    from jaystream.llm.google import GoogleDecoder, from_google
    from jaystream.llm.langchain import LangChainDecoder, from_langchain
    from jaystream.llm.litellm import LiteLlmDecoder, from_litellm
    from jaystream.llm.llm import Llm
    from jaystream.llm.openai import OpenAiDecoder, from_openai
    from jaystream.llm.openai_chat import OpenAiChatDecoder
    from jaystream.llm.openai_responses import OpenAiResponsesDecoder
    from jaystream.llm.pydantic_ai import PydanticAiDecoder, from_pydantic_ai
    from jaystream.llm.tools import Pending, Tool, ToolLike

__all__ = [
    "Answer",
    "AnthropicDecoder",
    "AnyDecoder",
    "BedrockDecoder",
    "EventDecoder",
    "GoogleDecoder",
    "LangChainDecoder",
    "LiteLlmDecoder",
    "Llm",
    "OpenAiChatDecoder",
    "OpenAiDecoder",
    "OpenAiResponsesDecoder",
    "Pending",
    "PydanticAiDecoder",
    "Tool",
    "ToolLike",
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
    "Answer": "answer",
    "AnthropicDecoder": "anthropic",
    "AnyDecoder": "anything",
    "BedrockDecoder": "bedrock",
    "EventDecoder": "decoder",
    "GoogleDecoder": "google",
    "LangChainDecoder": "langchain",
    "LiteLlmDecoder": "litellm",
    "Llm": "llm",
    "OpenAiChatDecoder": "openai_chat",
    "OpenAiDecoder": "openai",
    "OpenAiResponsesDecoder": "openai_responses",
    "Pending": "tools",
    "PydanticAiDecoder": "pydantic_ai",
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
