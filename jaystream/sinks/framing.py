"""
What every sink does before and after its run: framing what is in no format yet, and telling a client of an error.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio

from jaystream._core.fuse import plan_of
from jaystream.errors import GatewayTimeoutError, JaypieError, StreamTimeoutError, UnhandledError
from jaystream.formats.sse import SseEncoder
from jaystream.operators.wire import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream._core.plan import Described, Plan
    from jaystream.formats.wire import WireEncoder

_BLANK_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)\Z")

log: logging.Logger = logging.getLogger("jaystream")

_HOST_ERRORS = (
    ("starlette.exceptions", "HTTPException"),
    ("litestar.exceptions", "HTTPException"),
    ("werkzeug.exceptions", "HTTPException"),
    ("django.http", "Http404"),
    ("django.core.exceptions", "PermissionDenied"),
    ("sanic.exceptions", "SanicException"),
    ("falcon", "HTTPError"),
)


def framed(stream: Described[Any]) -> tuple[Plan, Callable[[], WireEncoder]]:
    """
    The plan of *stream*, framed as server-sent events where it is in no format, and what makes its encoder.
    """
    plan = plan_of(stream)
    if plan.wire is None:
        plan = plan.then(Format("format_sse", SseEncoder))
    wire = plan.wire
    assert wire is not None  # noqa: S101 - for type checkers
    return plan, wire


def answer_to(error: BaseException) -> tuple[int, Mapping[str, Any]]:
    """
    The status and the JSON:API body that a client gets for *error*: nothing of an error that is not a `JaypieError`
    leaves, but for the fact that a `timeout` of the stream was over.
    """
    if not isinstance(error, JaypieError):
        error = GatewayTimeoutError() if isinstance(error, StreamTimeoutError) else UnhandledError()
    return error.status, error.body()


def gap(wire: WireEncoder, last: bytes) -> bytes:
    """
    What closes a frame that *last* leaves open, so that what comes now does not land inside it: items that are bytes
    already may be any piece of a body.
    """
    if not last:
        return b""
    if wire.media_type.startswith("text/event-stream"):
        return b"" if _BLANK_LINE.search(last[-4:]) else b"\n\n"
    return b"\n" if "ndjson" in wire.media_type and not last.endswith(b"\n") else b""


def is_gone(error: BaseException) -> bool:
    """
    Whether a send or a receive failed because the peer has left: servers raise OSError, anyio's streams their own.
    """
    return isinstance(error, (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream))


def is_host_error(error: BaseException) -> bool:
    """
    Whether *error* is an HTTP exception of a web framework, which that framework answers better.
    """
    for module, name in _HOST_ERRORS:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            return True
    return False


def log_failure(error: BaseException, where: str) -> None:
    """
    Tell the log what the client is not told, unless a handler has done so.
    """
    if isinstance(error, JaypieError) and error.logged:
        return
    expected = isinstance(error, JaypieError) and error.status < 500
    log.log(logging.INFO if expected else logging.ERROR, "%s: the stream failed: %s", where, error, exc_info=error)
