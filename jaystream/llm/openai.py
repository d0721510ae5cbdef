"""
OpenAI: chat completions and the Responses API, told apart by the events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.llm.choosing import ChoosingReader
from jaystream.llm.openai_chat import OpenAiChatReader, is_openai_chat
from jaystream.llm.openai_responses import OpenAiResponsesReader, is_openai_responses
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.event_reader import EventReader
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["OpenAiReader", "from_openai"]


class OpenAiReader(ChoosingReader):
    """
    Reads either API of OpenAI's, by what the first event is.
    """

    __slots__ = ()
    name = "openai"
    expects = "chunks of a chat completion or events of the Responses API"

    def choose(self, event: Any) -> type[EventReader] | None:
        """
        Which machine reads such an event, None for none.
        """
        if is_openai_responses(event):
            return OpenAiResponsesReader
        return OpenAiChatReader if is_openai_chat(event) else None


def from_openai(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of an answer of OpenAI's SDK, or of any server that speaks its protocol.

    Args:
        source: What `client.chat.completions.create(..., stream=True)` or `client.responses.create(..., stream=True)`
            gives, without `await`, or their `stream(...)`; async or not. Also events that were recorded or parsed, as
            dicts or `SseEvent`, and a callable that gives any of these, which can run again. Chat completions count
            tokens only when asked to, by `stream_options={"include_usage": True}`.
        provider: Its name in `start` and the usage, for others than OpenAI.
        model: The model's, where the events do not say it.
        on_error: As in `from_llm`.
        blocking: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what the SDK raised.

    Flow:
        As `from_llm`.
    """
    return stream_of(
        "from_openai", OpenAiReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
