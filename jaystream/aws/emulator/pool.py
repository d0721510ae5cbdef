"""
All environments of a function: one per invocation at a time, started when it is wanted, kept for the next.
"""

from __future__ import annotations

from asyncio import Event
from typing import TYPE_CHECKING, Protocol

from anyio import move_on_after

from jaystream.aws.emulator.environment import Environment

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from jaystream.aws.emulator.invocation import Invocation
    from jaystream.aws.emulator.settings import Settings

FINISHING = 1.0
"""
Seconds to wait for an environment that has responded and is about to ask for more, before another one is started: who
calls one after the other gets the same environment each time.
"""


class ThrottledError(Exception):
    """
    All environments are busy, and there may be no more.
    """


class Watcher(Protocol):
    """
    Whoever looks on.
    """

    def started(self, invocation: Invocation) -> None:
        """
        An invocation has been taken.
        """
        ...

    def ended(self, invocation: Invocation) -> None:
        """
        An environment is done with an invocation.
        """
        ...

    def line(self, line: bytes, invocation: Invocation | None) -> None:
        """
        A line of a log, with the invocation that it belongs to.
        """
        ...


class Pool:
    """
    The environments.

    Args:
        settings: The function's.
        group: Where they live.
        watcher: Is told what happens.
    """

    __slots__ = ("_all", "_busy", "_closed", "_ending", "_freed", "_group", "_idle", "_settings", "_watcher")

    def __init__(self, settings: Settings, group: TaskGroup, watcher: Watcher) -> None:
        self._settings = settings
        self._group = group
        self._watcher = watcher
        self._all: set[Environment] = set()
        self._closed = False
        self._ending: set[Environment] = set()
        self._busy: dict[Environment, Invocation] = {}
        self._idle: list[Environment] = []
        self._freed = Event()

    async def submit(self, invocation: Invocation) -> None:
        """
        Take an invocation, which then runs to its end whatever becomes of the client.

        Raises:
            ThrottledError: If all environments are busy.
        """
        environment = await self._reserve()
        self._busy[environment] = invocation
        self._watcher.started(invocation)
        self._group.start_soon(self._run, environment, invocation)

    async def _reserve(self) -> Environment:
        with move_on_after(FINISHING):
            while not self._ready() and self._finishing():
                self._freed.clear()
                await self._freed.wait()
        if self._ready():
            return self._idle.pop()
        if self._closed or len(self._all) >= self._settings.concurrency:
            raise ThrottledError
        environment = Environment(self._settings, self._watcher.line)
        self._all.add(environment)
        self._group.start_soon(self._live, environment)
        return environment

    def _ready(self) -> bool:
        self._idle = [environment for environment in self._idle if not environment.stale]
        return bool(self._idle)

    def _finishing(self) -> bool:
        return any(
            invocation.reply.finished and not environment.stale for environment, invocation in self._busy.items()
        )

    async def _live(self, environment: Environment) -> None:
        try:
            await environment.run()
        finally:
            self._all.discard(environment)
            self._ending.discard(environment)
            self._freed.set()

    async def _run(self, environment: Environment, invocation: Invocation) -> None:
        try:
            await environment.invoke(invocation)
        finally:
            del self._busy[environment]
            self._watcher.ended(invocation)
            if environment.stale:
                self._end(environment)
            else:
                self._idle.append(environment)
            self._freed.set()

    def _end(self, environment: Environment) -> None:
        """Let an environment end, which counts no more while it does."""
        if environment in self._all:
            self._all.discard(environment)
            self._ending.add(environment)
            environment.stop()
        self._freed.set()

    def renew(self) -> None:
        """
        Let every environment end: those that are busy when they are done. What comes next starts anew.
        """
        for environment in self._all:
            environment.stale = True
        for environment in self._idle:
            self._end(environment)
        self._idle.clear()

    async def close(self) -> None:
        """
        End every environment, busy or not, and start no other.
        """
        self._closed = True
        for environment in list(self._all):
            self._end(environment)
        for environment in list(self._ending):
            await environment.gone.wait()
