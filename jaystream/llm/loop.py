"""
The tool loop: a conversation with a model, turn by turn, as one stream of chunks.

A turn is a request and the calls of tools that the model wants. It ends when the model wants none, when a call is
parked, or when there were too many turns; a ``done`` chunk stands at the end of all three.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelRequestPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models import ModelRequestParameters

from jaystream.errors import TooManyRequestsError
from jaystream.llm.calls import Calls
from jaystream.llm.failures import error_chunk
from jaystream.llm.history import arguments_of
from jaystream.llm.request import Request, Sheltered, stop_reason_of, usage_of
from jaystream.llm.tools import Failed, Pending

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings

    from jaystream.formats.chunks import DoneChunk, LlmChunk, StopReason, ToolPendingChunk, ToolResultChunk, Usage
    from jaystream.llm.history import History
    from jaystream.llm.output import Output
    from jaystream.llm.tools import Tool

__all__ = ["Conversation", "Setup"]


class Setup:
    """
    What all conversations of an `Llm` have in common.
    """

    __slots__ = ("explain", "instructions", "max_turns", "output", "provider", "settings", "tools")

    def __init__(
        self,
        provider: str,
        *,
        tools: Mapping[str, Tool],
        instructions: str | None,
        settings: ModelSettings | None,
        max_turns: int,
        explain: bool,
        output: Output | None = None,
    ) -> None:
        self.provider: str = provider
        self.tools: Mapping[str, Tool] = tools
        self.instructions: str | None = instructions
        self.settings: ModelSettings | None = settings
        self.max_turns: int = max_turns
        self.explain: bool = explain
        self.output: Output | None = output

    def parameters(self) -> ModelRequestParameters:
        """
        The tools as a request has them.
        """
        definitions = [tool.definition() for tool in self.tools.values()]
        if self.output is None:
            return ModelRequestParameters(function_tools=definitions)
        return ModelRequestParameters(
            function_tools=definitions,
            output_mode="tool",
            output_tools=[self.output.definition()],
            allow_text_output=False,
        )


class Conversation:
    """
    One run of it.

    Attributes:
        said: What the model and its tools have said, while it goes on.
        complete: Whether the model gave a value, where `Setup.output` asks for one.
        value: That value.
    """

    __slots__ = ("_approved", "_asked", "_messages", "_model", "_setup", "_started", "_usage", "_waiting", "complete",
                 "said", "value")  # fmt: skip

    def __init__(self, model: AbstractAsyncContextManager[Model], setup: Setup, history: History) -> None:
        self._model = model
        self._setup = setup
        self._messages: list[ModelMessage] = list(history.messages)
        self._asked: list[ModelRequestPart] = list(history.asked)
        self._waiting: Sequence[ToolCallPart] = history.waiting
        self._approved: frozenset[str] | None = history.approved
        self._usage: list[Usage] = []
        self._started = False
        self.said: list[ModelMessage] = []
        self.complete: bool = False
        self.value: Any = None

    @property
    def wants_value(self) -> bool:
        """
        Whether a value was asked for.
        """
        return self._setup.output is not None

    async def chunks(self) -> AsyncGenerator[LlmChunk, None]:
        """
        The conversation as chunks.

        Raises:
            JaypieError: For what the provider answers in place of an answer; the stream then has no ``done``.
        """
        setup, parameters = self._setup, self._setup.parameters()
        hidden: frozenset[str] = frozenset() if setup.output is None else frozenset([setup.output.name])
        async with Sheltered(self._model) as model:
            for turn in count():
                if self._waiting:
                    parked = False
                    async with Calls(setup.tools, self._waiting, self._approved, explain=setup.explain) as calls:
                        for at, call in enumerate(self._waiting):
                            if call.tool_name in hidden:
                                self._refuse_value(call)
                                continue
                            outcome = await calls.result(at)
                            for chunk in self._opening(model):
                                yield chunk
                            parked = parked or isinstance(outcome, Pending)
                            yield self._answered(call, outcome)
                    if parked:
                        yield self._done("tool_calls")
                        return
                self._ask()
                async with Request(model, self._messages, setup.settings, parameters, hidden) as request:
                    while (found := await request.pull()) is not None:
                        for chunk in found:
                            for first in self._opening(model):
                                yield first
                            yield chunk
                    response = request.response
                self._messages.append(response)
                self.said.append(response)
                self._usage.append(usage_of(response, setup.provider, model.model_name))
                for first in self._opening(model):
                    yield first
                self._waiting = [part for part in response.parts if isinstance(part, ToolCallPart)]
                for call in self._waiting:
                    if call.tool_name in hidden:
                        self._take_value(call)
                    else:
                        yield _called(call)
                if self.complete or not self._waiting:
                    yield self._done("end" if self.complete else stop_reason_of(response))
                    return
                if turn + 1 >= setup.max_turns:
                    yield error_chunk(too_many_turns(setup.max_turns))
                    yield self._done("error")
                    return

    def _opening(self, model: Model) -> Sequence[LlmChunk]:
        """
        The start, once: it is held back until there is something else, so that time limits and fallbacks mean it.

        The calls that a conversation is taken up with are behind it, all of them with their arguments: a result alone
        does not have these, and a UI shows what it is told last.
        """
        if self._started:
            return ()
        self._started = True
        output = self._setup.output
        taken_up = [_called(call) for call in self._waiting if output is None or call.tool_name != output.name]
        return ({"type": "start", "model": model.model_name, "provider": self._setup.provider}, *taken_up)

    def _ask(self) -> None:
        request = ModelRequest(parts=self._asked, instructions=self._setup.instructions)
        self._messages.append(request)
        self._asked = []
        self._waiting, self._approved = (), None

    def _take_value(self, call: ToolCallPart) -> None:
        assert self._setup.output is not None  # noqa: S101 - for type checkers
        with suppress(ValueError):  # the call is answered with what is wrong
            self.value = self._setup.output.read(arguments_of(call))
            self.complete = True
            self._returned(call, "Accepted", failed=False)

    def _refuse_value(self, call: ToolCallPart) -> None:
        assert self._setup.output is not None  # noqa: S101 - for type checkers
        try:
            self._setup.output.read(arguments_of(call))
        except ValueError as error:
            self._returned(call, f"The answer is wrong: {error}", failed=True)

    def _returned(self, call: ToolCallPart, result: object, *, failed: bool) -> None:
        outcome: Literal["failed", "success"] = "failed" if failed else "success"
        part = ToolReturnPart[Any](call.tool_name, cast("Any", result), call.tool_call_id, outcome=outcome)
        self._asked.append(part)
        self.said.append(ModelRequest(parts=[part]))

    def _answered(self, call: ToolCallPart, outcome: object) -> ToolResultChunk | ToolPendingChunk:
        if isinstance(outcome, Pending):
            pending: ToolPendingChunk = {
                "type": "tool_pending",
                "toolPending": {
                    "xid": outcome.xid or call.tool_call_id,
                    "name": call.tool_name,
                    "arguments": arguments_of(call),
                },
            }
            if outcome.message is not None:
                pending["toolPending"]["message"] = outcome.message
            return pending
        failed = isinstance(outcome, Failed)
        result = outcome.reason if isinstance(outcome, Failed) else outcome
        self._returned(call, result, failed=failed)
        chunk: ToolResultChunk = {
            "type": "tool_result",
            "toolResult": {"id": call.tool_call_id, "name": call.tool_name, "result": result},
        }
        if failed:
            chunk["toolResult"]["isError"] = True
        return chunk

    def _done(self, reason: StopReason) -> DoneChunk:
        return {"type": "done", "usage": self._usage, "stopReason": reason}


def _called(call: ToolCallPart) -> LlmChunk:
    return {
        "type": "tool_call",
        "toolCall": {"id": call.tool_call_id, "name": call.tool_name, "arguments": arguments_of(call)},
    }


def too_many_turns(limit: int) -> TooManyRequestsError:
    """
    The model wants tools again, and it has had all the turns that there are.
    """
    return TooManyRequestsError(f"The model has asked for tools in all of its {limit} turns")
