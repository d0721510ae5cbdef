"""
The ASGI sink: one HTTP response from one stream.

Lives here: one exchange with an ASGI server, of any framework. Joining writes is `outbox.py`'s, arguments are
`asgi_options.py`'s.
"""

from __future__ import annotations

from asyncio import CancelledError, Task, TimerHandle, current_task, gather, get_running_loop
from typing import TYPE_CHECKING, Any

from jaystream._core.fuse import execute
from jaystream._core.ownership import discard
from jaystream._core.plan import Described, Plan, T_co
from jaystream._core.run import Run
from jaystream._core.shelter import Around
from jaystream.formats.json import encode_json
from jaystream.sinks.asgi_options import (
    AsgiOptions,
    Disconnect,
    Headers,
    Message,
    RawHeaders,
    Receive,
    Scope,
    Send,
    Waitable,
    response_headers,
)
from jaystream.sinks.framing import answer_to, framed, is_host_error, log_failure
from jaystream.sinks.outbox import Outbox, Write
from jaystream.sinks.report import Ending, SinkReport

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder


class Exchange:
    """
    One response: the pull runs in the request's own task, beside it one task that watches for the peer to leave, and
    one timer handle for everything that has to do with time.
    """

    __slots__ = (
        "_began",
        "_cancelled",
        "_closing",
        "_disconnected",
        "_ending",
        "_events",
        "_main",
        "_options",
        "_outbox",
        "_requests",
        "_pulling",
        "_receive",
        "_report",
        "_run",
        "_send",
        "_shelter",
        "_start",
        "_started",
        "_timer",
        "_wire",
        "_written",
    )

    def __init__(self, wire: WireEncoder, receive: Receive, send: Send, start: Message, options: AsgiOptions) -> None:
        task = current_task()
        assert task is not None
        self._events = get_running_loop()
        self._main = task
        self._requests = task.cancelling()
        self._wire = wire
        self._receive = receive
        self._send = send
        self._start = start
        self._options = options
        self._report = SinkReport()
        self._shelter = Around()
        self._run = Run(self._shelter)
        self._outbox = Outbox(self._write, wire.encode, self._report, self._write_failed)
        self._ending: Ending = "end"
        self._disconnected = self._pulling = self._started = self._closing = self._cancelled = False
        self._timer: TimerHandle | None = None
        self._began = self._written = self._events.time()

    async def serve(self, plan: Any) -> SinkReport:
        """
        Run the plan and send what it gives.

        Raises:
            CancelledError: If the request's task was cancelled from outside.
            Exception: Failures that the server or the framework has to answer or to cut the connection for.
        """
        helpers: list[Task[Any]] = [self._events.create_task(self._watch())]
        if self._options.shutdown is not None:
            helpers.append(self._events.create_task(self._await_shutdown(self._options.shutdown)))
        self._tick()
        try:
            failure = await self._pull(plan)
            return await self._finish(failure)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._outbox.drop()
            for helper in helpers:
                helper.cancel()
            await gather(*helpers, return_exceptions=True)
            await self._outbox.dropped()

    async def _pull(self, plan: Plan) -> Exception | None:
        self._pulling = True
        try:
            await execute(plan, Write(self._outbox), self._run)
            return None
        except CancelledError:
            # Ours, unless somebody else asked as well.
            if not self._cancelled or self._main.cancelling() > self._requests + 1:
                raise
            return None
        except Exception as error:
            return error
        finally:
            self._pulling = False
            if self._cancelled:
                self._main.uncancel()

    async def _finish(self, failure: Exception | None) -> SinkReport:
        report = self._report
        if failure is not None and failure is not self._outbox.failure:
            if not self._disconnected:
                return await self._tell(failure)
            log_failure(failure, "after the client had left")
            return report.finish(self._ending, failure)
        if not self._disconnected:
            await self._end_body()
        return report.finish(self._ending)

    async def _tell(self, failure: Exception) -> SinkReport:
        """Tell the client of a failure, as well as the format and the time allow."""
        wire, throw = self._run.wire or self._wire, self._options.throw
        status, body = answer_to(failure)
        if self._started or self._report.items:
            notice = wire.error(body)
            if notice is None:
                await self._outbox.flush()
                raise failure  # nothing marks this body as cut but a connection that breaks
            self._outbox.push(notice)
            await self._outbox.flush()
            if throw:
                raise failure
            log_failure(failure, "after the first byte")
            await self._end_body()
        else:
            if throw or is_host_error(failure):
                raise failure
            log_failure(failure, "before the first byte")
            content = encode_json(body)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
            self._start = {"type": "http.response.start", "status": status, "headers": headers}
            await self._end_body(content)
        return self._report.finish(self._ending if self._disconnected else "error", failure)

    async def _end_body(self, last: bytes = b"") -> None:
        await self._outbox.flush()
        self._closing = True
        self._outbox.push(last)
        await self._outbox.flush()

    async def _write(self, data: bytes) -> None:
        if not self._started:
            self._started = True
            await self._send(self._start)
        if data or self._closing:
            await self._send({"type": "http.response.body", "body": data, "more_body": not self._closing})
        self._written = self._events.time()

    # what ends the pull from outside --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Wait for the peer to leave; the only thing that tells, since most servers take a send all the same."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave("disconnected")

    async def _await_shutdown(self, shutdown: Waitable) -> None:
        await shutdown.wait()
        self._stop("shutdown")

    def _write_failed(self, error: BaseException) -> None:
        self._leave("disconnected")  # servers raise OSError here when the peer has left

    def _leave(self, ending: Ending) -> None:
        """The peer is gone: nothing can be sent any more."""
        if not self._disconnected:
            self._disconnected = True
            self._outbox.drop()
            if self._ending == "end":
                self._ending = ending
            if not self._options.drains:
                self._cancel_pull()

    def _stop(self, ending: Ending) -> None:
        """The stream has to end here, and well."""
        if self._ending == "end" and self._pulling:
            self._ending = ending
            self._cancel_pull()

    def _cancel_pull(self) -> None:
        """Cancel the pull as `asyncio.timeout` would, but let what is being closed be closed."""
        if self._shelter.closing:
            self._shelter.after = lambda: self._events.call_soon(self._cancel_pull)
        elif self._pulling and not self._cancelled and current_task() is not self._main:
            self._cancelled = True
            self._main.cancel()

    # time -----------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """See what is due, and set the timer for what is next."""
        options, now = self._options, self._events.time()
        if now >= self._began + options.max_duration:
            self._stop("max_duration")
        if not self._started and not self._outbox.busy and now >= self._began + options.eager_first:
            self._outbox.push()  # the headers
        if self._outbox.busy:
            idle = now + options.keepalive
            if now >= self._outbox.since + options.send_timeout:
                self._leave("send_timeout")
        elif self._started and now >= self._written + options.keepalive and self._wire.ping is not None:
            self._outbox.push(self._wire.ping)
            idle = now + options.keepalive
        else:
            idle = self._written + options.keepalive
        due = [self._began + options.max_duration] if self._ending == "end" else []
        if not self._started:
            due.append(max(self._began + options.eager_first, now))
        elif self._wire.ping is not None:
            due.append(idle)
        due.append(self._outbox.since + options.send_timeout if self._outbox.busy else now + options.send_timeout)
        then = min(due)
        if then < float("inf") and not self._disconnected:
            self._timer = self._events.call_at(then, self._tick)


