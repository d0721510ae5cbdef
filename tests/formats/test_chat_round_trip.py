"""
The formats of chat UIs, written and read again: text and calls of tools survive, however the bytes are cut.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import AgUiDecoder, AgUiEncoder, AiSdkDecoder, AiSdkEncoder, JaypieStream, OpenAiDecoder, OpenAiEncoder
from jaystream.testing.strategies import any_chunks, byte_cuts, llm_chunks

PAIRS: dict[str, tuple[Any, Any]] = {
    "ai_sdk": (lambda: AiSdkEncoder(include_usage=True), AiSdkDecoder),
    "ag_ui": (lambda: AgUiEncoder(thread_id="t", run_id="r"), AgUiDecoder),
    "openai": (lambda: OpenAiEncoder(id="c", created=0, include_usage=True), OpenAiDecoder),
}

BEGUN = {"type": "tool_call_delta", "toolCallDelta": {"id": "c", "name": "look", "delta": "{"}}

texts = st.text(min_size=1, max_size=4)
arguments = st.dictionaries(texts, texts | st.integers() | st.none(), max_size=2).map(json.dumps)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """
    Text, thoughts and calls, each with an id of its own, whole or in pieces.
    """
    chunks: list[dict[str, Any]] = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(["text", "reasoning", "call", "pieces"]), max_size=6))):
        if kind in {"text", "reasoning"}:
            chunks.append({"type": kind, "content": draw(texts)})
            continue
        call = {"id": f"c{number}", "name": draw(texts), "arguments": draw(arguments)}
        cut = draw(st.integers(0, len(call["arguments"])))
        if kind == "pieces":
            chunks += [
                {"type": "tool_call_delta", "toolCallDelta": {"id": call["id"], "name": call["name"], "delta": piece}}
                for piece in (call["arguments"][:cut], call["arguments"][cut:])
            ]
        chunks.append({"type": "tool_call", "toolCall": call})
    return [*chunks, {"type": "done", "usage": [], "stopReason": draw(st.sampled_from(["end", "length"]))}]


def told(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """
    What must survive.
    """
    calls = [chunk["toolCall"] for chunk in chunks if chunk["type"] == "tool_call"]
    return {
        "text": [chunk["content"] for chunk in chunks if chunk["type"] == "text"],
        "reasoning": [chunk["content"] for chunk in chunks if chunk["type"] == "reasoning"],
        "calls": [{**call, "arguments": json.loads(call["arguments"])} for call in calls],
        "reason": [chunk.get("stopReason") for chunk in chunks if chunk["type"] == "done"],
    }


@pytest.mark.parametrize("name", PAIRS)
class TestRoundTrip:
    """
    Each format.
    """

    @given(chunks=conversations(), data=st.data())
    def test_survives(self, name: str, chunks: list[dict[str, Any]], data: st.DataObject) -> None:
        """
        What was said comes back, piece by piece.
        """
        encode, decode = PAIRS[name]
        encoder, decoder = encode(), decode()
        body = b"".join([*map(encoder.encode, chunks), encoder.flush()])
        found: list[dict[str, Any]] = []
        for piece in data.draw(byte_cuts(body)):
            found += decoder.feed(piece)
        assert told(chunks) == told([*found, *decoder.flush()])

    @given(chunks=st.lists(any_chunks() | llm_chunks(), max_size=8), data=st.data())
    def test_any_cut(self, name: str, chunks: list[Any], data: st.DataObject) -> None:
        """
        Whatever was written, it is read alike in one piece and in many.
        """
        encode, decode = PAIRS[name]
        encoder, whole, cut = encode(), decode(), decode()
        body = b"".join([*map(encoder.encode, chunks), encoder.flush()])
        found: list[dict[str, Any]] = []
        for piece in data.draw(byte_cuts(body)):
            found += cut.feed(piece)
        assert [*whole.feed(body), *whole.flush()] == [*found, *cut.flush()]

    @pytest.mark.parametrize("chunks", [["a"], ["a", BEGUN]])
    def test_cut_off(self, name: str, chunks: list[Any]) -> None:
        """
        An answer that ends before it says so has failed, and a call that was half written is none.
        """
        encode, decode = PAIRS[name]
        encoder, decoder = encode(), decode()
        found = decoder.feed(b"".join(map(encoder.encode, chunks)))
        error, done = decoder.flush()
        assert "tool_call" not in [chunk["type"] for chunk in found]
        assert (502, "The answer was cut off before its end") == (error["error"]["status"], error["error"]["detail"])
        assert {"type": "done", "usage": [], "stopReason": "error"} == done
        assert [] == decode().flush()

    async def test_passed_on(self, name: str) -> None:
        """
        So the client of a proxy is told, too.
        """
        encoder = PAIRS[name][0]()
        cut: JaypieStream[bytes] = JaypieStream.of(encoder.encode("a"))
        read: JaypieStream[Any] = getattr(cut, f"parse_{name}")()
        assert b"The answer was cut off" in b"".join(await read.format_ai_sdk().to_list())
