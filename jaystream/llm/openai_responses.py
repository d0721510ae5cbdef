"""
OpenAI's Responses API.
"""

from __future__ import annotations

from typing import Any

from jaystream.errors import ProviderError
from jaystream.llm.event_reader import Call, EventReader, usage
from jaystream.llm.fields import field, number, word
from jaystream.llm.openai_chat import failed

__all__ = ["OpenAiResponsesReader", "is_openai_responses"]

INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}


def is_openai_responses(event: Any) -> bool:
    """
    Whether it is an event of the Responses API.
    """
    kind = field(event, "type")
    if not isinstance(kind, str):
        return False
    return kind.startswith("response.") or (kind == "error" and field(event, "sequence_number") is not None)


class OpenAiResponsesReader(EventReader):
    """
    Reads the events of `responses.create(stream=True)` and of `responses.stream()`.

    >>> reader = OpenAiResponsesReader()
    >>> reader.feed({"type": "response.output_text.delta", "delta": "Hi"})
    [{'type': 'start', 'provider': 'openai'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.feed({"type": "response.completed", "response": {"status": "completed"}})
    []
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ("_called", "_refused", "_thought")
    name = "openai"
    expects = "events of the Responses API"

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._called: bool = False
        self._refused: bool = False
        self._thought: Any = None

    def glance(self, event: Any) -> str | None:
        """
        The text of an event that has nothing else.
        """
        text: str | None = field(event, "delta") if field(event, "type") == "response.output_text.delta" else None
        return text

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        kind = field(event, "type")
        if kind == "response.output_text.delta":
            self.text(field(event, "delta"), chunks)
        elif kind in {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}:
            self._think(event, chunks)
        elif kind == "response.function_call_arguments.delta":
            call = self._open.get(field(event, "item_id"))
            if call is not None:
                self.arguments(call, field(event, "delta"), chunks)
        elif not isinstance(kind, str) or not (kind == "error" or kind.startswith("response.")):
            return False
        else:
            self._other(kind, event, chunks)
        return True

    def _other(self, kind: str, event: Any, chunks: list[Any]) -> None:
        if kind == "response.output_item.added":
            self._item(field(event, "item"), chunks)
        elif kind == "response.output_item.done":
            self._item_done(field(event, "item"), chunks)
        elif kind == "response.refusal.delta":
            self._refused = True
            self.text(field(event, "delta"), chunks)
        elif kind == "response.output_text.annotation.added":
            note = field(event, "annotation")
            self.source(chunks, url=field(note, "url"), title=field(note, "title"), filename=field(note, "filename"))
        elif kind in {"response.created", "response.in_progress", "response.queued"}:
            self._head(field(event, "response"))
        elif kind in {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}:
            self._end(kind, field(event, "response"))
        elif kind in {"error", "response.error"}:
            raise failed(field(event, "error") or event)

    def _head(self, response: Any) -> None:
        self._message_id = self._message_id or word(field(response, "id"))
        self._model = self._model or word(field(response, "model"))

    def _think(self, event: Any, chunks: list[Any]) -> None:
        part = (field(event, "item_id"), field(event, "summary_index"), field(event, "content_index"))
        gap = "\n\n" if self._thought is not None and self._thought != part else ""
        self._thought = part
        self.reasoning(gap + word(field(event, "delta")), chunks)

    def _item(self, item: Any, chunks: list[Any]) -> None:
        if field(item, "type") == "function_call":
            self._called = True
            call = self.call(field(item, "id"), field(item, "call_id"), field(item, "name"), chunks)
            self.arguments(call, field(item, "arguments"), chunks)

    def _item_done(self, item: Any, chunks: list[Any]) -> None:
        if field(item, "type") != "function_call":
            return
        call: Call | None = self._open.pop(field(item, "id"), None)
        if call is None:
            self._item(item, chunks)
            call = self._open.pop(field(item, "id"))
        arguments = field(item, "arguments")
        written = "".join(call.pieces)
        if arguments and arguments != written:
            if arguments.startswith(written):
                self.arguments(call, arguments[len(written) :], chunks)
            call.pieces[:] = [arguments]
        self.finish_call(call, chunks)

    def _end(self, kind: str, response: Any) -> None:
        self._head(response)
        used = field(response, "usage")
        if used is not None:
            self._usages[:] = [count(used)]
        if kind == "response.failed":
            raise failed(field(response, "error") or {"message": "the response failed"})
        if kind == "response.cancelled":
            raise ProviderError("the response was cancelled", code="cancelled")
        self._done = True
        if kind == "response.incomplete":
            reason = word(field(field(response, "incomplete_details"), "reason"))
            self._stop = INCOMPLETE.get(reason, "other")
        else:
            self._stop = "tool_calls" if self._called else "refusal" if self._refused else "end"


def count(used: Any) -> dict[str, Any]:
    """
    The tokens of a response.
    """
    given, made = field(used, "input_tokens_details"), field(used, "output_tokens_details")
    return usage(
        number(used, "input_tokens"),
        number(used, "output_tokens"),
        total=number(used, "total_tokens"),
        reasoning=number(made, "reasoning_tokens"),
        read=number(given, "cached_tokens"),
        write=number(given, "cache_write_tokens"),
    )
