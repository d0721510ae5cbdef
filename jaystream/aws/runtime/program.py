"""
A process from its environment to its exit code.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jaystream.aws.runtime import snapshot
from jaystream.aws.runtime.api import RuntimeApi, check
from jaystream.aws.runtime.context import log_to
from jaystream.aws.runtime.faults import report_of
from jaystream.aws.runtime.loading import extend_path, load_handler
from jaystream.aws.runtime.logs import begin, flush
from jaystream.aws.runtime.response_stream import EMPTY_BODIES
from jaystream.aws.runtime.serving import Server, StuckError
from jaystream.errors import RuntimeApiError

if TYPE_CHECKING:
    from jaystream.aws.runtime.faults import Report
    from jaystream.aws.runtime.logs import Sink
    from jaystream.aws.runtime.wire import Reply

R = TypeVar("R")

USAGE = """\
usage: python -m jaystream.aws.runtime [module.handler]

Serves a Lambda function: the handler that is named here, or by _HANDLER. Lambda sets AWS_LAMBDA_RUNTIME_API, the
address of its Runtime API; on your own machine `jaystream emulate module.handler` does.
"""

FAILURE, USAGE_ERROR = 1, 2
BEFORE_SNAPSHOT, AFTER_RESTORE = 64, 65


class Settings:
    """
    What the environment says.

    Args:
        environ: The environment.

    Raises:
        ValueError: If a variable holds what it may not.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.address: str = environ["AWS_LAMBDA_RUNTIME_API"]
        self.reserve: float = _seconds(environ, "JAYSTREAM_DEADLINE_RESERVE", 0.5)
        self.empty_body: str = environ.get("JAYSTREAM_EMPTY_BODY", "none")
        if self.empty_body not in EMPTY_BODIES:
            raise ValueError(f"JAYSTREAM_EMPTY_BODY must be one of {', '.join(EMPTY_BODIES)}, not {self.empty_body!r}")
        concurrency = environ.get("AWS_LAMBDA_MAX_CONCURRENCY")
        if concurrency is not None and (not concurrency.isdecimal() or not int(concurrency)):
            raise ValueError(f"AWS_LAMBDA_MAX_CONCURRENCY must be a whole number from 1, not {concurrency!r}")
        self.concurrency: int | None = None if concurrency is None else int(concurrency)


def main(arguments: Sequence[str]) -> int:
    """
    Serve the handler that *arguments* or ``_HANDLER`` name, until the process is told to stop.

    Args:
        arguments: The command line without the program: nothing, or ``module.function``.

    Returns:
        The exit code: 0 after SIGTERM, 1 after a failure, 2 if the environment is not that of a Lambda function.
    """
    name = arguments[0] if arguments else os.environ.get("_HANDLER", "")
    if name in {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    if (reason := _misused(name, arguments)) is not None:
        sys.stderr.write(f"{USAGE}\njaystream.aws.runtime: {reason}\n")
        return USAGE_ERROR
    try:
        api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
        settings = Settings(os.environ)
    except ValueError as error:
        return _complain(error, USAGE_ERROR)
    extend_path(os.environ)
    sink = begin(os.environ)
    try:
        return _serve(name, api, settings, sink)
    except RuntimeApiError as error:
        return _complain(error, FAILURE)
    except StuckError as error:
        _complain(error, FAILURE)
        flush()
        os._exit(FAILURE)
    except KeyboardInterrupt:
        return 130
    finally:
        flush()
        log_to(None)


def _misused(name: str, arguments: Sequence[str]) -> str | None:
    """What of the command line or the environment is missing or too much."""
    if len(arguments) > 1:
        return f"one handler is expected, not {len(arguments)}: {' '.join(arguments)}"
    if not name:
        return "no handler is named, neither behind the command nor by _HANDLER"
    if "AWS_LAMBDA_RUNTIME_API" not in os.environ:
        return f"AWS_LAMBDA_RUNTIME_API is not set, so this is not Lambda; try `jaystream emulate {name}`"
    return None


def _serve(name: str, api: RuntimeApi, settings: Settings, sink: Sink) -> int:
    server = None
    try:
        server = Server(
            load_handler(name),
            settings.address,
            sink,
            concurrency=settings.concurrency,
            reserve=settings.reserve,
            empty_body=settings.empty_body,
        )
        server.start()
    except Exception as error:  # noqa: BLE001 - whatever a module raises is told to Lambda
        if server is not None:
            server.close()
        return _give_up(api, api.fail_init, report_of(error), sink, FAILURE)
    try:
        code = _restore(api, sink) if snapshot.wanted(os.environ) else 0
        return code or server.serve()
    finally:
        if not server.stuck:
            server.close()


def _restore(api: RuntimeApi, sink: Sink) -> int:
    """Let a snapshot be taken and go on from it; the exit code if that fails, else 0."""
    try:
        snapshot.before_snapshot()
        asyncio.run(_closing(api, api.wait_for_restore()))  # a connection does not outlive a snapshot
    except Exception as error:  # noqa: BLE001 - whatever a hook raises is told to Lambda
        return _give_up(api, api.fail_init, _renamed(error, "Runtime.BeforeSnapshotError"), sink, BEFORE_SNAPSHOT)
    try:
        snapshot.after_restore()
    except Exception as error:  # noqa: BLE001 - see above
        return _give_up(api, api.fail_restore, _renamed(error, "Runtime.AfterRestoreError"), sink, AFTER_RESTORE)
    return 0


def _give_up(
    api: RuntimeApi, tell: Callable[[Report], Coroutine[Any, Any, Reply]], report: Report, sink: Sink, code: int
) -> int:
    """Tell the log and Lambda why the function cannot be started; gives *code*."""
    sink.report(report)
    flush()
    refused = check(asyncio.run(_closing(api, tell(report))), "the report of that")
    if refused is not None:
        sys.stderr.write(f"jaystream.aws.runtime: {refused}\n")
    return code


async def _closing(api: RuntimeApi, call: Coroutine[Any, Any, R]) -> R:
    try:
        return await call
    finally:
        api.close()
        await asyncio.sleep(0)  # the loop closes a connection in its next turn


def _renamed(error: BaseException, kind: str) -> Report:
    """An error of a hook: its own name in the body, and Lambda's in the header."""
    return report_of(error)._replace(kind=kind)


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f"jaystream.aws.runtime: {error}\n")
    return code


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{name} must be seconds, 0 or more, not {text!r}")
    return seconds
