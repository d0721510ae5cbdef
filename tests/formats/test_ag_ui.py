"""
The AG-UI protocol: `AgUiEncoder` and `AgUiDecoder`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from jaystream import AgUiDecoder, AgUiEncoder

PIECE: dict[str, Any] = {"type": "tool_call_delta", "toolCallDelta": {"id": "c1", "name": "look", "delta": '{"a"'}}
CALL: dict[str, Any] = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": '{"a":1}'}}
RESULT: dict[str, Any] = {"type": "tool_result", "toolResult": {"id": "c1", "name": "look", "result": [1]}}
RUN = {"threadId": "t", "runId": "r"}


def written(*items: Any) -> list[dict[str, Any]]:
    """
    The events of a whole run, each of which the protocol's own models take.
    """
    encoder = AgUiEncoder(thread_id="t", run_id="r")
    body = b"".join([*map(encoder.encode, items), encoder.flush()]).decode()
    found = [json.loads(block.removeprefix("data: ")) for block in body.split("\n\n")[:-1]]
    for event in found:
        TypeAdapter[Any](Event).validate_python(event)
    return found


def kinds(*items: Any) -> list[str]:
    """
    The types of the events between the start and the end of a run.
    """
    return [event["type"] for event in written(*items)][1:-1]


class TestAgUiEncoder:
    """
    What each item becomes.
    """

    def test_empty(self) -> None:
        """
        A run of nothing is whole, too.
        """
        finished = {"type": "RUN_FINISHED", **RUN, "result": {"stopReason": "end"}}
        assert [{"type": "RUN_STARTED", **RUN}, finished] == written()

    def test_messages(self) -> None:
        """
        Calls belong to the message of the text before them; what comes behind a result is another message.
        """
        start = {"type": "start", "messageId": "m1"}
        found = written(start, {"type": "reasoning", "content": "hm", "signature": "s"}, "a", CALL, RESULT, "b", CALL)
        assert ["r-1", "m1", "r-3"] == [
            event["messageId"] for event in found if event["type"].endswith("MESSAGE_START")
        ]
        assert ["m1"] == [event["parentMessageId"] for event in found if event["type"] == "TOOL_CALL_START"]
        (result,) = [event for event in found if event["type"] == "TOOL_CALL_RESULT"]
        assert ("r-2", "[1]") == (result["messageId"], result["content"])
        (signed,) = [event for event in found if event["type"] == "REASONING_ENCRYPTED_VALUE"]
        assert ("r-1", "s") == (signed["entityId"], signed["encryptedValue"])

    def test_thoughts(self) -> None:
        """
        A thought is a span with a message in it, and closes before text.
        """
        thought = ["REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_CONTENT"]
        ended = ["REASONING_MESSAGE_END", "REASONING_END"]
        text = ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]
        assert [*thought, *ended, *text] == kinds({"type": "reasoning", "content": "hm"}, "a")

    def test_signature_alone(self) -> None:
        """
        A thought that is hidden is a message without content.
        """
        thought = ["REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_END", "REASONING_END"]
        hidden = {"type": "reasoning", "content": "", "signature": "s"}
        assert [*thought, "REASONING_ENCRYPTED_VALUE"] == kinds(hidden)

    def test_surrogates(self) -> None:
        """
        Half a character goes on in the open message.
        """
        found = [event["delta"] for event in written("a", "\ud83d", "\ude00") if "delta" in event]
        assert ["a", "\ud83d", "\ude00"] == found

    def test_pieces_of_a_call(self) -> None:
        """
        The whole call brings what is missing; a call that is never whole is closed at the end.
        """
        found = written(PIECE, CALL, CALL, PIECE)
        assert ['{"a"', ":1}"] == [event["delta"] for event in found if "delta" in event]
        assert ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"] == kinds(PIECE)
        other = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": "{}"}}
        assert ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"] == kinds(PIECE, other)

    def test_parked(self) -> None:
        """
        A parked call interrupts the run, unless it has been answered.
        """
        parked = {"type": "tool_pending", "toolPending": {"xid": "x", "name": "look", "arguments": "", "message": "?"}}
        asked = {"id": "x", "reason": "tool_pending", "toolCallId": "c1", "message": "?"}
        assert {"type": "interrupt", "interrupts": [asked]} == written(CALL, parked)[-1]["outcome"]
        assert "outcome" not in written(CALL, parked, RESULT)[-1]

    def test_custom(self) -> None:
        """
        What has no event of its own is the application's.
        """
        source = {"id": "1", "url": "https://a.example"}
        found = written({"type": "source", "source": source}, {"type": "x", "n": 1}, [1], {"type": "text"})
        expected: list[Any] = [("source", source), ("x", {"n": 1}), ("item", [1]), ("text", {})]
        assert expected == [(event["name"], event["value"]) for event in found[1:-1]]

    def test_usage(self) -> None:
        """
        The tokens go along with the end, a failure among them.
        """
        usage = {"input": 1, "output": 2, "reasoning": 0, "total": 3, "cacheRead": 1, "model": "m", "other": 1}
        done = {"type": "done", "usage": [usage, {}], "stopReason": "length"}
        counts = {"inputTokens": 1, "outputTokens": 2, "reasoningTokens": 0, "totalTokens": 3, "cachedInputTokens": 1}
        last = written(done)[-1]
        assert ({"stopReason": "length"}, [{**counts, "model": "m"}]) == (last["result"], last["usage"])
        failed = {"type": "error", "error": {"status": "503", "title": "Busy"}}
        error = {"type": "RUN_ERROR", "message": "Busy", "code": "503", "usage": last["usage"]}
        assert [error] == written(done, failed, "a", done)[1:]

    def test_error_closes(self) -> None:
        """
        An error chunk closes what is open, and nothing follows.
        """
        failed = {"type": "error", "error": {"status": 503, "title": "Busy"}}
        text = ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_ERROR"]
        assert ["RUN_STARTED", *text] == [event["type"] for event in written("a", failed, "b", "c")]

    def test_error_and_cut(self) -> None:
        """
        A failure, and a stop by the sink, end the run wherever it is.
        """
        encoder, other = AgUiEncoder(), AgUiEncoder()
        encoder.encode("a")
        error = b'data: {"type":"RUN_ERROR","message":"gone","code":"404"}\n\n'
        assert error == encoder.error({"errors": [{"status": 404, "detail": "gone"}]})
        assert b'"code":"cancelled"' in other.flush(cut=True)
        assert (b"", b"", b"") == (encoder.flush(), encoder.encode("b"), other.flush())

    def test_ids(self) -> None:
        """
        Ids are new for each run, and text.
        """
        assert AgUiEncoder().flush() != AgUiEncoder().flush()
        number: Any = 1
        with pytest.raises(TypeError, match="run_id must be a str or None, got 1"):
            AgUiEncoder(run_id=number)
        with pytest.raises(TypeError, match="thread_id must be a str or None, got 1"):
            AgUiEncoder(thread_id=number)


def read(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """
    What the decoder makes of events, the end among them.
    """
    decoder = AgUiDecoder()
    return decoder.feed("".join(f"data: {json.dumps(event)}\n\n" for event in events)) + decoder.flush()


class TestAgUiDecoder:
    """
    What each event becomes, those we do not write among them.
    """

    def test_chunk_events(self) -> None:
        """
        The short forms of text, thoughts and calls.
        """
        found = read(
            {"type": "TEXT_MESSAGE_CHUNK", "messageId": "m", "delta": "a"},
            {"type": "REASONING_MESSAGE_CHUNK", "delta": "b"},
            {"type": "TEXT_MESSAGE_CHUNK"},
            {"type": "TOOL_CALL_CHUNK", "toolCallId": "c1", "toolCallName": "f", "delta": "{"},
            {"type": "TOOL_CALL_CHUNK", "delta": "}"},
            {"type": "TOOL_CALL_CHUNK", "toolCallId": "c2", "toolCallName": "g"},
            {"type": "RUN_FINISHED"},
        )
        calls = [chunk["toolCall"] for chunk in found if chunk["type"] == "tool_call"]
        assert [("c1", "f", "{}"), ("c2", "g", "{}")] == [tuple(call.values()) for call in calls]
        assert ["text", "reasoning"] == [chunk["type"] for chunk in found][:2]

    def test_unannounced(self) -> None:
        """
        Pieces and results of calls that nobody began.
        """
        found = read(
            {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{}"},
            {"type": "TOOL_CALL_END", "toolCallId": "c"},
            {"type": "TOOL_CALL_RESULT", "toolCallId": "d", "content": "r"},
            {"type": "TOOL_CALL_OTHER"},
            {"type": "RUN_FINISHED"},
        )
        result = {"type": "tool_result", "toolResult": {"id": "d", "name": "", "result": "r"}}
        assert [{"type": "tool_call", "toolCall": {"id": "c", "name": "", "arguments": "{}"}}, result] == found[1:-1]

    def test_ends(self) -> None:
        """
        Ends of every kind.
        """
        finished = {"type": "RUN_FINISHED", "usage": [{"inputTokens": 1, "outputTokens": True}, 5]}
        interrupted = {"type": "RUN_FINISHED", "outcome": {"interrupts": [{"id": "x"}]}}
        usage = [
            {"input": 1, "output": 0, "reasoning": 0, "total": 1},
            {"input": 0, "output": 0, "reasoning": 0, "total": 0},
        ]
        assert [{"type": "done", "usage": usage}] == read(finished)
        pending = {"xid": "x", "name": "", "arguments": "{}"}
        assert [{"type": "tool_pending", "toolPending": pending}, {"type": "done", "usage": []}] == read(interrupted)
        (failed,) = read({"type": "RUN_ERROR", "message": "m", "code": "429"})
        assert (429, "m") == (failed["error"]["status"], failed["error"]["detail"])
        custom = {"type": "CUSTOM", "name": "x", "value": 1}
        assert {"type": "x", "data": 1} == read(custom, {"type": "STEP_STARTED"}, finished)[0]
