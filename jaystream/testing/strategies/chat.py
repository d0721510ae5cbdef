"""
Chunks of language models, well-formed and not, and arguments and models of the operators for chat UIs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import (
    AgUiDecoder,
    AgUiEncoder,
    AiSdkDecoder,
    AiSdkEncoder,
    JaypieStream,
    OpenAiDecoder,
    OpenAiEncoder,
    SseEvent,
)
from jaystream.testing.strategies.data import items
from jaystream.testing.strategies.steps import Step, register

__all__ = ["any_chunks", "llm_chunks"]

_text = st.text('ab{}" \r\n\u00e9\u2028\U0001f600', max_size=6)
# few, so that calls, pieces and results meet
_ids = st.sampled_from(["c1", "c2", "c3"])
_names = st.sampled_from(["look", "sum"])
_arguments = st.sampled_from(['{"a":1}', '{"\\u005f_proto__":{"a":1}}', '{\n "b": "\\u00e9"}', "[]", "{}", "", '{"a":'])
# some of them mean something in JavaScript
_keys = st.sampled_from(["data", "id", "n", "__proto__", "constructor", "prototype"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=2),
    max_leaves=4,
)


def _object(needed: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(needed, optional=optional)


def _chunk(kind: str, key: str, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value.map(lambda drawn: {"type": kind, key: drawn})


def llm_chunks() -> st.SearchStrategy[dict[str, Any]]:
    """
    Chunks of every type that an `LlmChunk` has, each well-formed; a list of them may be in any order.
    """
    call = _object({"id": _ids, "name": _names, "arguments": _arguments})
    piece = _object({"id": _ids, "delta": _text}, name=_names)
    pending = _object({"xid": _ids | st.just("x1"), "name": _names, "arguments": _arguments}, message=_text)
    result = _object({"id": _ids, "name": _names, "result": _json}, isError=st.booleans())
    web = st.just("https://a.example/\u00e9")
    source = _object({"id": _ids}, url=web, title=_text, mediaType=st.just("text/plain"), filename=_text)
    counts = {name: st.integers(0, 9) for name in ("input", "output", "reasoning", "total")}
    usage = st.lists(_object(counts, cacheRead=st.integers(0, 9), model=_text), max_size=2)
    reasons = ["end", "length", "tool_calls", "content_filter", "stop_sequence", "refusal", "pause", "error", "other"]
    error = _object({"status": st.sampled_from([400, 502, "503"]), "title": _text}, detail=_text)
    kinds = [
        _object({"type": st.just("start")}, messageId=st.sampled_from(["m1", "m2"]), model=_text),
        _chunk("text", "content", _text),
        _object({"type": st.just("reasoning"), "content": _text}, signature=_text),
        _chunk("tool_call_delta", "toolCallDelta", piece),
        _chunk("tool_call", "toolCall", call),
        _chunk("tool_pending", "toolPending", pending),
        _chunk("tool_result", "toolResult", result),
        _chunk("source", "source", source),
        _object({"type": st.just("done"), "usage": usage}, stopReason=st.sampled_from(reasons)),
    ]
    # an error ends most answers: more seldom than the rest
    return st.one_of(*kinds, *kinds, *kinds, _chunk("error", "error", error))


def any_chunks() -> st.SearchStrategy[Any]:
    """
    Whatever may come to a format of chat UIs: chunks of language models, those that are not what their type says, the
    application's own, text, events, and values of no type at all.
    """
    types = ["start", "text", "reasoning", "tool_call_delta", "tool_call", "tool_pending", "tool_result", "source"]
    keys = ["content", "toolCall", "toolCallDelta", "toolPending", "toolResult", "source", "usage", "error", "data"]
    odd_types = st.sampled_from([*types, "done", "error", "progress", "data-weather", "text-delta", "", "abort"])
    odd = st.tuples(
        odd_types | st.integers(), st.dictionaries(st.sampled_from([*keys, "id", "transient", "__proto__"]), _json)
    )
    own = odd.map(lambda drawn: {**drawn[1], "type": drawn[0]})
    event = st.tuples(st.none() | _json, st.sampled_from(["message", "text", "x"])).map(
        lambda drawn: SseEvent(drawn[0], event=drawn[1])
    )
    return llm_chunks() | llm_chunks() | llm_chunks() | own | _text | event | _json


# operators ------------------------------------------------------------------------------------------------------------


def _format(name: str, make: Callable[[], Any], operate: Callable[[JaypieStream[Any]], JaypieStream[Any]]) -> None:
    def frames(chunks: Sequence[Any], *, whole: bool) -> list[bytes]:
        encoder = make()
        return [frame for frame in [*map(encoder.encode, chunks), encoder.flush() if whole else b""] if frame]

    step = Step(
        f"{name}()",
        operate,
        lambda chunks: frames(chunks, whole=True),
        before_error=lambda chunks: frames(chunks, whole=False),
    )
    register(name, st.just(step), items(any_chunks()))


def _parse(name: str, make: Callable[[], Any], encode: Callable[[], Any]) -> None:
    def read(pieces: Sequence[bytes], *, whole: bool) -> list[Any]:
        decoder = make()
        found: list[Any] = decoder.feed(b"".join(pieces))
        return [*found, *decoder.flush()] if whole else found

    def body(chunks: list[Any]) -> bytes:
        encoder = encode()
        return b"".join([*map(encoder.encode, chunks), encoder.flush()])

    step = Step(
        f"{name}()",
        lambda s: getattr(s, name)(),
        lambda pieces: read(pieces, whole=True),
        before_error=lambda pieces: read(pieces, whole=False),
    )
    register(name, st.just(step), items(any_chunks(), max_size=2).map(body).flatmap(_few_cuts), cut="same")


def _few_cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    # The bodies are long: the laws that stop a run at every place would take minutes over a cut at every byte.
    places = st.lists(st.integers(0, len(data)), max_size=4)
    return places.map(lambda at: [data[a:b] for a, b in zip([0, *sorted(at)], [*sorted(at), len(data)], strict=True)])


_format("format_ai_sdk", lambda: AiSdkEncoder(sdk=5), lambda s: s.format_ai_sdk(sdk=5))
_format(
    "format_ag_ui",
    lambda: AgUiEncoder(thread_id="t", run_id="r"),
    lambda s: s.format_ag_ui(thread_id="t", run_id="r"),
)
_format(
    "format_openai",
    lambda: OpenAiEncoder(id="c", created=0, include_usage=True),
    lambda s: s.format_openai(id="c", created=0, include_usage=True),
)
_parse("parse_ai_sdk", AiSdkDecoder, AiSdkEncoder)
_parse("parse_ag_ui", AgUiDecoder, AgUiEncoder)
_parse("parse_openai", OpenAiDecoder, OpenAiEncoder)
