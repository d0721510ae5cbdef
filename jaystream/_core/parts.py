"""
Parts: the streams that read from the ports of a hub, and the hub that belongs to them all.

Lives here: how a part begins and leaves, and who opens and closes a run that has no consumer of its own.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import ref

from jaystream._core.closing import Closer
from jaystream._core.fuse import Above
from jaystream._core.hub import Hub, Port
from jaystream._core.ownership import spend
from jaystream._core.plan import Boundary, Plan, Source
from jaystream._core.pumps import Pumps
from jaystream._core.run import Loop, Run, turn
from jaystream._core.shelter import Around
from jaystream.errors import DetachedError

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder


class SharedHub(Hub):
    """
    A hub that belongs to its consumers: the first one opens the run; the last one closes it, and waits for that.

    When a consumer is cancelled or fails, and of those that are left none has begun, it closes the run as well: they
    were to begin beside it, and may never come to it.

    Args:
        plan: What runs.
        name: The operator, for messages.
    """

    __slots__ = ("_forsaken", "_plan", "_pumps", "name")

    def __init__(self, plan: Plan, name: str) -> None:
        super().__init__()
        self.name: str = name
        self._forsaken = False
        self._plan = plan
        self._pumps: Pumps | None = None

    def begin(self, port: Port) -> None:
        if self._pumps is None:
            # the run belongs to no loop of a consumer: its scope and its closing are its own
            self._pumps = Pumps(Loop(None, Run(Around())), self.name)
            self.events: AbstractEventLoop | None = self._pumps.events
            super().begin(port)
            self.start(self._pumps, Above(self._plan))
        else:
            super().begin(port)

    async def leave(self, port: Port, failure: BaseException | None) -> None:
        port.leave()
        stay = self.ports if failure is None else [each for each in self.ports if each.begun]
        if stay or self._pumps is None:
            return
        if any(pump.over() for pump in self._pumps.running.values()):
            if failure is not None and isinstance(self.error, Exception) and not self.told:
                self.told = True
                raise self.error  # where the run goes well nobody has asked for the item that failed
            return
        for each in self.ports:
            how = f"the last one that was read ended with {type(failure).__name__}"
            each.end(DetachedError(each.name, f"the run was closed before this was read, when {how}"))
        await self._pumps.close(failure)

    def forsake(self, port: Port) -> None:
        super().forsake(port)
        if not self.ports and self._pumps is not None:
            self._forsaken = True
            for pump in self._pumps.running.values():
                pump.leave(None)

    def end(self, error: BaseException | None) -> None:
        super().end(error)
        if self._forsaken and isinstance(error, Exception) and self.events is not None:
            message = f"the run of {self.name}, which nobody could read any more, failed to close"
            self.events.call_exception_handler({"message": message, "exception": error})


class Part(Boundary):
    """
    One consumer's stream: it takes from a port, and runs once.
    """

    __slots__ = ("__weakref__", "port", "source")
    name = "part"
    pumped = True
    rooted = True
    keeps_items = True

    def __init__(self, port: Port, source: Source) -> None:
        self.port: Port = port
        self.source: Source = source
        port.part = ref(self, lambda _: _forsake(port))

    @classmethod
    def over(cls, port: Port, wire: Callable[[], WireEncoder] | None) -> tuple[Source, tuple[Part]]:
        """What the stream over *port* is made of."""
        source = Source(port, wire)
        return source, (cls(port, source),)

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        port, left, look = self.port, 1, loop.look
        spend(self.source)
        held = port.held
        try:
            port.hub.begin(port)
            loop.owned.append(_Leaving(port, loop))
            while True:
                if held:
                    x = held.popleft()
                    port.taken()
                    yield x
                    left -= 1
                    if not left:
                        left = look()
                        if left < 0:
                            left = -left
                            await turn()
                elif port.ended:
                    port.finish()
                    break
                else:
                    await port.wait()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


def _forsake(port: Port) -> None:
    """The stage over *port* is gone. This may be any thread, and the middle of anything."""
    events = port.hub.events
    if events is None:
        port.hub.forsake(port)
    elif not port.left:
        with suppress(RuntimeError):  # that loop is closed, and all that ran in it is over
            events.call_soon_threadsafe(port.hub.forsake, port)


class _Leaving(Closer):
    """
    A consumer's port, which it leaves whichever way its run ends.
    """

    __slots__ = ("_loop", "_port")

    def __init__(self, port: Port, loop: Loop) -> None:
        super().__init__(port)
        self._port = port
        self._loop = loop

    async def close(self, error: BaseException | None) -> object:
        failure = self._loop.run.shelter.failure if isinstance(error, GeneratorExit) else error
        await self._port.hub.leave(self._port, failure)
        return None
