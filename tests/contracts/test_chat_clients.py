"""
The real clients of chat UIs read what we send, over a real server: the AI SDK's transport and reducer (versions 5 and
6), AG-UI's agent with its verification, and OpenAI's clients for JavaScript and Python.

Whatever chunks come, in whatever order, and however the answer ends: no client finds anything wrong.
"""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaystream.formats.chat_parts import as_object
from jaystream.testing.strategies import any_chunks, llm_chunks
from tests.contracts.chat_app import Job
from tests.contracts.servers import serving

if TYPE_CHECKING:
    from openai.types.chat.chat_completion_chunk import Choice

SCRIPT = Path(__file__).parent / "clients" / "chat.mjs"

AI5, AI6 = ("ai", "npm:ai5", "ai_sdk", {"sdk": 5}), ("ai", "npm:ai6", "ai_sdk", {"include_usage": True})
AG_UI = ("ag-ui", "npm:@ag-ui/client", "ag_ui", {"thread_id": "t", "run_id": "r"})
OPENAI = ("openai", "npm:openai", "openai", {"include_usage": True})

CLIENTS = [pytest.param(client, marks=pytest.mark.program("node", client[1])) for client in (AI5, AI6, AG_UI, OPENAI)]


def drawn(strategy: st.SearchStrategy[Any], count: int = 60) -> list[Any]:
    """
    Many examples at once: a client that starts for each would take minutes.
    """
    found: list[Any] = []

    @settings(max_examples=count, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def read_all(program: Any, client: tuple[Any, ...], jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
    """
    What a client makes of each answer.
    """
    path = folder / "jobs"
    path.write_bytes(pickle.dumps(jobs))
    with serving("uvicorn-httptools", "tests.contracts.chat_app:app", CHAT_JOBS=str(path)) as (address, _):
        if client[0] == "python":
            return [read_by_python(f"{address}/{number}") for number in range(len(jobs))]
        done = subprocess.run(
            [program("node"), SCRIPT, client[0], program(client[1])],
            input=json.dumps([f"{address}/{number}" for number in range(len(jobs))]).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # AG-UI's agent warns of much there
            check=True,
            timeout=100,
        )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read_by_python(address: str) -> dict[str, Any]:
    """
    What OpenAI's client for Python makes of an answer; as chat.mjs does it.
    """
    found: dict[str, Any] = {"errors": [], "told": [], "reason": None, "text": "", "calls": [], "usage": None}
    found["reasoning"] = ""
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as api:
        try:
            for chunk in api.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            ):
                found["usage"] = chunk.usage.model_dump(exclude_none=True) if chunk.usage else found["usage"]
                for choice in chunk.choices:
                    add_choice(found, choice)
        except openai.APIError as error:
            found["told" if error.type else "errors"].append(error.message)
    return found


def add_choice(found: dict[str, Any], choice: Choice) -> None:
    """
    Add what a chunk has of the answer to what is known of it.
    """
    delta = choice.delta
    found["text"] += delta.content or ""
    found["reasoning"] += (delta.model_extra or {}).get("reasoning_content", "")
    found["reason"] = choice.finish_reason or found["reason"]
    for call in delta.tool_calls or []:
        assert call.function is not None
        if call.index == len(found["calls"]):
            found["calls"].append({"id": call.id, "name": call.function.name, "arguments": ""})
        found["calls"][call.index]["arguments"] += call.function.arguments or ""


def until_error(chunks: list[Any]) -> list[Any]:
    """
    The chunks before the first error, behind which some formats have nothing more to say.
    """
    failed = (at for at, chunk in enumerate(chunks) if is_type(chunk, "error") and isinstance(chunk.get("error"), dict))
    return chunks[: next(failed, len(chunks))]


def is_type(chunk: Any, kind: str) -> bool:
    """
    Whether a chunk is of a type.
    """
    return as_object(chunk).get("type") == kind


def content(chunks: list[Any], kind: str) -> str:
    """
    All text of one type of chunk; text that is no chunk is text.
    """
    found = [chunk if isinstance(chunk, str) else chunk.get("content") for chunk in chunks if is_said(chunk, kind)]
    return "".join(piece for piece in found if isinstance(piece, str))


def is_said(chunk: Any, kind: str) -> bool:
    """
    Whether a chunk has content of this type.
    """
    return is_type(chunk, kind) or (kind == "text" and isinstance(chunk, str))


@st.composite
def answers(draw: st.DrawFn) -> list[Any]:
    """
    Answers as models give them: thoughts, text, calls in pieces and whole, their results, and the end.
    """
    words = st.text('ab \n"\u00e9\U0001f600', min_size=1, max_size=5)
    chunks: list[Any] = draw(st.sampled_from([[], [{"type": "start", "messageId": "m1", "model": "m"}]]))
    number = 0
    for _ in range(draw(st.integers(1, 3))):
        chunks += [{"type": "reasoning", "content": word} for word in draw(st.lists(words, max_size=2))]
        chunks += [{"type": "text", "content": word} for word in draw(st.lists(words, max_size=3))]
        calls = [f"c{number + at}" for at in range(draw(st.integers(0, 2)))]
        number += len(calls)
        for call in calls:
            arguments = json.dumps(
                draw(st.dictionaries(st.sampled_from(["a", "\u00e9"]), words | st.integers(-999, 999)))
            )
            cut = draw(st.integers(0, len(arguments)))
            if draw(st.booleans()):
                pieces = [arguments[:cut], arguments[cut:]]
                chunks += [
                    {"type": "tool_call_delta", "toolCallDelta": {"id": call, "name": "look", "delta": piece}}
                    for piece in pieces
                ]
            chunks.append({"type": "tool_call", "toolCall": {"id": call, "name": "look", "arguments": arguments}})
        for call in calls:
            result = draw(words | st.lists(st.integers(-999, 999), max_size=2))
            chunks.append({"type": "tool_result", "toolResult": {"id": call, "name": "look", "result": result}})
    reason = draw(st.sampled_from(["end", "length", "tool_calls", "content_filter"]))
    usage = [{"input": draw(st.integers(0, 9)), "output": 2, "reasoning": 1, "total": 3}]
    return [*chunks, {"type": "done", "usage": usage, "stopReason": reason}]


def calls_in(chunks: list[Any]) -> list[dict[str, Any]]:
    """
    The tool calls of an answer, with their arguments read.
    """
    found = [chunk["toolCall"] for chunk in chunks if is_type(chunk, "tool_call")]
    return [{**call, "arguments": json.loads(call["arguments"])} for call in found]


def read_calls(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    The tool calls as a client has them, in the form of `calls_in`.
    """
    found = [(call, call["input"] if "input" in call else json.loads(call["arguments"])) for call in calls]
    return [{"id": call["id"], "name": call["name"], "arguments": arguments} for call, arguments in found]


def as_text(result: dict[str, Any]) -> list[str]:
    """
    A tool's result as AG-UI has it: what is no text is JSON.
    """
    given = result["result"]
    return [result["id"], given if isinstance(given, str) else json.dumps(given, separators=(",", ":"))]


@pytest.mark.parametrize("client", [*CLIENTS, pytest.param(("python", "", *OPENAI[2:]), id="openai-python")])
class TestClients:
    """
    Each client.
    """

    def test_any_chunks(self, program: Any, client: Any, tmp_path: Path) -> None:
        """
        Nothing that may come makes a frame that the client refuses, and no text of it is lost.
        """
        examples = drawn(st.lists(any_chunks() | llm_chunks(), max_size=10))
        jobs = [Job(client[2], client[3], chunks) for chunks in examples]
        for chunks, found in zip(examples, read_all(program, client, jobs, tmp_path), strict=True):
            assert [] == found["errors"], chunks
            whole = chunks if client[2] == "ai_sdk" else until_error(chunks)
            if client[2] == "openai" and len(whole) < len(chunks):
                assert 1 == len(found["told"]), chunks
            else:
                assert (content(whole, "text"), content(whole, "reasoning")) == (found["text"], found["reasoning"])
            if client[2] == "ai_sdk":
                assert 0 == found["open"], chunks

    def test_answers(self, program: Any, client: Any, tmp_path: Path) -> None:
        """
        Text, thoughts, calls, results and the end arrive as they were.
        """
        examples = drawn(answers())
        jobs = [Job(client[2], client[3], chunks) for chunks in examples]
        for chunks, found in zip(examples, read_all(program, client, jobs, tmp_path), strict=True):
            assert ([], []) == (found["errors"], found["told"])
            assert (content(chunks, "text"), content(chunks, "reasoning")) == (found["text"], found["reasoning"])
            assert calls_in(chunks) == read_calls(found["calls"])
            results = [chunk["toolResult"] for chunk in chunks if is_type(chunk, "tool_result")]
            reason, tokens = chunks[-1]["stopReason"], chunks[-1]["usage"][0]
            if client[2] == "ai_sdk":
                assert [result["result"] for result in results] == [call["output"] for call in found["calls"]]
                names = {"end": "stop", "tool_calls": "tool-calls", "content_filter": "content-filter"}
                assert names.get(reason, reason) == found["reason"]
                assert (chunks[-1]["usage"] if "include_usage" in client[3] else None) == found["usage"]
            elif client[2] == "ag_ui":
                assert sorted(map(as_text, results)) == sorted(found["results"])
                assert {"stopReason": reason} == found["finished"]["result"]
                assert tokens["input"] == found["finished"]["usage"][0]["inputTokens"]
            else:
                assert ({"end": "stop"}.get(reason, reason), tokens["input"]) == (
                    found["reason"],
                    found["usage"]["prompt_tokens"],
                )

    @pytest.mark.parametrize("ending", ["fail", "hang"])
    def test_endings(self, program: Any, client: Any, ending: str, tmp_path: Path) -> None:
        """
        An answer that fails, or that the server stops, is told as the client has it told, wherever it was.
        """
        examples = drawn(st.lists(any_chunks() | llm_chunks(), min_size=1, max_size=6), 25)
        examples = [["Hi", *until_error(chunks)] for chunks in examples]
        jobs = [Job(client[2], client[3], chunks, ending) for chunks in examples]
        for chunks, found in zip(examples, read_all(program, client, jobs, tmp_path), strict=True):
            assert [] == found["errors"], chunks
            if ending == "fail":
                assert ["nothing more"] == found["told"]
            elif client[2] == "ag_ui":
                assert (["The run was stopped before its end"], None) == (found["told"], found["finished"])
            elif client[2] == "openai":
                assert ([], "length", content(chunks, "text")) == (found["told"], found["reason"], found["text"])
            else:
                assert ([], "abort", None) == (found["told"], found["types"][-1], found["reason"])
                assert content(chunks, "text") == found["text"]
