"""
Anthropic's messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.llm.event_reader import EventReader, usage
from jaystream.llm.fields import field, items_of, joined_json, number, word
from jaystream.llm.openai_chat import failed
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["AnthropicReader", "from_anthropic", "is_anthropic"]

STOPS = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
}

RAW = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"}
    | {"message_stop", "ping", "error"}
)
HELPERS = frozenset({"text", "thinking", "signature", "input_json", "citation", "compaction"})
"""What the SDK's `stream()` puts beside the events of the wire, which say the same."""


def is_anthropic(event: Any) -> bool:
    """
    Whether it is an event of Anthropic's.
    """
    kind = field(event, "type")
    return isinstance(kind, str) and (kind in RAW or (kind in HELPERS and not isinstance(event, dict)))


class AnthropicReader(EventReader):
    """
    Reads the events of `messages.create(stream=True)` and of `messages.stream()`.

    >>> reader = AnthropicReader()
    >>> reader.feed({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}})
    [{'type': 'start', 'provider': 'anthropic'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.feed({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    []
    >>> reader.feed({"type": "message_stop"})
    []
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ("_used",)
    name = "anthropic"
    expects = "events of Anthropic's messages"

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._used: dict[str, int] = {}

    def glance(self, event: Any) -> str | None:
        """
        The text of an event that has nothing else.
        """
        text: str | None = None
        if event.__class__ is dict:
            if event.get("type") == "content_block_delta":
                delta = event["delta"]
                if delta.get("type") == "text_delta":
                    text = delta.get("text")
        elif getattr(event, "type", "") == "content_block_delta":
            delta = event.delta
            if delta.type == "text_delta":
                text = delta.text
        return text

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        kind = field(event, "type")
        if kind == "content_block_delta":
            self._delta(event, field(event, "delta"), chunks)
        elif kind == "content_block_start":
            self._block(field(event, "index"), field(event, "content_block"), chunks)
        elif kind == "content_block_stop":
            call = self._open.pop(field(event, "index"), None)
            if call is not None:
                self.finish_call(call, chunks)
        elif kind == "message_start":
            self._message(field(event, "message"))
        elif kind == "message_delta":
            self._ending(event, chunks)
        elif kind == "message_stop":
            self._done = True
        elif kind == "error":
            raise failed(field(event, "error") or event)
        else:
            return is_anthropic(event)
        return True

    def _delta(self, event: Any, delta: Any, chunks: list[Any]) -> None:
        kind = field(delta, "type")
        if kind == "text_delta":
            self.text(field(delta, "text"), chunks)
        elif kind == "thinking_delta":
            self.reasoning(field(delta, "thinking"), chunks)
        elif kind == "signature_delta":
            self.reasoning("", chunks, field(delta, "signature"))
        elif kind == "input_json_delta":
            call = self._open.get(field(event, "index"))
            if call is not None:
                self.arguments(call, field(delta, "partial_json"), chunks)
        elif kind == "citations_delta":
            self._cited(field(delta, "citation"), chunks)

    def _block(self, index: Any, block: Any, chunks: list[Any]) -> None:
        kind = field(block, "type")
        if kind == "text":
            self.text(field(block, "text"), chunks)
            for citation in items_of(block, "citations"):
                self._cited(citation, chunks)
        elif kind == "thinking":
            self.reasoning(field(block, "thinking"), chunks, field(block, "signature"))
        elif kind == "tool_use":
            call = self.call(index, field(block, "id"), field(block, "name"), chunks)
            given = field(block, "input")
            if given:
                self.arguments(call, joined_json(given), chunks)
        elif kind == "web_search_tool_result":
            for result in items_of(block, "content"):
                self.source(chunks, url=field(result, "url"), title=field(result, "title"))

    def _cited(self, citation: Any, chunks: list[Any]) -> None:
        url = field(citation, "url")
        title = field(citation, "title", "document_title")
        self.source(chunks, url=url, title=title, filename=None if url else field(citation, "source"))

    def _message(self, message: Any) -> None:
        self._done = False
        self._used = {}
        self._message_id = self._message_id or word(field(message, "id"))
        self._model = self._model or word(field(message, "model"))
        self._usages.append({})
        self._count(field(message, "usage"))

    def _ending(self, event: Any, chunks: list[Any]) -> None:
        reason = field(field(event, "delta"), "stop_reason")
        if reason:
            self._stop = STOPS.get(word(reason), "other")
            self.finish_calls(chunks)
        self._count(field(event, "usage"))

    def _count(self, used: Any) -> None:
        """What comes later is counted from the beginning, and may leave out what has not changed."""
        if used is None:
            return
        for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            if field(used, name) is not None:
                self._used[name] = number(used, name)
        thought = field(used, "output_tokens_details")
        if thought is not None:
            self._used["thinking"] = number(thought, "thinking_tokens", "reasoning_tokens")
        of = self._used.get
        read, write = of("cache_read_input_tokens", 0), of("cache_creation_input_tokens", 0)
        given = of("input_tokens", 0) + read + write
        self._usages[-1:] = [usage(given, of("output_tokens", 0), reasoning=of("thinking", 0), read=read, write=write)]


def from_anthropic(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of an answer of Anthropic's SDK.

    Args:
        source: What `client.messages.stream(...)` gives, or `client.messages.create(..., stream=True)` without
            `await`; async or not. Also events that were recorded or parsed, as dicts or `SseEvent`, and a callable
            that gives any of these, which can run again.
        provider: Its name in `start` and the usage.
        model: The model's, where the events do not say it.
        on_error: What becomes of a failure of the provider: "raise" raises the `JaypieError` that it is for our
            client, "chunk" gives it as an `error` chunk, with `done` behind it.
        blocking: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what the SDK raised.

    Flow:
        As `from_llm`.
    """
    return stream_of(
        "from_anthropic", AnthropicReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
