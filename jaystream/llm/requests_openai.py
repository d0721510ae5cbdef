"""
The messages of OpenAI's chat completions, read, in our form.
"""

from __future__ import annotations

from collections.abc import Iterable
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    from typing import Self

    from jaystream.llm.messages import AssistantMessage, LlmMessage

__all__ = ["ChatCall", "ChatFunction", "ChatMessage", "ChatPart", "chat_messages"]

_SHAPE = ConfigDict(extra="allow")

# The part, what it needs, and which of that.
_NEEDS = {
    "text": ("text", None),
    "refusal": ("refusal", None),
    "image_url": ("image_url", "url"),
    "input_audio": ("input_audio", "data"),
    "file": ("file", "file_data"),
}


class ChatFunction(BaseModel):
    """
    A tool and its arguments, JSON text.
    """

    model_config = _SHAPE

    name: str
    arguments: str


class ChatCall(BaseModel):
    """
    A tool call.
    """

    model_config = _SHAPE

    id: str
    function: ChatFunction


class ChatPart(BaseModel):
    """
    A part of a message: text, an image, audio or a file that is sent along.
    """

    model_config = _SHAPE

    type: Literal["text", "refusal", "image_url", "input_audio", "file"]
    text: str | None = None
    refusal: str | None = None
    image_url: dict[str, Any] | None = None
    input_audio: dict[str, Any] | None = None
    file: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        name, key = _NEEDS[self.type]
        value: Any = getattr(self, name)
        if value is None or (key is not None and not isinstance(value.get(key), str)):
            where = name if key is None else f"{name}.{key}"
            raise ValueError(f"a part of type {self.type!r} needs {where}")
        return self


class ChatMessage(BaseModel):
    """
    A message as the client has it.
    """

    model_config = _SHAPE

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: str | list[ChatPart] | None = None
    refusal: str | None = None
    tool_calls: list[ChatCall] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("a message of a tool needs tool_call_id")
        if self.role != "assistant" and self.content is None:
            raise ValueError(f"a message with the role {self.role!r} needs content")
        return self


def chat_messages(messages: Iterable[ChatMessage]) -> list[LlmMessage]:
    """
    The conversation in our form.
    """
    found: list[LlmMessage] = []
    for message in messages:
        if message.role in {"developer", "system"}:
            found.append({"role": "system", "content": _text(message)})
        elif message.role == "user":
            parts = message.content if isinstance(message.content, list) else []
            said = [_said(part) for part in parts]
            found.append({"role": "user", "content": cast("Any", said) if parts else _text(message)})
        elif message.role == "assistant":
            answer: AssistantMessage = {"role": "assistant", "content": _text(message)}
            if message.tool_calls:
                answer["toolCalls"] = [
                    {"id": call.id, "name": call.function.name, "arguments": call.function.arguments}
                    for call in message.tool_calls
                ]
            found.append(answer)
        else:
            found.append({"role": "tool", "toolCallId": message.tool_call_id or "", "content": _text(message)})
    return found


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(part.text or part.refusal or "" for part in message.content or []) or message.refusal or ""


def _said(part: ChatPart) -> dict[str, Any]:
    if part.image_url is not None:
        url = part.image_url["url"]
        return {"type": "file", "url": url, "mediaType": _type_of(url, guess_type(url)[0] or "image/*")}
    if part.input_audio is not None:
        media_type = f"audio/{part.input_audio.get('format', 'wav')}"
        return {"type": "file", "url": f"data:{media_type};base64,{part.input_audio['data']}", "mediaType": media_type}
    if part.file is not None:
        data = part.file["file_data"]
        url = data if data.startswith("data:") else f"data:application/octet-stream;base64,{data}"
        named = {"filename": part.file["filename"]} if isinstance(part.file.get("filename"), str) else {}
        return {"type": "file", "url": url, "mediaType": _type_of(url, "application/octet-stream"), **named}
    return {"type": "text", "text": part.text or part.refusal or ""}


def _type_of(url: str, otherwise: str) -> str:
    """The media type that a ``data:`` URL has."""
    return url[5:].partition(",")[0].partition(";")[0] or otherwise if url.startswith("data:") else otherwise
