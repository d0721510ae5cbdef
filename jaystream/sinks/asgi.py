"""
The ASGI sink: one HTTP response from one stream.

Lives here: one exchange with an ASGI server, of any framework. Joining writes is `outbox.py`'s, arguments are
`asgi_options.py`'s.
"""

from __future__ import annotations

from asyncio import Task, TimerHandle, get_running_loop
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import GRACE
from jaystream._core.ownership import discard
from jaystream._core.plan import Described, Plan, T_co
from jaystream._core.waiting import over
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
from jaystream.sinks.framing import answer_to, framed, gap, is_gone, is_host_error, log, log_failure
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull
from jaystream.sinks.report import Ending, SinkReport

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jaystream.formats.wire import WireEncoder

IDLE = 1.0
"""Seconds without a write after which a look at the clock lets the writing task go."""

REQUESTS = 8
"""Messages that end a request, after which `receive` is taken to have nothing else to say."""


class Exchange:
    """
    One response: the pull runs in the request's own task, beside it one task that watches for the peer to leave, and
    one timer handle for everything that has to do with time.
    """

    __slots__ = (
        "_began",
        "_closing",
        "_disconnected",
        "_ending",
        "_events",
        "_options",
        "_outbox",
        "_over",
        "_pull",
        "_receive",
        "_report",
        "_send",
        "_start",
        "_started",
        "_stuck",
        "_timer",
    )

    def __init__(self, wire: WireEncoder, receive: Receive, send: Send, start: Message, options: AsgiOptions) -> None:
        self._events = get_running_loop()
        self._receive = receive
        self._send = send
        self._start: Message = start
        self._options = options
        self._report = SinkReport()
        self._outbox = Outbox(self._write, self._encode, self._report, self._write_failed)
        self._pull = Pull(self._outbox)
        self._pull.run.wire = wire  # until the loop has one of its own: a stream that waits holds one
        self._ending: Ending = "end"
        self._started = self._over = self._closing = False
        self._disconnected: Ending | None = None
        self._timer: TimerHandle | None = None
        self._began = self._stuck = self._outbox.since = self._events.time()

    async def serve(self, plan: Plan) -> SinkReport:
        """
        Run the plan and send what it gives.

        Raises:
            CancelledError: If the request's task was cancelled from outside.
            Exception: Failures that the server or the framework has to answer or to cut the connection for.
        """
        # not `create_task`, whose tasks may begin at once: they must find the pull under way
        helpers: list[Task[Any]] = [Task(self._watch(), loop=self._events)]
        if self._options.shutdown is not None:
            helpers.append(Task(self._await_shutdown(self._options.shutdown), loop=self._events))
        self._tick()
        try:
            return await self._finish(await self._pull.through(plan))
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._outbox.drop()
            for helper in helpers:
                helper.cancel()
            await over([*helpers, *self._outbox.tasks()], within=GRACE)

    async def _finish(self, failure: Exception | None) -> SinkReport:
        self._over = True
        broken = self._outbox.failure
        if self._disconnected:
            return self._left(None if failure is broken else failure)
        if broken is not None:
            raise broken
        if failure is not None:
            return await self._tell(failure)
        await self._end_body()
        return self._report.finish(self._how_it_ended())

    def _how_it_ended(self) -> Ending:
        if self._pull.cut or self._ending == self._disconnected:
            return self._ending
        return self._disconnected or "end"  # a stop that came while the stream was ending by itself has cut nothing

    def _left(self, failure: Exception | None) -> SinkReport:
        """Finish without a client."""
        if failure is not None:
            log_failure(failure, "after the client had left")
        return self._report.finish(self._how_it_ended(), failure)

    async def _tell(self, failure: Exception) -> SinkReport:
        """Tell the client of a failure, as well as the format and the time allow."""
        outbox, wire, throw = self._outbox, self._wire, self._options.throw
        status, body = answer_to(failure)
        if self._started or outbox.parts:
            notice = wire.error(body)
            if notice is not None:
                outbox.push(gap(wire, outbox.parts[-1] if outbox.parts else outbox.last) + notice)
            await outbox.flush()
            if self._disconnected:
                return self._left(failure)
            if notice is None or throw:
                raise failure  # where there is no notice, only a connection that breaks marks the body as cut
            log_failure(failure, "after the first byte")
            await self._end_body()
        else:
            if throw or is_host_error(failure):
                raise failure
            log_failure(failure, "before the first byte")
            content = encode_json(body)
            # what does not speak of the body stays: without its CORS headers a browser would hide the answer
            own = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
            headers: RawHeaders = self._start["headers"]
            kept = [pair for pair in headers if not pair[0].startswith(b"content-")]
            self._start = {"type": "http.response.start", "status": status, "headers": own + kept}
            await self._end_body(content)
        return self._report.finish(self._how_it_ended() if self._disconnected else "error", failure)

    async def _end_body(self, last: bytes = b"") -> None:
        await self._outbox.flush()
        self._closing = True
        self._outbox.push(last)
        await self._outbox.flush()

    @property
    def _wire(self) -> WireEncoder:
        wire = self._pull.run.wire
        assert wire is not None  # noqa: S101 - for type checkers
        return wire

    def _encode(self, item: Any) -> bytes:
        return self._wire.encode(item)

    def _write(self, data: bytes) -> Any:
        if not self._started:
            self._started = True
            return self._write_first(data)
        return self._send({"type": "http.response.body", "body": data, "more_body": not self._closing})

    async def _write_first(self, data: bytes) -> None:
        start, self._start = self._start, {}
        await self._send(start)
        if (data or self._closing) and not self._outbox.discard:
            await self._write(data)

    # what ends the pull from outside --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Wait for the peer to leave; the only thing that tells, since most servers take a send all the same."""
        requests = 0
        try:
            while requests < REQUESTS:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    self._leave("disconnected")
                    return
                requests += not message.get("more_body", False)
        except Exception as error:  # noqa: BLE001 - any failure is this one's business
            if is_gone(error):
                self._leave("disconnected")
            else:
                # the stream goes on: whoever wrapped `receive` broke it, and the client is still there
                log.warning("receive() failed, so the client's leaving will not be seen", exc_info=error)

    async def _await_shutdown(self, shutdown: Waitable) -> None:
        try:
            await shutdown.wait()
        except Exception as error:  # noqa: BLE001 - any failure is this one's business
            log.warning("waiting for the shutdown event failed", exc_info=error)
        else:
            self._stop("shutdown")

    def _write_failed(self, error: Exception) -> None:
        if is_gone(error):
            self._leave("disconnected")
        else:
            self._pull.stop()

    def _leave(self, ending: Ending) -> None:
        """The peer is gone: nothing can be sent any more."""
        if not self._disconnected:
            self._disconnected = ending
            if self._ending == "end":
                self._ending = ending
            if not self._options.drains:
                self._pull.stop()
            self._outbox.drop()

    def _stop(self, ending: Ending) -> None:
        """The stream has to end here, and well."""
        if self._pull.running:
            if self._ending == "end":
                self._ending = ending
            self._pull.stop()

    # time -----------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """See what is due, and set the timer for what is next."""
        options, outbox, now = self._options, self._outbox, self._events.time()
        due: list[float] = []
        if now < self._began + options.max_duration:
            due.append(self._began + options.max_duration)
        else:
            self._stop("max_duration")
        if outbox.busy and not self._disconnected:
            self._stuck = now
            if now >= outbox.since + options.send_timeout:
                self._leave("send_timeout")
        if not self._disconnected:
            due.append((outbox.since if outbox.busy else now) + options.send_timeout)
            if not self._over:
                due.append(self._tick_idle(now))
        then = min(due, default=float("inf"))
        if then < float("inf"):
            self._timer = self._events.call_at(then, self._tick)

    def _tick_idle(self, now: float) -> float:
        """Send the headers or a keepalive when they are due; when to look again."""
        options, outbox = self._options, self._outbox
        if not self._started and not outbox.parts:
            if now < self._began + options.eager_first:
                return min(self._began + options.eager_first, now + options.keepalive)
            outbox.push()  # the headers
            outbox.rest()
            return now + options.keepalive
        idle = max(outbox.since, self._stuck)
        if now - idle >= IDLE:
            outbox.rest()
        ping = self._wire.ping
        if ping is None:
            return float("inf")
        if now >= idle + options.keepalive:
            # an event that came in pieces is still open: no comment may stand inside it
            if not outbox.parts and not gap(self._wire, outbox.last):
                outbox.push(ping)
                outbox.rest()
            return now + options.keepalive
        return idle + options.keepalive


