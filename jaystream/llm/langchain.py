"""
LangChain's chat models, and graphs of LangGraph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import is_a
from jaystream.llm.event_reader import Call, EventReader, usage
from jaystream.llm.fields import field, items_of, joined_json, number, word
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["LangChainReader", "from_langchain", "is_langchain"]

STOPS = {
    "stop": "end",
    "end_turn": "end",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "stop_sequence": "stop_sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
}

MESSAGES = frozenset({"AIMessageChunk", "ai", "tool", "ToolMessageChunk"})


def is_langchain(event: Any) -> bool:
    """
    Whether it is a message of LangChain's.
    """
    return field(message_of(event), "type") in MESSAGES


def message_of(event: Any) -> Any:
    """
    The message in an event: LangGraph gives pairs of a message and what is known about it.
    """
    if is_a(event, tuple) and len(event) == 2:
        event = event[0]
    inner = field(event, "message")
    return event if inner is None else inner


class LangChainReader(EventReader):
    """
    Reads the messages of `astream`.

    >>> reader = LangChainReader()
    >>> reader.feed({"type": "AIMessageChunk", "content": "Hi"})
    [{'type': 'start', 'provider': 'langchain'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ("_called", "_id", "_sum")
    name = "langchain"
    expects = "messages of LangChain"
    marks_end = False  # not every model does

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._called: bool = False
        self._id: str = ""
        self._sum: dict[str, int] = {}

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        message = message_of(event)
        kind = field(message, "type")
        if kind not in MESSAGES:
            return isinstance(event, (dict, tuple)) and self._known
        if kind in {"tool", "ToolMessageChunk"}:
            self._result(message, chunks)
            return True
        self._message(message, chunks)
        content = field(message, "content")
        if isinstance(content, str):
            self._thought(message, chunks)
            self.text(content, chunks)
        else:
            for block in items_of(message, "content"):
                self._block(block, chunks)
        for piece in items_of(message, "tool_call_chunks"):
            self._tool(piece, chunks)
        if kind == "ai":
            for whole in items_of(message, "tool_calls"):
                self._whole(whole, chunks)
        self._ending(field(message, "response_metadata"))
        return True

    def _message(self, message: Any, chunks: list[Any]) -> None:
        named = word(field(message, "id"))
        if named and named != self._id:
            self.finish_calls(chunks)
            self._sum = {}
            self._id = named
        self._message_id = self._message_id or named
        used = field(message, "usage_metadata")
        if used is not None:
            self._count(used)

    def _thought(self, message: Any, chunks: list[Any]) -> None:
        extra = field(message, "additional_kwargs")
        thought = field(extra, "reasoning_content")
        if isinstance(thought, str):
            self.reasoning(thought, chunks)

    def _block(self, block: Any, chunks: list[Any]) -> None:
        if isinstance(block, str):
            self.text(block, chunks)
            return
        kind = field(block, "type")
        if kind in {"text", "text_delta"}:
            self.text(field(block, "text"), chunks)
            for note in items_of(block, "annotations", "citations"):
                self.source(chunks, url=field(note, "url"), title=field(note, "title", "document_title"))
        elif kind in {"thinking", "reasoning"}:
            self.reasoning(field(block, "thinking", "reasoning"), chunks, field(block, "signature"))
        elif kind == "reasoning_content":
            inner = field(block, "reasoning_content")
            self.reasoning(field(inner, "text"), chunks, field(inner, "signature"))

    def _tool(self, piece: Any, chunks: list[Any]) -> None:
        self._called = True
        index, name, named = field(piece, "index"), field(piece, "name"), field(piece, "id")
        call: Call | None = self._open.get(index)
        if call is None or (named and name and named != call.id):
            call = self.call(index, named, name, chunks)
        elif name and not call.shown:
            call.name = name
        self.arguments(call, field(piece, "args"), chunks)

    def _whole(self, tool: Any, chunks: list[Any]) -> None:
        self._called = True
        call = self.call(object(), field(tool, "id"), field(tool, "name"), chunks)
        self.arguments(call, joined_json(field(tool, "args")), chunks)

    def _result(self, message: Any, chunks: list[Any]) -> None:
        self.finish_calls(chunks)
        self._called = False
        failed = field(message, "status") == "error"
        named, tool = field(message, "tool_call_id"), field(message, "name")
        self.result(named, tool, field(message, "content"), chunks, failed=failed)

    def _count(self, used: Any) -> None:
        """Each chunk of a message has the tokens that came with it."""
        if not self._sum:
            self._usages.append({})
        given, made = field(used, "input_token_details"), field(used, "output_token_details")
        counted = {
            "input": number(used, "input_tokens"),
            "output": number(used, "output_tokens"),
            "read": number(given, "cache_read"),
            "write": number(given, "cache_creation"),
            "reasoning": number(made, "reasoning"),
        }
        self._sum = {name: self._sum.get(name, 0) + each for name, each in counted.items()}
        of = self._sum
        self._usages[-1] = usage(
            of["input"], of["output"], reasoning=of["reasoning"], read=of["read"], write=of["write"]
        )

    def _ending(self, metadata: Any) -> None:
        if not metadata:
            return
        self._model = self._model or word(field(metadata, "model_name", "model"))
        reason = word(field(metadata, "finish_reason", "stop_reason") or field(metadata, "stopReason")).lower()
        if reason:
            self._stop = STOPS.get(reason, "other")

    def flush(self) -> list[Any]:
        """
        Give what the end of the events brings.
        """
        self._stop = self._stop or ("tool_calls" if self._called else "end")
        return super().flush()


def from_langchain(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of what LangChain streams.

    Args:
        source: What `model.astream(...)` gives, or `graph.astream(..., stream_mode="messages")`; `stream` as well.
            Also messages that were recorded, as dicts, and a callable that gives any of these, which can run again.
        provider: Its name in `start` and the usage.
        model: The model's, where the messages do not say it.
        on_error: As in `from_llm`.
        blocking: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what LangChain raised.

    Flow:
        As `from_llm`.
    """
    return stream_of(
        "from_langchain", LangChainReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
