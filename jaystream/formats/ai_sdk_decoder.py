"""
The UI message stream of Vercel's AI SDK, read: `AiSdkDecoder`.
"""

from __future__ import annotations

from typing import Any, cast

from jaystream.formats.chat_decoder import ChatDecoder, error_chunk, text_in
from jaystream.formats.chat_parts import as_list, as_object
from jaystream.formats.json import json_encoder
from jaystream.formats.wire import DEFAULT_LIMIT

__all__ = ["AiSdkDecoder"]

_REASONS = {
    "stop": "end",
    "length": "length",
    "tool-calls": "tool_calls",
    "content-filter": "content_filter",
    "error": "error",
}

_SILENT = frozenset({"text-start", "text-end", "reasoning-start", "start-step", "finish-step"})


class AiSdkDecoder(ChatDecoder):
    r"""
    Reads the chunks of an answer from a UI message stream of the AI SDK, however it is cut.

    The inverse of `AiSdkEncoder`: text, reasoning, calls of tools and their results come back as they were; the
    arguments of a call are the same JSON in its shortest form. A part ``data-{type}`` is a chunk of this type, with
    the fields of its data, or with ``data`` where that is no object. A part of no known type is given as it is.

    Args:
        max_event: The most bytes that one event may have; None for no bound.

    Raises:
        TypeError: If *max_event* is neither int nor None.
        ValueError: If *max_event* is below 1.

    >>> AiSdkDecoder().feed(b'data: {"type":"text-delta","id":"1","delta":"Hi"}\n\ndata: [DONE]\n\n')
    [{'type': 'text', 'content': 'Hi'}]
    """

    __slots__ = ("_asked", "_calls", "_named")

    def __init__(self, *, max_event: int | None = DEFAULT_LIMIT) -> None:
        """
        Begin an answer.
        """
        super().__init__(max_event=max_event)
        self._calls: dict[str, dict[str, str]] = {}
        self._asked: set[str] = set()  # the calls that are known to wait for an answer
        self._named: set[str] = set()  # the calls whose pieces have been given with their name

    def _read(self, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        kind = text_in(fields, "type")
        if kind == "text-delta":
            found.append({"type": "text", "content": text_in(fields, "delta")})
        elif kind == "reasoning-delta":
            found.append({"type": "reasoning", "content": text_in(fields, "delta")})
        elif kind == "reasoning-end":
            signature = _signature_in(fields.get("providerMetadata"))
            if signature is not None:
                found.append({"type": "reasoning", "content": "", "signature": signature})
        elif kind.startswith("tool-"):
            self._read_tool(kind, fields, found)
        elif kind.startswith("data-"):
            found.append(self._part_in(kind.removeprefix("data-"), fields.get("data")))
        elif kind in {"start", "finish", "abort", "error", "source-url", "source-document"}:
            self._read_frame(kind, fields, found)
        elif kind not in _SILENT:
            found.append(fields)

    def _read_done(self, found: list[dict[str, Any]]) -> None:
        """Nothing is held back."""

    def _read_frame(self, kind: str, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        self._complete |= kind in {"finish", "abort", "error"}
        if kind == "start":
            given = {"messageId": fields["messageId"]} if isinstance(fields.get("messageId"), str) else {}
            found.append({"type": "start", **given})
        elif kind == "finish":
            usage = as_list(as_object(fields.get("messageMetadata")).get("usage"))
            reason = fields.get("finishReason")
            stop = {} if reason is None else {"stopReason": _REASONS.get(reason, "other")}
            found.append({"type": "done", "usage": usage, **stop})
        elif kind == "abort":
            found.append({"type": "done", "usage": [], "stopReason": "other"})
        elif kind == "error":
            found.append(error_chunk(text_in(fields, "errorText")))
        else:
            names = {"sourceId": "id", "url": "url", "title": "title", "mediaType": "mediaType", "filename": "filename"}
            source = {ours: fields[theirs] for theirs, ours in names.items() if isinstance(fields.get(theirs), str)}
            found.append({"type": "source", "source": source})

    def _read_tool(self, kind: str, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        call_id = text_in(fields, "toolCallId")
        call = self._calls.setdefault(call_id, {"name": "", "arguments": "{}"})
        call["name"] = text_in(fields, "toolName") or call["name"]
        if kind == "tool-input-delta":
            named = {} if call_id in self._named else {"name": call["name"]}
            self._named.add(call_id)
            delta = {"id": call_id, **named, "delta": text_in(fields, "inputTextDelta")}
            found.append({"type": "tool_call_delta", "toolCallDelta": delta})
        elif kind in {"tool-input-available", "tool-input-error"}:
            given = fields.get("input")
            raw = given if kind == "tool-input-error" and isinstance(given, str) else json_encoder()(given).decode()
            call["arguments"] = raw
            found.append({"type": "tool_call", "toolCall": {"id": call_id, **call}})
        elif kind == "tool-approval-request":
            if text_in(fields, "approvalId") not in self._asked:  # a part before it may have said more
                pending = {"xid": text_in(fields, "approvalId"), **call}
                found.append({"type": "tool_pending", "toolPending": pending})
        elif kind.startswith("tool-output-"):
            answer: dict[str, Any] = {"id": call_id, "name": call["name"], "result": fields.get("output")}
            if kind == "tool-output-error":
                answer |= {"result": text_in(fields, "errorText"), "isError": True}
            elif kind == "tool-output-denied":
                answer |= {"result": "The call was not approved", "isError": True}
            found.append({"type": "tool_result", "toolResult": answer})

    def _part_in(self, name: str, data: object) -> dict[str, Any]:
        if not isinstance(data, dict):
            return {"type": name, "data": data}
        fields = cast("dict[str, Any]", data)
        if name == "tool_pending":
            call = self._calls.get(text_in(fields, "toolCallId"), {"name": text_in(fields, "name"), "arguments": "{}"})
            self._asked.add(text_in(fields, "xid"))
            message = {"message": fields["message"]} if isinstance(fields.get("message"), str) else {}
            return {"type": name, "toolPending": {"xid": text_in(fields, "xid"), **call, **message}}
        return {**fields, "type": name}


def _signature_in(metadata: object) -> str | None:
    """The signature of a thought, whoever it is under."""
    found = (as_object(values).get("signature") for values in as_object(metadata).values())
    return next((signature for signature in found if isinstance(signature, str)), None)
