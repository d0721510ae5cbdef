"""
The life of one request: unavailable, chaos, validate, setup, the handler itself, teardown.

Lives here: the order, and what becomes of an error on the way. How an error is told to the client is the sink's.
"""

from __future__ import annotations

import logging
import os
import re
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn, cast

from jaystream._core.closing import GRACE, bounded, cancel_requests
from jaystream._core.inspecting import is_a
from jaystream.errors import (
    BadRequestError,
    GatewayTimeoutError,
    JaypieError,
    StreamTimeoutError,
    UnavailableError,
    UnhandledError,
    error_from_status,
)
from jaystream.handlers.calling import Callback, settled
from jaystream.handlers.chaos import CHAOS_HEADER, invoke_chaos
from jaystream.handlers.environment import env_boolean
from jaystream.handlers.log import log, tagged
from jaystream.handlers.redaction import redact
from jaystream.sinks.framing import is_host_error

if TYPE_CHECKING:
    from jaystream.handlers.options import HandlerSettings
    from jaystream.sinks.pull import Pull
    from jaystream.sinks.report import SinkReport


class Invocation:
    """
    What a lifecycle knows of one request.

    Attributes:
        args: What the handler and all the other functions are called with.
        headers: The request's headers.
        event: What the log is told of it.
        invoke: Its name in the log.
        locals: Where the values of the option `locals` go.
        pull: What runs the lifecycle; it may be stopped.
        requests: How often its task has been cancelled before it.
        hosted: Whether a web framework stands round it, which answers its own exceptions.
    """

    __slots__ = ("args", "event", "headers", "hosted", "invoke", "locals", "pull", "requests")

    def __init__(
        self,
        args: tuple[Any, ...],
        headers: Mapping[str, str],
        locals_: dict[str, Any],
        pull: Pull,
        *,
        hosted: bool,
        event: Callable[[], Mapping[str, object]],
        invoke: str | None,
    ) -> None:
        self.args: tuple[Any, ...] = args
        self.headers: Mapping[str, str] = headers
        self.locals: dict[str, Any] = locals_
        self.pull: Pull = pull
        self.requests: int = cancel_requests()
        self.hosted: bool = hosted
        self.event: Callable[[], Mapping[str, object]] = event
        self.invoke: str = invoke or os.urandom(8).hex()

    def tagged(self, name: str) -> AbstractContextManager[None]:
        """Tag what is logged in the block with the handler's name and this invocation."""
        return tagged(handler=name, invoke=self.invoke, shortInvoke=self.invoke[:8])


async def live(
    settings: HandlerSettings, invocation: Invocation, call: Callable[[], Coroutine[Any, Any, object]]
) -> None:
    """
    Live through one request; *call* calls the handler, and sends what it gives.

    Raises:
        JaypieError: Whatever went wrong, as the client may see it; the cause is chained.
        Exception: An HTTP exception of the web framework round it.
    """
    with invocation.tagged(settings.name):
        if settings.log_event and log.isEnabledFor(logging.INFO):
            log.info("[%s] asked", settings.name, extra={"var": redact(invocation.event())})
        await _live(settings, invocation, call)


async def _live(
    settings: HandlerSettings, invocation: Invocation, call: Callable[[], Coroutine[Any, Any, object]]
) -> None:
    unavailable = settings.unavailable
    if unavailable is None:
        unavailable = env_boolean("PROJECT_UNAVAILABLE", default=False)
    if unavailable:
        log.warning("[%s] unavailable", settings.name)
        raise _known(UnavailableError())
    await _chaos(settings, invocation)
    try:
        await _validate(settings, invocation)
    except (Exception, CancelledError) as error:  # noqa: BLE001 - any failure is this one's business
        _fail(settings, invocation, error)
    try:
        await _set_up(settings, invocation)
        await call()
    except (Exception, CancelledError) as error:  # noqa: BLE001 - any failure is this one's business
        _fail(settings, invocation, error)
    finally:
        if settings.teardown:
            await invocation.pull.spare(_tear_down(settings, invocation))


def _known(error: JaypieError) -> JaypieError:
    """The error as one that the log has."""
    error.logged = True
    return error


async def _chaos(settings: HandlerSettings, invocation: Invocation) -> None:
    asked = invocation.headers.get(CHAOS_HEADER) if settings.chaos_header else None
    own = settings.chaos if settings.chaos is not None else os.environ.get("PROJECT_CHAOS", "none")
    try:
        await invoke_chaos(own if asked is None else asked, deadly=asked is None)
    except JaypieError as error:
        raise _known(error)  # noqa: B904 - the same error


