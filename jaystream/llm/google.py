"""
Google's Gemini.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from jaystream._core.inspecting import is_a
from jaystream.errors import ProviderError
from jaystream.llm.event_reader import Call, EventReader, usage
from jaystream.llm.fields import field, items_of, joined_json, number, word
from jaystream.llm.openai_chat import failed
from jaystream.llm.reading import stream_of

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.reading import LlmSource, OnError
    from jaystream.stream import JaypieStream

__all__ = ["GoogleReader", "from_google", "is_google"]

STOPS = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "CONTINUATION": "pause",
}


def is_google(event: Any) -> bool:
    """
    Whether it is a `GenerateContentResponse`.
    """
    names = ("candidates", ""), ("usage_metadata", "usageMetadata"), ("prompt_feedback", "promptFeedback")
    return any(field(event, name, other) is not None for name, other in names)


class GoogleReader(EventReader):
    """
    Reads `GenerateContentResponse`, the SDK's or that of the REST API.

    >>> reader = GoogleReader()
    >>> reader.feed({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]})
    [{'type': 'start', 'provider': 'google'}, {'type': 'text', 'content': 'Hi'}]
    >>> reader.flush()
    [{'type': 'done', 'usage': [], 'stopReason': 'end'}]
    """

    __slots__ = ("_called", "_partial", "_turn", "_writing")
    name = "google"
    expects = "responses of Google's generate_content_stream"

    def __init__(self, provider: str | None = None, model: str | None = None) -> None:
        super().__init__(provider, model)
        self._called: bool = False
        self._partial: dict[str, Any] = {}
        self._turn: str = ""
        self._writing: Call | None = None

    def read(self, event: Any, chunks: list[Any], /) -> bool:
        """
        Add the chunks of one event.
        """
        error = field(event, "error") if isinstance(event, dict) else None
        if error is not None:
            raise failed(error)
        if not is_google(event):
            return False
        turn = word(field(event, "response_id", "responseId"))
        if turn != self._turn or not self._usages:  # the SDK can run tools by itself, and asks again
            self._turn, self._done, self._called = turn, False, False
            self._usages.append({})
            self._message_id = self._message_id or turn
            self._model = self._model or word(field(event, "model_version", "modelVersion"))
        used = field(event, "usage_metadata", "usageMetadata")
        if used is not None:
            self._usages[-1] = count(used)
        for candidate in items_of(event, "candidates")[:1]:
            self._candidate(candidate, chunks)
        blocked = field(field(event, "prompt_feedback", "promptFeedback"), "block_reason", "blockReason")
        if blocked:
            self._done, self._stop = True, "content_filter"
        return True

    def _candidate(self, candidate: Any, chunks: list[Any]) -> None:
        for part in items_of(field(candidate, "content"), "parts"):
            self._part(part, chunks)
        grounding = field(candidate, "grounding_metadata", "groundingMetadata")
        for piece in items_of(grounding, "grounding_chunks", "groundingChunks"):
            page = field(piece, "web", "retrievedContext") or field(piece, "retrieved_context")
            self.source(chunks, url=field(page, "uri"), title=field(page, "title"))
        reason = field(candidate, "finish_reason", "finishReason")
        if reason and word(reason) != "FINISH_REASON_UNSPECIFIED":
            self._done = True
            self._stop = STOPS.get(word(reason), "other")
            if self._called and self._stop == "end":
                self._stop = "tool_calls"
            self.finish_calls(chunks)

    def _part(self, part: Any, chunks: list[Any]) -> None:
        signature = signed(field(part, "thought_signature", "thoughtSignature"))
        function = field(part, "function_call", "functionCall")
        text = field(part, "text")
        if function is not None:
            self._function(function, signature, chunks)
        elif field(part, "thought"):
            self.reasoning(text, chunks, signature)
        else:
            self.text(text, chunks)
            self.reasoning("", chunks, signature)

    def _function(self, function: Any, signature: str, chunks: list[Any]) -> None:
        self._called = True
        call = self._writing
        if call is None:
            self._partial = {}
            call = self.call(len(self._calls), field(function, "id"), field(function, "name"), chunks)
        if signature:
            call.metadata["thoughtSignature"] = signature
        given = field(function, "args")
        if given:
            self._partial.update(given)
        for piece in items_of(function, "partial_args", "partialArgs"):
            put(self._partial, word(field(piece, "json_path", "jsonPath")), value_of(piece))
        goes_on = field(function, "will_continue", "willContinue")
        self._writing = call if goes_on else None
        if not goes_on:
            if self._partial:
                self.arguments(call, joined_json(self._partial), chunks)
            self.finish_call(call, chunks)


LONGEST = 10_000
"""Items of a list within arguments, at most: a place in it is only a number."""

_STEP = re.compile(r"""\.?([^.\[\]]+)|\[(\d+)\]|\[['"](.*?)['"]\]""")


def put(arguments: dict[str, Any], path: str, value: Any) -> None:
    """
    Put a piece of a tool call's arguments where its JSON path says; text is added to the text that is there.

    Raises:
        ProviderError: If there is no such place.

    >>> arguments = {}
    >>> for path, value in (("$.a", "x"), ("$.a", "y"), ("$.b[0].c", 1)):
    ...     put(arguments, path, value)
    >>> arguments
    {'a': 'xy', 'b': [{'c': 1}]}
    """
    steps = [int(at) if at else name or quoted for name, at, quoted in _STEP.findall(path.removeprefix("$"))]
    holder: Any = arguments
    for step, below in zip(steps, [*steps[1:], None], strict=True):
        fits = is_a(holder, list) and step <= LONGEST if isinstance(step, int) else is_a(holder, dict)
        if not fits:
            raise ProviderError(f"a piece of a tool call's arguments has no place at {path!r}")
        if isinstance(step, int):
            holder.extend([None] * (step + 1 - len(holder)))
            before: Any = holder[step]
        else:
            before = holder.get(step)
        if below is None:
            holder[step] = before + value if isinstance(before, str) and isinstance(value, str) else value
        elif before is None:
            made: Any = [] if isinstance(below, int) else {}
            holder[step] = made
            holder = made
        else:
            holder = before


def value_of(piece: Any) -> Any:
    """
    The value that a piece of arguments has, of whatever kind; None for null.
    """
    names = ("string_value", "stringValue"), ("number_value", "numberValue"), ("bool_value", "boolValue")
    return next((found for name, other in names if (found := field(piece, name, other)) is not None), None)


def signed(signature: Any) -> str:
    """
    The signature of a thought as text; the SDK has bytes where the wire has base64.
    """
    return b64encode(signature).decode() if isinstance(signature, bytes) else word(signature)


def count(used: Any) -> dict[str, Any]:
    """
    The tokens of a response; Gemini counts thoughts apart from the answer.
    """
    thought = number(used, "thoughts_token_count", "thoughtsTokenCount")
    prompt = number(used, "prompt_token_count", "promptTokenCount")
    return usage(
        prompt + number(used, "tool_use_prompt_token_count", "toolUsePromptTokenCount"),
        number(used, "candidates_token_count", "candidatesTokenCount") + thought,
        reasoning=thought,
        read=number(used, "cached_content_token_count", "cachedContentTokenCount"),
    )


def from_google(
    source: LlmSource,
    *,
    provider: str | None = None,
    model: str | None = None,
    on_error: OnError = "raise",
    blocking: bool = False,
) -> JaypieStream[LlmChunk]:
    """
    Chunks of an answer of Google's SDK.

    Args:
        source: What `client.aio.models.generate_content_stream(...)` gives, without `await`, or the blocking one of
            `client.models`. Also responses that were recorded or parsed, as dicts or `SseEvent`, and a callable that
            gives any of these, which can run again.
        provider: Its name in `start` and the usage.
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
        "from_google", GoogleReader, source, provider=provider, model=model, on_error=on_error, blocking=blocking
    )
