"""
Amazon Bedrock's converse API.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, cast

from jaystream.errors import ProviderError
from jaystream.llm.event_reader import EventReader, usage
from jaystream.llm.fields import field, number, word
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["BedrockReader", "from_bedrock", "is_bedrock"]

STOPS = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}

EVENTS = frozenset(
    {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
)


def is_bedrock(event: Any) -> bool:
    """
    Whether it is an event of the converse API.
    """
    if not isinstance(event, dict):
        return False
    names = cast("dict[str, Any]", event)
    return any(name in EVENTS or name.endswith("Exception") for name in names)


class BedrockReader(EventReader):
    """
    Reads the events of `converse_stream`.

    >>> reader = BedrockReader()
    >>> reader.feed({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi"}}})
    [{'type': 'start', 'provider': 'bedrock'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.feed({"messageStop": {"stopReason": "end_turn"}})
    []
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ()
    name = "bedrock"
    expects = "events of Bedrock's converse_stream"

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        if not is_bedrock(event):
            return False
        for name, body in event.items():
            if name == "contentBlockDelta":
                self._delta(body, chunks)
            elif name == "contentBlockStart":
                tool = field(field(body, "start"), "toolUse")
                if tool is not None:
                    self.call(field(body, "contentBlockIndex"), field(tool, "toolUseId"), field(tool, "name"), chunks)
            elif name == "contentBlockStop":
                call = self._open.pop(field(body, "contentBlockIndex"), None)
                if call is not None:
                    self.finish_call(call, chunks)
            elif name == "messageStart":
                self._done = False
            elif name == "messageStop":
                self._done = True
                self._stop = STOPS.get(word(field(body, "stopReason")), "other")
                self.finish_calls(chunks)
            elif name == "metadata":
                used = field(body, "usage")
                if used is not None:
                    self._usages.append(count(used))
            elif name.endswith("Exception"):
                raise ProviderError(word(field(body, "message")) or name, code=name)
        return True

    def _delta(self, body: Any, chunks: list[Any]) -> None:
        delta = field(body, "delta")
        self.text(field(delta, "text"), chunks)
        tool = field(delta, "toolUse")
        call = None if tool is None else self._open.get(field(body, "contentBlockIndex"))
        if call is not None:
            self.arguments(call, field(tool, "input"), chunks)
        thought = field(delta, "reasoningContent")
        if thought is not None:
            signature = field(thought, "signature")
            written = b64encode(signature).decode() if isinstance(signature, bytes) else signature
            self.reasoning(field(thought, "text"), chunks, written)
        cited = field(delta, "citation")
        if cited is not None:
            url = field(field(field(cited, "location"), "web"), "url")
            self.source(chunks, url=url, title=field(cited, "title"))


def count(used: Any) -> dict[str, Any]:
    """
    The tokens of an answer; Bedrock counts what was cached apart from the input.
    """
    read, write = number(used, "cacheReadInputTokens"), number(used, "cacheWriteInputTokens")
    return usage(number(used, "inputTokens") + read + write, number(used, "outputTokens"), read=read, write=write)


def from_bedrock(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
) -> JaypieStream[LlmChunk]:
    """
    Chunks of an answer of Amazon Bedrock.

    Args:
        source: A callable that calls boto3, `lambda: client.converse_stream(...)`, which a worker thread calls, reads
            and closes; it can run again. Also what that call gives, or what a client with async gives.
        provider: Its name in `start` and the usage.
        model: The model's; the events do not say it.
        on_error: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what boto3 raised.

    Flow:
        As `from_llm` with *blocking*.
    """
    return stream_of(
        "from_bedrock", BedrockReader, source, provider=provider, model=model, on_error=on_error, blocking=True
    )
