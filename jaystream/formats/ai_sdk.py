"""
The UI message stream of Vercel's AI SDK, written: `AiSdkEncoder`, what `useChat` reads.

Reading it is `ai_sdk_decoder`'s.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from jaystream.formats.chat import ChatEncoder
from jaystream.formats.chat_parts import as_list, as_object, check_text
from jaystream.formats.json import encode_json, json_parser, raw_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaystream.formats.chat_parts import Call

__all__ = ["AiSdkEncoder"]

_REASONS = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool-calls",
    "content_filter": "content-filter",
    "refusal": "content-filter",
    "error": "error",
}

_DONE = b"data: [DONE]\n\n"

# Text in which a key may stand that the client refuses; the last begins every escape of a letter.
_SUSPECT = (b"__proto__", b"constructor", b"\\u00")


class AiSdkEncoder(ChatEncoder):
    r"""
    Frames the chunks of one answer as a UI message stream of the AI SDK.

    The rule of the wire: bytes pass as they are, str is text, everything else is a chunk. What is no `LlmChunk`
    becomes a part ``data-{type}`` of the message, with what else the chunk has as its data; a chunk that has ``data``
    and at most ``id`` and ``transient`` beside its type is such a part already. Keys that reach for the prototype of a
    JavaScript object, at which the client refuses a frame, are left out of all data.

    Args:
        message_id: The id of the message; without one a `StartChunk`'s, and without that the client makes one.
        sdk: The client's major version, 5 (from 5.0.92 on) or 6. A tool call that is parked asks version 6 for an
            approval; version 5, which knows none, gets a part ``data-tool_pending``.
        include_usage: Send the tokens of the answer as ``usage`` in the message's metadata.

    Raises:
        TypeError: If *message_id* is no str.
        ValueError: If *sdk* is another version.

    >>> encoder = AiSdkEncoder()
    >>> encoder.encode({"type": "text", "content": "Hi"}).split(b"\n\n")[2:4]
    [b'data: {"type":"text-start","id":"1"}', b'data: {"type":"text-delta","id":"1","delta":"Hi"}']
    >>> encoder.flush().split(b"\n\n")[-3:-1]
    [b'data: {"type":"finish","finishReason":"stop"}', b'data: [DONE]']
    """

    __slots__ = ("_answered", "_around_thought", "_block", "_blocks", "_in_step", "_message_id", "_sdk", "_with_usage")

    headers: Mapping[str, str] = {"x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self, *, message_id: str | None = None, sdk: Literal[5, 6] = 6, include_usage: bool = False) -> None:
        """
        Begin an answer.
        """
        check_text("message_id", message_id)
        if sdk not in {5, 6}:
            raise ValueError(f"sdk must be 5 or 6, the client's major version, got {sdk!r}")
        super().__init__()
        self._message_id = message_id
        self._sdk = sdk
        self._with_usage = bool(include_usage)
        self._block: str | None = None  # "text" or "reasoning", the one that is open
        self._blocks = 0
        self._around_thought = (b"", b"")
        self._in_step = False
        self._answered = False  # a tool has answered in this step: what the model says now belongs to the next

    def _write_start(self, message_id: str | None) -> None:
        given = self._message_id if self._message_id is not None else message_id
        self._frame({"type": "start"} if given is None else {"type": "start", "messageId": given})

    def _write_text(self, content: str) -> None:
        self._enter("text")
        assert self._around is not None  # noqa: S101 - for type checkers
        self._out.append(self._json(content).join(self._around))

    def _write_reasoning(self, content: str, signature: str | None) -> None:
        self._enter("reasoning")
        if content:
            self._out.append(self._json(content).join(self._around_thought))
        if signature is not None:  # it stands behind the thought that it signs
            self._leave({"jaystream": {"signature": signature}})

    def _open_call(self, call: Call) -> None:
        self._leave()
        self._step()
        self._frame({"type": "tool-input-start", "toolCallId": call.id, "toolName": call.name})

    def _write_arguments(self, call: Call, piece: str) -> None:
        self._frame({"type": "tool-input-delta", "toolCallId": call.id, "inputTextDelta": piece})

    def _finish_call(self, call: Call, arguments: str) -> None:
        self._leave()
        self._step()
        fields = {"toolCallId": call.id, "toolName": call.name}
        raw = raw_json(arguments)
        if raw is not None:
            self._frame({"type": "tool-input-available", **fields}, input=_harmless(raw))
        else:
            failure = "The arguments are not JSON"
            self._frame({"type": "tool-input-error", **fields, "input": arguments, "errorText": failure})

    def _write_result(self, call: Call, result: object, raw: bytes) -> None:
        self._leave()
        self._answered = True
        self._frame({"type": "tool-output-available", "toolCallId": call.id}, output=_harmless(raw))

    def _write_failed_result(self, call: Call, result: object, raw: bytes) -> None:
        self._leave()
        self._answered = True
        reason = result if isinstance(result, str) else raw.decode()
        self._frame({"type": "tool-output-error", "toolCallId": call.id, "errorText": reason})

    def _park_call(self, call: Call, xid: str, message: str | None) -> None:
        if self._sdk < 6 or message is not None:
            data = {"xid": xid, "toolCallId": call.id, "name": call.name}
            data |= {} if message is None else {"message": message}
            self._frame({"type": "data-tool_pending", "data": data})
        if self._sdk >= 6:
            self._frame({"type": "tool-approval-request", "approvalId": xid, "toolCallId": call.id})

    def _write_source(self, source: dict[str, str]) -> None:
        self._step()
        given: dict[str, str] = {name: source[name] for name in ("url", "title", "filename") if name in source}
        if "url" in given:
            given.pop("filename", None)
            self._frame({"type": "source-url", "sourceId": source["id"], **given})
        else:
            given.setdefault("title", source.get("filename", source["id"]))
            media_type = source.get("mediaType", "application/octet-stream")
            self._frame({"type": "source-document", "sourceId": source["id"], "mediaType": media_type, **given})

    def _write_other(self, name: str, value: Any, raw: bytes) -> None:
        raw = _harmless(raw)
        self._start()
        fields = {"type": name if name.startswith("data-") else f"data-{name}"}
        if isinstance(value, dict) and "data" in value and _is_part(cast("dict[str, Any]", value)):
            self._out.append(b"data: %b,%b\n\n" % (self._json(fields)[:-1], raw[1:]))
        else:
            self._frame(fields, data=raw)

    def _write_failure(self, status: int, title: str, detail: str) -> None:
        self._start()
        self._leave()
        self._frame({"type": "error", "errorText": detail})

    def _write_break(self, status: int, title: str, detail: str) -> None:
        self._frame({"type": "error", "errorText": detail})
        self._out.append(_DONE)

    def _write_end(self, reason: str) -> None:
        self._start()
        self._leave()
        if self._in_step:
            self._frame({"type": "finish-step"})
        fields: dict[str, Any] = {"type": "finish", "finishReason": _REASONS.get(reason, "other")}
        if self._with_usage and self._usage:
            fields["messageMetadata"] = {"usage": self._usage}
        self._frame(fields)
        self._out.append(_DONE)

    def _write_cut(self) -> None:
        self._frame({"type": "abort"})
        self._out.append(_DONE)

    def _step(self) -> None:
        """Be in a step that the model may say something in."""
        self._start()
        if self._in_step and self._answered and not self._begun:
            self._frame({"type": "finish-step"})
            self._in_step = False
        if not self._in_step:
            self._frame({"type": "start-step"})
            self._in_step, self._answered = True, False

    def _enter(self, block: str) -> None:
        """Be in an open block of text or of reasoning."""
        if self._block == block:
            return
        self._leave()
        self._step()
        self._blocks += 1
        self._block = block
        self._frame({"type": f"{block}-start", "id": str(self._blocks)})
        around = _around(block, self._blocks)
        if block == "text":
            self._around = around
        else:
            self._around_thought = around

    def _leave(self, metadata: Mapping[str, Any] | None = None) -> None:
        """Be in no open block."""
        if self._block is not None:
            fields: dict[str, Any] = {"type": f"{self._block}-end", "id": str(self._blocks)}
            self._frame(fields if metadata is None else {**fields, "providerMetadata": metadata})
            self._block = self._around = None


@lru_cache(64)
def _around(block: str, number: int) -> tuple[bytes, bytes]:
    """What stands around a piece of text; shared, since every answer has the same."""
    return b'data: {"type":"%b-delta","id":"%d","delta":' % (block.encode(), number), b"}\n\n"


def _harmless(raw: bytes) -> bytes:
    """JSON without the keys at which the client refuses the whole frame: they reach for the prototype of an object."""
    if not any(mark in raw for mark in _SUSPECT):
        return raw
    value: Any = json_parser()(raw)
    nodes, found = [value], False
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            fields = cast("dict[str, Any]", node)
            inner = as_object(fields.get("constructor"))
            found |= "__proto__" in fields or "prototype" in inner
            fields.pop("__proto__", None)
            inner.pop("prototype", None)
            nodes += fields.values()
        else:
            nodes += as_list(node)
    return encode_json(value) if found else raw


def _is_part(fields: dict[str, Any]) -> bool:
    """Whether a chunk has the fields of a data part, and of their types."""
    names = fields.keys() <= {"data", "id", "transient"}
    return names and isinstance(fields.get("id", ""), str) and isinstance(fields.get("transient", False), bool)
