"""
Joining writes: a burst of ready items goes out in one write, a lone item at once.

Nobody can know whether the next item is ready without asking for it. So what is ready is put aside, and written when
the pull waits for something: then, and only then, nothing more is ready. `pull.py` sees that moment; how a write goes
on while the pull does is `aside.py`'s.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, Task, current_task, get_running_loop
from typing import TYPE_CHECKING, Any, Protocol

from jaystream.errors import ResponseEndedError
from jaystream.formats.wire import framed
from jaystream.sinks.aside import Aside

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextvars import Context

    from jaystream.sinks.report import SinkReport

JOIN = 65_536
"""Bytes that one write joins, at most (a single item may be larger)."""

NONE = -1
"""The room where not even an empty item may be added."""


class Owner(Protocol):
    """
    The sink that an outbox belongs to.
    """

    def write(self, data: bytes) -> Awaitable[None] | None:
        """Hand bytes on; None when they are gone, or something to wait for."""
        ...

    def encode(self, item: Any) -> bytes:
        """Frame an item that is not bytes yet."""
        ...

    def write_failed(self, error: Exception) -> None:
        """Take note that a write has failed."""
        ...


class Outbox:
    """
    Takes framed items one by one and hands them on in joined writes, one write at a time.

    While a write is under way the loop may ask for one more item, and waits with that until the write is done: so a
    peer that stops reading stops the source.

    Args:
        owner: Writes, frames, and is told when a write failed.
        report: Counts.

    Attributes:
        report: Counts.
        parts: What is held.
        room: Bytes that may be added to `parts` without a word; all else goes through `squeeze`.
        busy: Whether a write is under way.
        since: The loop time at which the last write began.
        last: The end of what was written last; it may be more than the end.
        discard: Nothing more is taken.
        sealed: The body has been ended by hand: the next item is one too many.
        stopped: The next item ends the loop: for a source that keeps the cancellation of its pull to itself.
        failure: What a write failed with.
        waited: What fills it has waited for the event loop; the pull says so, and whoever looks takes it back.
    """

    __slots__ = (
        "_aside",
        "_events",
        "_main",
        "_next",
        "_owner",
        "_size",
        "_waiting",
        "busy",
        "discard",
        "failure",
        "last",
        "parts",
        "report",
        "room",
        "sealed",
        "since",
        "stopped",
        "waited",
    )

    def __init__(self, owner: Owner, report: SinkReport) -> None:
        self._owner = owner
        self._main = current_task()
        self._events = get_running_loop()
        self._aside = Aside(self._written)
        self._size = 0
        self._next: bytes | None = None
        self._waiting: list[Future[None]] | None = None
        self.report: SinkReport = report
        self.parts: list[bytes] = []
        self.room: int = JOIN
        self.busy: bool = False
        self.since: float = 0.0
        self.last: bytes = b""
        self.discard: bool = False
        self.stopped: bool = False
        self.sealed: bool = False
        self.failure: Exception | None = None
        self.waited: bool = False

    # what the loop calls --------------------------------------------------------------------------------------------

    def as_bytes(self, item: Any) -> bytes:
        """Frame an item that is not bytes; other buffers are bytes."""
        ready = framed(item)
        return self._owner.encode(item) if ready is None else ready

    async def squeeze(self, item: bytes) -> None:
        """
        Take an item for which there is no room, and wait until there is: until what is held has been written.

        Raises:
            Exception: What made a write fail.
            ResponseEndedError: If the outbox is `sealed`.
            CancelledError: If the outbox is `stopped`.
        """
        if self.sealed and not self.stopped:
            raise ResponseEndedError
        if self.discard:
            self.report.items += 1
        elif self.parts or self.busy:
            self._next = item
            self.room = NONE
            while self._holds_next() and not self.stopped:
                await self._change()
        elif self.failure is None:
            self._hold(item)
        if self.stopped:
            raise CancelledError("the sink takes nothing more")
        self._raise()

    # what those who write by hand call ------------------------------------------------------------------------------

    def put(self, item: bytes) -> None:
        """
        Take an item and write it, now or when the write under way is done; from any task.

        Raises:
            Exception: What made a write fail.
        """
        if self.discard:
            self.report.items += 1
            return
        self._raise()
        self.parts.append(item)
        self.send(at_once=current_task() is self._main)

    async def relief(self) -> None:
        """
        Wait until all that was put has been written.

        Raises:
            Exception: What made a write fail.
            CancelledError: If the outbox is `stopped`.
        """
        while self.busy and not self.discard and not self.stopped:
            await self._change()
        if self.stopped:
            raise CancelledError("the sink takes nothing more")
        self._raise()

    @property
    def context(self) -> Context:
        """What the writes run in, and all else that serves this response beside its own task."""
        return self._aside.context

    # what the pull and the sink call --------------------------------------------------------------------------------

    def send(self, *, at_once: bool = True) -> None:
        """
        Write what is held, unless a write is under way.

        Args:
            at_once: Not only when the loop turns; for the pulling task alone.
        """
        parts = self.parts
        if self.busy or not parts:
            return
        report = self.report
        if len(parts) == 1:
            data = parts.pop()
            report.items += 1
        else:
            data = b"".join(parts)
            report.items += len(parts)
            parts.clear()
        size = len(data)
        self.last = data if size > 3 else self.last[-4:] + data
        self.busy = True
        self.since = self._events.time()
        try:
            pending = self._owner.write(data)
            if pending is not None and self._aside.run(pending, at_once):
                self._size = size
                self.room = NONE
                return
        except (Exception, CancelledError) as error:  # noqa: BLE001 - any failure is this one's business
            self._size = size
            self._written(error)
            return
        if self.room < 0 or parts or report.first_byte is None:
            self._size = size
            self._written(None)
        else:  # the same, where nothing is out of the ordinary
            self.busy = False
            self.room = JOIN
            report.bytes += size

    def push(self, data: bytes = b"") -> None:
        """Write something that is no item; what was put goes first."""
        if not self.discard and self.failure is None:
            if len(data) > self.room:
                self.send(at_once=False)
            self.parts.append(data)
            self.report.items -= 1  # it will be counted with the others
            self.send(at_once=False)

    def seal(self) -> None:
        """Take no more items."""
        self.sealed = True
        self.room = NONE

    def finish(self) -> None:
        """Write what is held, and something though it be nothing: one write, the last."""
        self.seal()
        if not self.discard and self.failure is None:
            self.parts.append(b"")
            self.report.items -= 1
            self.send(at_once=False)

    async def flush(self) -> None:
        """
        Write all that is held, and wait for it.

        Raises:
            Exception: What made a write fail.
        """
        while self.busy or self.parts:
            self.send()
            if self.busy:
                await self._change()
        self._raise()

    def stop(self) -> None:
        """Let the next item end the loop."""
        self.stopped = True
        self.room = NONE

    def drop(self, *, cut: bool = True) -> None:
        """Let go of what is held, take nothing more, and with *cut* cancel the write under way."""
        self.discard = True
        self._let_go()
        if self.busy and cut:
            self._aside.cut()
        self._aside.leave()
        self._changed()

    def tasks(self) -> list[Task[Any]]:
        """The tasks that end because of `drop`; for `over`."""
        return self._aside.tasks()

    def part(self) -> None:
        """Forget the owner, when all is over: what stands in a circle is left to the garbage collector."""
        self._owner = _NOBODY
        self._aside.part()

    # ----------------------------------------------------------------------------------------------------------------

    def _hold(self, item: bytes) -> None:
        self.parts.insert(0, item)  # in front of what was pushed meanwhile
        if not (self.stopped or self.sealed):
            self.room = JOIN - sum(map(len, self.parts))

    def _holds_next(self) -> bool:
        return self._next is not None

    def _let_go(self) -> None:
        """Hold nothing more."""
        self.report.items += len(self.parts) + (self._next is not None)
        self._next = None
        self.parts.clear()
        self.room = NONE

    def _written(self, error: BaseException | None) -> None:
        """A write has ended."""
        self.busy = False
        report = self.report
        if self.discard:
            report.bytes += 0 if error else self._size
        elif error is not None:
            # A cancellation that is not ours: somebody cancelled what the peer's side waits for, so it is gone.
            failure = error if isinstance(error, Exception) else ConnectionAbortedError("a write was cancelled")
            self._let_go()
            self.failure = failure
            self._owner.write_failed(failure)
        else:
            if report.first_byte is None:
                report.wrote(self._size)
            else:
                report.bytes += self._size
            self.room = NONE if self.stopped or self.sealed else JOIN
            if self._next is not None:
                self._hold(self._next)  # and no more: the pull comes first, with the rest of a burst
                self._next = None
            elif self.parts:
                self.send(at_once=False)  # for what was pushed meanwhile
        if self._waiting:
            self._changed()

    def _raise(self) -> None:
        if self.failure is not None and not self.discard:
            raise self.failure

    async def _change(self) -> None:
        """Wait until a write has ended, or nothing more is taken."""
        waiting: Future[None] = Future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(waiting)
        await waiting

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, None
        for each in waiting or ():
            if not each.done():
                each.set_result(None)


class _Nobody:
    """
    Stands for an owner whose response is over.
    """

    def write(self, data: bytes) -> None:
        pass

    def encode(self, item: Any) -> bytes:
        return b""

    def write_failed(self, error: Exception) -> None:
        pass


_NOBODY = _Nobody()
