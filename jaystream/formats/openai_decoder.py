"""
Chat completion chunks, read: `OpenAiDecoder`.
"""

from __future__ import annotations

from typing import Any

from jaystream.formats.chat_decoder import ChatDecoder, error_chunk, text_in, usage_in
from jaystream.formats.chat_parts import Call, as_list, as_object
from jaystream.formats.wire import DEFAULT_LIMIT

__all__ = ["OpenAiDecoder"]

_REASONS = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}

_USAGE = {"prompt_tokens": "input", "completion_tokens": "output", "total_tokens": "total"}


class OpenAiDecoder(ChatDecoder):
    r"""
    Reads the chunks of an answer from chat completion chunks, however they are cut: OpenAI's, or of one of the many
    services that speak the same protocol. Of several choices the first is read.

    The inverse of `OpenAiEncoder`: text, reasoning and calls of tools come back as they were, a call in pieces with all
    of it behind them.

    Args:
        max_event: The most bytes that one event may have; None for no bound.

    Raises:
        TypeError: If *max_event* is neither int nor None.
        ValueError: If *max_event* is below 1.

    >>> decoder = OpenAiDecoder()
    >>> decoder.feed(b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')
    [{'type': 'start', 'messageId': 'c', 'model': 'm'}, {'type': 'text', 'content': 'Hi'}]
    >>> decoder.feed(b"data: [DONE]\n\n")
    [{'type': 'done', 'usage': []}]
    """

    __slots__ = ("_calls", "_done", "_reason", "_started", "_usage")

    def __init__(self, *, max_event: int | None = DEFAULT_LIMIT) -> None:
        """
        Begin an answer.
        """
        super().__init__(max_event=max_event)
        self._calls: dict[int, Call] = {}
        self._usage: list[dict[str, Any]] = []
        self._reason: str | None = None
        self._started = self._done = False

    def _read(self, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        error = fields.get("error")
        if error is not None:
            about = as_object(error) or {"message": error}
            found.append(error_chunk(text_in(about, "message"), about.get("code")))
            self._done = self._complete = True  # nothing that follows is of the answer
        if self._done:
            return
        if not self._started:
            self._started = True
            names = {"id": "messageId", "model": "model"}
            found.append(
                {"type": "start", **{ours: fields[name] for name, ours in names.items() if text_in(fields, name)}}
            )
        for given in as_list(fields.get("choices")):
            choice = as_object(given)
            if not choice.get("index"):
                self._read_choice(choice, as_object(choice.get("delta")), found)
        if as_object(fields.get("usage")):
            self._usage = [_usage_of(as_object(fields.get("usage")), text_in(fields, "model"))]

    def _read_choice(self, choice: dict[str, Any], delta: dict[str, Any], found: list[dict[str, Any]]) -> None:
        thought = text_in(delta, "reasoning_content") or text_in(delta, "reasoning")
        if thought:
            found.append({"type": "reasoning", "content": thought})
        texts = [text_in(delta, "content"), text_in(delta, "refusal")]
        found += [{"type": "text", "content": text} for text in texts if text]
        for call in as_list(delta.get("tool_calls")):
            self._read_call(as_object(call), found)
        for note in as_list(delta.get("annotations")):
            citation = as_object(as_object(note).get("url_citation"))
            url, title = text_in(citation, "url"), text_in(citation, "title")
            if url:
                found.append(
                    {"type": "source", "source": {"id": url, "url": url, **({"title": title} if title else {})}}
                )
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._complete = True
            self._reason = _REASONS.get(reason, "other")
            self._end_calls(found)

    def _read_call(self, call: dict[str, Any], found: list[dict[str, Any]]) -> None:
        index, call_id = call.get("index"), text_in(call, "id")
        index = index if isinstance(index, int) else 0
        function = as_object(call.get("function"))
        known = self._calls.get(index)
        if known is None or (call_id and call_id != known.id):
            if known is not None:  # some services have one index for all
                self._end_calls(found, index)
            known = self._calls[index] = Call(call_id or f"call-{index}", text_in(function, "name"), index)
        piece = text_in(function, "arguments")
        if piece:
            delta = {"id": known.id, **({} if known.pieces else {"name": known.name}), "delta": piece}
            known.pieces.append(piece)
            found.append({"type": "tool_call_delta", "toolCallDelta": delta})

    def _end_calls(self, found: list[dict[str, Any]], index: int | None = None) -> None:
        for at in sorted(self._calls) if index is None else [index]:
            known = self._calls.pop(at)
            call = {"id": known.id, "name": known.name, "arguments": known.written() or "{}"}
            found.append({"type": "tool_call", "toolCall": call})

    def _read_done(self, found: list[dict[str, Any]]) -> None:
        if self._started and not self._done:
            self._done = True
            self._end_calls(found)
            stop = {} if self._reason is None else {"stopReason": self._reason}
            found.append({"type": "done", "usage": self._usage, **stop})


def _usage_of(given: dict[str, Any], model: str) -> dict[str, Any]:
    usage = usage_in(given, _USAGE)
    reasoning = as_object(given.get("completion_tokens_details")).get("reasoning_tokens")
    cached = as_object(given.get("prompt_tokens_details")).get("cached_tokens")
    if isinstance(reasoning, int):
        usage["reasoning"] = reasoning
    if isinstance(cached, int):
        usage["cacheRead"] = cached
    return usage | ({"model": model} if model else {})
