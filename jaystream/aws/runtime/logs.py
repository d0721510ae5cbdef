"""
The function's log: where it goes, and how its records look.

Lambda reads standard output, or a descriptor of its own that takes frames. ``AWS_LAMBDA_LOG_FORMAT`` and
``AWS_LAMBDA_LOG_LEVEL`` are what a function's configuration sets.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from jaystream.aws.runtime.context import current_context, log_to

if TYPE_CHECKING:
    from jaystream.aws.runtime.faults import Report

_FRAME_TYPES = {0: 0x03, 10: 0x0B, 20: 0x0F, 30: 0x13, 40: 0x17, 50: 0x1B}
_FRAME = 0xA55A0000
_TIME = "%Y-%m-%dT%H:%M:%S"
_OWN_FIELDS = {
    *logging.makeLogRecord({}).__dict__,
    "message",
    "asctime",
    "aws_request_id",
    "tenant_id",
}
_LINE_START = "\u00a0"
"""The log's viewer drops plain spaces at the beginning of a line."""


class Sink:
    """
    Where the log goes: to standard output as it is, or to a descriptor in frames.

    Args:
        as_json: Whether records are JSON objects.
        file: What takes frames, if anything does.
    """

    def __init__(self, *, as_json: bool = False, file: BinaryIO | None = None) -> None:
        self.as_json = as_json
        self._file = file

    def write(self, text: str, level: int | None = None) -> None:
        """
        Write one message; *level* names its frame's type, None for one without a level.
        """
        if self._file is None:
            sys.stdout.write(text)
            return
        data = text.encode("utf-8", "replace")
        kind = _FRAME_TYPES[0] if level is None else _FRAME_TYPES[_rounded(level)] - self.as_json
        head = (_FRAME | kind).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        self._file.write(head + (time.time_ns() // 1000).to_bytes(8, "big") + data)

    def report(self, report: Report) -> None:
        """
        Write what has gone wrong, as Lambda's console shows errors.
        """
        body = report.body
        if self.as_json:
            now = time.strftime(_TIME + "Z", time.gmtime())
            text = json.dumps({"timestamp": now, "level": "ERROR", **body}, ensure_ascii=False)
            self.write(text + ("" if self._file else "\n"), logging.ERROR)
            return
        head = ": ".join(filter(None, [body["errorType"], body["errorMessage"]]))
        lines = [f"[ERROR] {head}".rstrip(), "Traceback (most recent call last):"]
        for piece in body["stackTrace"]:
            for line in piece.splitlines() or [""]:
                stripped = line.lstrip(" ")
                lines.append(_LINE_START * (len(line) - len(stripped)) + stripped)
        # one message on standard output is what stands before a line feed
        self.write("\n".join(lines) if self._file else "\r".join(lines) + "\n", logging.ERROR)

    def close(self) -> None:
        """
        Close the descriptor.
        """
        if self._file is not None:
            self._file.close()


class SinkHandler(logging.Handler):
    """
    Brings records to the sink.
    """

    def __init__(self, sink: Sink, *, leveled: bool) -> None:
        super().__init__()
        self._sink = sink
        self._leveled = leveled

    def emit(self, record: logging.LogRecord) -> None:
        """
        Write a record.
        """
        try:
            self._sink.write(self.format(record), record.levelno if self._leveled else None)
        except Exception:  # noqa: BLE001 - what `logging` asks of every handler
            self.handleError(record)


class TextFormatter(logging.Formatter):
    """
    Level, time and request, parted by tabs.
    """

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
            _TIME,
        )

    def format(self, record: logging.LogRecord) -> str:
        """
        Add the request's id.
        """
        context = current_context()
        record.aws_request_id = "" if context is None else context.aws_request_id
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """
    One JSON object to a line, with whatever `extra=` a record has.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        Write the record.
        """
        context = current_context()
        kind, error, trace = record.exc_info or (None, None, None)
        given: object = record.msg
        message: object = record.getMessage() if record.args or not isinstance(given, dict) else record.msg
        fields: dict[str, Any] = {
            "timestamp": self.formatTime(record, _TIME + "Z"),
            "level": logging.getLevelName(_rounded(record.levelno)),
            "message": message,
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if trace else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": "" if context is None else context.aws_request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
            "tenantId": context.tenant_id if context else None,
        }
        for name, value in record.__dict__.items():
            if name not in _OWN_FIELDS:
                fields.setdefault(name, value)
        kept = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(kept, ensure_ascii=False, default=str) + "\n"


def begin(environ: MutableMapping[str, str]) -> Sink:
    """
    Let the root logger write to the function's log, in the format and from the level that *environ* names.
    """
    as_json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    level = level_of(environ)
    descriptor = environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    file = None if descriptor is None else os.fdopen(int(descriptor), "wb", 0)
    sink = Sink(as_json=as_json, file=file)
    log_to(sink.write)
    _write_lines(sys.stdout)
    _write_lines(sys.stderr)
    handler = SinkHandler(sink, leveled=as_json or level is not None)
    formatter = JsonFormatter() if as_json else TextFormatter()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    if level is not None:
        root.setLevel(level)
    return sink


def level_of(environ: Mapping[str, str]) -> str | None:
    """
    The level that the function's configuration names, in Python's word; None if it names none.
    """
    name = environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    name = "DEBUG" if name == "TRACE" else name
    return name if name in logging.getLevelNamesMapping() else None


def flush() -> None:
    """
    Let nothing of the log lie in a buffer: Lambda may freeze the process when it has its answer.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # whoever read it has left


def _write_lines(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(line_buffering=True)


def _rounded(level: int) -> int:
    return min(50, max(0, level)) // 10 * 10