def serve(  # noqa: PLR0917 - the ASGI triple and what belongs to it
    stream: Described[Any], scope: Scope, receive: Receive, send: Send, headers: RawHeaders, options: AsgiOptions
) -> Coroutine[Any, Any, SinkReport]:
    """
    Answer one HTTP request with a stream; *headers* stand behind those of the format and win over them.
    """
    if scope["type"] != "http":
        raise ValueError(f"a stream answers requests of type 'http', not {scope['type']!r}")
    plan, wire = framed(stream)
    start = {"type": "http.response.start", "status": options.status, "headers": response_headers(wire, headers)}
    if scope["method"] == "HEAD" or options.status in {204, 304}:
        return _head(plan, send, start)
    return Exchange(wire, receive, send, start, options).serve(plan)


async def _head(plan: Plan, send: Send, start: Message) -> SinkReport:
    """Answer with headers alone; the source is never opened."""
    report = SinkReport()
    discard(plan.source)
    try:
        await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except Exception as error:
        if not is_gone(error):
            raise
        return report.finish("disconnected")
    return report.finish("head")


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
            JSON:API body, with those *headers* that do not speak of the body; after it an error event and a clean end.
            When the client leaves, the pull is cancelled in the request's own task, and everything is closed before
            this returns. A cancellation from outside closes everything and goes on.
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
