"""
The emulator: one port for clients, the environments behind it, and what is shown of them.
"""

from __future__ import annotations

import asyncio
from asyncio import Event, Future, Task
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
from anyio import CancelScope, create_task_group
from anyio.abc import SocketAttribute

from jaystream.aws.emulator.exchange import Exchange, serve
from jaystream.aws.emulator.fronts import Fronts
from jaystream.aws.emulator.lambda_api import LambdaApi
from jaystream.aws.emulator.pool import Pool, Watcher
from jaystream.aws.emulator.reload import Changes

if TYPE_CHECKING:
    from anyio.abc import SocketStream

    from jaystream.aws.emulator.settings import Settings

HOST = "127.0.0.1"


class Emulator:
    """
    A function behind Lambda's interfaces. An async context manager for one use.

    Args:
        settings: Which function, and how.
        watcher: Is told what happens.
        port: Where clients come in; 0 takes a free one.
        reload: Watch the function's folder, and start anew when a file has changed.

    Attributes:
        port: Where clients come in; the real one inside the block.
        pool: The environments, inside the block.
    """

    __slots__ = (
        "_fronts",
        "_lambda_api",
        "_ready",
        "_reload",
        "_settings",
        "_stop",
        "_task",
        "_watcher",
        "pool",
        "port",
    )

    def __init__(self, settings: Settings, watcher: Watcher, *, port: int = 0, reload: bool = False) -> None:
        self._settings = settings
        self._watcher = watcher
        self._reload = reload
        self._ready = Event()
        self._stop = Event()
        self._task: Task[None] | None = None
        self.port: int = port
        self.pool: Pool
        self._lambda_api: LambdaApi
        self._fronts: Fronts

    @property
    def url(self) -> str:
        """
        Where clients come in, without a slash behind it.
        """
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        """
        Start to listen.

        Raises:
            OSError: If the port is taken.
        """
        # A task of its own holds the scopes, so that entering and leaving may be done by different tasks.
        self._task = asyncio.create_task(self._serve(), name=f"emulator of {self._settings.handler}")
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            await self._close()
            raise
        finally:
            ready.cancel()
            with suppress(asyncio.CancelledError):
                await ready
        if self._task.done():
            await self._task
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Hang up, end every environment, and wait until nothing is left.
        """
        await self._close()

    async def wait_with(self, stopped: Future[int]) -> int:
        """
        Wait until *stopped* has a result, and give that, or for a failure of the emulator itself.
        """
        assert self._task is not None  # noqa: S101 - inside the block
        waited: set[Future[Any]] = {self._task, stopped}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task
        return stopped.result()

    async def _close(self) -> None:
        assert self._task is not None  # noqa: S101 - inside the block
        self._stop.set()
        cancelled: asyncio.CancelledError | None = None
        with CancelScope(shield=True):
            while not self._task.done():  # which environments' grace bounds
                try:
                    await asyncio.wait({self._task})
                except asyncio.CancelledError as error:
                    cancelled = error  # nothing may be left, so it is heard when nothing is
        if cancelled is not None:
            raise cancelled
        self._task.result()

    async def _serve(self) -> None:
        try:
            listener = await anyio.create_tcp_listener(local_host=HOST, local_port=self.port)
        except OSError as error:
            raise OSError(error.errno, f"cannot listen at {HOST}:{self.port}: {error.strerror or error}") from error
        async with listener, create_task_group() as group:
            self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
            self.pool = Pool(self._settings, group, self._watcher)
            self._lambda_api = LambdaApi(self._settings, self.pool)
            self._fronts = Fronts(self._settings, self.pool, self.port)
            group.start_soon(listener.serve, self._connection)
            if self._reload:
                group.start_soon(self._renew, Changes(self._settings.folder))
            self._ready.set()
            await self._stop.wait()
            await self.pool.close()
            group.cancel_scope.cancel()

    async def _connection(self, stream: SocketStream) -> None:
        await serve(self._answer, stream)

    async def _answer(self, exchange: Exchange) -> None:
        if self._lambda_api.knows(exchange):
            await self._lambda_api(exchange)
        else:
            await self._fronts(exchange)

    async def _renew(self, changes: Changes) -> None:
        while True:
            changed = await changes.next()
            self._watcher.line(f"{changed} has changed: starting anew\n".encode(), None)
            self.pool.renew()
