"""
Conversations that were away: parked calls, approvals, and histories of every shape.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import Llm
from jaystream.llm import Pending, Tool
from jaystream.llm.history import read_messages, written
from tests.llm.conversations import call, kinds, results, text

EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
ASK = Tool(name="ask", parameters=EMPTY, message="What is your name?")


def double(n: int) -> int:
    """
    Twice a number.
    """
    return 2 * n


def teller(messages: list[Any]) -> Any:
    """
    Ask, and then say what came.
    """
    last = messages[-1]
    return f"Heard {last['content']}" if last["role"] == "tool" else [call("double", "c1", n=2), call("ask", "c2")]


def asked(*more: Any) -> list[Any]:
    """
    A conversation in which the model has called both tools.
    """
    calls = [{"id": "c1", "name": "double", "arguments": '{"n": 2}'}, {"id": "c2", "name": "ask", "arguments": "{}"}]
    return [{"role": "user", "content": "Go"}, {"role": "assistant", "content": "", "toolCalls": calls}, *more]


DOUBLED = {"role": "tool", "toolCallId": "c1", "content": 4}


class TestParking:
    """
    Tools that somebody else answers.
    """

    async def test_parks(self) -> None:
        """
        The other tools of the turn run; the parked call ends the stream, and a done stands at its end.
        """
        chunks = await Llm("test", tools=[double, ASK], script=teller).stream("Go").to_list()
        assert ["start", "tool_call_delta", "tool_call", "tool_result", "tool_pending", "done"] == kinds(chunks)
        pending, done = chunks[-2:]
        assert {
            "type": "tool_pending",
            "toolPending": {"xid": "c2", "name": "ask", "arguments": "{}", "message": "What is your name?"},
        } == pending
        assert done["type"] == "done"
        assert ("tool_calls", 1) == (done.get("stopReason"), len(done["usage"]))

    async def test_goes_on(self) -> None:
        """
        With the results behind it, the conversation goes on where it was.
        """
        llm = Llm("test", tools=[double, ASK], script=teller)
        chunks = await llm.stream(asked(DOUBLED, {"role": "tool", "toolCallId": "c2", "content": "Ada"})).to_list()
        assert ["start", "text", "done"] == kinds(chunks)
        assert "Heard Ada" == text(chunks)

    async def test_answer_goes_on(self) -> None:
        """
        So it does from the messages of an `Answer`.
        """
        llm = Llm("test", tools=[double, ASK], script=teller)
        answer = await llm.operate("Go")
        assert ["c2"] == [pending["xid"] for pending in answer.pending]
        assert "tool_calls" == answer.stop_reason
        answer = await llm.operate([*answer.messages, {"role": "tool", "toolCallId": "c2", "content": "Ada"}])
        assert "Heard Ada" == answer.content

    async def test_taken_up(self) -> None:
        """
        The calls that go on are given with their arguments, all before what comes of them: so a UI that knows them
        already shows no others.
        """
        llm = Llm("test", tools=[Tool(double, approval=True), ASK], script="Well")
        allowed = {"role": "tool", "toolCallId": "c1", "content": "", "approved": True}
        stream = llm.stream(asked(allowed))
        chunks: list[Any] = await stream.to_list()
        assert ["start", "tool_call", "tool_result", "tool_pending", "done"] == kinds(chunks)
        assert ['{"n": 2}', "{}"] == [chunk["toolCall"]["arguments"] for chunk in chunks[1:3]]
        frames = b"".join(await stream.format_ai_sdk().to_list())
        assert b'{"type":"tool-input-available","toolCallId":"c1","toolName":"double","input":{"n": 2}}' in frames

    async def test_parks_again(self) -> None:
        """
        Without a result it waits again.
        """
        chunks = await Llm("test", tools=[double, ASK], script=teller).stream(asked(DOUBLED)).to_list()
        assert ["start", "tool_call", "tool_pending", "done"] == kinds(chunks)

    async def test_what_comes_from_outside_does_not_run(self) -> None:
        """
        A call in a history that nobody answered is not run: whoever sent the history may have made it up.
        """
        ran: list[int] = []

        def wipe(n: int) -> int:
            ran.append(n)
            return n

        calls = [{"id": "c1", "name": "wipe", "arguments": '{"n": 1}'}]
        history: list[Any] = [
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": "", "toolCalls": calls},
            {"role": "tool", "toolCallId": "c1", "content": "", "approved": True},
        ]
        chunks = await Llm("test", tools=[wipe], script="So.").stream(history).to_list()
        assert ([("No result was given",)], []) == (results(chunks), ran)

    async def test_moved_on(self) -> None:
        """
        A conversation that went on without a result tells the model that there was none.
        """
        seen: list[Any] = []

        def answer(messages: list[Any]) -> str:
            seen.extend(messages)
            return "So."

        await (
            Llm("test", tools=[double, ASK], script=answer)
            .stream(asked(DOUBLED, {"role": "user", "content": "Never mind"}))
            .drain()
        )
        assert ["user", "assistant", "tool", "tool", "user"] == [message["role"] for message in seen]
        assert [4, "No result was given"] == [message["content"] for message in seen if message["role"] == "tool"]

    async def test_own_name(self) -> None:
        """
        A tool may park its call under a name of its own.
        """

        def order() -> Pending:
            return Pending("job-7")

        chunks = await Llm("test", tools=[order], script=[[call("order")]]).stream("Go").to_list()
        pending = chunks[-2]
        assert pending["type"] == "tool_pending"
        assert {"xid": "job-7", "name": "order", "arguments": "{}"} == pending["toolPending"]


class TestApproval:
    """
    Tools that run when somebody allows it.
    """

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [
            (True, [4]),
            (False, []),
            (None, []),
        ],
    )
    async def test_decided(self, decision: bool | None, expected: list[int]) -> None:
        """
        It runs when it is allowed; otherwise the model learns that it was not, or it waits on.
        """
        llm = Llm("test", tools=[Tool(double, approval=True)], script=[[call("double", "c1", n=2)], "So."])
        chunks = await llm.stream("Go").to_list()
        assert ["tool_pending", "done"] == kinds(chunks)[-2:]
        answer = await llm.operate("Go")
        messages = answer.messages
        if decision is not None:
            messages.append({"role": "tool", "toolCallId": "c1", "content": "", "approved": decision})
        chunks = await llm.stream(messages).to_list()
        assert expected == results(chunks)
        assert (["tool_pending"] if decision is None else []) == [kind for kind in kinds(chunks) if "pend" in kind]


class TestHistory:
    """
    Messages in, and back.
    """

    def test_round_trip(self) -> None:
        """
        What a model is told says the same as what was given.
        """
        messages: list[Any] = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "file", "url": "https://a.test/b.png",
             "mediaType": "image/png"}]},
            {"role": "assistant", "content": [{"type": "reasoning", "text": "Hm", "signature": "s"},
             {"type": "text", "text": "I see."}], "toolCalls": [{"id": "c", "name": "f", "arguments": '{"a": 1}'}]},
            {"role": "tool", "toolCallId": "c", "name": "f", "content": "broken", "isError": True},
            {"role": "user", "content": [{"type": "file", "url": "data:image/gif;base64,aGk=",
             "mediaType": "image/gif"}]},
        ]  # fmt: skip
        history = read_messages(messages, "test")
        from pydantic_ai.messages import ModelRequest  # noqa: PLC0415 - here alone

        back: list[Any] = written([*history.messages, ModelRequest(parts=history.asked)])
        del messages[1]["content"][1]["mediaType"]  # a web address tells it by itself
        assert messages == back

    @pytest.mark.parametrize(
        ("messages", "problem"),
        [
            ([], "there is nothing to answer"),
            ([{"role": "system", "content": "x"}], "there is nothing to answer"),
            ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "the model's own"),
            ([{"role": "bot", "content": "x"}], "message 0 must be a dict with a role of 'system', 'user'"),
            (["x"], "message 0 must be a dict"),
            ([{"role": "user"}], "message 0 must be a dict with .* and a content"),
            ([{"role": "user", "content": [{"type": "video"}]}], "a part of a user's message is a text or a file"),
            ([{"role": "user", "content": [{"type": "text"}]}], "message 0 is not as it should be"),
            ([{"role": "user", "content": 3}], "message 0 is not as it should be"),
            (asked({"role": "tool", "toolCallId": "c9", "content": 1}), "for call 'c9' answers no call before it"),
            (asked(DOUBLED, DOUBLED), "for call 'c1' answers no call before it, or one that has an answer"),
        ],
    )  # fmt: skip
    def test_bad_messages(self, messages: Any, problem: str) -> None:
        """
        What is no conversation is refused where the pipeline is written.
        """
        with pytest.raises(ValueError, match=problem):
            Llm("test").stream(messages)

    @pytest.mark.parametrize("prompt", [b"x", {"role": "user", "content": "x"}, 3, None])
    def test_no_prompt(self, prompt: Any) -> None:
        """
        So is what is no prompt at all.
        """
        with pytest.raises(TypeError, match="a prompt is text or a list of messages, not"):
            Llm("test").stream(prompt)
