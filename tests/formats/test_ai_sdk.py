"""
The AI SDK's UI message stream: `AiSdkEncoder` and `AiSdkDecoder`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from jaystream import AiSdkDecoder, AiSdkEncoder, SseEvent
from jaystream.errors import InvalidJsonError, UnencodableError

CALL: dict[str, Any] = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": '{"a":1}'}}
RESULT: dict[str, Any] = {"type": "tool_result", "toolResult": {"id": "c1", "name": "look", "result": [1]}}
PENDING: dict[str, Any] = {
    "type": "tool_pending",
    "toolPending": {"xid": "x", "name": "look", "arguments": '{"a":1}', "message": "?"},
}


class Note(BaseModel):
    """
    A chunk that is a pydantic model.
    """

    type: str = "text"
    content: str = "Hi"


@dataclass
class Step:
    """
    A chunk that is a dataclass.
    """

    n: int
    type: str = "step"


def frames(body: bytes) -> list[dict[str, Any]]:
    """
    The frames of a body, without the last mark.
    """
    found = [block.removeprefix("data: ") for block in body.decode().split("\n\n")[:-1]]
    return [json.loads(frame) for frame in found if frame != "[DONE]"]


def written(*items: Any, **options: Any) -> list[dict[str, Any]]:
    """
    The frames of a whole answer.
    """
    encoder = AiSdkEncoder(**options)
    return frames(b"".join([*map(encoder.encode, items), encoder.flush()]))


def kinds(*items: Any, **options: Any) -> list[str]:
    """
    The types of the frames between the start and the finish of an answer.
    """
    return [frame["type"] for frame in written(*items, **options)][1:-1]


class TestAiSdkEncoder:
    """
    What each item becomes.
    """

    def test_empty(self) -> None:
        """
        An answer of nothing is whole, too.
        """
        assert b'data: {"type":"start"}\n\ndata: {"type":"finish","finishReason":"stop"}\n\ndata: [DONE]\n\n' == (
            AiSdkEncoder().flush()
        )

    def test_text(self) -> None:
        """
        Text, however it comes, is pieces of one block; empty text is none.
        """
        items = ["a", {"type": "text", "content": "b"}, {"type": "text", "content": ""}, Note(), "\ud800", "c"]
        found = written(*items)
        assert ["a", "b", "Hi", "\ud800", "c"] == [frame["delta"] for frame in found if "delta" in frame]
        assert ["start-step", "text-start", *["text-delta"] * 5, "text-end", "finish-step"] == [
            frame["type"] for frame in found
        ][1:-1]

    def test_bytes(self) -> None:
        """
        Bytes pass, behind the end too.
        """
        encoder = AiSdkEncoder()
        assert b": x\n\n" == encoder.encode(bytearray(b": x\n\n"))
        encoder.flush()
        assert (b"y", b"", b"") == (encoder.encode(b"y"), encoder.encode("z"), encoder.flush())

    def test_blocks(self) -> None:
        """
        Reasoning and text close one another, a signature closes the thought it signs.
        """
        thought = {"type": "reasoning", "content": "hm", "signature": "s"}
        found = kinds({"type": "reasoning", "content": "a"}, thought, thought, "b")
        block = ["reasoning-start", "reasoning-delta"]
        text = ["text-start", "text-delta", "text-end", "finish-step"]
        assert ["start-step", *block, "reasoning-delta", "reasoning-end", *block, "reasoning-end", *text] == found

    def test_steps(self) -> None:
        """
        What a model says behind a tool's result is another step.
        """
        call = ["start-step", "tool-input-available", "tool-output-available", "finish-step"]
        assert [*call, "start-step", "text-start", "text-delta", "text-end", "finish-step"] == kinds(CALL, RESULT, "a")

    @pytest.mark.parametrize("in_pieces", [True, False])
    def test_calls_in_turn(self, in_pieces: bool) -> None:
        """
        So is a call: two that came one after the other do not look as if they had been made at once.
        """
        begin = {"type": "tool_call_delta", "toolCallDelta": {"id": "c2", "name": "look", "delta": "{"}}
        second = {"type": "tool_call", "toolCall": {"id": "c2", "name": "look", "arguments": "{}"}}
        pieces, frames = ([begin], ["tool-input-start", "tool-input-delta"]) if in_pieces else ([], [])
        call = ["start-step", "tool-input-available", "tool-output-available", "finish-step"]
        assert [*call, "start-step", *frames, "tool-input-available", "finish-step"] == kinds(
            CALL, RESULT, *pieces, second
        )

    def test_unfinished_call(self) -> None:
        """
        A call that is still being written keeps its step open.
        """
        begin = {"type": "tool_call_delta", "toolCallDelta": {"id": "c2", "name": "look", "delta": ""}}
        second = {"type": "tool_call", "toolCall": {"id": "c2", "name": "look", "arguments": "{}"}}
        first = ["start-step", "tool-input-start", "tool-input-available", "tool-output-available"]
        assert [*first, "tool-input-available", "finish-step"] == kinds(begin, CALL, RESULT, second)

    def test_pieces_of_a_call(self) -> None:
        """
        Pieces open a call once, the whole call closes it; what comes of it later is nothing new.
        """
        first = {"type": "tool_call_delta", "toolCallDelta": {"id": "c1", "name": "look", "delta": '{"a"'}}
        nameless = {"type": "tool_call_delta", "toolCallDelta": {"id": "c9", "delta": "{"}}
        call = ["tool-input-start", "tool-input-delta", "tool-input-delta", "tool-input-available"]
        assert ["start-step", *call, "finish-step"] == kinds(nameless, first, first, CALL, CALL, first)

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ('{"a":1.50}', b'"input":{"a":1.50}'),
            ('{\n"a": "\ud800"}', rb'"input":{ "a": "\ud800"}'),
            ("", b'"input":{}'),
            (None, b'"input":{}'),
            ({"a": 1}, b'"input":{"a":1}'),
            ('{"a":', rb'"input":"{\"a\":","errorText":"The arguments are not JSON"'),
            ("NaN", b'"input":"NaN"'),
            ("[" * 100_000, b'"errorText"'),
        ],
    )
    def test_arguments(self, arguments: Any, expected: bytes) -> None:
        """
        Arguments stand in the frame as the model wrote them, in one line; what is no JSON is told as an error.
        """
        chunk = {"type": "tool_call", "toolCall": {"id": "c", "name": "f", "arguments": arguments}}
        body = AiSdkEncoder().encode(chunk)
        assert expected in body
        assert len(frames(body)) == len(body.split(b"\n\n")) - 1

    def test_result_of_no_call(self) -> None:
        """
        A result nobody asked for brings its call along; one that comes twice replaces itself.
        """
        outputs = ["tool-output-available", "tool-output-available"]
        assert ["start-step", "tool-input-available", *outputs, "finish-step"] == kinds(RESULT, RESULT)

    def test_parked(self) -> None:
        """
        A parked call asks version 6 for an approval, and tells version 5 in a part of data.
        """
        asked = written(CALL, PENDING)
        data = {"xid": "x", "toolCallId": "c1", "name": "look", "message": "?"}
        assert {"type": "tool-approval-request", "approvalId": "x", "toolCallId": "c1"} in asked
        assert {"type": "data-tool_pending", "data": data} in asked
        assert ["start-step", "tool-input-available", "data-tool_pending", "finish-step"] == kinds(PENDING, sdk=5)

    def test_parked_of_several(self) -> None:
        """
        Of several calls of one tool that one is asked about which has these arguments; and each only once.
        """
        other = {"type": "tool_call", "toolCall": {"id": "c2", "name": "look", "arguments": '{"b":2}'}}
        found = [frame for frame in written(other, CALL, PENDING, PENDING) if "approvalId" in frame]
        assert ["c1", "c2"] == [frame["toolCallId"] for frame in found]
        again = {"type": "tool_pending", "toolPending": {"xid": "c1", "name": "look", "arguments": "{}"}}
        assert "data-tool_pending" in kinds(CALL, RESULT, again)  # that call is done with

    def test_sources(self) -> None:
        """
        A source with an address is a page, others are documents.
        """
        page = {"type": "source", "source": {"id": "1", "url": "https://a.example", "title": "A", "filename": "f"}}
        named = {"type": "source", "source": {"id": "2", "filename": "f.pdf", "mediaType": "application/pdf"}}
        bare = {"type": "source", "source": {"id": "3", "title": None}}
        document = {"type": "source-document", "sourceId": "2", "mediaType": "application/pdf"}
        assert [
            {"type": "source-url", "sourceId": "1", "url": "https://a.example", "title": "A"},
            {**document, "filename": "f.pdf", "title": "f.pdf"},
            {"type": "source-document", "sourceId": "3", "mediaType": "application/octet-stream", "title": "3"},
        ] == written(page, named, bare)[2:-2]

    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({"type": "progress", "n": 1}, {"type": "data-progress", "data": {"n": 1}}),
            ({"type": "data-x", "data": [1], "id": "a"}, {"type": "data-x", "data": [1], "id": "a"}),
            ({"type": "x", "data": 1, "transient": True}, {"type": "data-x", "data": 1, "transient": True}),
            ({"type": "x", "data": 1, "id": 5}, {"type": "data-x", "data": {"data": 1, "id": 5}}),
            ({"type": "text", "content": 5}, {"type": "data-text", "data": {"content": 5}}),
            ({"type": "tool_call", "toolCall": None}, {"type": "data-tool_call", "data": {"toolCall": None}}),
            ({"type": "error"}, {"type": "data-error", "data": {}}),
            ({"type": "reasoning"}, {"type": "data-reasoning", "data": {}}),
            ({"type": "tool_call_delta"}, {"type": "data-tool_call_delta", "data": {}}),
            ({"type": "tool_pending"}, {"type": "data-tool_pending", "data": {}}),
            ({"type": "tool_result"}, {"type": "data-tool_result", "data": {}}),
            ({"type": "source"}, {"type": "data-source", "data": {}}),
            ({"type": 5}, {"type": "data-item", "data": {"type": 5}}),
            ([1], {"type": "data-item", "data": [1]}),
            (None, {"type": "data-item", "data": None}),
            (Step(3), {"type": "data-step", "data": {"n": 3}}),
            (SseEvent({"n": 1}, event="x"), {"type": "data-x", "data": {"n": 1}}),
        ],
    )
    def test_others(self, item: Any, expected: dict[str, Any]) -> None:
        """
        What is no chunk of a model, or not what its type says, is data of the application's.
        """
        assert [expected] == written(item)[1:-1]

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ('{"a":[{"__proto__":{"b":1},"c":2}]}', {"a": [{"c": 2}]}),
            (r'{"\u005f_proto__":1,"\u0061":2}', {"a": 2}),
            ('{"constructor":{"prototype":1,"a":2}}', {"constructor": {"a": 2}}),
            ('{"constructor":"prototype","a":"__proto__"}', {"constructor": "prototype", "a": "__proto__"}),
            (r'{"a":"\u0061"}', {"a": "a"}),
        ],
    )
    def test_prototypes(self, data: str, expected: dict[str, Any]) -> None:
        """
        Keys at which the client refuses a frame are left out, wherever they come from.
        """
        call = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": data}}
        result = {"type": "tool_result", "toolResult": {"id": "c1", "name": "look", "result": json.loads(data)}}
        found = written(call, result, {"type": "x", **json.loads(data)}, {"type": "y", "data": json.loads(data)})
        inputs, outputs = ([frame[name] for frame in found if name in frame] for name in ("input", "output"))
        assert ([expected], [expected]) == (inputs, outputs)
        assert [expected, expected] == [frame["data"] for frame in found if "data" in frame]

    def test_events_without_data(self) -> None:
        """
        An event that is a comment alone has no place.
        """
        assert b"" == AiSdkEncoder().encode(SseEvent(comment="x"))

    def test_unencodable(self) -> None:
        """
        What JSON cannot hold is an error, and what has been written is still right.
        """
        encoder = AiSdkEncoder()
        with pytest.raises(UnencodableError):
            encoder.encode({"type": "tool_result", "toolResult": {"id": "c", "name": "f", "result": object()}})
        assert ["start", "finish"] == [frame["type"] for frame in frames(encoder.flush())]

    @pytest.mark.parametrize(
        ("items", "expected"),
        [
            ([{"type": "done", "stopReason": "length"}], "length"),
            ([{"type": "done", "stopReason": "refusal"}], "content-filter"),
            ([{"type": "done", "stopReason": "pause"}], "other"),
            ([{"type": "done", "stopReason": "end_turn"}], "other"),
            ([CALL], "tool-calls"),
            ([CALL, RESULT, {"type": "done"}], "stop"),
            (
                [{"type": "error", "error": {"status": 500, "title": "Bad"}}, {"type": "done", "stopReason": "end"}],
                "error",
            ),
        ],
    )
    def test_reasons(self, items: list[Any], expected: str) -> None:
        """
        The reason is one that the client knows, and found out where nobody says it.
        """
        assert expected == written(*items)[-1]["finishReason"]

    def test_error_within(self) -> None:
        """
        An error chunk closes what is open, and the answer may go on.
        """
        failed = {"type": "error", "error": {"status": 503, "title": "Busy", "detail": "Later"}}
        found = written("a", failed, "b")
        assert {"type": "error", "errorText": "Later"} == found[5]
        text = ["text-start", "text-delta", "text-end"]
        assert ["start-step", *text, "error", *text, "finish-step"] == [frame["type"] for frame in found][1:-1]

    def test_options(self) -> None:
        """
        The id is the caller's, else the first start's; usage is sent where it is asked for.
        """
        start, usage = {"type": "start", "messageId": "m"}, [{"input": 1, "output": 2, "reasoning": 0, "total": 3}]
        done = {"type": "done", "usage": [*usage, {"input": -1, "output": 2**60}, 5]}
        assert {"type": "start", "messageId": "m"} == written(start, {"type": "start", "messageId": "n"})[0]
        assert "own" == written(start, message_id="own")[0]["messageId"]
        assert {"usage": usage} == written(done, include_usage=True)[-1]["messageMetadata"]
        assert "messageMetadata" not in written(done)[-1]

    def test_bad_options(self) -> None:
        """
        Arguments are checked.
        """
        version: Any = 4
        with pytest.raises(ValueError, match="sdk must be 5 or 6, the client's major version, got 4"):
            AiSdkEncoder(sdk=version)
        number: Any = 4
        with pytest.raises(TypeError, match="message_id must be a str or None, got 4"):
            AiSdkEncoder(message_id=number)

    def test_error_and_cut(self) -> None:
        """
        A failure, and a stop by the sink, are told without anything that depends on what has arrived.
        """
        encoder, other = AiSdkEncoder(), AiSdkEncoder()
        encoder.encode("a")
        other.encode("a")
        body = {"errors": [{"status": 404, "title": "Not Found", "detail": "gone"}]}
        assert b'data: {"type":"error","errorText":"gone"}\n\ndata: [DONE]\n\n' == encoder.error(body)
        assert b'data: {"type":"abort"}\n\ndata: [DONE]\n\n' == other.flush(cut=True)
        assert (b"", b"", b"") == (encoder.error(body), encoder.flush(cut=True), other.encode("a"))
        assert b'data: {"type":"error","errorText":"Error"}\n\ndata: [DONE]\n\n' == AiSdkEncoder().error({})


class TestAiSdkDecoder:
    """
    What each frame becomes.
    """

    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            (
                {"type": "tool-output-denied", "toolCallId": "c"},
                {"result": "The call was not approved", "isError": True},
            ),
            ({"type": "tool-output-error", "toolCallId": "c", "errorText": "e"}, {"result": "e", "isError": True}),
            ({"type": "tool-output-available", "toolCallId": "c", "output": None}, {"result": None}),
        ],
    )
    def test_results(self, frame: dict[str, Any], expected: Any) -> None:
        """
        Every outcome of a tool is a result.
        """
        chunk = {"type": "tool_result", "toolResult": {"id": "c", "name": "", **expected}}
        assert [chunk] == AiSdkDecoder().feed(f"data: {json.dumps(frame)}\n\n")

    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            ({"type": "abort"}, {"type": "done", "usage": [], "stopReason": "other"}),
            ({"type": "finish"}, {"type": "done", "usage": []}),
            ({"type": "data-x", "data": 1}, {"type": "x", "data": 1}),
            ({"type": "file", "url": "u"}, {"type": "file", "url": "u"}),
            ({}, {}),
        ],
    )
    def test_others(self, frame: dict[str, Any], expected: dict[str, Any]) -> None:
        """
        Ends, data, and what is not known.
        """
        assert [expected] == AiSdkDecoder().feed(f"data: {json.dumps(frame)}\r\n\r\n".encode())

    def test_error(self) -> None:
        """
        Another server's failure is a bad gateway to our client.
        """
        (chunk,) = AiSdkDecoder().feed('data: {"type":"error","errorText":"e"}\n\n')
        assert {"status": 502, "title": "Bad Gateway", "detail": "e"} == chunk["error"]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ("{", "event 2 is not JSON"),
            ("[]", "event 2 is not JSON: expected an object"),
            ("[" * 100_000, "nested too"),
        ],
    )
    def test_no_json(self, data: str, message: str) -> None:
        """
        An event that is no JSON object is an error, behind what came before; and again.
        """
        decoder = AiSdkDecoder()
        assert 1 == len(decoder.feed(f'data: {{"type":"abort"}}\n\ndata: {data}\n\n'))
        with pytest.raises(InvalidJsonError, match=message):
            decoder.feed(b"")
        with pytest.raises(InvalidJsonError, match=message):
            decoder.flush()
        with pytest.raises(InvalidJsonError, match=message.replace("2", "1")):
            AiSdkDecoder().feed(f"data: {data}\n\n")
