"""
One execution environment: a runtime process, its Runtime API, and the limits of time and memory.
"""

from __future__ import annotations

import signal
import time
from asyncio import Event, sleep
from collections.abc import Callable
from secrets import token_hex
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope, create_task_group, move_on_after
from anyio.abc import SocketAttribute

from jaystream.aws.emulator.exchange import peer_of, serve
from jaystream.aws.emulator.process import RuntimeProcess
from jaystream.aws.emulator.reply import Failure
from jaystream.aws.emulator.runtime_api import RuntimeApi, State, said

if TYPE_CHECKING:
    from anyio.abc import SocketStream

    from jaystream.aws.emulator.invocation import Invocation
    from jaystream.aws.emulator.settings import Settings

HOST = "127.0.0.1"

INIT_TIMEOUT = 10.0
"""Seconds for a start, which are not the invocation's; what is over that is taken from the invocation's time."""

LAST_WORDS = 2.0
"""Seconds to read what a process had sent before it died."""

MEMORY_EVERY = 0.05
"""Seconds between two looks at an environment's memory."""


class Environment:
    """
    An environment, from the start of its process to its end. `run` is its life, as a task of whoever owns it.

    Args:
        settings: The function's.
        on_line: Called with each line of its log, and the invocation that it belongs to, if any.

    Attributes:
        api: Its Runtime API.
        gone: Set when nothing of it is left.
        stale: It takes no further invocation: it has failed, or the code has changed.
    """

    __slots__ = (
        "_born",
        "_code",
        "_connections",
        "_dead",
        "_invocation",
        "_moved",
        "_on_line",
        "_oversized",
        "_process",
        "_settings",
        "_stopped",
        "_unstartable",
        "_used",
        "_waiting",
        "api",
        "gone",
        "stale",
    )

    def __init__(self, settings: Settings, on_line: Callable[[bytes, Invocation | None], None]) -> None:
        self._settings = settings
        self._on_line = on_line
        self._born = time.perf_counter()
        self._invocation: Invocation | None = None
        self._process: RuntimeProcess | None = None
        self._waiting = CancelScope()
        self._connections: set[int] = set()
        self._moved = Event()
        self._dead = False
        self._code: int | None = None
        self._oversized = False
        self._used = False
        self._stopped = False
        self._unstartable: OSError | None = None
        self.api: RuntimeApi = RuntimeApi(shaped=settings.shaped)
        self.gone: Event = Event()
        self.stale: bool = False

    async def run(self) -> None:
        """
        Start the process, serve it its API, and see it to its end.
        """
        try:
            await self._run()
        except OSError as error:  # no socket, no file is to be had
            self._unstartable = error
        finally:
            self._die()
            self.gone.set()

    async def _run(self) -> None:
        listener = await anyio.create_tcp_listener(local_host=HOST)
        async with listener, create_task_group() as group:
            group.start_soon(listener.serve, self._connection)
            stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{token_hex(16)}"
            port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
            variables = self._settings.variables(f"{HOST}:{port}", stream)
            process = RuntimeProcess(self._settings.command, variables, self._settings.folder, self._line)
            try:
                async with process:
                    self._process = process
                    with self._waiting:  # its API is there until the process has ended, also when it is told to
                        self._code = await process.wait()
                        self.stale = True
                        await self._hear_last_words(port)
            except OSError as error:
                self._unstartable = error
            self._die()
            group.cancel_scope.cancel()

    def _die(self) -> None:
        self.stale = True
        self._dead = True
        self.api.changed.set()

    async def _connection(self, stream: SocketStream) -> None:
        port = peer_of(stream)[1]
        self._connections.add(port)
        self._moved.set()
        try:
            await serve(self.api, stream)
        finally:
            self._connections.discard(port)
            self._moved.set()

    async def _hear_last_words(self, port: int) -> None:
        """A process may answer and die at once: what it has sent is read, however long that takes the client."""
        with move_on_after(LAST_WORDS):
            # Its last connection may wait to be taken. They are taken in their order, so one of ours comes behind it.
            async with await anyio.connect_tcp(HOST, port) as last:
                number = last.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
                await self._connected(lambda: number in self._connections)
            await self._connected(lambda: not self._connections)
        if self.api.state == "responding":
            await self._connected(lambda: not self._connections)

    async def _connected(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    def stop(self) -> None:
        """
        End it: SIGTERM, and SIGKILL to what does not obey.
        """
        self.stale = True
        self._stopped = True
        self._waiting.cancel()

    async def invoke(self, invocation: Invocation) -> None:
        """
        Run one invocation to its end: the runtime asks for the next one, dies, or is killed at the deadline.

        What came of it stands in the invocation's reply.
        """
        self._invocation = invocation
        invocation.start()
        try:
            failure = await self._attempt(invocation)
            invocation.reply.finish(failure, cut=invocation.reply.opened)
            if failure is not None:
                await self._bury()
        finally:
            if self._process is not None and not self._dead:
                self._process.drain()
                invocation.memory = self._process.memory() or invocation.memory
            invocation.stop()
            self._tell(f"END RequestId: {invocation.id}")
            self._tell(invocation.report)
            self._invocation = None

    async def _attempt(self, invocation: Invocation) -> Failure | None:
        """Give the failure of the environment; one that the runtime told of is in the reply already."""
        if self.api.state == "starting":
            with move_on_after(INIT_TIMEOUT):
                await self._until("ready", "failed")
            invocation.start()
        with move_on_after(self._settings.timeout):
            if not await self._until("ready", "failed"):
                return self._death(invocation)
            if self.api.init_failure is not None:
                return self.api.init_failure
            if not self._used:
                self._used = True
                invocation.cold = time.perf_counter() - self._born
            self._tell(f"START RequestId: {invocation.id} Version: {invocation.qualifier}")
            invocation.start()
            self.api.give(invocation)
            async with create_task_group() as group:
                group.start_soon(self._watch_memory, invocation)
                await self._until("ready")
                group.cancel_scope.cancel()
            return None if self.api.state == "ready" else self._death(invocation)
        message = f"{invocation.id} Task timed out after {self._settings.timeout:.2f} seconds"
        self._tell(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {message}")
        return Failure.of("Sandbox.Timedout", said(invocation, message.removeprefix(f"{invocation.id} ")))

    async def _until(self, *states: State) -> bool:
        """Wait until the runtime is in one of *states*; give False if it dies first."""
        while self.api.state not in states:
            if self._dead:
                return False
            self.api.changed.clear()
            await self.api.changed.wait()
        return True

    async def _watch_memory(self, invocation: Invocation) -> None:
        process = self._process
        assert process is not None  # noqa: S101 - it has asked for an invocation
        while (used := process.memory_now()) is not None:
            invocation.memory = process.memory()
            if used > self._settings.memory:
                self._oversized = True
                process.kill()
            await sleep(MEMORY_EVERY)

    def _death(self, invocation: Invocation) -> Failure:
        """How a process's end is told."""
        if self._stopped:
            return Failure.of("Sandbox.Failure", said(invocation, "The emulator was stopped"))
        if self._unstartable is not None:
            reason = f"fork/exec {self._settings.command[0]}: {(self._unstartable.strerror or '').lower()}"
            return Failure.of("Runtime.InvalidEntrypoint", said(invocation, reason))
        if self.api.init_failure is not None:
            return self.api.init_failure
        reason = exit_reason(self._code)
        kind = "Runtime.OutOfMemory" if self._oversized else "Runtime.ExitError"
        self._tell(f"{said(invocation, reason)}\n{kind}")
        return Failure.of(kind, said(invocation, reason))

    async def _bury(self) -> None:
        """End what has failed, and wait until nothing of it is left."""
        if self.api.state == "failed":  # it may have something to say of it still, and ends by itself
            with move_on_after(LAST_WORDS):
                await self.gone.wait()
        if self._process is not None:
            self._process.kill()
        self.stop()
        await self.gone.wait()

    def _tell(self, text: str) -> None:
        self._line(text.encode() + b"\n")

    def _line(self, line: bytes) -> None:
        if self._invocation is not None:
            self._invocation.wrote(line)
        self._on_line(line, self._invocation)


def exit_reason(code: int | None) -> str:
    """
    How Lambda says that a runtime has ended.
    """
    if code is None or code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    name = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGSEGV: "segmentation fault"}
    return f"Runtime exited with error: signal: {name.get(signal.Signals(-code)) or signal.strsignal(-code)}"
