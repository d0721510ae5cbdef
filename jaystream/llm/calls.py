"""
The tool calls of one turn: all at once, their results in the order of the calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from jaystream._core.closing import GRACE
from jaystream.errors import CleanupTimeoutError
from jaystream.llm.history import UNANSWERED, arguments_of
from jaystream.llm.tools import Failed, Pending, Tool

if TYPE_CHECKING:
    from pydantic_ai.messages import ToolCallPart

__all__ = ["Calls"]


class Calls:
    """
    The calls of one turn, running while the block is: leaving it cancels those that are not done, and waits for them.

    Args:
        tools: What there is to call.
        calls: In the model's order.
        approved: The ids of those that somebody has allowed, where a conversation is taken up again; None where it has
            not been away. Calls that come from outside run only where the tool waits for that.
        explain: Whether a failure says what went wrong.

    Raises:
        CleanupTimeoutError: On leaving, if a tool does not end within `GRACE` seconds of its cancellation: one that
            runs in a thread, which cannot be stopped. Where the block has failed already it is a note on that.
    """

    __slots__ = ("_approved", "_calls", "_explain", "_tasks", "_tools")

    def __init__(
        self,
        tools: Mapping[str, Tool],
        calls: Sequence[ToolCallPart],
        approved: Collection[str] | None,
        *,
        explain: bool,
    ) -> None:
        self._tools = tools
        self._calls = calls
        self._approved = approved
        self._explain = explain
        self._tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        for call in self._calls:
            self._tasks.append(asyncio.create_task(self._run(call), name=f"tool {call.tool_name}"))
        return self

    async def result(self, at: int) -> object:
        """
        What came of a call: a value, a `Failed`, or a `Pending`.
        """
        task = self._tasks[at]
        await asyncio.wait([task])
        if task.cancelled():
            return Failed("The tool was cancelled")
        return task.result()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = [task for task in self._tasks if not task.done()]
        for task in running:
            task.cancel()
        left: set[asyncio.Task[object]] = set()
        if running:
            with anyio.CancelScope(shield=True):
                _, left = await asyncio.wait(running, timeout=GRACE)
        if left:
            names = ", ".join(sorted({task.get_name() for task in left}))
            message = f"{names} did not end within {GRACE:g} seconds of being cancelled"
            if error is None or isinstance(error, GeneratorExit):
                raise CleanupTimeoutError(message)
            error.add_note(f"while closing: {message}")
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()  # looked at: nobody will ask for it

    async def _run(self, call: ToolCallPart) -> object:
        tool = self._tools.get(call.tool_name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return Failed(f"There is no tool {call.tool_name}; there is: {known}")
        if tool.approval:
            if self._approved is None or call.tool_call_id not in self._approved:
                return Pending(message=tool.message)
        elif self._approved is not None and tool.call is not None:
            return Failed(UNANSWERED)
        return await tool.run(arguments_of(call), explain=self._explain)