async def serve(
    stream: Described[Any], scope: Scope, receive: Receive, send: Send, headers: RawHeaders, options: AsgiOptions
) -> SinkReport:
    """
    Answer one HTTP request with a stream; *headers* stand behind those of the format and win over them.
    """
    if scope["type"] != "http":
        raise ValueError(f"a stream answers requests of type 'http', not {scope['type']!r}")
    plan, wire = framed(stream)
    start = {"type": "http.response.start", "status": options.status, "headers": response_headers(wire, headers)}
    if scope["method"] == "HEAD" or options.status in {204, 304}:
        discard(plan.source)
        await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return SinkReport().finish("head")
    return await Exchange(wire, receive, send, start, options).serve(plan)


class AsgiMixin(Described[T_co]):
    """
    `to_asgi`.
    """

    __slots__ = ()

    async def to_asgi(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        status: int = 200,
        headers: Headers | None = None,
        keepalive: float | None = 15.0,
        eager_first: float | None = 5.0,
        on_disconnect: Disconnect = "cancel",
        send_timeout: float | None = 60.0,
        max_duration: float | None = None,
        shutdown: Waitable | None = None,
        throw: bool = False,
    ) -> SinkReport:
        """
        Answer one HTTP request with the stream.

        Items that are in no format are framed as server-sent events. Without *headers* of its own the response has the
        format's `content-type`, `cache-control: no-cache` and `x-accel-buffering: no`; there is no `connection`
        header, which HTTP/2 forbids.

        Args:
            scope: The ASGI scope, of type "http".
            receive: The ASGI receive; the rest of a request body is read and dropped.
            send: The ASGI send.
            status: The HTTP status, 200 to 599; 204 and 304 send no body and never open the source.
            headers: More headers, a mapping or pairs; they win over those of the format.
            keepalive: Seconds of silence after which a comment is sent, where the format has one; None for never.
            eager_first: Seconds to hold the headers back for the first item, so that a failure still gets a status of
                its own; then they go out, and keepalives run. None waits without limit.
            on_disconnect: "cancel" cancels the pull when the client leaves, "drain" runs the stream to its end for its
                side effects.
            send_timeout: Seconds that one write may take before the client counts as gone; None for any time.
            max_duration: Seconds after which the stream is ended well; None for never.
            shutdown: An event; when it is set, the stream is ended well.
            throw: Raise failures (after the error event where one can be written), so that the server cuts the
                connection or the framework answers.

        Returns:
            A `SinkReport`. Its `ended` is "end", "error", "disconnected", "send_timeout", "shutdown", "max_duration" or
            "head".

        Raises:
            ValueError: For a scope that is not HTTP, and arguments out of range.
            Exception: What the stream raised: with *throw*; HTTP exceptions of a web framework before the first byte;
                after it, where the format cannot say that the body is cut, as with text.

        Flow:
            Keeps order. Ready items are joined into one write of up to 64 KiB, a lone item goes at once; while a write
            waits for the client at most one more item is read. A failure before the first item becomes a status and a
            JSON:API body, after it an error event and a clean end. When the client leaves, the pull is cancelled in
            the request's own task, and everything is closed before this returns. A cancellation from outside closes
            everything and goes on.
        """
        options = AsgiOptions(
            "to_asgi",
            status=status,
            headers=headers,
            keepalive=keepalive,
            eager_first=eager_first,
            on_disconnect=on_disconnect,
            send_timeout=send_timeout,
            max_duration=max_duration,
            shutdown=shutdown,
            throw=throw,
        )
        return await serve(self, scope, receive, send, options.headers, options)
