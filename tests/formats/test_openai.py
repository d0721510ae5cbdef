"""
Chat completion chunks: `OpenAiEncoder` and `OpenAiDecoder`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from jaystream import OpenAiDecoder, OpenAiEncoder

PIECE: dict[str, Any] = {"type": "tool_call_delta", "toolCallDelta": {"id": "c1", "name": "look", "delta": '{"a"'}}
CALL: dict[str, Any] = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": '{"a":1}'}}
RESULT: dict[str, Any] = {"type": "tool_result", "toolResult": {"id": "c1", "name": "look", "result": [1]}}
FAILED: dict[str, Any] = {"type": "error", "error": {"status": 503, "title": "Service Unavailable", "detail": "Later"}}


def written(*items: Any, **options: Any) -> list[dict[str, Any]]:
    """
    The chunks of a whole answer, each of which the client's own models take.
    """
    given: dict[str, Any] = {"id": "c", "created": 0, "model": "m", **options}
    encoder = OpenAiEncoder(**given)
    body = b"".join([*map(encoder.encode, items), encoder.flush()]).decode()
    *frames, done, _ = [block.removeprefix("data: ") for block in body.split("\n\n")]
    assert "[DONE]" == done
    found = [json.loads(frame) for frame in frames]
    for chunk in found:
        if "error" not in chunk:
            ChatCompletionChunk.model_validate(chunk, strict=True)
    return found


def deltas(*items: Any) -> list[dict[str, Any]]:
    """
    What is new in each chunk between the first and the last.
    """
    return [chunk["choices"][0]["delta"] for chunk in written(*items)[1:-1]]


class TestOpenAiEncoder:
    """
    What each item becomes.
    """

    def test_empty(self) -> None:
        """
        An answer of nothing is whole, too.
        """
        about = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}
        assert [{**about, "choices": [first]}, {**about, "choices": [last]}] == written()

    def test_text(self) -> None:
        """
        Text and thoughts; a model's name cannot get in the way.
        """
        thought = {"type": "reasoning", "content": "hm", "signature": "s"}
        expected = [{"reasoning_content": "hm"}, {"content": "a"}, {"content": "b"}]
        assert expected == deltas(thought, {"type": "reasoning", "content": "", "signature": "s"}, "a", "b")
        assert '"content":null' == written("a", model='"content":null')[1]["model"]

    def test_calls(self) -> None:
        """
        A call whole, in pieces, and what is missing of it.
        """
        whole = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
        assert [{"tool_calls": [{"index": 0, **whole}]}] == deltas(CALL, CALL)
        found = [delta["tool_calls"][0]["function"]["arguments"] for delta in deltas(PIECE, CALL, PIECE)]
        assert ["", '{"a"', ":1}"] == found
        other = {"type": "tool_call", "toolCall": {"id": "c1", "name": "look", "arguments": "{}"}}
        assert 2 == len(deltas(PIECE, other))

    def test_left_out(self) -> None:
        """
        What has no place is left out: nothing begins for it.
        """
        parked = {"type": "tool_pending", "toolPending": {"xid": "c1", "name": "look", "arguments": ""}}
        document = {"type": "source", "source": {"id": "1", "title": "t"}}
        assert [] == deltas({"type": "x"}, [1], document)
        assert 1 == len(deltas(CALL, parked, RESULT))
        assert b"" == OpenAiEncoder().encode({"type": "x"})

    def test_sources(self) -> None:
        """
        A page is an annotation.
        """
        (delta,) = deltas({"type": "source", "source": {"id": "1", "url": "https://a.example"}})
        citation = {"url": "https://a.example", "title": "", "start_index": 0, "end_index": 0}
        assert [{"type": "url_citation", "url_citation": citation}] == delta["annotations"]

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [("length", "length"), ("refusal", "content_filter"), ("pause", "stop"), ("tool_calls", "tool_calls")],
    )
    def test_reasons(self, reason: str, expected: str) -> None:
        """
        The reason is one that clients know.
        """
        assert (
            expected == written({"type": "done", "usage": [], "stopReason": reason})[-1]["choices"][0]["finish_reason"]
        )

    def test_usage(self) -> None:
        """
        The tokens of all turns, where they are asked for.
        """
        usage = {"input": 1, "output": 2, "reasoning": 1, "total": 3, "cacheRead": 1, "model": "m"}
        last = written({"type": "done", "usage": [usage, usage]}, include_usage=True)[-1]
        assert ([], 2, 4, 6) == (
            last["choices"],
            *(last["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")),
        )
        assert 2 == last["usage"]["completion_tokens_details"]["reasoning_tokens"]
        assert 0 == written(include_usage=True)[-1]["usage"]["total_tokens"]

    def test_usage_without_total(self) -> None:
        """
        A turn that says no total counts by its parts.
        """
        usage = [{"input": 1, "output": 2, "total": 3}, {"input": 4, "output": 1}, {"total": 7, "reasoning": True}]
        tokens = written({"type": "done", "usage": usage}, include_usage=True)[-1]["usage"]
        assert (5, 3, 15) == (tokens["prompt_tokens"], tokens["completion_tokens"], tokens["total_tokens"])

    def test_errors(self) -> None:
        """
        An error ends the answer, as a failure does.
        """
        error = {"message": "Later", "type": "service_unavailable", "param": None, "code": 503}
        encoder = OpenAiEncoder()
        assert b'data: {"error":%b}\n\ndata: [DONE]\n\n' % json.dumps(error, separators=(",", ":")).encode() == (
            encoder.encode(FAILED)
        )
        assert (b"", b"", b"") == (encoder.encode("a"), encoder.flush(), encoder.error({}))
        begun = OpenAiEncoder()
        begun.encode("a")
        begun.encode(FAILED)
        assert b"" == begun.encode("b")

    def test_cut(self) -> None:
        """
        A stop by the sink is an answer that is too short.
        """
        encoder = OpenAiEncoder()
        assert b"data: [DONE]\n\n" == OpenAiEncoder().flush(cut=True)
        encoder.encode("a")
        assert b'"finish_reason":"length"' in encoder.flush(cut=True)

    def test_ids(self) -> None:
        """
        The id is the caller's, else the first start's, else new.
        """
        start = {"type": "start", "messageId": "m1"}
        assert ("c", "m1") == (written(start)[0]["id"], written(start, id=None)[0]["id"])
        assert written(id=None)[0]["id"].startswith("chatcmpl-")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"model": None}, "model must be a str, got None"),
            ({"id": 1}, "id must be a str or None, got 1"),
            ({"created": "now"}, "created must be an int of seconds or None, got 'now'"),
        ],
    )
    def test_bad_options(self, options: dict[str, Any], message: str) -> None:
        """
        Arguments are checked.
        """
        with pytest.raises(TypeError, match=message):
            OpenAiEncoder(**options)


def read(*chunks: Any, flush: bool = True) -> list[dict[str, Any]]:
    """
    What the decoder makes of chunks.
    """
    decoder = OpenAiDecoder()
    found = decoder.feed("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks))
    return found + decoder.flush() if flush else found


def choice(finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """
    A chunk.
    """
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


class TestOpenAiDecoder:
    """
    What each chunk becomes, those of other services among them.
    """

    def test_kinds(self) -> None:
        """
        Text, refusals, thoughts under both names; of several choices the first.
        """
        found = read(
            choice(content="a", reasoning="b"),
            choice(refusal="c", reasoning_content="d"),
            {"choices": [{"index": 1, "delta": {"content": "other"}}, 5]},
            {"choices": None, "usage": None},
            choice("stop"),
        )
        assert [("reasoning", "b"), ("text", "a"), ("reasoning", "d"), ("text", "c")] == [
            (chunk["type"], chunk["content"]) for chunk in found[1:-1]
        ]
        assert {"type": "done", "usage": [], "stopReason": "end"} == found[-1]

    def test_calls(self) -> None:
        """
        Calls in pieces, side by side, and with one index for all.
        """
        first = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}
        second = {"index": 1, "id": "c2", "function": {"name": "g"}}
        rest = {"index": 0, "function": {"arguments": "}"}}
        third = {"id": "c3", "function": {"name": "h", "arguments": "[]"}}
        found = read(choice(tool_calls=[first, second]), choice(tool_calls=[rest, third]), choice("tool_calls"))
        calls = [tuple(chunk["toolCall"].values()) for chunk in found if chunk["type"] == "tool_call"]
        assert [("c1", "f", "{}"), ("c3", "h", "[]"), ("c2", "g", "{}")] == calls
        assert "tool_calls" == found[-1]["stopReason"]

    def test_usage(self) -> None:
        """
        Tokens, with what is known of them.
        """
        details = {"prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 2}}
        tokens = {"prompt_tokens": 3, "completion_tokens": 4, **details}
        found = read({"model": "m", "choices": [], "usage": tokens}, choice("stop"))
        usage = {"input": 3, "output": 4, "reasoning": 2, "total": 7, "cacheRead": 1, "model": "m"}
        assert [{"type": "start", "model": "m"}, {"type": "done", "usage": [usage], "stopReason": "end"}] == found

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            ({"message": "m", "code": 429}, (429, "m")),
            ({"message": "m", "code": "rate"}, (502, "m")),
            ("m", (502, "m")),
        ],
    )
    def test_errors(self, error: object, expected: tuple[int, str]) -> None:
        """
        An error ends the answer.
        """
        (chunk,) = read({"error": error}, choice(content="a"))
        assert expected == (chunk["error"]["status"], chunk["error"]["detail"])

    def test_nothing(self) -> None:
        """
        Of nothing comes nothing.
        """
        assert [] == read()
        assert ([], []) == (OpenAiDecoder().feed(b"data: [DONE]\n\n"), OpenAiDecoder().flush())

    def test_sources(self) -> None:
        """
        Annotations are sources.
        """
        note = {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A"}}
        found = read(choice(annotations=[note, {"type": "other"}]), flush=False)
        source = {"id": "https://a.example", "url": "https://a.example", "title": "A"}
        assert [{"type": "source", "source": source}] == found[1:]
