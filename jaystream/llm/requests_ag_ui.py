"""
The messages of the AG-UI protocol, read, in our form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from jaystream.errors import BadRequestError
from jaystream.formats.chat_parts import as_object

if TYPE_CHECKING:
    from typing import Self

    from jaystream.llm.messages import AssistantMessage, LlmMessage, ToolMessage

__all__ = ["AgUiCall", "AgUiFunction", "AgUiMessage", "AgUiPart", "AgUiSource", "ResumeEntry", "ag_ui_messages"]

_SHAPE = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="allow")


class AgUiFunction(BaseModel):
    """
    A tool and its arguments, JSON text.
    """

    model_config = _SHAPE

    name: str
    arguments: str


class AgUiCall(BaseModel):
    """
    A tool call.
    """

    model_config = _SHAPE

    id: str
    function: AgUiFunction


class AgUiSource(BaseModel):
    """
    Where a file is: at an address, or, in base64, here.
    """

    model_config = _SHAPE

    type: Literal["url", "data"]
    value: str
    mime_type: str | None = None

    @property
    def url(self) -> str:
        """
        An address of it in every case.
        """
        return self.value if self.type == "url" else f"data:{self.mime_type or ''};base64,{self.value}"


class AgUiPart(BaseModel):
    """
    A part of what a user said, or a tool gave.
    """

    model_config = _SHAPE

    type: str
    text: str | None = None
    source: AgUiSource | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed = "text" if self.type == "text" else "source"
        if getattr(self, needed) is None:
            raise ValueError(f"a part of this type needs {needed}")
        return self


class AgUiMessage(BaseModel):
    """
    A message as the UI has it.
    """

    model_config = _SHAPE

    id: str | None = None
    role: Literal["developer", "system", "user", "assistant", "tool", "reasoning", "activity"]
    content: str | list[AgUiPart] | dict[str, Any] | None = None
    tool_calls: list[AgUiCall] | None = None
    tool_call_id: str | None = None
    error: str | None = None
    encrypted_value: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("a message of a tool needs toolCallId")
        if self.role in {"developer", "system", "reasoning"} and not isinstance(self.content, str):
            raise ValueError(f"the content of a message with the role {self.role!r} must be text")
        if self.role in {"user", "tool"} and not isinstance(self.content, (str, list)):
            raise ValueError(f"the content of a message with the role {self.role!r} must be text or parts")
        return self


class ResumeEntry(BaseModel):
    """
    The answer to what a run was interrupted for.
    """

    model_config = _SHAPE

    interrupt_id: str
    status: Literal["resolved", "cancelled"]
    payload: Any = None


def ag_ui_messages(messages: Iterable[AgUiMessage], resume: Iterable[ResumeEntry]) -> list[LlmMessage]:
    """
    The conversation in our form, with the answers to interrupts behind it.

    Raises:
        BadRequestError: If an interrupt is of no tool call that waits.
    """
    found: list[LlmMessage] = []
    thoughts: list[Any] = []
    waiting: list[str] = []
    for message in messages:
        content = message.content
        if message.role == "reasoning":
            signed = {} if message.encrypted_value is None else {"signature": message.encrypted_value}
            thoughts.append({"type": "reasoning", "text": content, **signed})
        elif message.role in {"developer", "system"}:
            found.append({"role": "system", "content": str(content)})
        elif message.role == "user":
            waiting = []
            found.append({"role": "user", "content": cast("Any", _content(content))})
        elif message.role == "assistant":
            answer, before = _answer(message, thoughts), found[-1] if found else None
            if before is not None and before["role"] == "assistant" and before.get("toolCalls"):
                found[-1] = _joined(before, answer)  # one turn: its calls are not answered yet
            else:
                found.append(answer)
            waiting += [call.id for call in message.tool_calls or []]
            thoughts = []
        elif message.role == "tool":
            found.append(_result(message))
            waiting = [each for each in waiting if each != message.tool_call_id]
    return [*found, *(_resumed(entry, waiting) for entry in resume)]


def _content(content: object) -> str | list[dict[str, Any]]:
    if not isinstance(content, list):
        return str(content)
    said: list[dict[str, Any]] = []
    for part in cast("list[AgUiPart]", content):
        if part.source is None:
            said.append({"type": "text", "text": part.text})
        else:
            media_type = {} if part.source.mime_type is None else {"mediaType": part.source.mime_type}
            said.append({"type": "file", "url": part.source.url, **media_type})
    return said


def _answer(message: AgUiMessage, thoughts: list[Any]) -> AssistantMessage:
    text = message.content if isinstance(message.content, str) else ""
    said = [*thoughts, {"type": "text", "text": text}] if thoughts else text
    answer: AssistantMessage = {"role": "assistant", "content": cast("Any", said)}
    if message.tool_calls:
        answer["toolCalls"] = [
            {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in message.tool_calls
        ]
    return answer


def _joined(first: AssistantMessage, second: AssistantMessage) -> AssistantMessage:
    """One answer of two messages, which the protocol makes of a turn that has text behind a call."""
    contents: list[Any] = [first["content"], second["content"]]
    if all(isinstance(content, str) for content in contents):
        content: Any = "".join(contents)
    else:
        content = []
        for each in contents:
            content += ([{"type": "text", "text": each}] if each else []) if isinstance(each, str) else each
    calls = [*first.get("toolCalls", ()), *second.get("toolCalls", ())]
    return {"role": "assistant", "content": content, "toolCalls": calls}


def _result(message: AgUiMessage) -> ToolMessage:
    result: ToolMessage = {
        "role": "tool",
        "toolCallId": message.tool_call_id or "",
        "content": _content(message.content),
    }
    return {**result, "content": message.error, "isError": True} if message.error else result


def _resumed(entry: ResumeEntry, waiting: list[str]) -> ToolMessage:
    """A decision is an object with `approved`; everything else is what the tool would have given."""
    asked = entry.interrupt_id
    if asked not in waiting and len(waiting) != 1:
        raise BadRequestError("The request is not as it should be at resume: it answers no tool call that waits")
    call = asked if asked in waiting else waiting[0]
    waiting.remove(call)
    about: dict[str, Any] = {"role": "tool", "toolCallId": call, **({} if call == asked else {"xid": asked})}
    decision = as_object(entry.payload)
    if entry.status == "cancelled":
        about |= {"content": "", "approved": False}
    elif isinstance(decision.get("approved"), bool):
        about |= {"content": decision.get("reason") or "", "approved": decision["approved"]}
    else:
        about["content"] = entry.payload
    return cast("ToolMessage", about)
