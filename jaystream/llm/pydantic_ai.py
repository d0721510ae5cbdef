"""
pydantic-ai: one request of a model, or the events of an agent's run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import is_a
from jaystream.llm.event_reader import Call, EventReader, usage
from jaystream.llm.fields import field, joined_json, number, word
from jaystream.llm.origin import Finished
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["PydanticAiReader", "from_pydantic_ai", "is_pydantic_ai"]

STOPS = {
    "stop": "end",
    "length": "length",
    "content_filter": "content_filter",
    "tool_call": "tool_calls",
    "error": "error",
}


def is_pydantic_ai(event: Any) -> bool:
    """
    Whether it is an event of pydantic-ai's.
    """
    return isinstance(event, Finished) or isinstance(field(event, "event_kind"), str)


class PydanticAiReader(EventReader):
    """
    Reads the events of a model's answer and of an agent's run.

    >>> reader = PydanticAiReader()
    >>> part = {"part_kind": "text", "content": "Hi"}
    >>> reader.feed({"event_kind": "part_start", "index": 0, "part": part})
    [{'type': 'start', 'provider': 'pydantic-ai'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.flush()
    [{'type': 'done', 'usage': []}]
    """

    __slots__ = ("_called", "_dicts", "_names")
    name = "pydantic-ai"
    expects = "events of pydantic-ai"
    marks_end = False  # its streams raise where an answer is cut

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._names = (provider, model)
        self._called: bool = False
        self._dicts: dict[int, dict[str, Any]] = {}

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        if isinstance(event, Finished):
            self._finished(event.stream)
            return True
        kind = field(event, "event_kind")
        if not isinstance(kind, str):
            return False
        if kind == "part_delta":
            self._delta(field(event, "index"), field(event, "delta"), chunks)
        elif kind == "part_start":
            self._provider = self._names[0] or word(field(event, "canonical_system")) or self._provider
            self._part(field(event, "index"), field(event, "part"), chunks)
        elif kind == "part_end":
            self._part_end(field(event, "index"), field(event, "part"), chunks)
        elif kind == "function_tool_call":
            self.finish_calls(chunks)
        elif kind == "function_tool_result":
            self._result(field(event, "part", "result"), chunks)
        elif kind == "agent_run_result":
            self._run(field(event, "result"))
        return True

    def _part(self, index: int, part: Any, chunks: list[Any]) -> None:
        kind = field(part, "part_kind")
        if kind == "text":
            self.text(field(part, "content"), chunks)
            self._cite(field(part, "citations"), chunks)
        elif kind == "thinking":
            self.reasoning(field(part, "content"), chunks, field(part, "signature"))
        elif kind == "tool-call":
            self._called = True
            self.finish_call(self._open[index], chunks) if index in self._open else None
            call = self.call(index, field(part, "tool_call_id"), field(part, "tool_name"), chunks)
            self._add(index, call, field(part, "args"), chunks)

    def _delta(self, index: int, delta: Any, chunks: list[Any]) -> None:
        kind = field(delta, "part_delta_kind")
        if kind == "text":
            self.text(field(delta, "content_delta"), chunks)
            self._cite(field(delta, "citations_delta"), chunks)
        elif kind == "thinking":
            self.reasoning(field(delta, "content_delta"), chunks, field(delta, "signature_delta"))
        elif kind == "tool_call":
            call = self._open.get(index)
            if call is not None:
                call.name += field(delta, "tool_name_delta") or ""
                self._add(index, call, field(delta, "args_delta"), chunks)

    def _cite(self, citations: Any, chunks: list[Any]) -> None:
        """Each source of each citation; a delta has all of them once more, and the same one is given once."""
        for citation in citations or ():
            for source in field(citation, "sources") or ():
                self.source(chunks, url=field(source, "url"), title=field(source, "title"))

    def _add(self, index: int, call: Call, arguments: Any, chunks: list[Any]) -> None:
        """Arguments come as pieces of text, or as dicts that are merged."""
        if is_a(arguments, dict):
            self._dicts.setdefault(index, {}).update(arguments)
        else:
            self.arguments(call, arguments, chunks)

    def _part_end(self, index: int, part: Any, chunks: list[Any]) -> None:
        call = self._open.pop(index, None)
        if call is None:
            return
        merged = self._dicts.pop(index, None)
        if merged:
            self.arguments(call, joined_json(merged), chunks)
        call.name = field(part, "tool_name") or call.name
        self.finish_call(call, chunks)

    def _result(self, part: Any, chunks: list[Any]) -> None:
        failed = field(part, "outcome") in {"failed", "retried"} or field(part, "part_kind") == "retry-prompt"
        named, tool = field(part, "tool_call_id"), field(part, "tool_name")
        self.result(named, tool, field(part, "content"), chunks, failed=failed)
        self._called = False
        self._dicts.clear()

    def _run(self, result: Any) -> None:
        used = used_by(result)
        if used is not None:
            self._usages[:] = [count(used)]
        self._stop = self._stop or "end"

    def _finished(self, stream: Any) -> None:
        provider, model = self._names
        used = used_by(stream)
        if used is not None and not self._usages:
            self._usages.append(count(used))
            self._provider = provider or word(field(stream, "provider_name")) or self._provider
            self._model = model or word(field(stream, "model_name"))
        reason = field(stream, "finish_reason")
        if reason:
            self._stop = STOPS.get(word(reason), "other")
        elif not self._stop:
            self._stop = "tool_calls" if self._called else "end"


def used_by(result: Any) -> Any:
    """
    The tokens of a stream or a result: a method in older versions, a property in newer ones.
    """
    used: Any = field(result, "usage")
    return used() if used is not None and field(used, "input_tokens") is None else used


def count(used: Any) -> dict[str, Any]:
    """
    The tokens of a request or a run.
    """
    details = field(used, "details")
    return usage(
        number(used, "input_tokens"),
        number(used, "output_tokens"),
        reasoning=number(used, "output_reasoning_tokens") or number(details, "reasoning_tokens", "thoughts_tokens"),
        read=number(used, "cache_read_tokens"),
        write=number(used, "cache_write_tokens"),
    )


def from_pydantic_ai(
    source: LlmSource, *, provider: str | None = None, model: str | None = None, on_error: OnError = "raise"
) -> JaypieStream[LlmChunk]:
    """
    Chunks of what pydantic-ai streams.

    Args:
        source: What `pydantic_ai.direct.model_request_stream(...)` or `agent.run_stream_events(...)` gives. Also
            events that were recorded, as dicts, and a callable that gives any of these, which can run again.
        provider: Its name in `start` and the usage.
        model: The model's, where the stream does not say it.
        on_error: As in `from_llm`.

    Raises:
        TypeError: At this call, if events cannot come from *source*. In the run, if they are of another kind.
        ValueError: At this call, for another *on_error*.
        JaypieError: In the run, for a failure of the provider; its cause is what pydantic-ai raised.

    Flow:
        As `from_llm`.
    """
    return stream_of("from_pydantic_ai", PydanticAiReader, source, provider=provider, model=model, on_error=on_error)
