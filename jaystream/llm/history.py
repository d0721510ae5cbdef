"""
A conversation as a model is given it: our messages to pydantic-ai's, and back.

Lives here: what each kind of message becomes, and which tool calls of a conversation nobody has answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    DocumentUrl,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
    VideoUrl,
)

from jaystream._core.inspecting import describe, is_a

if TYPE_CHECKING:
    from jaystream.llm.messages import AssistantMessage, LlmMessage, ToolMessage

__all__ = ["UNANSWERED", "History", "arguments_of", "checked", "read_messages", "written"]

UNANSWERED: Final = "No result was given"
REFUSED: Final = "The call was not allowed"

_ROLES: Final = ("system", "user", "assistant", "tool")
_URLS: Final[dict[str, type[ImageUrl | AudioUrl | VideoUrl]]] = {
    "image": ImageUrl,
    "audio": AudioUrl,
    "video": VideoUrl,
}


class History(NamedTuple):
    """
    Where a conversation stands.

    Attributes:
        messages: As pydantic-ai has them.
        asked: What is to be said to the model next.
        waiting: The calls of the last answer that nobody has answered, which is what to begin with.
        approved: The ids of those among them that were allowed to run.
    """

    messages: list[ModelMessage]
    asked: list[ModelRequestPart]
    waiting: list[ToolCallPart]
    approved: frozenset[str]


def checked(prompt: object) -> list[LlmMessage]:
    """
    A prompt as messages.

    Raises:
        TypeError: If it is neither text nor a list of messages.
        ValueError: If a message has no role that there is, or there is none to answer.
    """
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if is_a(prompt, (bytes, Mapping)) or not isinstance(prompt, Iterable):
        raise TypeError(f"a prompt is text or a list of messages, not {describe(prompt)}")
    messages = list(cast("Iterable[LlmMessage]", prompt))
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(cast("object", message), Mapping) else None
        if role not in _ROLES or (role != "tool" and "content" not in message):
            raise ValueError(
                f"message {at} must be a dict with a role of {', '.join(map(repr, _ROLES))} and a content, "
                f"not {describe(message)}"
            )
    if all(message["role"] == "system" for message in messages):
        raise ValueError("there is nothing to answer: the messages must hold one of a user at least")
    return messages


def read_messages(messages: Iterable[LlmMessage], system: str) -> History:
    """
    Turn messages into those of pydantic-ai.

    A call without an answer that the conversation has gone on from is told to the model as unanswered, since providers
    refuse a call that has none.

    Args:
        messages: In our form.
        system: pydantic-ai's name for the provider that the signatures of thoughts are of.

    Raises:
        ValueError: If a message is none, or a result is of no call that waits for one.
    """
    reader = _Reader(system)
    for at, message in enumerate(messages):
        try:
            reader.read(message)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"message {at} is not as it should be ({error!r}): {describe(message)}") from error
    return reader.history()


class _Reader:
    def __init__(self, system: str) -> None:
        self._system = system
        self._messages: list[ModelMessage] = []
        self._asked: list[ModelRequestPart] = []
        self._calls: dict[str, ToolCallPart] = {}
        self._approved: set[str] = set()

    def read(self, message: LlmMessage) -> None:
        if message["role"] == "system":
            self._asked.append(SystemPromptPart(message["content"]))
        elif message["role"] == "user":
            self._drop_calls()
            content = message["content"]
            self._asked.append(
                UserPromptPart(content if isinstance(content, str) else [_content(part) for part in content])
            )
        elif message["role"] == "assistant":
            self._drop_calls()
            self._ask()
            parts, self._calls = self._answer(message)
            if parts:
                self._messages.append(ModelResponse(parts=parts))
        else:
            self._result(message)

    def history(self) -> History:
        waiting = list(self._calls.values())
        if not self._asked and not waiting:
            raise ValueError("there is nothing to answer: the last message is the model's own, and no call waits")
        return History(self._messages, self._asked, waiting, frozenset(self._approved))

    def _ask(self) -> None:
        if self._asked:
            self._messages.append(ModelRequest(parts=self._asked))
            self._asked = []

    def _drop_calls(self) -> None:
        for call in self._calls.values():
            self._asked.append(_returned(call, UNANSWERED, "interrupted"))
        self._calls = {}
        self._approved.clear()

    def _result(self, message: ToolMessage) -> None:
        asked = message["toolCallId"]
        call = self._calls.get(asked)
        if call is None:
            raise ValueError(
                f"the tool message for call {asked!r} answers no call before it, or one that has an answer"
            )
        if message.get("approved"):
            self._approved.add(asked)
            return
        del self._calls[asked]
        if message.get("approved") is False:
            self._asked.append(_returned(call, message.get("content") or REFUSED, "denied"))
        else:
            outcome = "failed" if message.get("isError") else "success"
            self._asked.append(_returned(call, message.get("content"), outcome))

    def _answer(self, message: AssistantMessage) -> tuple[list[ModelResponsePart], dict[str, ToolCallPart]]:
        content: Any = message["content"]
        parts: list[ModelResponsePart] = []
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part["type"] == "text" and part["text"]:
                parts.append(TextPart(part["text"]))
            elif part["type"] == "reasoning":
                signature: str | None = part.get("signature")
                if signature is not None:  # a thought without one is of no use to any provider
                    parts.append(ThinkingPart(part["text"], signature=signature, provider_name=self._system))
        calls = {
            call["id"]: ToolCallPart(call["name"], call["arguments"] or "{}", call["id"])
            for call in message.get("toolCalls", ())
        }
        return [*parts, *calls.values()], calls


def _returned(call: ToolCallPart, content: Any, outcome: Any) -> ToolReturnPart[Any]:
    return ToolReturnPart(call.tool_name, content, call.tool_call_id, outcome=outcome)


def _content(part: Mapping[str, Any]) -> UserContent:
    """
    A part of what a user said.

    Raises:
        ValueError: If it is of no kind that there is.
    """
    if part.get("type") == "text":
        return cast("str", part["text"])
    if part.get("type") != "file":
        raise ValueError(f"a part of a user's message is a text or a file, not {describe(part)}")
    url, media_type = str(part["url"]), cast("str | None", part.get("mediaType"))
    if url.startswith("data:"):
        found = BinaryContent.from_data_uri(url)
        return BinaryContent(found.data, media_type=media_type) if media_type else found
    kind = _URLS.get((media_type or "").split("/")[0], DocumentUrl)
    return kind(url, media_type=media_type)


def written(messages: Iterable[ModelMessage]) -> list[LlmMessage]:
    """
    Messages of pydantic-ai in our form.
    """
    found: list[LlmMessage] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            found.append(_written_answer(message))
            continue
        for part in message.parts:
            if isinstance(part, SystemPromptPart):
                found.append({"role": "system", "content": part.content})
            elif isinstance(part, UserPromptPart):
                content: Any = part.content if isinstance(part.content, str) else [*map(_written_content, part.content)]
                found.append({"role": "user", "content": content})
            elif isinstance(part, ToolReturnPart):
                result: ToolMessage = {
                    "role": "tool",
                    "toolCallId": part.tool_call_id,
                    "name": part.tool_name,
                    "content": part.content,
                }
                if part.outcome == "failed":
                    result["isError"] = True
                found.append(result)
    return found


def _written_content(part: UserContent) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, BinaryContent):
        return {"type": "file", "url": part.data_uri, "mediaType": part.media_type}
    return {"type": "file", "url": str(getattr(part, "url", ""))}


def _written_answer(response: ModelResponse) -> AssistantMessage:
    content: list[Any] = []
    for part in response.parts:
        if isinstance(part, TextPart) and part.content:
            content.append({"type": "text", "text": part.content})
        elif isinstance(part, ThinkingPart):
            signed = {} if part.signature is None else {"signature": part.signature}
            content.append({"type": "reasoning", "text": part.content, **signed})
    alone = "".join(part["text"] for part in content) if all(part["type"] == "text" for part in content) else None
    message: AssistantMessage = {"role": "assistant", "content": content if alone is None else alone}
    calls = [
        {"id": part.tool_call_id, "name": part.tool_name, "arguments": arguments_of(part)}
        for part in response.parts
        if isinstance(part, ToolCallPart)
    ]
    if calls:
        message["toolCalls"] = cast("Any", calls)
    return message


def arguments_of(call: ToolCallPart) -> str:
    """
    A call's arguments as the model wrote them, JSON text.
    """
    args: Any = call.args
    return args or "{}" if isinstance(args, str) or args is None else call.args_as_json_str()
