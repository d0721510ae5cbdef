"""
litellm, which gives the answers of all providers as chunks of a chat completion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream.llm.openai_chat import OpenAiChatReader
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["LiteLlmReader", "from_litellm"]


class LiteLlmReader(OpenAiChatReader):
    """
    Reads `ModelResponseStream`.

    >>> reader = LiteLlmReader()
    >>> reader.feed({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})[1:]
    [{'type': 'text', 'content': 'Hi'}]
    """

    __slots__ = ()
    name = "litellm"
    expects = "chunks of litellm's completion"


def from_litellm(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of what litellm streams; any-llm's answers are of the same shape.

    Args:
        source: What `acompletion(..., stream=True)` gives, without `await`, or `completion(..., stream=True)`. Also
            chunks that were recorded, as dicts, and a callable that gives any of these, which can run again. Tokens are
            counted only when asked for, by `stream_options={"include_usage": True}`.
        provider: Its name in `start` and the usage; litellm does not say it.
        model: The model's, where the events do not say it.
        on_error: As in `from_llm`.
        blocking: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what litellm raised.

    Flow:
        As `from_llm`.
    """
    return stream_of(
        "from_litellm", LiteLlmReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
