"""
The Lambda sink: one response stream, anything with `write` and `end`, from one stream.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio

from jaystream._core.closing import GRACE, bounded
from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Plan, T_co
from jaystream._core.waiting import over
from jaystream.formats.json import encode_json
from jaystream.sinks.asgi import serve
from jaystream.sinks.asgi_options import AsgiOptions, Receive, Scope, Send
from jaystream.sinks.by_hand import Later
from jaystream.sinks.framing import answer_to, framed, gap, log_failure
from jaystream.sinks.head import Head
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder
    from jaystream.sinks.report import SinkReport


class ResponseWriter(Protocol):
    """
    A response stream: `write` takes effect at the call, and what it gives, if that is awaitable, is awaited for
    back-pressure only; so is `end`.

    It may have more, which is used where it is there: `start(status, headers, cookies)`, called once before the first
    byte with a number, pairs of text, and the values of ``set-cookie``; `set_content_type(content_type)`, called in its
    place where there is no `start`; `fail(error)`, called in the place of `end` when a failure is raised;
    `set_encoder(find)`, called before all else with what gives the body's encoder, for a writer that may have to end
    the body by itself.
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
    One response into one response stream.

    Args:
        writer: The response stream.
        head: What the response stream is told before the first byte, as far as it can be.
        heads: Tell a response stream that has a `start` of status and headers. Without it, or a `start`, all that can
            be told is a content type.
        in_band: Tell of a failure before the first byte in the body too, where the format can.

    Attributes:
        head: The same.
        outbox: Takes the body.
        pull: Runs what fills it.
    """

    __slots__ = ("_aborted", "_begun", "_ended", "_in_band", "_start", "_writer", "head", "outbox", "pull")

    def __init__(self, writer: ResponseWriter, head: Head, *, heads: bool = True, in_band: bool = False) -> None:
        for method in ("write", "end"):
            if not callable(getattr(writer, method, None)):
                raise TypeError(f"a response stream has write() and end(); {describe(writer)} has no {method}()")
        self._writer = writer
        self._start: Callable[[int, list[tuple[str, str]], list[str]], object] | None = (
            getattr(writer, "start", None) if heads else None
        )
        # a handler's response may have begun already, and says how it wants failures told
        self._in_band = in_band or getattr(writer, "jaypie_status", None) is True
        self._begun = getattr(writer, "started", None) is True
        self._ended = False
        self._aborted: BaseException | None = None
        self.head: Head = head
        self.outbox: Outbox = Outbox(self)
        self.pull: Pull = Pull(self.outbox)

    def deliver(self, plan: Plan, throw: bool) -> Coroutine[Any, Any, SinkReport]:  # noqa: FBT001 - internal, and named at the call's reader
        """
        Run the plan into the writer, and end the writer on every way out.

        Raises:
            Exception: The failure, with *throw* or where the format has no way to tell of it.
        """
        return self._deliver(plan, throw)

    def deliver_work(self, work: Coroutine[Any, Any, object], throw: bool) -> Coroutine[Any, Any, SinkReport]:  # noqa: FBT001 - as above
        """
        Write what *work* writes into the outbox, and end the writer on every way out.

        Raises:
            Exception: As `deliver`.
        """
        return self._deliver(work, throw)

    async def _deliver(self, what: Plan | Coroutine[Any, Any, object], throw: bool) -> SinkReport:  # noqa: FBT001 - as above
        try:
            async with self.pull:
                pulling = self.pull.start(what)
                del what
                await pulling
            failure = self.pull.outcome()
            if self.outbox.failure is not None:
                raise self.outbox.failure  # the writer is broken: it can be told nothing
            if failure is None:
                await self.outbox.flush()
            else:
                await self._tell(failure, throw)
            if self._aborted is not None:
                raise self._aborted
            await self._end(None)
        except BaseException as error:
            await self._end(error)
            raise
        finally:
            self.outbox.part()
        return self.outbox.report("end" if failure is None else "error", failure)

    async def _tell(self, failure: Exception, throw: bool) -> None:  # noqa: FBT001 - internal, and named at the call's reader
        """Tell the reader of a failure; raise it where that cannot be, or *throw* asks for it."""
        outbox, wire = self.outbox, self._wire()
        status, body = answer_to(failure)
        told, where = False, "in a response stream"
        ended = self._ended or outbox.sealed
        if not ended and self._aborted is None:
            begun = bool(self._begun or outbox.parts)
            notice = wire.error(body) if begun or self._start is None or self._in_band else None
            if notice is not None:
                outbox.push(gap(wire, outbox.parts[-1] if outbox.parts else outbox.last) + notice)
            elif not begun and self._start is not None:
                where = "before the first byte"
                notice = encode_json(body)
                self.head.refuse(status, len(notice))
                outbox.push(notice)
            told = notice is not None
        try:
            await outbox.flush()
        except Exception as broken:
            raise broken from failure
        if throw or not (told or ended):
            raise failure
        log_failure(failure, where)

    def close(self) -> Later:
        """End the writer with what has been written, while the work goes on."""
        self.outbox.seal()
        return Later(lambda: self._end(None))

    def abort(self, error: BaseException) -> None:
        """Fail the writer when the work is done; *error* is raised then."""
        self._aborted = error

    async def _end(self, error: BaseException | None) -> None:
        """End the writer, once. An error of ending becomes a note of *error* where there is one."""
        if self._ended:
            return
        if error is None:
            await self.outbox.flush()
        self._ended = True
        self.outbox.drop()
        try:
            await over(self.outbox.tasks(), within=GRACE)
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    if isinstance(error, CancelledError) and self._begun and self.outbox.failure is None:
                        await bounded(self._cut_body, self._writer, GRACE)
                    fail = getattr(self._writer, "fail", None)
                    if error is not None and fail is not None:
                        await bounded(lambda: fail(error), self._writer, GRACE)
                    else:
                        await _settled(self._begin())
                        await bounded(self._writer.end, self._writer, GRACE)
                except Exception as problem:
                    if error is None:
                        raise
                    error.add_note(f"while ending the response stream: {type(problem).__name__}: {problem}")

    def _cut_body(self) -> object:
        """Write what ends the body where the format has an end, and the stream could not write it."""
        wire = self._wire()
        closing = wire.flush(cut=True)
        return self._writer.write(gap(wire, self.outbox.last) + closing) if closing else None

    def _wire(self) -> WireEncoder:
        """The encoder of the body: that of the stream, else the one that was settled before."""
        return self.pull.run.wire or self.head.wire

    def _begin(self) -> object:
        """Tell the writer what comes, once; what it gives is awaited with the first write."""
        if self._begun:
            return None
        self._begun = self.head.sent = True
        set_encoder = getattr(self._writer, "set_encoder", None)
        if set_encoder is not None:
            set_encoder(self._wire)
        if self._start is not None:
            return self._start(self.head.status, self.head.pairs(), [*self.head.cookies])
        set_content_type = getattr(self._writer, "set_content_type", None)
        return set_content_type and set_content_type(self.head.media_type)

    # what the outbox asks ---------------------------------------------------------------------------------------------

    def encode(self, item: Any) -> bytes:
        """Frame an item that is not bytes yet."""
        return self.head.wire.encode(item)

    def write(self, data: bytes) -> Coroutine[Any, Any, None] | None:
        """Give the writer a piece of body; what has to be awaited, if anything."""
        if not data:
            return None
        if self._begun:
            result = self._writer.write(data)
            return _wait(result) if inspect.isawaitable(result) else None
        begun, result = self._begin(), self._writer.write(data)
        waits = [each for each in (begun, result) if inspect.isawaitable(each)]
        return _wait(*waits) if waits else None

    def write_failed(self, error: Exception) -> None:
        """End the pull: the writer is broken."""
        self.pull.stop()


async def _wait(*results: Awaitable[object]) -> None:
    for result in results:
        await result


async def _settled(result: object) -> None:
    if inspect.isawaitable(result):
        await result


class LambdaMixin(Described[T_co]):
    """
    `to_lambda`.
    """

    __slots__ = ()

    async def to_lambda(self, response_stream: ResponseWriter, *, throw: bool = False) -> SinkReport:
        r"""
        Write the stream to a Lambda response stream, and end that.

        Items that are in no format are framed as server-sent events. Where the response stream has a `start`, it is
        told status and headers before the first byte; else its `set_content_type`, if there is one, is told the
        format's.

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
            is awaited at most one more item is read. A failure becomes an error event, before the first byte a status
            where there is a `start`; it is logged, and the stream ends well. `end` is called exactly once on every way
            out, also on cancellation, which then goes on; `fail`, where there is one, in its place when a failure is
            raised.

        >>> from jaystream.testing import RecordingResponseStream
        >>> async def main():
        ...     writer = RecordingResponseStream()
        ...     await JaypieStream.of("Hi").to_lambda(writer)
        ...     return writer.body
        >>> asyncio.run(main())
        b'data: Hi\n\n'
        """
        plan, wire = framed(self)
        del self  # a run may last for hours, and there may be thousands: nothing is kept that it does not need
        delivering = Delivery(response_stream, Head(wire)).deliver(plan, throw)
        del plan
        return await delivering


async def create_lambda_stream(
    stream: Described[Any], response_stream: ResponseWriter, *, throw: bool = False
) -> SinkReport:
    """
    `stream.to_lambda(response_stream)` under the name it has in Jaypie.

    Flow:
        As `JaypieStream.to_lambda`.
    """
    plan, wire = framed(stream)
    return await Delivery(response_stream, Head(wire)).deliver(plan, throw)


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
