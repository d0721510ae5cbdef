"""
Chat completion chunks, written: `OpenAiEncoder`, what the clients of OpenAI's API read.

Reading them is `openai_decoder`'s.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jaystream.formats.chat import ChatEncoder
from jaystream.formats.chat_parts import check_text, fresh_id

if TYPE_CHECKING:
    from jaystream.formats.chat_parts import Call

__all__ = ["OpenAiEncoder"]

_REASONS = {
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}

_DONE = b"data: [DONE]\n\n"


def check_seconds(created: object) -> None:
    """
    Check the time that an answer was begun at.

    Raises:
        TypeError: If *created* is neither int nor None.
    """
    if created is not None and (not isinstance(created, int) or isinstance(created, bool)):
        raise TypeError(f"created must be an int of seconds or None, got {created!r}")


class OpenAiEncoder(ChatEncoder):
    r"""
    Frames the chunks of one answer as chat completion chunks of OpenAI's API.

    The rule of the wire: bytes pass as they are, str is text, everything else is a chunk. Reasoning goes out as
    ``reasoning_content``, which many clients know, and a source that is a page as an annotation. What the protocol has
    no place for is left out: results of tools, questions about them, and data of the application's own. Behind an
    `ErrorChunk`, at which clients raise, nothing follows.

    Args:
        model: The model that the client is told.
        id: The answer's id; a `StartChunk`'s or a new one without.
        created: When it was begun, in seconds since 1970; now without.
        include_usage: Send the tokens of the answer at the end, as requests do that have this among
            their ``stream_options``.

    Raises:
        TypeError: If an argument has the wrong type.

    >>> encoder = OpenAiEncoder(model="m", id="c", created=0)
    >>> print(encoder.encode("Hi").split(b"\n\n")[1].decode())  # doctest: +ELLIPSIS
    data: {"id":"c","object":"chat.completion.chunk",...,"choices":[{"index":0,"delta":{"content":"Hi"},...}]}
    """

    __slots__ = ("_created", "_id", "_model", "_with_usage")

    def __init__(
        self,
        *,
        model: str = "",
        id: str | None = None,
        created: int | None = None,
        include_usage: bool = False,
    ) -> None:
        """
        Begin an answer.
        """
        check_text("model", model, needed=True)
        check_text("id", id)
        check_seconds(created)
        super().__init__()
        self._model = model
        self._id = id
        self._created = int(time.time()) if created is None else created
        self._with_usage = bool(include_usage)

    def _write_start(self, message_id: str | None) -> None:
        if self._id is None:
            self._id = fresh_id("chatcmpl-") if message_id is None else message_id
        head, tail = self._json(self._chunk({"content": None})).split(b'"content":null', 1)
        self._around = (b'data: %b"content":' % head, tail + b"\n\n")
        self._frame(self._chunk({"role": "assistant", "content": ""}))

    def _write_text(self, content: str) -> None:
        self._start()
        assert self._around is not None  # noqa: S101 - for type checkers
        self._out.append(self._json(content).join(self._around))

    def _write_reasoning(self, content: str, signature: str | None) -> None:
        if content:
            self._delta({"reasoning_content": content})

    def _open_call(self, call: Call) -> None:
        function = {"name": call.name, "arguments": ""}
        self._delta_of(call, {"id": call.id, "type": "function", "function": function})

    def _write_arguments(self, call: Call, piece: str) -> None:
        self._delta_of(call, {"function": {"arguments": piece}})

    def _finish_call(self, call: Call, arguments: str) -> None:
        if not call.opened:
            function = {"name": call.name, "arguments": arguments}
            self._delta_of(call, {"id": call.id, "type": "function", "function": function})
        else:
            rest = call.rest(arguments)
            if rest:
                self._write_arguments(call, rest)

    def _write_result(self, call: Call, result: object, raw: bytes) -> None:
        """There is no place for it."""

    def _park_call(self, call: Call, xid: str, message: str | None) -> None:
        """There is no place for it."""

    def _write_source(self, source: dict[str, str]) -> None:
        if "url" in source:
            url, title = source["url"], source.get("title", "")
            citation = {"url": url, "title": title, "start_index": 0, "end_index": 0}
            self._delta({"annotations": [{"type": "url_citation", "url_citation": citation}]})

    def _write_other(self, name: str, value: Any, raw: bytes) -> None:
        """There is no place for it."""

    def _write_failure(self, status: int, title: str, detail: str) -> None:
        self._write_break(status, title, detail)
        self._close()

    def _write_break(self, status: int, title: str, detail: str) -> None:
        kind = title.lower().replace(" ", "_")
        self._frame({"error": {"message": detail, "type": kind, "param": None, "code": status}})
        self._out.append(_DONE)

    def _write_end(self, reason: str) -> None:
        self._start()
        self._frame(self._chunk({}, _REASONS.get(reason, "stop")))
        if self._with_usage:
            self._frame({**self._chunk({}), "choices": [], "usage": self._tokens()})
        self._out.append(_DONE)

    def _write_cut(self) -> None:
        if self._started:
            self._frame(self._chunk({}, "length"))
        self._out.append(_DONE)

    def _delta(self, delta: dict[str, Any]) -> None:
        self._start()
        self._frame(self._chunk(delta))

    def _delta_of(self, call: Call, fields: dict[str, Any]) -> None:
        self._delta({"tool_calls": [{"index": call.index, **fields}]})

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        about = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model}
        return {**about, "choices": [choice]}

    def _tokens(self) -> dict[str, Any]:
        def count(name: str) -> int:
            return sum(entry.get(name, 0) for entry in self._usage)

        return {
            "prompt_tokens": count("input"),
            "completion_tokens": count("output"),
            "total_tokens": sum(
                entry.get("total", entry.get("input", 0) + entry.get("output", 0)) for entry in self._usage
            ),
            "prompt_tokens_details": {"cached_tokens": count("cacheRead")},
            "completion_tokens_details": {"reasoning_tokens": count("reasoning")},
        }
