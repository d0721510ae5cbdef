"""
The AG-UI protocol, written: `AgUiEncoder`, what `@ag-ui/client` and the UIs over it read.

Reading it is `ag_ui_decoder`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.formats.chat import ChatEncoder
from jaystream.formats.chat_parts import check_text, fresh_id

if TYPE_CHECKING:
    from jaystream.formats.chat_parts import Call

__all__ = ["AgUiEncoder"]

_USAGE = {
    "input": "inputTokens",
    "output": "outputTokens",
    "total": "totalTokens",
    "reasoning": "reasoningTokens",
    "cacheRead": "cachedInputTokens",
    "cacheWrite": "cacheWriteInputTokens",
    "provider": "provider",
    "model": "model",
}


class AgUiEncoder(ChatEncoder):
    r"""
    Frames the chunks of one run of an agent as events of the AG-UI protocol.

    The rule of the wire: bytes pass as they are, str is text, everything else is a chunk. What is no `LlmChunk`
    becomes a ``CUSTOM`` event, named as the chunk's type, with what else the chunk has as its value; so does a source.
    A tool call that is parked ends the run with an interrupt. Behind an `ErrorChunk`, which is ``RUN_ERROR``, nothing
    can follow, so nothing does.

    Args:
        thread_id: The conversation, as the request names it; a new one without.
        run_id: The run, as the request names it; a new one without. The ids of messages begin with it.

    Raises:
        TypeError: If an id is no str.

    >>> encoder = AgUiEncoder(thread_id="t", run_id="r")
    >>> for frame in (encoder.encode("Hi") + encoder.flush()).split(b"\n\n")[:3]:
    ...     print(frame.decode())
    data: {"type":"RUN_STARTED","threadId":"t","runId":"r"}
    data: {"type":"TEXT_MESSAGE_START","messageId":"r-1","role":"assistant"}
    data: {"type":"TEXT_MESSAGE_CONTENT","messageId":"r-1","delta":"Hi"}
    """

    __slots__ = ("_around_thought", "_first", "_message", "_messages", "_open", "_run")

    def __init__(self, *, thread_id: str | None = None, run_id: str | None = None) -> None:
        """
        Begin a run.
        """
        check_text("thread_id", thread_id)
        check_text("run_id", run_id)
        super().__init__()
        thread_id = fresh_id("thread-") if thread_id is None else thread_id
        run_id = fresh_id("run-") if run_id is None else run_id
        self._run = {"threadId": thread_id, "runId": run_id}
        self._first: str | None = None  # what a chunk calls the first message of the assistant's
        self._messages = 0
        self._message: str | None = None  # the assistant's message that text and calls now belong to
        self._open: tuple[str, str] | None = None  # "text" or "reasoning", and the id of the message that is open
        self._around_thought = (b"", b"")

    def _write_start(self, message_id: str | None) -> None:
        self._first = message_id
        self._frame({"type": "RUN_STARTED", **self._run})

    def _write_text(self, content: str) -> None:
        self._start()
        if self._around is None:
            self._leave()
            message = self._message = self._new_answer()
            self._open = ("text", message)
            self._frame({"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"})
            self._around = self._around_delta("TEXT_MESSAGE_CONTENT", message)
        self._out.append(self._json(content).join(self._around))

    def _write_reasoning(self, content: str, signature: str | None) -> None:
        self._start()
        if self._open is None or self._open[0] != "reasoning":
            self._leave()
            message = self._new_message()
            self._open = ("reasoning", message)
            self._frame({"type": "REASONING_START", "messageId": message})
            self._frame({"type": "REASONING_MESSAGE_START", "messageId": message, "role": "reasoning"})
            self._around_thought = self._around_delta("REASONING_MESSAGE_CONTENT", message)
        if content:
            self._out.append(self._json(content).join(self._around_thought))
        if signature is not None:  # it stands behind the thought that it signs
            entity = {"subtype": "message", "entityId": self._open[1]}
            self._leave()
            self._frame({"type": "REASONING_ENCRYPTED_VALUE", **entity, "encryptedValue": signature})

    def _open_call(self, call: Call) -> None:
        self._start()
        self._leave()
        if self._message is None:
            self._message = self._new_answer()
        fields = {"toolCallId": call.id, "toolCallName": call.name, "parentMessageId": self._message}
        self._frame({"type": "TOOL_CALL_START", **fields})

    def _write_arguments(self, call: Call, piece: str) -> None:
        self._frame({"type": "TOOL_CALL_ARGS", "toolCallId": call.id, "delta": piece})

    def _finish_call(self, call: Call, arguments: str) -> None:
        if not call.opened:
            self._open_call(call)
        rest = call.rest(arguments)
        if rest:
            self._write_arguments(call, rest)
        self._frame({"type": "TOOL_CALL_END", "toolCallId": call.id})

    def _write_result(self, call: Call, result: object, raw: bytes) -> None:
        self._leave()
        self._message = None  # what the model says now is another message
        content = result if isinstance(result, str) else raw.decode()
        fields = {"messageId": self._new_message(), "toolCallId": call.id, "content": content, "role": "tool"}
        self._frame({"type": "TOOL_CALL_RESULT", **fields})

    def _park_call(self, call: Call, xid: str, message: str | None) -> None:
        """The interrupt at the end tells of it."""

    def _write_source(self, source: dict[str, str]) -> None:
        self._start()
        self._frame({"type": "CUSTOM", "name": "source", "value": source})

    def _write_other(self, name: str, value: Any, raw: bytes) -> None:
        self._start()
        self._frame({"type": "CUSTOM", "name": name}, value=raw)

    def _write_failure(self, status: int, title: str, detail: str) -> None:
        self._start()
        self._leave()
        self._write_break(status, title, detail)
        self._close()

    def _write_break(self, status: int, title: str, detail: str) -> None:
        fields: dict[str, Any] = {"type": "RUN_ERROR", "message": detail, "code": str(status)}
        self._frame(fields | ({"usage": self._tokens()} if self._usage else {}))

    def _write_end(self, reason: str) -> None:
        self._start()
        self._leave()
        for call in self._calls.values():
            if not call.whole:
                self._frame({"type": "TOOL_CALL_END", "toolCallId": call.id})
        waiting = [call for call in self._calls.values() if call.parked is not None and not call.answered]
        fields: dict[str, Any] = {"type": "RUN_FINISHED", **self._run, "result": {"stopReason": reason}}
        if waiting:
            fields["outcome"] = {"type": "interrupt", "interrupts": [_interrupt(call) for call in waiting]}
        if self._usage:
            fields["usage"] = self._tokens()
        self._frame(fields)

    def _write_cut(self) -> None:
        self._frame({"type": "RUN_ERROR", "message": "The run was stopped before its end", "code": "cancelled"})

    def _tokens(self) -> list[dict[str, Any]]:
        return [{_USAGE[name]: value for name, value in entry.items()} for entry in self._usage]

    def _new_message(self) -> str:
        self._messages += 1
        return f"{self._run['runId']}-{self._messages}"

    def _new_answer(self) -> str:
        """The id of a new message of the assistant's."""
        first, self._first = self._first, None
        return self._new_message() if first is None else first

    def _around_delta(self, kind: str, id: str) -> tuple[bytes, bytes]:
        return b'data: {"type":"%b","messageId":%b,"delta":' % (kind.encode(), self._json(id)), b"}\n\n"

    def _leave(self) -> None:
        """Be in no open message."""
        if self._open is not None:
            block, message = self._open
            if block == "text":
                self._frame({"type": "TEXT_MESSAGE_END", "messageId": message})
            else:
                self._frame({"type": "REASONING_MESSAGE_END", "messageId": message})
                self._frame({"type": "REASONING_END", "messageId": message})
            self._open = self._around = None


def _interrupt(call: Call) -> dict[str, str]:
    """What the run waits for, as the protocol words it."""
    assert call.parked is not None  # noqa: S101 - for type checkers
    xid, message = call.parked
    interrupt = {"id": xid, "reason": "tool_pending", "toolCallId": call.id}
    return interrupt if message is None else {**interrupt, "message": message}
