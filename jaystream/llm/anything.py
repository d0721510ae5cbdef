"""
`from_llm`: the stream of any SDK, told apart by its first event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from jaystream.llm.anthropic import AnthropicReader, is_anthropic
from jaystream.llm.bedrock import BedrockReader, is_bedrock
from jaystream.llm.choosing import ChoosingReader
from jaystream.llm.google import GoogleReader, is_google
from jaystream.llm.langchain import LangChainReader, is_langchain
from jaystream.llm.litellm import LiteLlmReader
from jaystream.llm.openai_chat import OpenAiChatReader, is_openai_chat
from jaystream.llm.openai_responses import OpenAiResponsesReader, is_openai_responses
from jaystream.llm.pydantic_ai import PydanticAiReader, is_pydantic_ai
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.event_reader import EventReader
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["AnyReader", "from_llm"]

KINDS: Final[tuple[tuple[Callable[[Any], bool], type[EventReader]], ...]] = (
    (is_pydantic_ai, PydanticAiReader),
    (is_openai_responses, OpenAiResponsesReader),
    (is_openai_chat, OpenAiChatReader),
    (is_langchain, LangChainReader),
    (is_anthropic, AnthropicReader),
    (is_bedrock, BedrockReader),
    (is_google, GoogleReader),
)


class AnyReader(ChoosingReader):
    """
    Reads the events of any of the others, by what the first event is.

    >>> AnyReader().feed({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi"}}})
    [{'type': 'start', 'provider': 'bedrock'}, {'type': 'text', 'content': 'Hi'}]
    """

    __slots__ = ()
    expects = "events of Anthropic, OpenAI, Google, Bedrock, pydantic-ai, litellm or LangChain"

    def choose(self, event: Any) -> type[EventReader] | None:
        """
        Which machine reads such an event, None for none.
        """
        for fits, kind in KINDS:
            if fits(event):
                theirs = kind is OpenAiChatReader and type(event).__module__.startswith("litellm")
                return LiteLlmReader if theirs else kind
        return None


def from_llm(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of a language model's answer, from the stream of any SDK: Anthropic's, OpenAI's (chat completions and
    Responses), Google's, Bedrock's, and those of pydantic-ai, litellm and LangChain.

    No SDK is imported: the first event tells what it is. `start` comes with the first text, thought or tool call, so
    `timeout(first=)` and `fallback` mean what a reader sees; `done` is the last, with the tokens and the reason why the
    model stopped.

    Args:
        source: What the SDK gives, before it is awaited or entered: a coroutine, a context manager, an iterable, async
            or blocking, or the dict of boto3. Also a callable that gives any of these, which can run again; it is
            called in the event loop, but for *blocking*. Also events that were recorded or parsed, as dicts or as
            `SseEvent`, which is what `parse_sse` makes of a provider's bytes.
        provider: Its name in `start` and the usage; by default that of the SDK.
        model: The model's, where the events do not say it.
        on_error: What becomes of a failure of the provider: "raise" raises the `JaypieError` that it is for our
            client, "chunk" gives it as an `error` chunk, with `done` behind it. No text of the provider goes to the
            client.
        blocking: Whether *source* is a callable that blocks until its answer begins, as with a client without async; it
            is then called in the worker thread that reads the answer.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if no provider has such events, or
            they are bytes.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider, and for an answer that is cut off before its end: 503
            where it has no room for us, 504 where it did not answer in time, 400 for a conversation that is too long,
            else 502. Its cause is what the SDK raised.

    Flow:
        Keeps order, holds one event and the arguments of open tool calls. What blocks is read in a worker thread of
        its own. The stream of the SDK, and with it the connection to the provider, is closed at the end, on an error,
        an early stop and a cancellation: a thread that waits for the network is made to come back. One that waits for a
        *blocking* callable cannot be: it is not waited for, and closes the answer when it comes. Errors that are not
        the provider's pass as they are.

    >>> asyncio.run(from_llm([
    ...     {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    ...     {"type": "message_stop"},
    ... ]).text().to_list())
    ['Hi']
    """
    return stream_of(
        "from_llm", AnyReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
