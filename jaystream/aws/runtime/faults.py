"""
What becomes of an error: the body that a caller gets, X-Ray's account of it, and the type that Lambda records.
"""

from __future__ import annotations

import os
import re
import traceback
from types import TracebackType
from typing import Any, NamedTuple

from jaystream._core.inspecting import describe

_HERE = os.path.dirname(__file__)  # noqa: PTH120 - pathlib takes milliseconds to load
_KNOWN = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


class FaultError(Exception):
    """
    An error that the runtime finds by itself.

    Args:
        kind: Lambda's name for it, such as ``"Runtime.HandlerNotFound"``.
        message: What the caller reads.
        trace: Lines that show the place.
    """

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace: list[str] = trace or []


class Report(NamedTuple):
    """
    An error as it is told.

    Attributes:
        kind: The type: the name of the class, or Lambda's name.
        body: What the caller gets.
        cause: X-Ray's account.
    """

    kind: str
    body: dict[str, Any]
    cause: dict[str, Any]

    @property
    def header(self) -> bytes:
        """
        The type in the form that Lambda records: anything else becomes "Unknown".
        """
        kind = self.kind if _KNOWN.search(self.kind) else f"Function.{self.kind}"
        return kind[:256].encode("ascii", "replace")


def report_of(error: BaseException, request_id: str = "") -> Report:
    """
    Describe *error* as AWS's runtime does; the traceback begins where the runtime's own frames end.
    """
    if isinstance(error, FaultError):
        kind, message, trace, frames = error.kind, str(error), error.trace, []
        name = "LambdaValidationError"
    else:
        kind = name = type(error).__name__
        message = _text_of(error)
        frames = frames_of(error.__traceback__)
        trace = lines_of(frames)
    body = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    stack = [{"label": frame.name, "path": frame.filename, "line": frame.lineno} for frame in frames]
    cause = {
        "working_directory": _working_directory(),
        "exceptions": [{"message": message, "type": name, "stack": stack}],
        "paths": sorted({frame.filename for frame in frames}),
    }
    return Report(kind, body, cause)


def frames_of(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """
    The frames of a traceback from the first that is not the runtime's.
    """
    frames = list(traceback.extract_tb(trace))
    for at, frame in enumerate(frames):
        if os.path.dirname(frame.filename) != _HERE:  # noqa: PTH120 - pathlib takes milliseconds to load
            return frames[at:]
    return frames


def lines_of(frames: list[traceback.FrameSummary]) -> list[str]:
    """
    The lines that show *frames* as AWS's runtime does.
    """
    # tuples, since a frame of Python's own would show columns as well
    return traceback.format_list([(each.filename, each.lineno or 0, each.name, each.line) for each in frames])


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as problem:  # noqa: BLE001 - an error that cannot be shown is still to be told
        return f"{type(error).__name__}, whose text cannot be had: {describe(problem)}"


def _working_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib takes milliseconds to load
    except OSError:
        return ""
