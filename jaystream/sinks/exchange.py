"""
One exchange with an ASGI server, of any framework: its flow, its time and its failures.

Joining writes is `outbox.py`'s, arguments are `asgi_options.py`'s, the sink over it is `asgi.py`'s.
"""

from __future__ import annotations

from asyncio import Task, TimerHandle, get_running_loop
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import GRACE
from jaystream._core.waiting import over
from jaystream.formats.json import encode_json
from jaystream.sinks.by_hand import Later
from jaystream.sinks.framing import answer_to, gap, is_gone, is_host_error, log, log_failure
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jaystream._core.plan import Plan
    from jaystream.formats.wire import WireEncoder
    from jaystream.sinks.asgi_options import AsgiOptions, Receive, Send, Waitable
    from jaystream.sinks.head import Head
    from jaystream.sinks.report import Ending, SinkReport

NEVER = float("inf")

REQUESTS = 8
"""Messages that end a request, after which `receive` is taken to have nothing else to say."""


class Exchange:
    """
    One response: the pull runs in the request's own task, beside it one task that watches for the peer to leave, and
    one timer handle for everything that has to do with time.

    Attributes:
        head: What goes out before the first byte.
        outbox: Takes the body.
        pull: Runs what fills it.
    """

    __slots__ = (
        "_aborted",
        "_began",
        "_closing",
        "_context",
        "_disconnected",
        "_ending",
        "_events",
        "_headers_due",
        "_options",
        "_over",
        "_receive",
        "_send",
        "_started",
        "_stuck",
        "_timer",
        "head",
        "outbox",
        "pull",
    )

    def __init__(self, head: Head, receive: Receive, send: Send, options: AsgiOptions) -> None:
        self._events = get_running_loop()
        self._receive = receive
        self._send = send
        self._options = options
        self.head: Head = head
        self.outbox: Outbox = Outbox(self)
        self.pull: Pull = Pull(self.outbox)
        self._ending: Ending = "end"
        self._started = self._over = self._closing = False
        self._aborted: BaseException | None = None
        self._disconnected: Ending | None = None
        self._timer: TimerHandle | None = None
        self._began = self._stuck = self.outbox.since = self._events.time()
        self._headers_due = self._began + options.eager_first

    def serve(self, plan: Plan) -> Coroutine[Any, Any, SinkReport]:
        """
        Run the plan and send what it gives.

        Raises:
            CancelledError: If the request's task was cancelled from outside.
            Exception: Failures that the server or the framework has to answer or to cut the connection for.
        """
        return self._exchange(plan)

    def serve_work(self, work: Coroutine[Any, Any, object]) -> Coroutine[Any, Any, SinkReport]:
        """
        Send what *work* writes into the outbox; the headers wait for it until `begin` is called.

        Raises:
            As `serve`.
        """
        self._headers_due = NEVER
        return self._exchange(work)

    def begin(self) -> None:
        """From now on the first item is waited for: `eager_first` counts."""
        self._headers_due = self._events.time() + self._options.eager_first
        if self._timer is not None:
            self._timer.cancel()
        self._tick()

    async def _exchange(self, what: Plan | Coroutine[Any, Any, object]) -> SinkReport:
        """
        Send what the plan or the work gives.

        Raises:
            CancelledError: If the request's task was cancelled from outside.
            Exception: Failures that the server or the framework has to answer or to cut the connection for.
        """
        self._context = self.outbox.rounds.context
        watcher = self._begin_task(self._watch())
        shutdown = self._options.shutdown
        waiter = None if shutdown is None else self._begin_task(self._await_shutdown(shutdown))
        self._tick()
        try:
            async with self.pull:
                pulling = self.pull.start(what)
                del what
                await pulling
            return await self._finish(self.pull.outcome())
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self.outbox.drop()
            helpers = [watcher] if waiter is None else [watcher, waiter]
            for helper in helpers:
                helper.cancel()
            try:
                await over([*helpers, *self.outbox.tasks()], within=GRACE)
            finally:
                self.outbox.part()

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> Task[None]:
        # not `create_task`, whose tasks may begin at once: they must find the pull under way
        return Task(work, loop=self._events)

    async def _finish(self, failure: Exception | None) -> SinkReport:
        self._over = True
        broken = self.outbox.failure
        if self._disconnected:
            return self._left(None if failure is broken else failure)
        if broken is not None:
            raise broken
        if self._aborted is not None:
            await self.outbox.flush()
            raise self._aborted
        if failure is not None:
            return await self._tell(failure)
        if self.pull.cut and not self._closing:
            await self._cut_body()
        await self._end_body()
        return self.outbox.report(self._how_it_ended())

    def _how_it_ended(self) -> Ending:
        if self.pull.cut or self._ending == self._disconnected:
            return self._ending
        return self._disconnected or "end"  # a stop that came while the stream was ending by itself has cut nothing

    def _left(self, failure: Exception | None) -> SinkReport:
        """Finish without a client."""
        if failure is not None:
            log_failure(failure, "after the client had left")
        return self.outbox.report(self._how_it_ended(), failure)

    async def _tell(self, failure: Exception) -> SinkReport:
        """Tell the client of a failure, as well as the format and the time allow."""
        outbox, wire, throw = self.outbox, self._wire, self._options.throw
        status, body = answer_to(failure)
        begun = bool(self._started or outbox.parts)
        notice = wire.error(body) if begun or self._options.in_band else None
        if self._closing:
            await outbox.flush()
            if throw:
                raise failure
            log_failure(failure, "after the end of the response")
        elif begun or notice is not None:
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
            self.head.refuse(status, len(content))
            await self._end_body(content)
        return self.outbox.report(self._how_it_ended() if self._disconnected else "error", failure)

    async def _cut_body(self) -> None:
        """Write what ends the body where the format has an end, and the stream could not write it."""
        closing = self._wire.flush(cut=True)
        if closing:
            await self.outbox.flush()
            self.outbox.push(gap(self._wire, self.outbox.last) + closing)

    async def _end_body(self, last: bytes = b"") -> None:
        await self.outbox.flush()
        if not self._closing:
            self._closing = True
            self.outbox.push(last)
            await self.outbox.flush()

    def close(self) -> Later:
        """End the body now, while the work goes on."""
        if not self._closing and not self.outbox.discard:
            self._closing = True
            self.outbox.finish()
        return Later(self.outbox.flush)

    def abort(self, error: BaseException) -> None:
        """Let the connection break when the work is done: *error* is raised then."""
        self._aborted = error

    @property
    def _wire(self) -> WireEncoder:
        return self.pull.run.wire or self.head.wire

    # what the outbox asks ---------------------------------------------------------------------------------------------

    def encode(self, item: Any) -> bytes:
        """Frame an item that is not bytes yet."""
        return self._wire.encode(item)

    def write(self, data: bytes) -> Any:
        """Send a piece of the body, the head before the first."""
        if not self._started:
            self._started = self.head.sent = True
            self.head.wire = self._wire
            return self._write_first(data, self._closing)
        return self._send({"type": "http.response.body", "body": data, "more_body": not self._closing})

    async def _write_first(self, data: bytes, last: bool) -> None:  # noqa: FBT001 - the one call names it
        await self._send(self.head.message())
        if (data or last) and not self.outbox.discard:
            await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    def write_failed(self, error: Exception) -> None:
        """End the pull: there is no way to send any more."""
        if is_gone(error):
            self._leave("disconnected")
        else:
            self.pull.stop()

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

    def _leave(self, ending: Ending) -> None:
        """The peer is gone: nothing can be sent any more."""
        if self._closing and not self.outbox.busy and not self.outbox.parts:
            return  # it has everything
        if not self._disconnected:
            self._disconnected = ending
            if self._ending == "end":
                self._ending = ending
            if not self._options.drains:
                self.pull.stop()
            self.outbox.drop()

    def _stop(self, ending: Ending) -> None:
        """The stream has to end here, and well."""
        if self.pull.running:
            if self._ending == "end":
                self._ending = ending
            self.pull.stop()

    # time -----------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """See what is due, and set the timer for what is next."""
        options, outbox, now = self._options, self.outbox, self._events.time()
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
            if not self._over and not self._closing:
                due.append(self._tick_idle(now))
        then = min(due, default=NEVER)
        if then < NEVER:
            self._timer = self._events.call_at(then, self._tick, context=self._context)

    def _tick_idle(self, now: float) -> float:
        """Send the headers or a keepalive when they are due; when to look again."""
        options, outbox = self._options, self.outbox
        if not self._started and not outbox.parts:
            if now < self._headers_due:
                return min(self._headers_due, now + options.keepalive)
            outbox.push()  # the headers
            return now + options.keepalive
        idle = max(outbox.since, self._stuck)
        outbox.last = outbox.last[-4:]  # it may be long, and a stream that waits may wait for hours
        ping = self._wire.ping
        if ping is None:
            return NEVER
        if now >= idle + options.keepalive:
            # an event that came in pieces is still open: no comment may stand inside it
            if not outbox.parts and not gap(self._wire, outbox.last):
                outbox.push(ping)
            return now + options.keepalive
        return idle + options.keepalive
