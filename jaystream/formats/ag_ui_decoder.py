"""
The AG-UI protocol, read: `AgUiDecoder`.
"""

from __future__ import annotations

from typing import Any, cast

from jaystream.formats.chat_decoder import ChatDecoder, error_chunk, text_in, usage_in
from jaystream.formats.chat_parts import STOP_REASONS, as_list, as_object
from jaystream.formats.wire import DEFAULT_LIMIT

__all__ = ["AgUiDecoder"]

_USAGE = {
    "inputTokens": "input",
    "outputTokens": "output",
    "reasoningTokens": "reasoning",
    "totalTokens": "total",
    "cachedInputTokens": "cacheRead",
    "cacheWriteInputTokens": "cacheWrite",
    "provider": "provider",
    "model": "model",
}

_TEXT = frozenset({"TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"})
_REASONING = frozenset({"REASONING_MESSAGE_CONTENT", "REASONING_MESSAGE_CHUNK", "THINKING_TEXT_MESSAGE_CONTENT"})


class AgUiDecoder(ChatDecoder):
    r"""
    Reads the chunks of a run from events of the AG-UI protocol, however they are cut.

    The inverse of `AgUiEncoder`: text, reasoning and calls of tools come back as they were, a call in pieces with all
    of it behind them; the result of a tool is text. A ``CUSTOM`` event is a chunk of its name as type, with the fields
    of its value, or with ``data`` where that is no object. Other events are left out.

    Args:
        max_event: The most bytes that one event may have; None for no bound.

    Raises:
        TypeError: If *max_event* is neither int nor None.
        ValueError: If *max_event* is below 1.

    >>> AgUiDecoder().feed(b'data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"1","delta":"Hi"}\n\n')
    [{'type': 'text', 'content': 'Hi'}]
    """

    __slots__ = ("_calls", "_open")

    def __init__(self, *, max_event: int | None = DEFAULT_LIMIT) -> None:
        """
        Begin a run.
        """
        super().__init__(max_event=max_event)
        self._calls: dict[str, tuple[str, list[str]]] = {}  # name and pieces of each
        self._open: str | None = None  # the call that TOOL_CALL_CHUNK goes on with

    def _read(self, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        kind = text_in(fields, "type")
        self._complete |= kind in {"RUN_FINISHED", "RUN_ERROR"}
        if not kind.startswith("TOOL_CALL_CHUNK"):
            self._end_chunks(found)
        if kind in _TEXT or kind in _REASONING:
            delta = text_in(fields, "delta")
            if delta:
                found.append({"type": "text" if kind in _TEXT else "reasoning", "content": delta})
        elif kind == "REASONING_ENCRYPTED_VALUE" and fields.get("subtype") == "message":
            found.append({"type": "reasoning", "content": "", "signature": text_in(fields, "encryptedValue")})
        elif kind.startswith("TOOL_CALL_"):
            self._read_tool(kind, fields, found)
        elif kind == "CUSTOM":
            found.append(_chunk_of(text_in(fields, "name"), fields.get("value")))
        elif kind == "RUN_STARTED":
            found.append({"type": "start"})
        elif kind == "RUN_ERROR":
            found.append(error_chunk(text_in(fields, "message"), fields.get("code")))
        elif kind == "RUN_FINISHED":
            self._read_finish(fields, found)

    def _read_done(self, found: list[dict[str, Any]]) -> None:
        self._end_chunks(found)

    def _read_tool(self, kind: str, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        call_id = text_in(fields, "toolCallId")
        if kind == "TOOL_CALL_START":
            self._calls[call_id] = (text_in(fields, "toolCallName"), [])
        elif kind == "TOOL_CALL_ARGS":
            self._add(call_id, text_in(fields, "delta"), found)
        elif kind == "TOOL_CALL_END":
            self._end_call(call_id, found)
        elif kind == "TOOL_CALL_RESULT":
            name = self._calls[call_id][0] if call_id in self._calls else ""
            result = {"id": call_id, "name": name, "result": fields.get("content")}
            found.append({"type": "tool_result", "toolResult": result})
        elif kind == "TOOL_CALL_CHUNK":
            if call_id and call_id != self._open:
                self._end_chunks(found)
                self._open = call_id
                self._calls[call_id] = (text_in(fields, "toolCallName"), [])
            if self._open is not None and text_in(fields, "delta"):
                self._add(self._open, text_in(fields, "delta"), found)

    def _add(self, id: str, piece: str, found: list[dict[str, Any]]) -> None:
        name, pieces = self._calls.setdefault(id, ("", []))
        delta = {"id": id, **({} if pieces else {"name": name}), "delta": piece}
        pieces.append(piece)
        found.append({"type": "tool_call_delta", "toolCallDelta": delta})

    def _end_chunks(self, found: list[dict[str, Any]]) -> None:
        if self._open is not None:
            self._end_call(self._open, found)
            self._open = None

    def _end_call(self, id: str, found: list[dict[str, Any]]) -> None:
        name, pieces = self._calls.setdefault(id, ("", []))
        call = {"id": id, "name": name, "arguments": "".join(pieces) or "{}"}
        found.append({"type": "tool_call", "toolCall": call})

    def _read_finish(self, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        interrupts = as_list(as_object(fields.get("outcome")).get("interrupts"))
        found += [self._pending_in(as_object(interrupt)) for interrupt in interrupts]
        reason = text_in(as_object(fields.get("result")), "stopReason")
        usage = [usage_in(entry, _USAGE) for entry in as_list(fields.get("usage"))]
        found.append({"type": "done", "usage": usage, **({"stopReason": reason} if reason in STOP_REASONS else {})})

    def _pending_in(self, interrupt: dict[str, Any]) -> dict[str, Any]:
        name, pieces = self._calls.get(text_in(interrupt, "toolCallId"), ("", []))
        message = {"message": interrupt["message"]} if isinstance(interrupt.get("message"), str) else {}
        pending = {"xid": text_in(interrupt, "id"), "name": name, "arguments": "".join(pieces) or "{}", **message}
        return {"type": "tool_pending", "toolPending": pending}


def _chunk_of(name: str, value: object) -> dict[str, Any]:
    """The chunk that an application's own event was made of."""
    if name == "source":
        return {"type": "source", "source": value}
    return {**cast("dict[str, Any]", value), "type": name} if isinstance(value, dict) else {"type": name, "data": value}
