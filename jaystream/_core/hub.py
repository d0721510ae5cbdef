"""
Hubs: one run whose items go to several consumers, each in a task of its own.

Lives here: the ports that items wait in, and when the next item may be pulled. Which port an item goes to is for the
operator to say; the streams that read from the ports are `parts.py`'s.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop
from collections import deque
from collections.abc import Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from jaystream._core.pumps import Inlet

if TYPE_CHECKING:
    from weakref import ref

    from jaystream._core.fuse import Above
    from jaystream._core.parts import Part
    from jaystream._core.pumps import Pumps

PATIENCE = 10.0
"""Seconds that consumers wait for a stream which nobody has begun to read, before the log says so."""

log: logging.Logger = logging.getLogger("jaystream")


class Port:
    """
    Where the items for one consumer wait.

    Args:
        hub: What it is a part of.
        name: What messages call it.

    Attributes:
        hub: The same.
        name: The same.
        held: The items, oldest first.
        begun: Its consumer has begun to read.
        left: Its consumer has gone, or there can be none any more.
        ended: Nothing comes after what is held.
        error: What is raised then, if anything.
        taker: What the consumer waits for.
        part: The stage that takes from it, for as long as anybody has it.
        runs_once: Nobody gets what was taken a second time.
    """

    __slots__ = ("_trace", "begun", "ended", "error", "held", "hub", "left", "name", "part", "taker")

    runs_once: ClassVar[bool] = True

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub: Hub = hub
        self.name: str = name
        self.held: deque[Any] = deque()
        self.begun: bool = False
        self.left: bool = False
        self.ended: bool = False
        self.error: BaseException | None = None
        self.taker: Future[None] | None = None
        self.part: ref[Part] | None = None
        self._trace: TracebackType | None = None

    def __repr__(self) -> str:
        return self.name

    def __aiter__(self) -> Port:
        """It counts as a source, though only its part reads it."""
        return self

    # the hub's end ------------------------------------------------------------------------------------------------

    def put(self, item: Any) -> None:
        """Give an item."""
        self.held.append(item)
        self._ring()

    def end(self, error: BaseException | None) -> None:
        """End it after what it holds; it ends once."""
        if not self.ended:
            self.ended = True
            self.error = error
            self._trace = None if error is None else error.__traceback__
            self._ring()

    def _ring(self) -> None:
        taker, self.taker = self.taker, None
        if taker is not None:
            self.hub.asking.discard(self)
            if not taker.done():
                taker.set_result(None)

    # the consumer's end -------------------------------------------------------------------------------------------

    def wait(self) -> Future[None]:
        """What the consumer awaits until there is an item, or the end."""
        hub = self.hub
        taker = self.taker = Future(loop=hub.events)
        hub.asking.add(self)
        hub.go()
        return taker

    def taken(self) -> None:
        """Tell the hub that an item was taken."""
        hub = self.hub
        if self in hub.full:
            hub.full.discard(self)
            hub.go()

    def finish(self) -> None:
        """
        Look at the end.

        Raises:
            BaseException: What the port ended with. Several may raise the same one, so it begins anew each time.
        """
        if self.error is not None:
            self.hub.told = True
            raise self.error.with_traceback(self._trace)

    def leave(self) -> None:
        """Say that nobody wants the items any more."""
        self.left = True
        self.part = None
        self.held.clear()
        self.taker = None
        self.hub.remove(self)


class Hub:
    """
    The ports of one run. An item is pulled when a consumer waits for one, and no port is full.

    Attributes:
        ports: Those whose consumers have not gone.
        asking: Those whose consumers wait for an item.
        full: Those that take no more.
        ended: The run is over.
        error: What it failed with, if it did.
        told: A consumer has seen how it ended.
        events: The event loop, once the run has begun.
    """

    __slots__ = ("_complaint", "_inlet", "asking", "ended", "error", "events", "full", "ports", "told")

    def __init__(self) -> None:
        self.ports: dict[Port, None] = {}
        self.asking: set[Port] = set()
        self.full: set[Port] = set()
        self.ended: bool = False
        self.error: BaseException | None = None
        self.told: bool = False
        self.events: AbstractEventLoop | None = None
        self._inlet: Inlet | None = None
        self._complaint: TimerHandle | None = None

    def start(self, pumps: Pumps, above: Above) -> None:
        """Start the pump."""
        self.events = pumps.events
        self._inlet = _Gate(pumps, self)
        pumps.start(above, self._inlet)

    def add(self, name: str) -> Port:
        """A new port."""
        port = Port(self, name)
        self.ports[port] = None
        return port

    @abstractmethod
    def deliver(self, item: Any) -> None:
        """Put an item where it belongs."""

    def begin(self, port: Port) -> None:
        """
        A consumer begins.

        Raises:
            RuntimeError: If it runs in another event loop than the others.
        """
        if self.events is not get_running_loop():
            raise RuntimeError(f"{port.name} is read in another event loop than the run that it is a part of")
        port.begun = True

    async def leave(self, port: Port, failure: BaseException | None) -> None:
        """A consumer has gone, because of *failure* if that is not None."""
        port.leave()

    def forsake(self, port: Port) -> None:
        """Nobody has the stream any more that reads from *port*: let go of it."""
        if not port.left:
            port.leave()

    def go(self) -> None:
        """Let the pump go on, if it may."""
        inlet = self._inlet
        if not self.asking or inlet is None:
            return
        if not self.full:
            inlet.wake()
        elif self._complaint is None and not all(port.begun for port in self.full):
            self._complaint = inlet.pumps.events.call_later(PATIENCE, self._complain)

    def _complain(self) -> None:
        unread = [port.name for port in self.full if not port.begun]
        if unread and self.asking:
            log.warning(
                "%s is not read, and others that are parts of the same run have waited for it for %g seconds: read "
                "them at the same time, in tasks, or let go of what is not wanted",
                unread[0],
                PATIENCE,
            )

    def remove(self, port: Port) -> None:
        """Let go of a port."""
        self.ports.pop(port, None)
        self.asking.discard(port)
        self.full.discard(port)
        self.go()

    def end(self, error: BaseException | None) -> None:
        """The run is over: end all ports after what they hold."""
        self.ended = True
        self.error = error
        if self._complaint is not None:
            self._complaint.cancel()
        for port in tuple(self.ports):
            port.end(error)


class _Gate(Inlet):
    """
    The inlet of a hub's pump.
    """

    __slots__ = ("_hub",)

    def __init__(self, pumps: Pumps, hub: Hub) -> None:
        super().__init__(pumps)
        self._hub = hub
        self.load: Collection[Any] = cast("Collection[Any]", _Load(hub))  # its size is all that is looked at

    @property
    def append(self) -> Callable[[Any], object]:
        return self._hub.deliver

    def came(self) -> None:
        """Nobody waits for that."""

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self._hub.end(error)


class _Load:
    """
    What keeps a hub from pulling the next item: one thing, or nothing.
    """

    __slots__ = ("_hub",)

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __len__(self) -> int:
        return 0 if self._hub.asking and not self._hub.full else 1
