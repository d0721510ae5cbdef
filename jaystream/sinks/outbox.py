"""
Joining writes: a burst of ready items goes out in one write, a lone item at once.

Nobody can know whether the next item is ready without asking for it, and once it is asked for, this task may not wait
for anything else. So what is ready is put aside, and written when the event loop turns, which is when the pull waits.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError, Future, Task, get_running_loop
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from jaystream._core.plan import Stage

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.sinks.report import SinkReport

JOIN = 65_536
"""Bytes that one write joins, at most (a single item may be larger)."""

_EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}


class Outbox:
    """
    Takes framed items one by one and hands them on in joined writes, one write at a time.

    While a write is under way the loop may ask for one more item, and waits with that until the write is done: so a
    peer that stops reading stops the source.

    Args:
        write: Takes the bytes; gives None when they are gone, or a coroutine to wait for.
        encode: Frames an item that is not bytes yet.
        report: Counts.
        failed: Told when a write failed.
    """

    __slots__ = (
        "_armed",
        "_encode",
        "_events",
        "_failed",
        "_parts",
        "_size",
        "_task",
        "_waiting",
        "_write",
        "discard",
        "failure",
        "since",
        "report",
    )

    def __init__(
        self,
        write: Callable[[bytes], Coroutine[Any, Any, None] | None],
        encode: Callable[[Any], bytes],
        report: SinkReport,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._write = write
        self._encode = encode
        self._failed = failed
        self._events = get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        self._armed = False
        self._task: Task[None] | None = None
        self._waiting: Future[None] | None = None
        self.report = report
        self.discard = False
        self.failure: BaseException | None = None
        self.since = 0.0

    @property
    def busy(self) -> bool:
        """Whether a write is under way; `since` is the loop time of its start."""
        return self._task is not None

    def put(self, item: Any) -> bool:
        """Take one item; True asks the loop to wait for `drained` before it pulls the next."""
        data: bytes = item if type(item) is bytes else self._bytes(item)
        self.report.items += 1
        if self.discard:
            return False
        self._parts.append(data)
        self._size += len(data)
        if not self._armed:
            self._armed = True
            self._events.call_soon(self._turned)
        return self._task is not None or self._size >= JOIN or self.failure is not None

    def _bytes(self, item: Any) -> bytes:
        if isinstance(item, (bytearray, memoryview)):
            return bytes(item)
        return bytes(item) if isinstance(item, bytes) else self._encode(item)

    def push(self, data: bytes = b"") -> None:
        """Write something that is no item, now if nothing is under way; what was put goes first."""
        if data:
            self._parts.append(data)
            self._size += len(data)
        if self._task is None:
            self._start()

    async def drained(self) -> None:
        """
        Wait until the write that is under way is done, and until what is held is no longer too much.

        Raises:
            BaseException: What made a write fail.
        """
        if self._task is None and self._size >= JOIN:
            self._start()
        task = self._task
        while self._task is not None and (self._task is task or self._size >= JOIN):
            await self._settled()
        if self.failure is not None:
            raise self.failure

    async def _settled(self) -> None:
        """Wait until one write is done."""
        if self._waiting is None or self._waiting.done():
            self._waiting = self._events.create_future()
        await self._waiting

    async def flush(self) -> None:
        """
        Write all that is held, and wait for it.

        Raises:
            BaseException: What made a write fail.
        """
        while self._parts or self._task is not None:
            if self._task is None:
                self._start()
            else:
                await self._settled()
        if self.failure is not None:
            raise self.failure

    def drop(self, *, cut: bool = True) -> None:
        """Let go of what is held, take nothing more, and with *cut* cancel the write under way."""
        self.discard = True
        self._parts.clear()
        self._size = 0
        if cut and self._task is not None:
            self._task.cancel()

    async def dropped(self) -> None:
        """Wait until the write that was under way at `drop` is over."""
        while self._task is not None:
            await self._settled()

    def _turned(self) -> None:
        self._armed = False
        if self._task is None and self._parts:
            self._start()

    def _start(self) -> None:
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._size = 0
        try:
            pending = self._write(data)
        except Exception as error:
            self._fail(error)
            return
        if data:
            self.report.wrote(len(data))
        if pending is None:
            return
        self.since = self._events.time()
        task: Task[None] = Task(pending, loop=self._events, **_EAGER)
        if task.done():
            self._settle(task)
        else:
            self._task = task
            task.add_done_callback(self._done)

    def _done(self, task: Task[None]) -> None:
        self._task = None
        self._settle(task)
        if self._parts and not self._armed and self.failure is None:
            self._start()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _settle(self, task: Task[None]) -> None:
        if task.cancelled():
            if not self.discard:
                self._fail(CancelledError("a write was cancelled"))
        elif (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self.failure = error
        self._parts.clear()
        self._size = 0
        self._failed(error)


class Write(Stage):
    """
    The terminal of a sink: each item goes into its outbox.
    """

    __slots__ = ("outbox",)
    name = "write"
    names = ("put", "drained")

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def values(self) -> tuple[object, ...]:
        return (self.outbox.put, self.outbox.drained)

    def write_setup(self, code: LoopWriter) -> None:
        code.line("result = None")

    def write(self, code: LoopWriter) -> None:
        code.line(f"if {code.name('put')}(x):")
        code.line(f"    await {code.name('drained')}()")
