"""
What the formats of chat UIs have in common: `ChatEncoder` reads chunks, and each format writes frames in its own words.

Whatever chunks come, in whatever order, every frame that is written is one that the client takes at this place. So
nothing of a chunk's shape is taken for granted: what does not have it is data of the application's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from jaystream.formats.chat_parts import STOP_REASONS, Call, as_list, as_object, error_of, usage_of
from jaystream.formats.json import json_encoder, json_parser, json_quoter
from jaystream.formats.sse_event import SseEvent
from jaystream.formats.wire import framed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ChatEncoder"]

Fields = Mapping[str, Any]


class ChatEncoder(ABC):
    """
    A wire format of chat UIs: a machine that opens what has to be open, and closes it again.

    Attributes:
        media_type: The content type of the whole body.
        headers: Further headers that the format wants.
        ping: A comment, which every reader skips.
        closes: The body has an end of its own.
    """

    __slots__ = (
        "_around",
        "_begun",
        "_calls",
        "_failed",
        "_json",
        "_out",
        "_over",
        "_quote",
        "_started",
        "_stop",
        "_usage",
    )

    media_type = "text/event-stream"
    headers: Mapping[str, str] = {}
    ping = b": ping\n\n"
    closes = True

    def __init__(self) -> None:
        self._json: Callable[[object], bytes] = json_encoder()
        self._quote = json_quoter()
        self._out: list[bytes] = []  # what is written and not yet given
        self._around: tuple[bytes, bytes] | None = None  # what stands around a piece of text, while text is open
        self._calls: dict[str, Call] = {}
        self._begun = 0  # how many of them are still being written
        self._stop: str | None = None
        self._usage: tuple[dict[str, Any], ...] = ()
        self._started = self._failed = self._over = False

    # what a run calls -----------------------------------------------------------------------------------------------

    def encode(self, item: Any) -> bytes:
        """
        Frame one item; nothing where the format has no place for it, and behind the end.

        Raises:
            FormatError: If JSON has no form for the item.
        """
        around = self._around
        if around is not None:
            content: Any = item
            if type(content) is dict:
                try:
                    content = item["content"] if item["type"] == "text" else None
                except KeyError:
                    content = None
            if type(content) is str and content:
                try:
                    return self._quote(content).encode().join(around)
                except ValueError:
                    pass  # a lone surrogate
        return self._encode_any(item)

    def flush(self, *, cut: bool = False) -> bytes:
        """
        Give what ends the body well: behind the last item, or with *cut* where a sink stops before it.
        """
        if self._over:
            return b""
        if cut:
            # What was written may not have reached the client, so this must be right whatever has.
            self._out.clear()
            self._write_cut()
        else:
            self._write_end(self._reason())
        self._close()
        return self._take()

    def error(self, body: Mapping[str, object]) -> bytes:
        """
        Frame a JSON:API error body, and what ends the body of the response behind it.
        """
        if self._over:
            return b""
        self._out.clear()
        errors = as_list(body.get("errors"))
        self._write_break(*error_of(as_object(errors[0]) if errors else {}))
        self._close()
        return self._take()

    # chunks ---------------------------------------------------------------------------------------------------------

    def _encode_any(self, item: object) -> bytes:
        ready = framed(item)
        if ready is not None:
            return ready
        if self._over:
            return b""
        if isinstance(item, str):
            self._on_text({"content": item})
        elif isinstance(item, SseEvent):
            if item.data is not None:
                self._write_other(item.event, item.data, self._json(item.data))
        else:
            fields = self._fields_of(item)
            kind = None if fields is None else fields.get("type")
            if fields is None or not isinstance(kind, str):
                self._write_other("item", item, self._json(item))
            elif not self._understand(kind, fields):
                rest = {key: value for key, value in fields.items() if key != "type"}
                self._write_other(kind, rest, self._json(rest))
        return self._take()

    def _fields_of(self, value: object) -> Fields | None:
        """The fields of a mapping, or of an object that JSON has as one."""
        if isinstance(value, Mapping):
            return cast("Fields", value)
        if value is None or isinstance(value, (str, int, float, list, tuple, set, frozenset)):
            return None
        read: object = json_parser()(self._json(value))
        return cast("Fields", read) if isinstance(read, dict) else None

    def _understand(self, kind: str, chunk: Fields) -> bool:
        """Write a chunk that has the shape its type says; False for one that has not, or is of no known type."""
        match kind:
            case "start":
                return self._on_start(chunk)
            case "text":
                return self._on_text(chunk)
            case "reasoning":
                return self._on_reasoning(chunk)
            case "tool_call_delta":
                return self._on_delta(chunk)
            case "tool_call":
                return self._on_call(chunk)
            case "tool_pending":
                return self._on_pending(chunk)
            case "tool_result":
                return self._on_result(chunk)
            case "source":
                return self._on_source(chunk)
            case "done":
                return self._on_done(chunk)
            case "error":
                return self._on_error(chunk)
            case _:
                return False

    # In each of these, what can fail comes before what is noted, so that what is noted is always what is written.

    def _on_start(self, chunk: Fields) -> bool:
        given = chunk.get("messageId")
        self._start(given if isinstance(given, str) else None)
        return True

    def _on_text(self, chunk: Fields) -> bool:
        content = chunk.get("content")
        if not isinstance(content, str):
            return False
        if content:
            self._write_text(content)
        return True

    def _on_reasoning(self, chunk: Fields) -> bool:
        content, signature = chunk.get("content"), chunk.get("signature")
        if not isinstance(content, str):
            return False
        signature = signature if isinstance(signature, str) else None
        if content or signature is not None:
            self._write_reasoning(content, signature)
        return True

    def _on_delta(self, chunk: Fields) -> bool:
        delta = self._fields_of(chunk.get("toolCallDelta")) or {}
        call_id, name, piece = delta.get("id"), delta.get("name"), delta.get("delta")
        if not isinstance(call_id, str) or not isinstance(piece, str):
            return False
        call = self._calls.get(call_id)
        if call is None:
            if not isinstance(name, str):
                return True  # a piece of nothing that could be named; the whole call still follows
            call = self._calls[call_id] = Call(call_id, name, len(self._calls))
            call.opened = True
            self._open_call(call)
            self._begun += 1
        if piece and not call.whole:
            call.pieces.append(piece)
            self._write_arguments(call, piece)
        return True

    def _on_call(self, chunk: Fields) -> bool:
        given = self._fields_of(chunk.get("toolCall")) or {}
        call_id, name = given.get("id"), given.get("name")
        if not isinstance(call_id, str) or not isinstance(name, str):
            return False
        self._whole_call(call_id, name, self._arguments_of(given.get("arguments")))
        return True

    def _on_pending(self, chunk: Fields) -> bool:
        given = self._fields_of(chunk.get("toolPending")) or {}
        xid, name, message = given.get("xid"), given.get("name"), given.get("message")
        if not isinstance(xid, str) or not isinstance(name, str):
            return False
        arguments = self._arguments_of(given.get("arguments"))
        waiting = [call for call in self._calls.values() if not call.answered and call.parked is None]
        # The question does not say which call it is about: one of its name or, better, with its arguments too.
        waiting.sort(key=lambda call: (call.id != xid, call.arguments != arguments))
        call = next((call for call in waiting if xid == call.id or name == call.name), None)
        if call is None and xid in self._calls:
            return False  # that one is done with
        call = self._whole_call(xid if call is None else call.id, name, arguments)
        call.parked = (xid, message if isinstance(message, str) else None)
        self._park_call(call, *call.parked)
        return True

    def _on_result(self, chunk: Fields) -> bool:
        given = self._fields_of(chunk.get("toolResult")) or {}
        call_id, name, result = given.get("id"), given.get("name"), given.get("result")
        if not isinstance(call_id, str) or not isinstance(name, str):
            return False
        raw = self._json(result)
        call = self._calls.get(call_id)
        call = self._whole_call(call_id, name, "{}" if call is None else call.written() or "{}")
        call.answered = True
        if given.get("isError") is True:
            self._write_failed_result(call, result, raw)
        else:
            self._write_result(call, result, raw)
        return True

    def _on_source(self, chunk: Fields) -> bool:
        source = self._fields_of(chunk.get("source"))
        if source is None or not isinstance(source.get("id"), str):
            return False
        self._write_source({key: value for key, value in source.items() if isinstance(value, str)})
        return True

    def _on_done(self, chunk: Fields) -> bool:
        entries = [usage_of(self._fields_of(entry) or {}) for entry in as_list(chunk.get("usage"))]
        self._usage += tuple(entry for entry in entries if entry)
        reason = chunk.get("stopReason")
        if isinstance(reason, str):
            self._stop = reason if reason in STOP_REASONS else "other"
        self._start()
        return True

    def _on_error(self, chunk: Fields) -> bool:
        error = self._fields_of(chunk.get("error"))
        if error is None:
            return False
        self._failed = True
        self._write_failure(*error_of(error))
        return True

    def _whole_call(self, id: str, name: str, arguments: str) -> Call:
        """The call of this id, with all of its arguments written; the first that are whole count."""
        call = self._calls.get(id)
        if call is None:
            call = self._calls[id] = Call(id, name, len(self._calls))
        if not call.whole:
            self._finish_call(call, arguments)
            call.whole, call.arguments = True, arguments
            self._begun -= call.opened
            call.pieces.clear()
        return call

    def _arguments_of(self, given: object) -> str:
        if given is None:
            return "{}"
        text = given if isinstance(given, str) else self._json(given).decode()
        return text if text.strip() else "{}"

    def _reason(self) -> str:
        """Why the model stopped, in the words of a `DoneChunk`."""
        if self._failed:
            return "error"
        if self._stop is not None:
            return self._stop
        return "tool_calls" if any(not call.answered for call in self._calls.values()) else "end"

    # frames ---------------------------------------------------------------------------------------------------------

    def _frame(self, fields: dict[str, Any], **raw: bytes) -> None:
        """Write one frame; *raw* stands behind the fields and is JSON already."""
        json = self._json(fields)
        for name, value in raw.items():
            json = b'%b,"%b":%b}' % (json[:-1], name.encode(), value)
        self._out.append(b"data: %b\n\n" % json)

    def _close(self) -> None:
        """Write nothing more."""
        self._over = True
        self._around = None

    def _take(self) -> bytes:
        written = b"".join(self._out)
        self._out.clear()
        return written

    def _start(self, message_id: str | None = None) -> None:
        """Write what stands in front of everything, once."""
        if not self._started:
            self._started = True
            self._write_start(message_id)

    # what each format says in its own words -------------------------------------------------------------------------

    @abstractmethod
    def _write_start(self, message_id: str | None) -> None:
        """Begin the answer."""

    @abstractmethod
    def _write_text(self, content: str) -> None:
        """Write a piece of text, and set `_around` for those that follow."""

    @abstractmethod
    def _write_reasoning(self, content: str, signature: str | None) -> None:
        """Write a piece of reasoning; either may be empty."""

    @abstractmethod
    def _open_call(self, call: Call) -> None:
        """Begin a call whose arguments come in pieces."""

    @abstractmethod
    def _write_arguments(self, call: Call, piece: str) -> None:
        """Write a piece of a call's arguments."""

    @abstractmethod
    def _finish_call(self, call: Call, arguments: str) -> None:
        """End a call; none of it is written where it has no pieces."""

    @abstractmethod
    def _write_result(self, call: Call, result: object, raw: bytes) -> None:
        """Write what a tool gave, once more as JSON."""

    def _write_failed_result(self, call: Call, result: object, raw: bytes) -> None:
        """Write why a tool gave nothing, where that is something else."""
        self._write_result(call, result, raw)

    @abstractmethod
    def _park_call(self, call: Call, xid: str, message: str | None) -> None:
        """Ask for an answer to a call."""

    @abstractmethod
    def _write_source(self, source: dict[str, str]) -> None:
        """Write a source, which has an id."""

    @abstractmethod
    def _write_other(self, name: str, value: Any, raw: bytes) -> None:
        """Write the application's own data, once more as JSON."""

    @abstractmethod
    def _write_failure(self, status: int, title: str, detail: str) -> None:
        """Tell of a failure within the answer, which may go on."""

    @abstractmethod
    def _write_break(self, status: int, title: str, detail: str) -> None:
        """Tell of a failure that ends the answer, wherever it stands; what was written last may be lost."""

    @abstractmethod
    def _write_end(self, reason: str) -> None:
        """Close what is open and end."""

    @abstractmethod
    def _write_cut(self) -> None:
        """End an answer that somebody has stopped, wherever it stands; what was written last may be lost."""
