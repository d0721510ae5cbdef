"""
The loop of a runtime: start, one invocation after the other or several at once, and the end.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream.aws.runtime.api import RuntimeApi
from jaystream.aws.runtime.context import enter
from jaystream.aws.runtime.faults import report_of
from jaystream.aws.runtime.invoking import Answer, Invoker
from jaystream.errors import RuntimeApiError

if TYPE_CHECKING:
    from jaystream.aws.runtime.invocation import Invocation
    from jaystream.aws.runtime.logs import Sink

R = TypeVar("R")

SHUTDOWN = 10.0
"""Seconds that the ending may take; Lambda gives 2 at the most, and kills."""

_TRIES = 5
_FIRST_WAIT = 0.1


class StuckError(Exception):
    """
    A handler went on though it was cancelled: only the end of the process ends it.
    """


class Server:
    """
    Serves one handler from one process.

    A sync function is called in the main thread while no event loop runs, as by AWS's own runtime: it may block, run a
    loop of its own, and set signal handlers. Everything else runs on one loop, which lives as long as the process.

    Args:
        handler: What is called.
        address: The Runtime API's.
        sink: The log.
        concurrency: How many invocations at once, None for one after the other.
        reserve: Seconds before its deadline at which a handler is cut; 0 for never.
        empty_body: What streamed answers without a body send.
    """

    def __init__(
        self,
        handler: Callable[..., Any],
        address: str,
        sink: Sink,
        *,
        concurrency: int | None = None,
        reserve: float = 0.5,
        empty_body: str = "none",
    ) -> None:
        self._handler = handler
        self._address = address
        self._sink = sink
        self._concurrency = concurrency
        executor = None
        if concurrency is not None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only here

            executor = ThreadPoolExecutor(concurrency, "jaystream-lambda")
        self._executor = executor
        self._invoker = Invoker(handler, sink, executor=executor, reserve=reserve, empty_body=empty_body)
        self._loop = _new_loop()
        self._polls: set[asyncio.Task[Any]] = set()
        self._stopping: signal.Signals | None = None

    @property
    def stuck(self) -> bool:
        """
        Whether a handler went on though it was cancelled, so that nothing can be ended well any more.
        """
        return self._invoker.stuck

    def start(self) -> None:
        """
        Start what a handler has to start before its first invocation.

        Raises:
            Exception: What the handler's `startup` raises.
        """
        if self._invoker.kind != "streaming":
            return
        # what an error needs that comes shortly before a deadline, and what an HTTP event needs
        for module in ("formats.stream_error", "handlers.lambda_answer", "handlers.lambda_request", "sinks.framing"):
            import_module(f"jaystream.{module}")
        startup = getattr(self._handler, "startup", None)
        if callable(startup):
            self._run(_called(startup))

    def serve(self) -> int:
        """
        Serve until the process is told to stop; gives the exit code.

        Raises:
            RuntimeApiError: If the Runtime API is gone.
            StuckError: If a handler cannot be ended.
        """
        if self._concurrency is None and self._invoker.kind == "sync":
            self._serve_sync()
        self._catch_signals()
        if self._concurrency is None:
            self._run(self._work())
        else:
            self._run(self._work_together(self._concurrency))
        return 130 if self._stopping is signal.SIGINT else 0

    def close(self) -> None:
        """
        End what the handler has started, and the loop.
        """
        loop = self._loop
        try:
            shutdown = getattr(self._handler, "aclose", None)
            if self._invoker.kind == "streaming" and callable(shutdown):
                self._run(_bounded(shutdown, SHUTDOWN))
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self._run(asyncio.wait(tasks, timeout=SHUTDOWN))
            self._run(loop.shutdown_asyncgens())
        finally:
            if self._executor is not None:
                self._executor.shutdown(wait=False, cancel_futures=True)
            loop.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """
        Take no more invocations, and cut those that run.
        """
        self._stopping = self._stopping or number
        for task in self._polls:
            task.cancel()
        for guard in [*self._invoker.running]:
            guard.stop()

    def _serve_sync(self) -> None:
        api = RuntimeApi(self._address)
        invoker, run = self._invoker, self._run
        try:
            invocation = run(api.next())
            while True:
                answer = invoker.call(invocation)
                if not isinstance(answer, Answer):
                    answer = run(invoker.finish(invocation, answer))
                invocation = run(self._turn(api, invocation, answer))
        finally:
            api.close()

    async def _turn(self, api: RuntimeApi, invocation: Invocation, answer: Answer) -> Invocation:
        await self._invoker.answer(api, invocation, answer)
        self._check_stuck()
        return await api.next()

    async def _work(self) -> None:
        """Take invocations one after the other."""
        api = RuntimeApi(self._address)
        try:
            while (invocation := await self._poll(api)) is not None:
                await self._invoker.invoke(api, invocation)
                self._check_stuck()
        finally:
            api.close()

    async def _work_together(self, count: int) -> None:
        """Take so many invocations at once. The first worker that fails ends the others."""
        workers = [asyncio.ensure_future(self._work_on()) for _ in range(count)]
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)

    async def _work_on(self) -> None:
        """
        Take invocations though an answer could not be sent: other invocations go on in this process.
        """
        api = RuntimeApi(self._address)
        try:
            while (invocation := await self._poll_again(api)) is not None:
                try:
                    await self._invoker.invoke(api, invocation)
                except RuntimeApiError as error:
                    self._sink.report(report_of(error, invocation.request_id))
                enter(None, alone=False)
        finally:
            api.close()

    async def _poll_again(self, api: RuntimeApi) -> Invocation | None:
        wait = _FIRST_WAIT
        for _ in range(_TRIES - 1):
            try:
                return await self._poll(api)
            except RuntimeApiError as error:
                self._sink.report(report_of(error))
                await asyncio.sleep(wait)
                wait *= 2
        return await self._poll(api)

    async def _poll(self, api: RuntimeApi) -> Invocation | None:
        """Wait for an invocation; None when the process is told to stop."""
        if self._stopping is not None:
            return None
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for type checkers
        self._polls.add(task)
        try:
            if self._invoker.kind == "streaming":
                await api.prepare_upload()
            return await api.next()
        except asyncio.CancelledError:
            if self._stopping is None:
                raise
            task.uncancel()
            return None
        finally:
            self._polls.discard(task)

    def _check_stuck(self) -> None:
        if self._invoker.stuck:
            raise StuckError(
                "the handler went on though it was cancelled; the process ends, since nothing else ends it"
            )

    def _catch_signals(self) -> None:
        """Stop at SIGTERM and SIGINT, unless the handler's module has taken them."""
        for number, default in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            if signal.getsignal(number) == default:
                self._loop.add_signal_handler(number, self.stop, number)

    def _run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        return self._loop.run_until_complete(coroutine)


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop of the policy that the handler's module may have set; which selector it takes is nothing for the log."""
    log = logging.getLogger("asyncio")
    before, log.disabled = log.disabled, True
    try:
        return asyncio.new_event_loop()
    finally:
        log.disabled = before


async def _called(function: Callable[[], Any]) -> None:
    result = function()
    if hasattr(result, "__await__"):
        await result


async def _bounded(function: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await _called(function)
