"""
A Lambda function under test: its real runtime, behind the emulator's interfaces, for the time of a block.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from _typeshed import StrPath
    from anyio.from_thread import BlockingPortal

    from jaystream.aws.emulator.invocation import Invocation
    from jaystream.aws.emulator.server import Emulator
    from jaystream.aws.emulator.settings import Front, Settings

__all__ = ["BlockingFunction", "EmulatedFunction", "Emulation", "Invoked", "emulator"]

LINES = 10_000


class Invoked(NamedTuple):
    """
    What came of an invocation.

    Attributes:
        payload: All that the function responded; the error as JSON, where it failed before that.
        error: The error's type, None if there was none.
        pieces: The response as it came.
        log: The end of the invocation's log.
        cold: Whether its environment was started for it.
        first_byte: Seconds from the call to the first byte of the response, None without one.
    """

    payload: bytes
    error: str | None
    pieces: list[bytes]
    log: str
    cold: bool
    first_byte: float | None

    def json(self) -> Any:
        """
        Give the payload as JSON.
        """
        return json.loads(self.payload)


class EmulatedFunction:
    """
    What `emulator` gives in an ``async with``.

    Attributes:
        url: The front, a Function URL if nothing else was asked for, without a slash at the end.
        endpoint_url: What boto3 takes under that name.
        rest_url: The REST API's stage, without a slash at the end.
        name: The function's.
        variables: The environment for boto3 and the AWS CLI.
    """

    def __init__(self, settings: Settings, server: Emulator, lines: deque[str]) -> None:
        """
        Stand before a running emulator.
        """
        from jaystream.aws.emulator.run import client_variables  # noqa: PLC0415 - whoever imports this has no h11 yet

        self.url: str = server.url
        self.endpoint_url: str = server.url
        self.rest_url: str = f"{server.url}/restapis/local/prod/_user_request_"
        self.name: str = settings.name
        self.variables: dict[str, str] = client_variables(settings, server.url)
        self._settings = settings
        self._server = server
        self._lines = lines

    @property
    def logs(self) -> list[str]:
        """
        The last 10,000 lines that the function and its environments have written, without their ends.
        """
        return list(self._lines)

    async def invoke(self, event: Any = None, *, streamed: bool = True) -> Invoked:
        """
        Invoke the function, and wait until its environment is done with it.

        Args:
            event: Anything that is JSON.
            streamed: Read the response as it comes. A buffered one has AWS's limit of 6 MiB.

        Raises:
            ThrottledError: If all environments are busy.
        """
        from jaystream.aws.emulator.invocation import Invocation  # noqa: PLC0415 - see above

        payload = json.dumps(event).encode()
        invocation = Invocation(self._settings, payload, "invoke", streamed=streamed)
        reply = invocation.reply
        await self._server.pool.submit(invocation)
        pieces: list[bytes] = []
        try:
            while (piece := await reply.get()) is not None:
                pieces.append(piece)
        finally:
            reply.leave()
        await invocation.over.wait()
        failure = reply.failure
        whole = b"".join(pieces) if failure is None or pieces else failure.payload
        log = invocation.tail.decode("utf-8", "replace")
        kind = None if failure is None else failure.kind
        return Invoked(whole, kind, pieces, log, invocation.cold is not None, invocation.first_byte)


class BlockingFunction:
    """
    What `emulator` gives in a plain ``with``: the same, for tests that block, as boto3 does.

    Attributes:
        url: The front, a Function URL if nothing else was asked for, without a slash at the end.
        endpoint_url: What boto3 takes under that name.
        rest_url: The REST API's stage, without a slash at the end.
        name: The function's.
        variables: The environment for boto3 and the AWS CLI.
    """

    def __init__(self, function: EmulatedFunction, portal: BlockingPortal) -> None:
        """
        Stand before a function that lives in another thread.
        """
        self.url: str = function.url
        self.endpoint_url: str = function.endpoint_url
        self.rest_url: str = function.rest_url
        self.name: str = function.name
        self.variables: dict[str, str] = function.variables
        self._function = function
        self._portal = portal

    @property
    def logs(self) -> list[str]:
        """
        The last 10,000 lines that the function and its environments have written, without their ends.
        """
        return self._function.logs

    def invoke(self, event: Any = None, *, streamed: bool = True) -> Invoked:
        """
        Invoke the function, and wait until its environment is done with it.

        Args:
            event: Anything that is JSON.
            streamed: Read the response as it comes. A buffered one has AWS's limit of 6 MiB.

        Raises:
            ThrottledError: If all environments are busy.
        """
        return self._portal.call(partial(self._function.invoke, event, streamed=streamed))


class Emulation:
    """
    What `emulator` returns; a context manager, async or not, for one use.
    """

    def __init__(self, settings: Settings) -> None:
        """
        Take what `emulator` was told.
        """
        self._settings = settings
        self._lines: deque[str] = deque(maxlen=LINES)
        self._server: Emulator | None = None
        self._stack = ExitStack()

    async def __aenter__(self) -> EmulatedFunction:
        """
        Start to serve; a runtime is started by the first invocation.
        """
        from jaystream.aws.emulator.server import Emulator  # noqa: PLC0415 - see above

        server = Emulator(self._settings, self)
        await server.__aenter__()
        self._server = server
        return EmulatedFunction(self._settings, server, self._lines)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        End everything.
        """
        assert self._server is not None  # noqa: S101 - inside the block
        await self._server.__aexit__(kind, error, traceback)

    def __enter__(self) -> BlockingFunction:
        """
        Do the same in an event loop of another thread.
        """
        from anyio.from_thread import start_blocking_portal  # noqa: PLC0415 - half of the users have a loop

        portal = self._stack.enter_context(start_blocking_portal("asyncio"))
        try:
            inner = portal.wrap_async_context_manager(self)
            return BlockingFunction(self._stack.enter_context(inner), portal)
        except BaseException:
            self._stack.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        End everything.
        """
        self._stack.__exit__(kind, error, traceback)

    def started(self, invocation: Invocation) -> None:
        """
        Called by the emulator.
        """

    def ended(self, invocation: Invocation) -> None:
        """
        Called by the emulator.
        """

    def line(self, line: bytes, invocation: Invocation | None) -> None:
        """
        Called by the emulator with each line of a log.
        """
        self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))


def emulator(
    handler: str,
    *,
    folder: StrPath | None = None,
    name: str = "function",
    front: Front = "function-url",
    timeout: float = 30,
    memory: int = 1024,
    concurrency: int = 10,
    bandwidth: Literal["aws"] | None = None,
    environment: Mapping[str, str] | None = None,
    runtime: Sequence[str] | None = None,
) -> Emulation:
    """
    Emulate a Lambda function, or an ASGI app on Lambda, for the time of a block.

    Its runtime is real and runs in processes of its own; around it are a Function URL, a REST API and Lambda's own API,
    for any HTTP client, boto3 and the AWS CLI. Needs the extra ``aws``.

    Args:
        handler: ``module.function``, or ``module:app`` for an ASGI app.
        folder: Where the module is, by default the current folder.
        name: The function's name.
        front: What is served at ``url``: "function-url", "function-url-buffered", "rest", "rest-buffered", "http-api"
            or "alb".
        timeout: Seconds for one invocation, after which its process is killed.
        memory: MiB for one environment, which is killed when it uses more.
        concurrency: Environments at most, and so invocations at once.
        bandwidth: "aws" holds streams to 6 MiB at once, then 2 MiB a second.
        environment: Variables of the function, over those of this process.
        runtime: The command of another runtime, as ``["python", "-m", "awslambdaric"]``; the handler is put behind it.

    Raises:
        ValueError: If the handler or a limit cannot be.

    Flow:
        ``async with`` gives an `EmulatedFunction`, ``with`` a `BlockingFunction`. At the end of the block every
        process of the function has ended.
    """
    from jaystream.aws.emulator.settings import RUNTIME, Settings  # noqa: PLC0415 - a room that few tests need

    if bandwidth not in {None, "aws"}:
        raise ValueError(f"emulator(bandwidth=) must be 'aws' or None, not {bandwidth!r}")
    return Emulation(
        Settings(
            handler=handler,
            name=name,
            runtime=RUNTIME if runtime is None else runtime,
            front=front,
            concurrency=concurrency,
            timeout=timeout,
            memory=memory,
            shaped=bandwidth == "aws",
            folder=Path.cwd() if folder is None else Path(folder).resolve(),
            environment=environment or {},
        )
    )
