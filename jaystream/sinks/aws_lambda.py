"""
The Lambda sink: one response stream, anything with `write` and `end`, from one stream.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio

from jaystream._core.closing import GRACE, bounded
from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Plan, T_co
from jaystream._core.waiting import over
from jaystream.sinks.asgi import serve
from jaystream.sinks.asgi_options import AsgiOptions, Receive, Scope, Send
from jaystream.sinks.framing import answer_to, framed, gap, log_failure
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull
from jaystream.sinks.report import SinkReport

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder


class ResponseWriter(Protocol):
    """
    A response stream: `write` takes effect at the call, and what it gives, if that is awaitable, is awaited for
    back-pressure only; so is `end`.
    """

    def write(self, data: bytes, /) -> object:
        """
        Take a piece of body.
        """
        ...

    def end(self) -> object:
        """
        Take note that nothing more comes.
        """
        ...


ResponseWriter.__module__ = "jaystream"  # in the class it would count as a member of the protocol


class Delivery:
    """
    One stream into one response stream.
    """

    __slots__ = ("_outbox", "_pull", "_report", "_wire", "_writer")

    def __init__(self, writer: ResponseWriter, wire: WireEncoder) -> None:
        for method in ("write", "end"):
            if not callable(getattr(writer, method, None)):
                raise TypeError(f"a response stream has write() and end(); {describe(writer)} has no {method}()")
        self._writer = writer
        self._wire = wire
        self._report = SinkReport()
        self._outbox = Outbox(self._write, wire.encode, self._report, lambda _: self._pull.stop())
        self._pull = Pull(self._outbox)

    async def deliver(self, plan: Plan, throw: bool) -> SinkReport:  # noqa: FBT001 - internal, and named at the call's reader
        """
        Run the plan into the writer, and end the writer on every way out.

        Raises:
            Exception: The failure, with *throw* or where the format has no way to tell of it.
        """
        try:
            set_content_type = getattr(self._writer, "set_content_type", None)
            if set_content_type is not None:
                set_content_type(self._wire.media_type)
            failure = await self._pull.through(plan)
            if self._outbox.failure is not None:
                raise self._outbox.failure  # the writer is broken: it can be told nothing
            if failure is None:
                await self._outbox.flush()
            else:
                await self._tell(failure, throw)
        except BaseException as error:
            await self._end(error)
            raise
        await self._end(None)
        return self._report.finish("end" if failure is None else "error", failure)

    async def _tell(self, failure: Exception, throw: bool) -> None:  # noqa: FBT001 - internal, and named at the call's reader
        """Write the error event; raise the failure where the reader cannot be told, or *throw* asks for it."""
        outbox, wire = self._outbox, self._pull.run.wire or self._wire
        notice = wire.error(answer_to(failure)[1])
        if notice is not None:
            outbox.push(gap(wire, outbox.parts[-1] if outbox.parts else outbox.last) + notice)
        try:
            await outbox.flush()
        except Exception as broken:
            raise broken from failure
        if notice is None or throw:
            raise failure
        log_failure(failure, "in a response stream")

    async def _end(self, error: BaseException | None) -> None:
        """End the writer, once. An error of ending becomes a note of *error* where there is one."""
        self._outbox.drop()
        try:
            await over(self._outbox.tasks(), within=GRACE)
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await bounded(self._writer.end, self._writer, GRACE)
                except Exception as problem:
                    if error is None:
                        raise
                    error.add_note(f"while ending the response stream: {type(problem).__name__}: {problem}")

    def _write(self, data: bytes) -> Coroutine[Any, Any, None] | None:
        if not data:
            return None
        result = self._writer.write(data)
        return _wait(result) if inspect.isawaitable(result) else None


async def _wait(result: Awaitable[object]) -> None:
    await result


class LambdaMixin(Described[T_co]):
    """
    `to_lambda`.
    """

    __slots__ = ()

    async def to_lambda(self, response_stream: ResponseWriter, *, throw: bool = False) -> SinkReport:
        r"""
        Write the stream to a Lambda response stream, and end that.

        Items that are in no format are framed as server-sent events. Where the response stream has a
        `set_content_type`, it is told the format's.

        Args:
            response_stream: Anything with `write` and `end`, sync or async. A `write` takes effect at the call; what it
                gives is awaited for back-pressure.
            throw: Raise a failure after its error event has been written.

        Returns:
            A `SinkReport`; its `ended` is "end" or "error".

        Raises:
            TypeError: If *response_stream* has no `write` or no `end`.
            Exception: What the stream raised: with *throw*, or where the format cannot say that the body is cut, as
                with text. What `write` raised.

        Flow:
            Keeps order. Ready items are joined into one write of up to 64 KiB, a lone item goes at once; while a write
            is awaited at most one more item is read. A failure becomes an error event, is logged, and the stream ends
            well. `end` is called exactly once on every way out, also on cancellation, which then goes on.

        >>> from jaystream.testing import RecordingResponseStream
        >>> async def main():
        ...     writer = RecordingResponseStream()
        ...     await JaypieStream.of("Hi").to_lambda(writer)
        ...     return writer.body
        >>> asyncio.run(main())
        b'data: Hi\n\n'
        """
        plan, wire = framed(self)
        return await Delivery(response_stream, wire).deliver(plan, throw)


async def create_lambda_stream(
    stream: Described[Any], response_stream: ResponseWriter, *, throw: bool = False
) -> SinkReport:
    """
    `stream.to_lambda(response_stream)` under the name it has in Jaypie.

    Flow:
        As `JaypieStream.to_lambda`.
    """
    plan, wire = framed(stream)
    return await Delivery(response_stream, wire).deliver(plan, throw)


async def create_asgi_stream(
    stream: Described[Any],
    target: ResponseWriter | Scope,
    receive: Receive | None = None,
    send: Send | None = None,
    *,
    throw: bool = False,
) -> SinkReport:
    """
    Send a stream to a response stream, or answer an ASGI request with it: Jaypie's `createExpressStream`.

    Args:
        stream: What is sent.
        target: A response stream with `write` and `end`; or an ASGI scope, followed by *receive* and *send*.
        receive: The ASGI receive.
        send: The ASGI send.
        throw: Raise a failure after its error event has been written.

    Raises:
        TypeError: If there is a scope without *receive* and *send*, or no scope with them.

    Flow:
        As `JaypieStream.to_lambda` and `JaypieStream.to_asgi`.
    """
    if receive is None and send is None:
        return await create_lambda_stream(stream, cast("ResponseWriter", target), throw=throw)
    if receive is None or send is None or not isinstance(target, MutableMapping):
        raise TypeError("create_asgi_stream() expects (stream, response_stream) or (stream, scope, receive, send)")
    options = AsgiOptions("create_asgi_stream", throw=throw)
    return await serve(stream, target, receive, send, [], options)