async def _validate(settings: HandlerSettings, invocation: Invocation) -> None:
    for check in settings.validate:
        if await settled(check(*invocation.args)) is False:
            log.warning("[%s] %s() says no", settings.name, check.name)
            raise BadRequestError


async def _set_up(settings: HandlerSettings, invocation: Invocation) -> None:
    """Load what the environment lacks, then call the user's own functions."""
    if settings.secrets or os.environ.get("CDK_ENV_VARIABLES"):
        from jaystream.handlers.secrets import load_secrets  # noqa: PLC0415 - few handlers have any, and it loads more
        from jaystream.handlers.variables import load_variables  # noqa: PLC0415 - the same

        await load_variables()
        await load_secrets(settings.secrets)
    for prepare in settings.setup:
        await settled(prepare(*invocation.args))
    for key, value in settings.locals.items():
        invocation.locals[key] = await settled(value(*invocation.args)) if isinstance(value, Callback) else value


async def _tear_down(settings: HandlerSettings, invocation: Invocation) -> None:
    """Call them all, whatever becomes of each; a cancellation ends the one it hits, and goes on afterwards."""
    interrupt: CancelledError | None = None
    for clean in settings.teardown:
        requests = cancel_requests()
        try:
            await bounded(lambda clean=clean: clean(*invocation.args), clean.f, GRACE)  # type: ignore[misc]
        except CancelledError as error:
            if cancel_requests() > requests:
                interrupt = interrupt or error
            else:
                log.error("[%s] teardown: %s() ended cancelled", settings.name, clean.name)
        except Exception as error:  # noqa: BLE001 - the others must run as well
            _report(settings, f"teardown: {clean.name}(): ", error)
    if interrupt is not None:
        raise interrupt


def _fail(settings: HandlerSettings, invocation: Invocation, error: Exception | CancelledError) -> NoReturn:
    """
    Tell the log of an error, and raise what the client may see of it.

    A cancellation that nobody has asked this request's task for is a failure: of a task that the handler waited for.
    """
    if isinstance(error, CancelledError):
        if invocation.pull.stopping or cancel_requests() > invocation.requests:
            raise error
    else:
        error = _alone(error)
    if is_host_error(error):
        if invocation.hosted:
            raise error
        status: int = getattr(error, "status_code", None) or getattr(error, "code", None) or 500
        error = error_from_status(status, str(getattr(error, "detail", "") or "") or None)
    if invocation.pull.stopping:  # whatever it is, it came of being stopped
        log.debug("[%s] stopped: %s", settings.name, error, exc_info=error)
    else:
        _report(settings, "", error)
    if isinstance(error, JaypieError):
        if settings.scrub_client if error.status < 500 else settings.scrub_server:
            error.scrub()
        raise _known(error)
    raise _known(GatewayTimeoutError() if isinstance(error, StreamTimeoutError) else UnhandledError()) from error


def _alone(error: Exception) -> Exception:
    """What a task group has wrapped, where it is one error."""
    inner: Any = error
    while is_a(inner, ExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return cast("Exception", inner)


def _report(settings: HandlerSettings, where: str, error: BaseException) -> None:
    """One record for one error."""
    if isinstance(error, JaypieError):
        var = {"jaypieError": {"status": error.status, "title": error.title, "detail": error.detail}}
        level = logging.ERROR if error.status >= 500 else logging.DEBUG
    else:
        var = {"unhandledError": {"name": type(error).__name__, "message": str(error)}}
        level = logging.ERROR
    kind = type(error).__name__
    log.log(level, "[%s] %s%s: %s", settings.name, where, kind, error, exc_info=error, extra={"var": var})


def log_answer(settings: HandlerSettings, invocation: Invocation, status: int, report: SinkReport) -> None:
    """
    Tell the log how a response went.
    """
    if settings.log_event and log.isEnabledFor(logging.INFO):
        answer = {
            "status": status,
            "streaming": True,
            "ended": report.ended,
            "items": report.items,
            "bytes": report.bytes,
            "firstByte": report.first_byte,
            "seconds": report.seconds,
        }
        with invocation.tagged(settings.name):
            log.info("[%s] answered %d, %s", settings.name, status, report.ended, extra={"var": {"res": answer}})


def invocation_id(given: str | None) -> str | None:
    """
    A request's own id, if it has one that may stand in a log.
    """
    return given if given and re.fullmatch(r"[A-Za-z0-9._:=-]{1,128}", given) else None
