"""
The conversation that a language model is given, as plain dicts: one form for what every UI sends.

Types only, nothing that runs; the keys are in camel case, as those of chunks. `requests` reads it from what a UI sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from typing import NotRequired

    from jaystream.formats.chunks import ToolCall

__all__ = [
    "AssistantMessage",
    "FilePart",
    "LlmMessage",
    "ReasoningPart",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
]


class TextPart(TypedDict):
    """
    A piece of text.
    """

    type: Literal["text"]
    text: str


class FilePart(TypedDict):
    """
    An image or another file: *url* is a web address, or a ``data:`` URL with the file itself in it.
    """

    type: Literal["file"]
    url: str
    mediaType: NotRequired[str]
    filename: NotRequired[str]


class ReasoningPart(TypedDict):
    """
    What the model thought; *signature* proves to the provider that the thought is its own.
    """

    type: Literal["reasoning"]
    text: str
    signature: NotRequired[str]


class SystemMessage(TypedDict):
    """
    What the application tells the model.
    """

    role: Literal["system"]
    content: str


class UserMessage(TypedDict):
    """
    What a person said; text alone is a str.
    """

    role: Literal["user"]
    content: str | list[TextPart | FilePart]


class AssistantMessage(TypedDict):
    """
    What the model answered in one turn: text alone is a str, ``""`` where it only called tools.

    Every call is answered by a `ToolMessage` behind it, those aside that still wait for one.
    """

    role: Literal["assistant"]
    content: str | list[TextPart | ReasoningPart | FilePart]
    toolCalls: NotRequired[list[ToolCall]]


class ToolMessage(TypedDict):
    """
    What came of a tool call: what the tool gave, any JSON value, or what somebody decided about a call that was parked.

    With *approved* the call has not run: it was allowed to (True) or not (False), and *content* is the reason, or "".
    *xid* is what the parked call was asked about under, where it has another name than the call.
    """

    role: Literal["tool"]
    toolCallId: str
    content: Any
    name: NotRequired[str]
    isError: NotRequired[bool]
    approved: NotRequired[bool]
    xid: NotRequired[str]


LlmMessage: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage
"""
One message of a conversation.
"""
