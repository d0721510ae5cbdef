"""
`Llm`: a language model with its tools, whose answers are streams.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from jaystream._core.inspecting import describe
from jaystream._core.stages import check_int
from jaystream.llm.answer import Answer
from jaystream.llm.models import ModelSource
from jaystream.llm.tools import named_tools
from jaystream.stream import JaypieStream

if TYPE_CHECKING:
    from typing import Self

    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings

    from jaystream.formats.chunks import LlmChunk
    from jaystream.llm.history import History
    from jaystream.llm.loop import Conversation, Setup
    from jaystream.llm.messages import LlmMessage
    from jaystream.llm.script import Script
    from jaystream.llm.tools import Tool, ToolLike

__all__ = ["Llm"]

Prompt: TypeAlias = "str | Iterable[LlmMessage | Mapping[str, Any]]"
"""What a user says, or a whole conversation."""

MAX_TURNS = 12
"""Turns that a conversation may have where nobody says otherwise."""


class Asked:
    """
    The source of a stream: each run is a conversation of its own.
    """

    __slots__ = ("_begin", "_name")

    def __init__(self, begin: Callable[[], Conversation], name: str) -> None:
        self._begin = begin
        self._name = name

    def __call__(self) -> AsyncGenerator[LlmChunk, None]:
        return self._begin().chunks()

    def __repr__(self) -> str:
        return self._name


class Llm:
    """
    A language model and the tools that it may use.

    It holds no conversation: each call of `stream` is one, with the messages it is given. As an async context manager
    it keeps its connections for as long as the block runs; without, every conversation opens and closes its own.

    Args:
        provider: A provider, as in ``Llm("anthropic")``; or a model too, as in ``Llm("anthropic:claude-sonnet-5-5")``.
            There are ``anthropic``, ``openai``, ``google``, ``bedrock``, ``openrouter``, ``groq``, ``mistral``, and
            ``test``, which is offline. Any model of pydantic-ai is taken as it is.
        model: The model's name, in place of one behind a colon.
        tools: Functions, sync (they run in worker threads) or async, described by their signatures and docstrings;
            `Tool`; and objects or dicts with ``name``, ``description``, ``parameters`` and ``call``.
        system: What the model is told before all else.
        max_turns: Requests to the model in one conversation; a tool is one more.
        settings: pydantic-ai's settings, such as ``{"max_tokens": 500, "temperature": 0}``.
        show_tool_errors: Tell the model, and so the client, what went wrong in a tool that failed. Without, only a
            `JaypieError` says so, and the rest stays in the log.
        script: What the offline model says: text; a list of turns, each a text, a chunk (text, reasoning, tool_call)
            or a list of both, the last of which is repeated; or a function of the messages that gives a turn, sync,
            async or an async generator. Without one it calls each tool once and says what they gave.

    Raises:
        ImportError: At this call, if the provider's package is missing; the message has the command to install it.
        TypeError: At this call, if the arguments do not go together, or something is no tool.
        ValueError: At this call, if there is no such provider, or *max_turns* is below 1.

    >>> asyncio.run(Llm("test", script="Hello there").stream("Hi").to_list())[1:3]
    [{'type': 'text', 'content': 'Hello'}, {'type': 'text', 'content': ' there'}]
    """

    __slots__ = ("_kept", "_max_turns", "_settings", "_show", "_source", "_system", "_tools")

    def __init__(
        self,
        provider: str | Model,
        model: str | None = None,
        tools: Iterable[Callable[..., Any] | Tool | ToolLike | Mapping[str, Any]] = (),
        system: str | None = None,
        *,
        max_turns: int = MAX_TURNS,
        settings: ModelSettings | None = None,
        show_tool_errors: bool = False,
        script: Script | None = None,
    ) -> None:
        self._source = ModelSource(provider, model, script)
        self._tools: Mapping[str, Tool] = named_tools(tools)
        if system is not None and not isinstance(cast("object", system), str):
            raise TypeError(f"system= expects text, not {describe(system)}")
        self._system = system
        self._max_turns: int = check_int(max_turns, "Llm", "max_turns", 1)
        self._settings = settings
        self._show = show_tool_errors
        self._kept: AsyncExitStack | None = None

    @property
    def provider(self) -> str:
        """
        The provider's name.
        """
        return self._source.provider

    @property
    def model(self) -> str:
        """
        The model's name.
        """
        return self._source.model

    def __repr__(self) -> str:
        return f"Llm({self.provider!r}, {self.model!r})"

    async def __aenter__(self) -> Self:
        if self._kept is not None:
            raise RuntimeError(f"{self!r} is open already; it is entered once for all conversations")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._source.opened())
            self._kept = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.__aexit__(kind, error, trace)

    def stream(self, prompt: Prompt) -> JaypieStream[LlmChunk]:
        """
        The answer, as it is written: text, reasoning, tool calls and what they give, and one ``done`` at the end.

        Args:
            prompt: What a user says, or the whole conversation.

        Raises:
            TypeError: At this call, if *prompt* is neither text nor messages.
            ValueError: At this call, if a message is none, or there is nothing to answer.
            JaypieError: In the run, for what the provider answers in place of an answer: its 401 is our 502.
            ConfigurationError: In the run, if a key is missing; its text says which.

        Flow:
            Keeps order, reads nothing ahead. The tools of one turn run at once, and their results come in the order of
            the calls. A tool's failure is a result that the model sees. A call of a tool that somebody else answers is
            parked as ``tool_pending``, which ends the stream; it is gone on with by the conversation with a result
            behind it; the calls that it is taken up with are given once more then, with their arguments. After too many
            turns comes an ``error`` chunk. ``done`` ends all of these, and says what each request took. At an early
            stop and on cancellation the provider's stream is closed, and the tools that run are cancelled and waited
            for, threads at most 10 seconds. Can run again.
        """
        from jaystream.llm.history import checked  # noqa: PLC0415 - pydantic-ai takes time to load

        history, setup = self._begin(checked(prompt))
        return JaypieStream(Asked(lambda: self._conversation(setup, history), f"{self!r}.stream(...)"))

    async def operate(self, prompt: Prompt, *, output: Any = None) -> Answer:
        """
        The whole answer.

        Args:
            prompt: What a user says, or the whole conversation.
            output: What the answer is to be in place of text: a type that pydantic knows, such as a model's class, or
                a JSON schema. The value is in `Answer.output`.

        Raises:
            TypeError: If *prompt* is neither text nor messages, or *output* no type.
            ValueError: If a message is none, or there is nothing to answer.
            JaypieError: For what the provider answers in place of an answer, and a 429 after too many turns.
            ConfigurationError: If a key is missing; its text says which.

        >>> answer = asyncio.run(Llm("test", script="Hello there").operate("Hi"))
        >>> answer.content, answer.stop_reason
        ('Hello there', 'end')
        """
        from jaystream.llm.history import checked  # noqa: PLC0415 - pydantic-ai takes time to load

        messages = checked(prompt)
        history, setup = self._begin(messages, output)
        conversation = self._conversation(setup, history)
        answer = Answer(messages)
        await JaypieStream(conversation.chunks()).for_each(answer.add)
        answer.finish(conversation)
        return answer

    def _begin(self, messages: list[LlmMessage], output: Any = None) -> tuple[History, Setup]:
        from jaystream.llm.history import read_messages  # noqa: PLC0415 - pydantic-ai takes time to load
        from jaystream.llm.loop import Setup  # noqa: PLC0415 - see above
        from jaystream.llm.output import Output  # noqa: PLC0415 - see above

        setup = Setup(
            self.provider,
            tools=self._tools,
            instructions=self._system,
            settings=self._settings,
            max_turns=self._max_turns,
            explain=self._show,
            output=None if output is None else Output(output),
        )
        return read_messages(messages, self.provider), setup

    def _conversation(self, setup: Setup, history: History) -> Conversation:
        from jaystream.llm.loop import Conversation  # noqa: PLC0415 - pydantic-ai takes time to load

        return Conversation(self._source.opened(), setup, history)
