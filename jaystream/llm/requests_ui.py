"""
The messages of `useChat`, read: what the AI SDK's UI (versions 5 and 6) sends, in our form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from jaystream.formats.chat_parts import as_object
from jaystream.formats.json import encode_json

if TYPE_CHECKING:
    from typing import Self

    from jaystream.formats.chunks import ToolCall
    from jaystream.llm.messages import AssistantMessage, LlmMessage, ToolMessage

__all__ = ["UiApproval", "UiMessage", "UiPart", "ui_messages"]

_NEEDS = {"text": ("text",), "reasoning": ("text",), "file": ("url", "media_type")}

_SHAPE = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="allow")


class UiApproval(BaseModel):
    """
    What was asked about a tool call, and what was decided, if anything was.
    """

    model_config = _SHAPE

    id: str
    approved: bool | None = None
    reason: str | None = None


class UiPart(BaseModel):
    """
    A part of a message: text, reasoning, a file, a tool call, or something that is for the UI alone.
    """

    model_config = _SHAPE

    type: str
    text: str | None = None
    url: str | None = None
    media_type: str | None = None
    filename: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    state: str | None = None
    input: Any = None
    raw_input: Any = None
    output: Any = None
    error_text: str | None = None
    approval: UiApproval | None = None
    provider_metadata: dict[str, Any] | None = None

    @property
    def is_tool(self) -> bool:
        """
        Whether it is a tool call.
        """
        return self.type.startswith("tool-") or self.type == "dynamic-tool"

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed = ("tool_call_id", "state") if self.is_tool else _NEEDS.get(self.type, ())
        if self.type == "dynamic-tool":
            needed = (*needed, "tool_name")
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"a part of this type needs {to_camel(name)}")
        return self


class UiMessage(BaseModel):
    """
    A message as the UI has it.
    """

    model_config = _SHAPE

    id: str | None = None
    role: Literal["system", "user", "assistant"]
    parts: list[UiPart] = Field(default_factory=list[UiPart])
    content: str | None = None
    metadata: Any = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.parts and self.content is not None:
            self.parts = [UiPart(type="text", text=self.content)]
        return self


def ui_messages(messages: Iterable[UiMessage]) -> list[LlmMessage]:
    """
    The conversation in our form: an answer of several steps becomes one message for each, and their results.
    """
    found: list[LlmMessage] = []
    for message in messages:
        if message.role == "assistant":
            for step in _steps(message.parts):
                found += _answer(step)
            continue
        texts = [part.text or "" for part in message.parts if part.type == "text"]
        if message.role == "system":
            found.append({"role": "system", "content": "".join(texts)})
        elif any(part.type == "file" for part in message.parts):
            said = [_said(part) for part in message.parts if part.type in {"text", "file"}]
            found.append({"role": "user", "content": cast("Any", said)})
        else:
            found.append({"role": "user", "content": "".join(texts)})
    return found


def _steps(parts: list[UiPart]) -> list[list[UiPart]]:
    """The parts of an answer by turns of the model: a new one begins where it says so, or goes on behind its calls."""
    steps: list[list[UiPart]] = [[]]
    for part in parts:
        if part.type == "step-start" or (part.type in {"text", "reasoning"} and steps[-1] and steps[-1][-1].is_tool):
            steps.append([])
        if part.type in {"text", "reasoning", "file"} or part.is_tool:
            steps[-1].append(part)
    return [step for step in steps if step]


def _answer(step: list[UiPart]) -> list[LlmMessage]:
    # a call that was never written to its end is none
    tools = [part for part in step if part.is_tool and part.state != "input-streaming"]
    said = [_said(part) for part in step if not part.is_tool]
    alone = "".join(part["text"] for part in said) if all(part["type"] == "text" for part in said) else None
    if not tools and not said:
        return []
    calls = [_call(part) for part in tools]
    content = cast("Any", said if alone is None else alone)
    answer: AssistantMessage = {"role": "assistant", "content": content}
    if calls:
        answer["toolCalls"] = calls
    results = [_result(part) for part in tools]
    return [answer, *(result for result in results if result is not None)]


def _said(part: UiPart) -> dict[str, Any]:
    if part.type == "file":
        named = {} if part.filename is None else {"filename": part.filename}
        return {"type": "file", "url": part.url, "mediaType": part.media_type, **named}
    if part.type == "reasoning":
        found = (as_object(values).get("signature") for values in (part.provider_metadata or {}).values())
        signature = next((each for each in found if isinstance(each, str)), None)
        return {"type": "reasoning", "text": part.text, **({} if signature is None else {"signature": signature})}
    return {"type": "text", "text": part.text}


def _call(part: UiPart) -> ToolCall:
    if part.input is None and isinstance(part.raw_input, str):
        raw = part.raw_input  # what the model wrote was no JSON
    else:
        raw = encode_json({} if part.input is None else part.input).decode()
    return {"id": part.tool_call_id or "", "name": _name(part), "arguments": raw}


def _name(part: UiPart) -> str:
    return part.tool_name or part.type.removeprefix("tool-")


def _result(part: UiPart) -> ToolMessage | None:
    """What came of a call, None where nothing has yet."""
    about: dict[str, Any] = {"role": "tool", "toolCallId": part.tool_call_id, "name": _name(part)}
    approval = part.approval
    if part.state == "output-available":
        about["content"] = part.output
    elif part.state == "output-error":
        about |= {"content": part.error_text or "The tool failed", "isError": True}
    elif part.state == "output-denied" or (approval is not None and approval.approved is False):
        about |= {"content": (approval and approval.reason) or "", "approved": False}
    elif approval is not None and approval.approved:
        about |= {"content": approval.reason or "", "approved": True}
    else:
        return None
    if "approved" in about and approval is not None and approval.id != part.tool_call_id:
        about["xid"] = approval.id
    return cast("ToolMessage", about)
