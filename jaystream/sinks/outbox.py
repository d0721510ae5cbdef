"""
Joining writes: a burst of ready items goes out in one write, a lone item at once.

Nobody can know whether the next item is ready without asking for it. So what is ready is put aside, and written when
the pull waits for something: then, and only then, nothing more is ready. Where responses are few, `pull.py` sees that
moment; where they are many, all of them write when the event loop turns, in `rounds.py`. How a write goes on while the
pull does is `aside.py`'s.
"""

from __future__ import annotations

from asyncio import CancelledError, Future
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from jaystream.errors import ResponseEndedError
from jaystream.formats.wire import framed
from jaystream.sinks.aside import Aside
from jaystream.sinks.report import SinkReport

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jaystream.sinks.report import Ending

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


class Outbox(Aside):
    """
    Takes framed items one by one and hands them on in joined writes, one write at a time.

    While a write is under way the loop may ask for one more item, and waits with that until the write is done: so a
    peer that stops reading stops the source.

    Args:
        owner: Writes, frames, and is told when a write failed.

    Attributes:
        items: Items taken that are written, or let go of.
        bytes: Bytes written.
        parts: What is held.
        room: Bytes that may be added to `parts` without a word; all else goes through `squeeze`.
        busy: Whether a write is under way.
        since: The loop time at which the last write began.
        last: The end of what was written last; it may be more than the end.
        discard: Nothing more is taken.
        sealed: The body has been ended by hand: the next item is one too many.
        stopped: The next item ends the loop: for a source that keeps the cancellation of its pull to itself.
        failure: What a write failed with.
        stepped: Whoever fills it sees each wait, and has it write then: no round is needed.
        waited: The event loop has turned since something was put aside; whoever looks at this takes it back.
    """

    __slots__ = (
        "_at",
        "_began",
        "_first_byte",
        "_next",
        "_owner",
        "_size",
        "_waiting",
        "busy",
        "bytes",
        "discard",
        "failure",
        "items",
        "last",
        "parts",
        "room",
        "sealed",
        "since",
        "stepped",
        "stopped",
        "waited",
    )

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._size = 0
        self._next: bytes | None = None
        self._at = 0  # where it goes among the parts
        self._waiting: list[Future[None]] | None = None
        self._began = perf_counter()
        self._first_byte: float | None = None
        self.items: int = 0
        self.bytes: int = 0
        self.parts: list[bytes] = []
        self.room: int = JOIN
        self.busy: bool = False
        self.since: float = 0.0
        self.last: bytes = b""
        self.discard: bool = False
        self.stopped: bool = False
        self.sealed: bool = False
        self.failure: Exception | None = None
        self.stepped: bool = False
        self.waited: bool = False

    # what the loop calls --------------------------------------------------------------------------------------------

    def due(self) -> None:
        """Write what is held when the loop turns; for whoever puts the first thing aside."""
        rounds = self.rounds
        if not rounds.due:
            rounds.soon()
        rounds.due.append(self)

    def is_sure(self) -> bool:
        """Whether `waited` would say so, had the event loop turned: what is held would have been written."""
        return self.stepped or bool(self.parts)

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
            self.items += 1
        elif self.parts or self.busy:
            self._next, self._at = item, len(self.parts) if self.busy else 0
            self.room = NONE
            while self._holds_next() and not self.stopped:
                await self._change()
            if self.parts and not self.stepped:  # who is stepped writes when it waits, with the rest of a burst
                self.due()
        elif self.failure is None:
            self._hold(item)
            self.due()
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
            self.items += 1
            return
        self._raise()
        self.parts.append(item)
        self.write()

    async def relief(self) -> None:
        """
        Wait until all that was put has been written.

        Raises:
            Exception: What made a write fail.
            CancelledError: If the outbox is `stopped`.
        """
        while (self.busy or self.parts) and not self.discard and not self.stopped:
            self.room = NONE  # so that the end of the write is told
            await self._change()
        if self.stopped:
            raise CancelledError("the sink takes nothing more")
        self._raise()

    # what a round and the sink call ---------------------------------------------------------------------------------

    def send(self, now: float) -> None:
        """
        Write what is held, unless a write is under way; *now* is the loop's time.
        """
        parts = self.parts
        if self.busy or not parts:
            return
        data = parts.pop()
        if parts:
            self.items += len(parts)
            parts.append(data)
            data = b"".join(parts)
            parts.clear()
        self.items += 1
        size = len(data)
        self.last = data if size > 3 else self.last[-4:] + data
        self.busy = True
        self.since = now
        try:
            pending = self._owner.write(data)
            if pending is not None and self.run(pending):
                self._size = size
                self.room = NONE
                return
        except (Exception, CancelledError) as error:  # noqa: BLE001 - any failure is this one's business
            self._size = size
            self._ended(error)
            return
        except BaseException as error:
            # The program is interrupted: whoever called this is told, and all that waits for the write.
            self.busy = False
            self._let_go()
            self.failure = ConnectionAbortedError("a write was interrupted")
            self.failure.__cause__ = error
            self._changed()
            raise
        if self.room < 0 or parts or self._first_byte is None:
            self._size = size
            self._ended(None)
        else:  # the same, where nothing is out of the ordinary
            self.busy = False
            self.room = JOIN
            self.bytes += size

    def write(self) -> None:
        """Write what is held now, unless a write is under way."""
        if not self.busy:
            self.rounds.write(self)

    def push(self, data: bytes = b"") -> None:
        """Write something that is no item; what was put goes first."""
        if not self.discard and self.failure is None:
            if len(data) > self.room:
                self.write()
            self.parts.append(data)
            self.room = max(NONE, self.room - len(data))
            self.items -= 1  # it will be counted with the others
            self.due()

    def seal(self) -> None:
        """Take no more items."""
        self.sealed = True
        self.room = NONE

    def finish(self) -> None:
        """Write what is held, and something though it be nothing: one write, the last."""
        self.seal()
        if not self.discard and self.failure is None:
            self.parts.append(b"")
            self.items -= 1
            self.write()

    async def flush(self) -> None:
        """
        Write all that is held, and wait for it.

        Raises:
            Exception: What made a write fail.
        """
        while self.busy or self.parts:
            self.write()
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
            self.cut()
        self.leave()
        self._changed()

    def report(self, ended: Ending, error: BaseException | None = None) -> SinkReport:
        """What the sink tells of it, when it has ended."""
        seconds = perf_counter() - self._began
        return SinkReport(ended, error, items=self.items, size=self.bytes, first_byte=self._first_byte, seconds=seconds)

    def part(self) -> None:
        """Forget the owner, when all is over: what stands in a circle is left to the garbage collector."""
        self.leave()
        self._owner = _NOBODY

    # ----------------------------------------------------------------------------------------------------------------

    def _hold(self, item: bytes) -> None:
        self.parts.insert(self._at, item)  # in front of what was pushed meanwhile
        self._make_room()

    def _make_room(self) -> None:
        closed = self.stopped or self.sealed
        self.room = NONE if closed else max(NONE, JOIN - sum(map(len, self.parts)))

    def _holds_next(self) -> bool:
        return self._next is not None

    def _let_go(self) -> None:
        """Hold nothing more."""
        self.items += len(self.parts) + (self._next is not None)
        self._next = None
        self.parts.clear()
        self.room = NONE

    def _ended(self, error: BaseException | None) -> None:
        """A write has ended."""
        self.busy = False
        if self.discard:
            self.bytes += 0 if error else self._size
        elif error is not None:
            # A cancellation that is not ours: somebody cancelled what the peer's side waits for, so it is gone.
            failure = error if isinstance(error, Exception) else ConnectionAbortedError("a write was cancelled")
            self._let_go()
            self.failure = failure
            self._owner.write_failed(failure)
        else:
            if self._first_byte is None and self._size:
                self._first_byte = perf_counter() - self._began
            self.bytes += self._size
            self._make_room()
            if self._next is not None:
                self._hold(self._next)  # and no more: the pull comes first, with the rest of a burst
                self._next = None
                if self.stopped:  # it does not come any more
                    self.due()
            elif self.parts:
                self.due()  # for what was pushed meanwhile
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
