"""
One invocation from its event to its answer.

Lives here: what kinds of handlers there are, and how each is called and answered for. Which invocation comes when is
`serving.py`'s.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from jaystream.aws.runtime.api import check
from jaystream.aws.runtime.context import LambdaContext, enter
from jaystream.aws.runtime.faults import FaultError, Report, report_of
from jaystream.aws.runtime.guard import Guard
from jaystream.aws.runtime.logs import flush
from jaystream.aws.runtime.marshal import marshal, unmarshal
from jaystream.aws.runtime.response_stream import LambdaResponseStream

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jaystream.aws.runtime.api import RuntimeApi, Upload
    from jaystream.aws.runtime.invocation import Invocation
    from jaystream.aws.runtime.logs import Sink

_RESPONSE = "POST /runtime/invocation/response"
_ERROR = "POST /runtime/invocation/error"


class Answer(NamedTuple):
    """
    What is sent for an invocation that was not streamed: a body, or a report of an error.
    """

    body: bytes = b""
    content_type: bytes = b""
    report: Report | None = None


def kind_of(handler: Callable[..., Any]) -> Literal["streaming", "async", "sync"]:
    """
    What kind of handler this is.
    """
    if getattr(handler, "streams_response", False):
        return "streaming"
    call = getattr(type(handler), "__call__", None)  # noqa: B004 - the method itself is looked at
    return "async" if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call) else "sync"


class Invoker:
    """
    Calls one handler.

    Args:
        handler: What is called.
        sink: Where errors are written.
        executor: Runs sync functions where there are several invocations at once; None with one at a time.
        reserve: Seconds before its deadline at which a handler is cut; 0 for never.
        empty_body: What streamed answers without a body send.

    Attributes:
        kind: What kind of handler it is.
        running: The guards of those that are awaited now.
        stuck: Whether a handler went on though it was cancelled.
    """

    def __init__(
        self,
        handler: Callable[..., Any],
        sink: Sink,
        *,
        executor: Executor | None = None,
        reserve: float = 0.5,
        empty_body: str = "none",
    ) -> None:
        self.kind = kind_of(handler)
        self.running: set[Guard] = set()
        self.stuck: bool = False
        self._handler = handler
        self._sink = sink
        self._executor = executor
        self._reserve = reserve
        self._empty_body = empty_body

    def call(self, invocation: Invocation) -> Answer | Awaitable[object]:
        """
        Call a function here and now. What can be awaited, it gives as it is, for `finish`.
        """
        try:
            event, context = self._open(invocation)
            result = self._handler(event, context)
            return result if inspect.isawaitable(result) else Answer(*marshal(result))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is told to the caller
            return self._failed(invocation, error)

    async def finish(self, invocation: Invocation, result: Awaitable[object]) -> Answer:
        """
        Await what a function gave.
        """
        try:
            return Answer(*marshal(await self._guarded(Guard(invocation.remaining, self._reserve), result)))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is told to the caller
            return self._failed(invocation, error)

    async def invoke(self, api: RuntimeApi, invocation: Invocation) -> None:
        """
        Call the handler, and answer.
        """
        if self.kind == "streaming":
            await self._stream(api, invocation)
            return
        if self.kind == "sync":
            answer = await self._call_in_thread(invocation)
        else:
            answer = self.call(invocation)
        if not isinstance(answer, Answer):
            answer = await self.finish(invocation, answer)
        await self.answer(api, invocation, answer)

    async def answer(self, api: RuntimeApi, invocation: Invocation, answer: Answer) -> None:
        """
        Send an answer. One that the Runtime API refuses, as a body that is too large, is told to the log.

        Raises:
            RuntimeApiError: If there is no reply, or one of a broken sandbox.
        """
        flush()
        if answer.report is not None:
            refused = check(await api.fail(invocation, answer.report), _ERROR)
        else:
            refused = check(await api.respond(invocation, answer.body, answer.content_type), _RESPONSE)
        self._tell_refusal(invocation, refused)

    def _open(self, invocation: Invocation) -> tuple[Any, LambdaContext]:
        """Read the event, and make the context the current one."""
        context = LambdaContext(invocation)
        enter(context, alone=self._executor is None)
        return unmarshal(invocation.body, invocation.content_type), context

    async def _call_in_thread(self, invocation: Invocation) -> Answer | Awaitable[object]:
        """Call a sync function where it holds nobody up. It sees the context variables that its task would."""
        try:
            event, context = self._open(invocation)
            call = partial(copy_context().run, self._handler, event, context)
            result = await asyncio.get_running_loop().run_in_executor(self._executor, call)
            return result if inspect.isawaitable(result) else Answer(*marshal(result))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is told to the caller
            return self._failed(invocation, error)

    async def _stream(self, api: RuntimeApi, invocation: Invocation) -> None:
        upload = await api.open_upload(invocation)
        try:
            answer = await self._run_stream(upload, invocation)
            if answer is not None:
                await self.answer(api, invocation, answer)
                return
            flush()
            self._tell_refusal(invocation, check(await upload.reply(), _RESPONSE))
        finally:
            api.keep(upload)

    async def _run_stream(self, upload: Upload, invocation: Invocation) -> Answer | None:
        """Call a streaming handler; gives the answer where nothing was streamed."""
        try:
            event, context = self._open(invocation)
        except FaultError as fault:
            return self._failed(invocation, fault)
        stream = context.response_stream = LambdaResponseStream(
            upload, event, request_id=invocation.request_id, empty_body=self._empty_body
        )
        guard = Guard(invocation.remaining, self._reserve)
        guard.stream = stream
        try:
            result = self._handler(event, context)
            if inspect.isawaitable(result):
                await self._guarded(guard, result)
            stream.end()
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is told to the caller
            if stream.ended and stream.failure is None:
                self._failed(invocation, error)  # the caller has had the end
            stream.fail(error)
        failed = None if stream.failure is None else self._failed(invocation, stream.failure)
        if upload.begun:
            return None
        return failed or Answer(*stream.result)

    async def _guarded(self, guard: Guard, result: Awaitable[object]) -> object:
        self.running.add(guard)
        try:
            return await guard.run(result)
        finally:
            self.running.discard(guard)
            self.stuck = self.stuck or guard.stuck

    def _tell_refusal(self, invocation: Invocation, refused: str | None) -> None:
        if refused is not None:
            self._failed(invocation, FaultError("Runtime.LambdaRuntimeClientError", refused))
            flush()

    def _failed(self, invocation: Invocation, error: BaseException) -> Answer:
        report = report_of(error, invocation.request_id)
        self._sink.report(report)
        return Answer(report=report)
