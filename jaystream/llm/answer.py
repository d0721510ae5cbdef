"""
The whole answer: what a conversation's chunks come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.errors import BadGatewayError, TooManyRequestsError

if TYPE_CHECKING:
    from jaystream.formats.chunks import LlmChunk, StopReason, ToolCall, ToolPending, ToolResult, Usage
    from jaystream.llm.loop import Conversation
    from jaystream.llm.messages import LlmMessage

__all__ = ["Answer"]


class Answer:
    """
    What a model said, and what became of it.

    Attributes:
        content: The text of the last turn.
        reasoning: What the model thought in all of them.
        tool_calls: The tools that it called.
        tool_results: What they gave.
        pending: Calls that are parked.
        usage: What each request took.
        stop_reason: Why it ended; ``"tool_calls"`` where calls are parked.
        output: The value that was asked for by ``output=``.
        messages: The conversation with the answer, to go on with.
    """

    __slots__ = ("content", "messages", "output", "pending", "reasoning", "stop_reason", "tool_calls", "tool_results",
                 "usage")  # fmt: skip

    def __init__(self, messages: list[LlmMessage]) -> None:
        self.content: str = ""
        self.reasoning: str = ""
        self.tool_calls: list[ToolCall] = []
        self.tool_results: list[ToolResult] = []
        self.pending: list[ToolPending] = []
        self.usage: list[Usage] = []
        self.stop_reason: StopReason = "other"
        self.output: Any = None
        self.messages: list[LlmMessage] = list(messages)

    def __repr__(self) -> str:
        return f"Answer({self.content!r})"

    def add(self, chunk: LlmChunk) -> None:
        """
        Take a chunk in.

        Raises:
            TooManyRequestsError: For the chunk that says that there were too many turns.
        """
        if chunk["type"] == "text":
            self.content += chunk["content"]
        elif chunk["type"] == "reasoning":
            self.reasoning += chunk["content"]
        elif chunk["type"] == "tool_call":
            self.tool_calls.append(chunk["toolCall"])
        elif chunk["type"] == "tool_result":
            self.tool_results.append(chunk["toolResult"])
            self.content = ""  # what was said before the tools was on the way to the answer
        elif chunk["type"] == "tool_pending":
            self.pending.append(chunk["toolPending"])
        elif chunk["type"] == "error":
            raise TooManyRequestsError(chunk["error"].get("detail"))
        elif chunk["type"] == "done":
            self.usage = chunk["usage"]
            self.stop_reason = chunk.get("stopReason", "other")

    def finish(self, conversation: Conversation) -> None:
        """
        Take what a conversation has beside its chunks.

        Raises:
            BadGatewayError: If a value was asked for, and the model gave none.
        """
        from jaystream.llm.history import written  # noqa: PLC0415 - pydantic-ai takes time to load

        self.messages += written(conversation.said)
        if conversation.wants_value and not self.pending:
            if not conversation.complete:
                raise BadGatewayError("The language model has not given the answer that was asked for")
            self.output = conversation.value
