"""
What UIs ask with: `UiRequest`, `AgUiRequest`, `ChatRequest`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ag_ui.core import RunAgentInput

from jaystream import AgUiRequest, ChatRequest, Llm, UiRequest
from jaystream.errors import BadRequestError

REQUESTS: dict[str, Any] = {"ui": UiRequest, "ag_ui": AgUiRequest, "chat": ChatRequest}


def ui(*parts: dict[str, Any], role: str = "assistant") -> list[Any]:
    """
    What a message becomes in a request of `useChat` that asks for an answer behind it.
    """
    messages = [{"id": "m", "role": role, "parts": parts}, {"id": "n", "role": "user", "content": "Well?"}]
    return UiRequest.parse({"id": "c", "messages": messages}).to_messages()[:-1]


def tool(state: str, **fields: Any) -> dict[str, Any]:
    """
    A tool's part.
    """
    return {"type": "tool-look", "toolCallId": "c1", "state": state, "input": {"a": 1}, **fields}


def file_part(url: str) -> dict[str, Any]:
    """
    A file's part.
    """
    return {"type": "file", "url": url, "mediaType": "text/plain"}


def tool_call() -> dict[str, Any]:
    """
    A message of OpenAI's with a call.
    """
    return {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": "{}"}}]}


def tool_result(call_id: str) -> dict[str, Any]:
    """
    A message of OpenAI's with a result.
    """
    return {"role": "tool", "tool_call_id": call_id, "content": "secret"}


CALL = {"id": "c1", "name": "look", "arguments": '{"a":1}'}


class TestParse:
    """
    What all of them refuse.
    """

    @pytest.mark.parametrize("name", REQUESTS)
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"{secret", "The request is not JSON"),
            (b"\xff", "The request is not JSON"),
            ("[]", "The request is not as it should be at its top"),
            ({"messages": "secret"}, "The request is not as it should be at"),
            ({"messages": [{"role": "secret"}]}, "The request is not as it should be at"),
        ],
    )
    def test_garbage(self, name: str, body: Any, message: str) -> None:
        """
        Garbage is the client's fault, and nothing of it is repeated.
        """
        with pytest.raises(BadRequestError) as caught:
            REQUESTS[name].parse(body)
        assert caught.value.detail.startswith(message)
        assert "secret" not in caught.value.detail

    def test_no_body(self) -> None:
        """
        What cannot be a body is the program's.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match="the body of a request is bytes, text or a mapping, not 5"):
            UiRequest.parse(wrong)

    @pytest.mark.parametrize(
        ("name", "message", "where"),
        [
            (
                "ui",
                {"role": "user", "parts": [{"type": "text"}]},
                "messages[0].parts[0]: a part of this type needs text",
            ),
            ("ui", {"role": "assistant", "parts": [{"type": "dynamic-tool", "state": "x"}]}, "needs toolCallId"),
            ("ui", {"role": "user", "parts": [{"type": "file", "url": "u"}]}, "needs mediaType"),
            (
                "ag_ui",
                {"role": "user", "content": [{"type": "image"}]},
                "messages[0].content[0]: a part of this type needs",
            ),
            ("ag_ui", {"role": "tool", "content": "a"}, "a message of a tool needs toolCallId"),
            ("ag_ui", {"role": "system"}, "the role 'system' must be text"),
            ("ag_ui", {"role": "user"}, "the role 'user' must be text or parts"),
            ("chat", {"role": "user"}, "the role 'user' needs content"),
            ("chat", {"role": "tool", "content": "a"}, "a message of a tool needs tool_call_id"),
            (
                "chat",
                {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
                "messages[0].content[0]: a part of type 'file' needs file.file_data",
            ),
        ],
    )
    def test_where(self, name: str, message: dict[str, Any], where: str) -> None:
        """
        The fault is named with its place.
        """
        body = {"messages": [message], "threadId": "t", "runId": "r", "model": "m"}
        with pytest.raises(BadRequestError) as caught:
            REQUESTS[name].parse(json.dumps(body))
        assert where in caught.value.detail

    @pytest.mark.parametrize(
        ("name", "messages", "detail"),
        [
            ("ui", [], "The request has nothing to answer"),
            ("ui", [{"role": "system", "content": "secret"}], "The request has nothing to answer"),
            ("ui", [{"role": "assistant", "content": "secret"}], "The request has nothing to answer"),
            ("ui", [{"role": "user", "parts": [file_part("data:,secret")]}], "The request has a file whose data URL"),
            ("ui", [{"role": "user", "parts": [file_part("data:;base64,secret")]}], "The request has a file whose"),
            (
                "chat",
                [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/gif,secret"}}]}],
                "The request has a file whose data URL",
            ),
            ("chat", [tool_call(), tool_result("secret")], "The request has a result for a tool call"),
            ("chat", [tool_call(), tool_result("c1"), tool_result("c1")], "The request has a result for a tool call"),
            (
                "ag_ui",
                [{"id": "1", "role": "tool", "toolCallId": "secret", "content": "secret"}],
                "The request has a result for a tool call",
            ),
        ],
    )
    def test_unanswerable(self, name: str, messages: list[Any], detail: str) -> None:
        """
        A conversation that no model can go on from is the client's fault too, and not ours.
        """
        request = REQUESTS[name].parse({"messages": messages, "threadId": "t", "runId": "r", "model": "m"})
        with pytest.raises(BadRequestError) as caught:
            request.to_messages()
        assert caught.value.detail.startswith(detail)
        assert "secret" not in caught.value.detail

    @pytest.mark.parametrize("state", ["input-available", "approval-requested", "output-available"])
    async def test_answerable(self, state: str) -> None:
        """
        One that ends with a tool's part can be gone on from, whether it waits or has been answered.
        """
        body = {"messages": [{"role": "assistant", "parts": [tool(state, output=1)]}]}
        chunks: list[Any] = await Llm("test", script="a").stream(UiRequest.parse(body).to_messages()).to_list()
        assert "done" == chunks[-1]["type"]


class TestUiRequest:
    """
    The messages of `useChat`.
    """

    def test_fields(self) -> None:
        """
        What stands beside the messages.
        """
        request = UiRequest.parse(b'{"id":"c","messages":[],"trigger":"submit-message","messageId":"m","extra":1}')
        assert ("c", "submit-message", "m") == (request.id, request.trigger, request.message_id)
        assert {"extra": 1} == request.model_extra

    def test_users(self) -> None:
        """
        Text alone is text; with files it is parts, and what is for the UI is left out.
        """
        text, data = {"type": "text", "text": "a"}, {"type": "data-x", "data": 1}
        file = {"type": "file", "url": "data:;base64,", "mediaType": "text/plain"}
        named = {**file, "filename": "f"}
        assert [{"role": "user", "content": "aa"}] == ui(text, text, data, role="user")
        assert [{"role": "user", "content": [text, file, named]}] == ui(text, file, data, named, role="user")
        assert [{"role": "system", "content": "a"}] == ui(text, role="system")
        plain = UiRequest.parse({"messages": [{"role": "user", "content": "a"}]})
        assert [{"role": "user", "content": "a"}] == plain.to_messages()

    def test_thoughts(self) -> None:
        """
        A thought keeps its signature, whoever it is under.
        """
        thought = {"type": "reasoning", "text": "hm"}
        signed = {**thought, "providerMetadata": {"x": 1, "jaystream": {"signature": "s"}}}
        text = {"type": "text", "text": "a"}
        content = [thought, {**thought, "signature": "s"}, text]
        assert [{"role": "assistant", "content": content}] == ui(thought, signed, text)

    @pytest.mark.parametrize(
        ("part", "result"),
        [
            (tool("output-available", output=[1]), {"content": [1]}),
            (tool("output-error", errorText="bad"), {"content": "bad", "isError": True}),
            (
                tool("output-denied", approval={"id": "c1", "approved": False, "reason": "no"}),
                {"content": "no", "approved": False},
            ),
            (
                tool("approval-responded", approval={"id": "x", "approved": True}),
                {"content": "", "approved": True, "xid": "x"},
            ),
            (tool("approval-responded", approval={"id": "c1", "approved": False}), {"content": "", "approved": False}),
            (tool("approval-requested", approval={"id": "c1"}), None),
            (tool("input-available"), None),
        ],
    )
    def test_tools(self, part: dict[str, Any], result: dict[str, Any] | None) -> None:
        """
        Every state of a call is a result, a decision, or a call that waits.
        """
        answer = {"role": "assistant", "content": "", "toolCalls": [CALL]}
        about = {"role": "tool", "toolCallId": "c1", "name": "look"}
        assert [answer, *([] if result is None else [{**about, **result}])] == ui(part)

    def test_unfinished(self) -> None:
        """
        A call that was never written to its end is none, and of nothing comes nothing.
        """
        assert [] == ui(tool("input-streaming"))
        assert [] == ui({"type": "step-start"})

    def test_arguments(self) -> None:
        """
        Arguments that were no JSON come back as they were; none are an empty object.
        """
        broken = tool("output-error", errorText="bad", input=None, rawInput='{"a":')
        assert '{"a":' == ui(broken)[0]["toolCalls"][0]["arguments"]
        assert "{}" == ui(tool("input-available", input=None))[0]["toolCalls"][0]["arguments"]
        dynamic = {**tool("input-available"), "type": "dynamic-tool", "toolName": "other"}
        assert "other" == ui(dynamic)[0]["toolCalls"][0]["name"]

    def test_steps(self) -> None:
        """
        Each turn of the model is a message, with the results of its calls behind it.
        """
        step, text = {"type": "step-start"}, {"type": "text", "text": "a"}
        done = tool("output-available", output=1)
        roles = ["assistant", "tool", "assistant"]
        assert roles == [message["role"] for message in ui(step, text, done, step, text)]
        assert roles == [message["role"] for message in ui(text, done, text)]

    async def test_answered(self) -> None:
        """
        A model takes them.
        """
        messages = ui({"type": "text", "text": "Hi"}, role="user")
        assert "You said: Hi" == "".join(await Llm("test", script="You said: Hi").stream(messages).text().to_list())


class TestAgUiRequest:
    """
    The messages of the AG-UI protocol.
    """

    def parse(self, *messages: dict[str, Any], **fields: Any) -> list[Any]:
        """
        A conversation, which the protocol's own model takes as well.
        """
        body = {"threadId": "t", "runId": "r", "messages": [{"id": "1", **message} for message in messages], **fields}
        RunAgentInput.model_validate(body)
        return AgUiRequest.parse(body).to_messages()

    def test_messages(self) -> None:
        """
        Every role; thoughts belong to the answer behind them, and activities to the UI.
        """
        source = {"type": "data", "value": "AA==", "mimeType": "image/png"}
        parts = [{"type": "text", "text": "a"}, {"type": "image", "source": source}]
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
        found = self.parse(
            {"role": "developer", "content": "be"},
            {"role": "user", "content": parts},
            {"role": "activity", "activityType": "x", "content": {"a": 1}},
            {"role": "reasoning", "content": "hm", "encryptedValue": "s"},
            {"role": "assistant", "content": "b", "toolCalls": [call]},
            {"role": "tool", "toolCallId": "c1", "content": "r", "error": "bad"},
            {"role": "assistant", "content": "c"},
            {
                "role": "user",
                "content": [{"type": "document", "source": {"type": "url", "value": "https://a.example"}}],
            },
        )
        thought = {"type": "reasoning", "text": "hm", "signature": "s"}
        file = {"type": "file", "url": "data:image/png;base64,AA==", "mediaType": "image/png"}
        assert [
            {"role": "system", "content": "be"},
            {"role": "user", "content": [parts[0], file]},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "b"}], "toolCalls": [CALL]},
            {"role": "tool", "toolCallId": "c1", "content": "bad", "isError": True},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": [{"type": "file", "url": "https://a.example"}]},
        ] == found

    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            (
                {"interruptId": "c1", "status": "resolved", "payload": {"approved": True}},
                {"content": "", "approved": True},
            ),
            ({"interruptId": "c1", "status": "cancelled"}, {"content": "", "approved": False}),
            ({"interruptId": "x", "status": "resolved", "payload": [1]}, {"content": [1], "xid": "x"}),
        ],
    )
    def test_resume(self, entry: dict[str, Any], expected: dict[str, Any]) -> None:
        """
        Answers to interrupts stand behind the conversation.
        """
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        found = self.parse({"role": "assistant", "toolCalls": [call]}, resume=[entry])
        assert {"role": "tool", "toolCallId": "c1", **expected} == found[-1]

    @pytest.mark.parametrize("thought", [False, True])
    async def test_text_behind_a_call(self, thought: bool) -> None:
        """
        A turn that has text behind its call is two messages there, and one here, so that the call can be answered.
        """
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
        messages: list[Any] = [
            {"id": "1", "role": "user", "content": "Look"},
            {"id": "2", "role": "assistant", "toolCalls": [call]},
            *([{"id": "3", "role": "reasoning", "content": "Hm", "encryptedValue": "s"}] if thought else []),
            {"id": "4", "role": "assistant", "content": "A moment"},
            {"id": "5", "role": "tool", "toolCallId": "c1", "content": "seen"},
        ]
        found = AgUiRequest.parse({"threadId": "t", "runId": "r", "messages": messages}).to_messages()
        text = {"type": "text", "text": "A moment"}
        content = [{"type": "reasoning", "text": "Hm", "signature": "s"}, text] if thought else "A moment"
        assert {"role": "assistant", "content": content, "toolCalls": [CALL]} == found[1]
        chunks: list[Any] = await Llm("test", script="Well").stream(found).to_list()
        assert "end" == chunks[-1]["stopReason"]

    def test_resume_of_nothing(self) -> None:
        """
        An answer to what nobody asked is refused.
        """
        with pytest.raises(BadRequestError, match="it answers no tool call that waits"):
            self.parse({"role": "user", "content": "a"}, resume=[{"interruptId": "x", "status": "cancelled"}])


