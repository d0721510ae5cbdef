"""
Joining writes: a burst of ready items goes out in one write, a lone item at once.

Nobody can know whether the next item is ready without asking for it, and once it is asked for, this task may not wait
for anything else. So what is ready is put aside, and a task of the outbox's own writes it when the event loop turns,
which is when the pull waits. That task stays for the next item: starting one per write costs more than most writes do.

Where items have come alone for a while, the pulling task itself writes the next, before it asks for another: that saves
the switch between two tasks, and nothing overlaps, since no pull has been started. The first item that turns out to
have been ready, and the first write that had to wait for the peer, end this.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, Task, current_task, get_running_loop
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from jaystream.formats.wire import framed

if TYPE_CHECKING:
    from jaystream.sinks.report import SinkReport

JOIN = 65_536
"""Bytes that one write joins, at most (a single item may be larger)."""

ALONE = 8
"""Writes of a lone item in a row, after which the pulling task writes by itself."""

WAITED = 64
"""How many more it takes after a write of its own that had to wait, during which the source could have gone on."""


class Outbox:
    """
    Takes framed items one by one and hands them on in joined writes, one write at a time. Made in the task that pulls.

    While a write is under way the loop may ask for one more item, and waits with that until the write is done: so a
    peer that stops reading stops the source.

    Args:
        write: Takes the bytes; gives None when they are gone, or a coroutine to wait for.
        encode: Frames an item that is not bytes yet.
        report: Counts.
        failed: Told when a write failed.

    Attributes:
        report: Counts.
        busy: Whether a write is under way.
        since: The loop time at which that write began.
        here: Whether the pulling task itself is writing.
        turns: How often the pulling task has waited, counted by `Pull`; without counting it never writes itself.
        discard: Nothing more is taken.
        stopped: The next item ends the loop: for a source that keeps the cancellation of its pull to itself.
        failure: What a write failed with.
        last: The end of what was written last; it may be more than the end.
        parts: What is held.
        room: Bytes that may be added to `parts` without a word, until the loop turns; 0 sends every item through `put`.
    """

    __slots__ = (
        "_alone",
        "_asleep",
        "_cut",
        "_encode",
        "_events",
        "_failed",
        "_main",
        "_next_here",
        "_pushed",
        "_requests",
        "_task",
        "_turned",
        "_waiting",
        "_write",
        "busy",
        "discard",
        "failure",
        "here",
        "last",
        "parts",
        "report",
        "room",
        "since",
        "stopped",
        "turns",
    )

    def __init__(
        self,
        write: Callable[[bytes], Coroutine[Any, Any, None] | None],
        encode: Callable[[Any], bytes],
        report: SinkReport,
        failed: Callable[[Exception], None],
    ) -> None:
        self._write = write
        self._encode = encode
        self._failed = failed
        self._events = get_running_loop()
        main = current_task()
        assert main is not None  # noqa: S101 - for type checkers
        self._main = main
        self._requests = main.cancelling()
        self._pushed = self._alone = self._turned = 0
        self._next_here = self._cut = False
        self._task: Task[None] | None = None
        self._asleep: Future[bool] | None = None
        self._waiting: Future[None] | None = None
        self.parts: list[bytes] = []
        self.room: int = 0
        self.last: bytes = b""
        self.report: SinkReport = report
        self.busy: bool = False
        self.here: bool = False
        self.turns: int = 0
        self.discard: bool = False
        self.stopped: bool = False
        self.failure: Exception | None = None
        self.since: float = 0.0

    # what the loop calls --------------------------------------------------------------------------------------------

    def put(self, item: bytes) -> bool:
        """Take one item; True asks the loop to wait for `drained` before it pulls the next."""
        if self.discard:
            self.report.items += 1
            return self.stopped
        self.parts.append(item)
        if self._alone > ALONE:
            if self.turns != self._turned and len(self.parts) == 1 and not (self.busy or self.stopped):
                self._next_here = True
                return True
            self._alone = 0  # this one was ready
        asleep = self._asleep
        if asleep is not None and not self.stopped:
            # the way of an item that comes alone: nothing else is held, and nothing under way
            self._asleep = None
            asleep.set_result(True)
            self.room = room = JOIN - len(item)
            return room <= 0
        if self.busy or self.stopped or self.failure is not None:
            return True
        self._wake(stay=True)
        self.room = JOIN - (len(item) if len(self.parts) == 1 else sum(map(len, self.parts)))
        return self.room <= 0

    def as_bytes(self, item: Any) -> bytes:
        """Frame an item that is not bytes; other buffers are bytes."""
        ready = framed(item)
        return self._encode(item) if ready is None else ready

    def drained(self) -> Coroutine[Any, Any, None]:
        """
        Wait until the write that is under way is done, and until what is held is no longer too much.

        Or write the item that `put` has left to this task.

        Raises:
            Exception: What made a write fail.
            CancelledError: If the outbox is `stopped`.
        """
        return self._write_here() if self._next_here else self._drain()

    async def _drain(self) -> None:
        while (self.busy or self._full()) and not self.stopped:
            await self._change()
        if self.stopped:
            raise CancelledError("the sink takes nothing more")
        if self.failure is not None and not self.discard:
            raise self.failure

    # what the sink calls --------------------------------------------------------------------------------------------

    def push(self, data: bytes = b"") -> None:
        """Write something that is no item, as soon as may be; what was put goes first."""
        if self.discard or self.failure is not None:
            return
        self.parts.append(data)
        self._pushed += 1
        self._wake(stay=False)

    async def flush(self) -> None:
        """
        Write all that is held, and wait for it.

        Raises:
            Exception: What made a write fail.
        """
        while self.busy or self.parts:
            await self._change()
        if self.failure is not None and not self.discard:
            raise self.failure

    def rest(self) -> None:
        """Let go of the task while there is nothing to write, so that a stream that waits costs little."""
        self.last = self.last[-4:]
        if self._asleep is not None:
            asleep, self._asleep = self._asleep, None
            asleep.set_result(False)

    def stop(self) -> None:
        """Let the next item end the loop."""
        self.stopped = True
        self.room = 0

    def drop(self, *, cut: bool = True) -> None:
        """Let go of what is held, take nothing more, and with *cut* cancel the write under way."""
        self.discard = True
        self._let_go()
        if self.here and self.busy:
            if cut and not self._cut:
                self._cut = True
                self._main.cancel()
        elif self.busy and cut:
            assert self._task is not None  # noqa: S101 - for type checkers
            self._task.cancel()
        self.rest()
        if not self.busy:
            self._changed()

    def tasks(self) -> list[Task[Any]]:
        """The task that writes, while there is one; for `over`, after `drop`."""
        return [] if self._task is None else [self._task]

    # the pulling task ------------------------------------------------------------------------------------------------

    async def _write_here(self) -> None:
        """Write the one item that is held."""
        report, turns = self.report, self.turns
        self._next_here = False
        data = self.parts.pop()
        self.last = data if len(data) > 3 else self.last[-4:] + data
        report.items += 1
        self.here = self.busy = True
        try:
            try:
                pending = self._write(data)
                if pending is not None:
                    self.since = self._events.time()
                    await pending
            finally:
                self.busy = False
                if self._cut:
                    self._cut = False
                    self._main.uncancel()
            if report.first_byte is None:
                report.wrote(len(data))
            else:
                report.bytes += len(data)
        except CancelledError:
            if self._main.cancelling() > self._requests:
                raise  # somebody wants this task to end
            self._fail(ConnectionAbortedError("a write was cancelled"))
        except Exception as error:  # noqa: BLE001 - any failure is this one's business
            self._fail(error)
        finally:
            self.here = False
        self._turned = self.turns
        if self._turned != turns:
            self._alone = -WAITED
        if self.parts or self.stopped or self.failure is not None:
            self._wake(stay=True)  # for what was pushed meanwhile
            await self._drain()

    # the task -------------------------------------------------------------------------------------------------------

    def _wake(self, *, stay: bool) -> None:
        if self.here:
            return  # it is seen to when that write is done
        asleep = self._asleep
        if asleep is not None:
            self._asleep = None
            asleep.set_result(True)
        elif self._task is None:
            # not `create_task`, whose tasks may begin at once: what else is ready has to be put first
            self._task = Task(self._work(stay), loop=self._events)
            self._task.add_done_callback(self._gone)

    def _take(self) -> bytes:
        """What the next write takes."""
        self.room = self._alone = 0
        parts = self.parts
        if len(parts) == 1:
            data = parts[0]
        else:
            data = b"".join(parts)
            if len(data) > JOIN:
                return self._take_some()
        self._let_go()
        return data

    def _take_some(self) -> bytes:
        """The first parts, up to the limit; at least one."""
        parts, size, count = self.parts, len(self.parts[0]), 1
        while size + len(parts[count]) <= JOIN:  # all of them together are more
            size += len(parts[count])
            count += 1
        data = b"".join(parts[:count])
        pushed = max(0, self._pushed - (len(parts) - count))  # what is pushed comes last, or is alone
        self.report.items += count - pushed
        self._pushed -= pushed
        del parts[:count]
        return data

    def _let_go(self) -> None:
        """Hold nothing more."""
        self.report.items += len(self.parts) - self._pushed
        self._pushed = self.room = 0
        self.parts.clear()

    def _full(self) -> bool:
        return len(self.parts) > 0 and sum(map(len, self.parts)) >= JOIN

    async def _work(self, stay: bool) -> None:  # noqa: FBT001 - internal, and named at the call's reader
        # all in one frame: this runs once for each item that comes alone
        parts, write, time, report = self.parts, self._write, self._events.time, self.report
        while True:
            if parts and not self.here:
                if len(parts) == 1 and not self._pushed:
                    data = parts.pop()
                    self.room = 0
                    self._alone += 1
                    report.items += 1
                else:
                    data = self._take()
                self.last = data if len(data) > 3 else self.last[-4:] + data
                self.busy = True
                try:
                    pending = write(data)
                    if pending is not None:
                        self.since = time()
                        await pending
                    if report.first_byte is None:
                        report.wrote(len(data))
                    else:
                        report.bytes += len(data)
                except CancelledError:
                    if not self.discard:
                        # somebody cancelled what the peer's side waits for: it is gone, and nobody asked us to stop
                        self._fail(ConnectionAbortedError("a write was cancelled"))
                except Exception as error:  # noqa: BLE001 - any failure is this one's business
                    self._fail(error)
                finally:
                    self.busy = False
                if self._waiting is not None:
                    # the pull waits with the rest of a burst, and comes first
                    self._changed()
                    await _turn()
            elif stay and not self.discard and self.failure is None:
                asleep = self._asleep = Future(loop=self._events)
                stay = await asleep
            else:
                return

    def _fail(self, error: Exception) -> None:
        self._let_go()
        if not self.discard:
            self.failure = error
            self._failed(error)

    def _gone(self, task: Task[None]) -> None:
        self._task = self._asleep = None
        # Cancelled while it slept, as a loop that shuts down does to every task; or ended by KeyboardInterrupt or its
        # like, which has passed through the loop already.
        if task.cancelled() or task.exception() is not None:
            self._fail(ConnectionAbortedError("the task that writes was ended"))
        elif self.parts and not self.discard:
            self._wake(stay=True)
        self._changed()

    # waiting --------------------------------------------------------------------------------------------------------

    async def _change(self) -> None:
        """Wait until something is different."""
        if self._waiting is None:
            self._waiting = self._events.create_future()
        await self._waiting

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class _turn:  # noqa: N801 - reads as the function it is used as
    """
    Lets the loop run once, as `asyncio.sleep(0)`.
    """

    __slots__ = ()

    def __await__(self) -> Any:
        yield
