"""
OpenAI's chat completions, which many other providers and local servers speak too.
"""

from __future__ import annotations

from typing import Any, cast

from jaystream._core.inspecting import describe, is_a
from jaystream.errors import ProviderError
from jaystream.llm.event_reader import Call, EventReader, usage
from jaystream.llm.fields import field, number, word

__all__ = ["OpenAiChatReader", "failed", "is_openai_chat"]

STOPS = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}

HELPERS = ("content.", "refusal.", "logprobs.", "tool_calls.")
"""What the SDK's `stream()` puts beside the chunks, which say the same."""


def is_openai_chat(event: Any) -> bool:
    """
    Whether it is a chunk of a chat completion, or an event of the SDK's `chat.completions.stream()`.
    """
    if field(event, "choices") is not None:
        return True
    kind = field(event, "type")
    return isinstance(kind, str) and (kind.startswith(HELPERS) or is_wrapped(kind, event))


def is_wrapped(kind: object, event: Any) -> bool:
    """
    Whether an event of the SDK's `stream()` is the one that has the chunk itself in it.
    """
    return kind == "chunk" and field(event, "chunk") is not None


def failed(error: Any) -> ProviderError:
    """
    What an error that stands in the stream says.
    """
    code = field(error, "code") or field(error, "type") or ""
    status = code if isinstance(code, int) else field(error, "status")
    message = word(field(error, "message")) or str(error)
    return ProviderError(message, code=str(code), status=status if isinstance(status, int) else None)


class OpenAiChatReader(EventReader):
    """
    Reads `ChatCompletionChunk`: the SDK's, litellm's, and those of every server with the same protocol.

    >>> reader = OpenAiChatReader()
    >>> reader.feed({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})
    [{'type': 'start', 'provider': 'openai'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ("_ours", "_refused")
    name = "openai"
    expects = "chunks of a chat completion"

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._refused: bool = False
        self._ours: bool = False  # whether the events are OpenAI's own objects

    def glance(self, event: Any) -> str | None:
        """
        The text of a chunk that has nothing else.
        """
        text: str | None = None
        try:
            if event.__class__ is dict:
                (choice,) = event["choices"]
                delta = choice["delta"]
                alone = len(delta) == 1 or (len(delta) == 2 and "role" in delta)
                if alone and not (choice.get("finish_reason") or choice.get("index") or event.get("usage")):
                    text = delta["content"]
            elif self._ours:
                choice = event.choices[0]
                delta = choice.delta
                if not (
                    choice.finish_reason
                    or choice.index
                    or delta.tool_calls
                    or delta.refusal
                    or delta.__pydantic_extra__
                    or event.usage
                ):
                    text = delta.content
        except (AttributeError, IndexError, KeyError, ValueError):
            return None  # of another shape
        return text

    def _unwrapped(self, event: Any) -> Any:
        self._ours = type(event).__module__.startswith("openai.types.")
        return super()._unwrapped(event)

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        choices = field(event, "choices")
        if choices is None:
            return self._read_other(event, chunks)
        if not self._started:
            self._head(event)
        if choices:
            self._choice(choices[0], chunks)
        used = field(event, "usage")
        if used is not None:
            self._usages[:] = [count(used)]
        return True

    def _read_other(self, event: Any, chunks: list[Any]) -> bool:
        error = field(event, "error")
        if error is not None:
            raise failed(error)
        if not is_openai_chat(event):
            return False
        return not is_wrapped(field(event, "type"), event) or self.read(field(event, "chunk"), chunks)

    def _head(self, event: Any) -> None:
        self._message_id = self._message_id or word(field(event, "id"))
        self._model = self._model or word(field(event, "model"))

    def _choice(self, choice: Any, chunks: list[Any]) -> None:
        if field(choice, "index"):
            return  # another answer to the same question
        delta = field(choice, "delta")
        if delta is not None:
            self._delta(delta, chunks)
        elif field(choice, "message") is not None:
            raise TypeError(f"{self.expects} are expected, not a whole one ({describe(choice)}): ask with stream=True")
        reason = field(choice, "finish_reason")
        if reason:
            self._done = True
            self._stop = STOPS.get(word(reason), "other")
            if self._refused and self._stop == "end":
                self._stop = "refusal"
            self.finish_calls(chunks)

    def _delta(self, delta: Any, chunks: list[Any]) -> None:
        extra = extras(delta)
        if extra:
            self._extra(extra, chunks)
        content = field(delta, "content")
        if content:
            self.text(content, chunks)
        refusal = field(delta, "refusal")
        if refusal:
            self._refused = True
            self.text(refusal, chunks)
        for piece in field(delta, "tool_calls") or ():
            self._tool(piece, chunks)

    def _extra(self, extra: dict[str, Any], chunks: list[Any]) -> None:
        """What other providers put beside OpenAI's fields: thoughts above all, which come before the text."""
        thought = extra.get("reasoning_content") or extra.get("reasoning")
        if isinstance(thought, str):
            self.reasoning(thought, chunks)
        for block in extra.get("thinking_blocks") or ():
            self.reasoning("" if thought else field(block, "thinking"), chunks, field(block, "signature"))
        for note in extra.get("annotations") or ():
            cited = field(note, "url_citation")
            if cited is not None:
                self.source(chunks, url=field(cited, "url"), title=field(cited, "title"))

    def _tool(self, piece: Any, chunks: list[Any]) -> None:
        function = field(piece, "function")
        name, named, index = field(function, "name"), field(piece, "id"), field(piece, "index")
        call: Call | None = self._open.get(index)
        if call is None or (named and name and call.shown and named != call.id):
            call = self.call(index, named, name, chunks)  # some servers give every call the same index
        elif name and not call.shown:
            call.name = name
        self.arguments(call, field(function, "arguments"), chunks)


def extras(delta: Any) -> dict[str, Any] | None:
    """
    The fields of a delta that OpenAI has not, as far as they can be looked at without a search.

    A data model of the SDK keeps what it does not know in a dict of its own; others have all fields in one.
    """
    found: dict[str, Any] | None
    if is_a(delta, dict):
        return cast("dict[str, Any]", delta)
    try:
        found = delta.__pydantic_extra__
    except AttributeError:
        return cast("dict[str, Any]", vars(delta))
    known: str = type(delta).__module__
    return found if known.startswith("openai.") else {**vars(delta), **(found or {})}


def count(used: Any) -> dict[str, Any]:
    """
    The tokens of a chat completion.
    """
    prompt, completion = field(used, "prompt_tokens_details"), field(used, "completion_tokens_details")
    return usage(
        number(used, "prompt_tokens"),
        number(used, "completion_tokens"),
        total=number(used, "total_tokens"),
        reasoning=number(completion, "reasoning_tokens"),
        read=number(prompt, "cached_tokens"),
        write=number(prompt, "cache_write_tokens", "cache_creation_tokens"),
    )
