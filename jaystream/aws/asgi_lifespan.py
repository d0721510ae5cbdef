"""
An application's lifespan: started once, before the first request, and ended when the process is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import Context
from typing import Any, Literal, TypeAlias

import anyio

from jaystream._core.waiting import over
from jaystream.aws.asgi_scope import ASGI

__all__ = ["AsgiApp", "Lifespan", "LifespanMode"]

AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[object]]
"""An ASGI 3 application, called with scope, receive and send; each framework types those in its own way."""

LifespanMode: TypeAlias = Literal["auto", "on", "off"]

log: logging.Logger = logging.getLogger("jaystream.aws")


class Lifespan:
    """
    The lifespan exchange with one application on one event loop, in a task of its own.

    Args:
        app: The application.
        mode: "on" takes an application without a lifespan as a failure, "auto" does not.
        context: Where the task runs, so that nothing of the first request is in it.

    Attributes:
        state: What the application leaves there is in the scope of every request.
    """

    def __init__(self, app: AsgiApp, mode: LifespanMode, context: Context) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._mode = mode
        self._begun = asyncio.Event()
        self._asked = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failure: str | None = None
        self._cause: Exception | None = None
        self._sent_startup = self._sent_shutdown = False
        self.task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._run(), context=context)

    async def started(self) -> None:
        """
        Wait until the application is ready. Whoever waits may be cancelled; the start goes on for the others.

        Raises:
            RuntimeError: If the start failed.
        """
        await self._begun.wait()
        if self._failure is not None:
            raise RuntimeError(f"the application did not start: {self._failure}") from self._cause

    async def stop(self, within: float) -> None:
        """
        Tell the application to shut down, and wait for it as long as *within* seconds, then cancel it. One that failed
        to start is told nothing.
        """
        try:
            if self._failure is None:
                self._asked.set()
                with anyio.move_on_after(within):
                    await self._stopped.wait()
        finally:
            self.task.cancel()
            await over([self.task], within=within)
        if not self.task.done():
            log.warning("the application's lifespan does not end, though it was cancelled")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": dict(ASGI), "state": self.state}
        try:
            await self._app(scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001 - the application's, of any kind
            self._ended(error)
        else:
            self._ended(None)
        finally:
            self._begun.set()
            self._stopped.set()

    def _ended(self, error: Exception | None) -> None:
        """The application's call is over: what that means depends on how far it had come."""
        if self._begun.is_set():
            if error is not None and self._failure is None:
                log.error("the application's lifespan failed: %s", error, exc_info=error)
        elif self._mode == "on":
            self._cause = error
            self._failure = (
                "it returned from its lifespan at once"
                if error is None
                else f"its lifespan failed with {type(error).__name__}: {error}"
            )
        else:
            log.debug("the application has no lifespan", exc_info=error)

    async def _receive(self) -> MutableMapping[str, Any]:
        if not self._sent_startup:
            self._sent_startup = True
            return {"type": "lifespan.startup"}
        await self._asked.wait()
        if self._sent_shutdown:
            await asyncio.Event().wait()  # nothing more comes, until the task is cancelled
        self._sent_shutdown = True
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.failed":
            self._failure = str(message.get("message") or "it gave no reason")
        elif kind == "lifespan.shutdown.failed":
            log.error("the application's shutdown failed: %s", message.get("message") or "it gave no reason")
        elif kind not in {"lifespan.startup.complete", "lifespan.shutdown.complete"}:
            raise RuntimeError(f"unexpected ASGI message {kind!r} in a lifespan")
        (self._stopped if "shutdown" in kind else self._begun).set()
