"""
Whether the conversation in a request can be answered at all: what `Llm` would refuse is the client's fault here.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from jaystream.errors import BadRequestError

if TYPE_CHECKING:
    from jaystream.llm.messages import FilePart, LlmMessage, TextPart

__all__ = ["answerable"]


def answerable(messages: list[LlmMessage]) -> list[LlmMessage]:
    """
    Give *messages* if there is something to answer in them.

    Raises:
        BadRequestError: If nobody said anything that the model has not answered, if a tool's result is of no call that
            waits for it, or if a file is no base64. The detail holds nothing of the conversation.
    """
    open_calls: set[str] = set()
    asked = said = False
    for message in messages:
        if message["role"] == "assistant":
            open_calls = {call["id"] for call in message.get("toolCalls", ())}
            asked, said = False, True
        elif message["role"] == "tool":
            if message["toolCallId"] not in open_calls:
                raise BadRequestError("The request has a result for a tool call that is not before it, or has one")
            if not message.get("approved"):
                open_calls.discard(message["toolCallId"])
            asked = said = True
        else:
            asked = True
            if message["role"] == "user":
                open_calls.clear()
                said = True
                _check_files(message["content"])
    if not said or not (asked or open_calls):
        raise BadRequestError("The request has nothing to answer: its last message should be one of the user's")
    return messages


def _check_files(content: str | list[TextPart | FilePart]) -> None:
    """
    Raises:
        BadRequestError: If a file stands in its URL, but not in base64.
    """
    for part in content if isinstance(content, list) else ():
        if part["type"] != "file" or not part["url"].startswith("data:"):
            continue
        _, mark, data = part["url"].partition(";base64,")
        try:
            b64decode(unquote_to_bytes(data))
        except Base64Error:
            mark = ""
        if not mark:
            raise BadRequestError("The request has a file whose data URL is not base64")
