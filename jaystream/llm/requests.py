"""
What UIs ask with, read: `UiRequest` (useChat), `AgUiRequest` and `ChatRequest` (OpenAI's chat completions), each with
its conversation in our form.

What a client sends is not trusted: garbage is a `BadRequestError` that says where it is. Nothing here asks a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from jaystream._core.inspecting import describe
from jaystream.errors import BadRequestError
from jaystream.llm.requests_ag_ui import AgUiMessage, ResumeEntry, ag_ui_messages
from jaystream.llm.requests_check import answerable
from jaystream.llm.requests_openai import ChatMessage, chat_messages
from jaystream.llm.requests_ui import UiMessage, ui_messages

if TYPE_CHECKING:
    from typing import Self

    from jaystream.llm.messages import LlmMessage

__all__ = ["AgUiRequest", "ChatRequest", "UiRequest"]


class _Request(BaseModel):
    """
    The body of a request.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    @classmethod
    def parse(cls, body: bytes | str | Mapping[str, Any]) -> Self:
        """
        Read a body: JSON, or what JSON has been read to.

        Raises:
            BadRequestError: If it is not JSON or has not this form; the detail says where, and holds nothing of it.
            TypeError: If *body* is none of these.
        """
        # callers without types may pass anything
        if not isinstance(body, (bytes, str, Mapping)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the body of a request is bytes, text or a mapping, not {describe(body)}")
        try:
            return cls.model_validate_json(body) if isinstance(body, (bytes, str)) else cls.model_validate(dict(body))
        except ValidationError as error:
            raise BadRequestError(_fault(error)) from error


class UiRequest(_Request):
    """
    What `useChat` of the AI SDK (versions 5 and 6) sends.

    Attributes:
        id: The chat.
        messages: The conversation as the UI has it.
        trigger: "submit-message" or "regenerate-message".
        message_id: The message that is to be made anew, if so.

    Further fields, as the client's `body` adds them, stand in `model_extra`.

    >>> body = '{"id": "c", "messages": [{"role": "user", "parts": [{"type": "text", "text": "Hi"}]}]}'
    >>> UiRequest.parse(body).to_messages()
    [{'role': 'user', 'content': 'Hi'}]
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="allow"
    )

    id: str | None = None
    messages: list[UiMessage]
    trigger: str | None = None
    message_id: str | None = None

    def to_messages(self) -> list[LlmMessage]:
        """
        Give the conversation as `Llm.stream` takes it. Parts that are for the UI alone are left out.

        Raises:
            BadRequestError: If there is nothing to answer, or a file's data URL is not base64.
        """
        return answerable(ui_messages(self.messages))


class AgUiRequest(_Request):
    """
    The `RunAgentInput` of the AG-UI protocol.

    Attributes:
        thread_id: The conversation; `format_ag_ui` takes it.
        run_id: The run that is to be made; the same.
        messages: The conversation as the UI has it.
        tools: Tools that the UI has, with their JSON Schema.
        context: What the model should know, as the UI says.
        state: The UI's state.
        forwarded_props: Whatever the UI adds.
        resume: Answers to what the last run was interrupted for.

    >>> body = {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": "Hi"}]}
    >>> AgUiRequest.parse(body).to_messages()
    [{'role': 'user', 'content': 'Hi'}]
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="allow"
    )

    thread_id: str
    run_id: str
    messages: list[AgUiMessage]
    tools: list[dict[str, Any]] | None = None
    context: list[dict[str, Any]] | None = None
    state: Any = None
    forwarded_props: Any = None
    resume: list[ResumeEntry] | None = None

    def to_messages(self) -> list[LlmMessage]:
        """
        Give the conversation as `Llm.stream` takes it; answers to interrupts stand at its end.

        Raises:
            BadRequestError: If an interrupt or a result is of no tool call that waits, if there is nothing to answer,
                or a file's data URL is not base64.
        """
        return answerable(ag_ui_messages(self.messages, self.resume or []))


class ChatRequest(_Request):
    """
    The body of a request for chat completions, as OpenAI's clients send it.

    Attributes:
        model: The model that is asked for.
        messages: The conversation as the client has it.
        stream: Whether the answer is to be streamed.
        stream_options: Further wishes for that.
        tools: Tools that the client has, with their JSON Schema.

    Further fields, such as `temperature`, stand in `model_extra`.

    >>> request = ChatRequest.parse('{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}')
    >>> request.to_messages(), request.include_usage
    ([{'role': 'user', 'content': 'Hi'}], False)
    """

    model: str
    messages: list[ChatMessage]
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = Field(default=None)

    @property
    def include_usage(self) -> bool:
        """
        Whether the client wants the tokens at the end; `format_openai` takes it.
        """
        return (self.stream_options or {}).get("include_usage") is True

    def to_messages(self) -> list[LlmMessage]:
        """
        Give the conversation as `Llm.stream` takes it.

        Raises:
            BadRequestError: If a result is of no tool call that waits, if there is nothing to answer, or a file's data
                URL is not base64.
        """
        return answerable(chat_messages(self.messages))


def _fault(error: ValidationError) -> str:
    """What is wrong first, in words that hold nothing of the body."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return "The request is not JSON"
    # Of content that may be one thing or another, the one that fits best says most.
    first = max(found, key=lambda each: (each["loc"][:2] == found[0]["loc"][:2], len(each["loc"])))
    steps = [step for step in first["loc"] if isinstance(step, int) or (step != "str" and "[" not in step)]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return f"The request is not as it should be at {where or 'its top'}: {first['msg'].removeprefix('Value error, ')}"