class TestChatRequest:
    """
    The messages of chat completions.
    """

    def test_messages(self) -> None:
        """
        Every role, and every kind of part.
        """
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
        parts = [
            {"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
            {"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA=="}},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "f"}},
            {"type": "file", "file": {"file_data": "AA=="}},
        ]
        body = {
            "model": "m",
            "messages": [
                {"role": "system", "content": [{"type": "text", "text": "be"}]},
                {"role": "user", "content": parts},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "r"},
                {"role": "assistant", "refusal": "no"},
                {"role": "user", "content": "b"},
            ],
            "temperature": 1,
        }
        request = ChatRequest.parse(body)
        urls = [
            ("https://a.example/b.png", "image/png"),
            ("data:image/gif;base64,AA==", "image/gif"),
            ("data:audio/mp3;base64,AA==", "audio/mp3"),
            ("data:application/pdf;base64,AA==", "application/pdf"),
            ("data:application/octet-stream;base64,AA==", "application/octet-stream"),
        ]
        files: list[dict[str, Any]] = [{"type": "file", "url": url, "mediaType": kind} for url, kind in urls]
        files[3]["filename"] = "f"
        assert [
            {"role": "system", "content": "be"},
            {"role": "user", "content": [parts[0], *files]},
            {"role": "assistant", "content": "", "toolCalls": [CALL]},
            {"role": "tool", "toolCallId": "c1", "content": "r"},
            {"role": "assistant", "content": "no"},
            {"role": "user", "content": "b"},
        ] == request.to_messages()
        assert ({"temperature": 1}, False) == (request.model_extra, request.include_usage)
