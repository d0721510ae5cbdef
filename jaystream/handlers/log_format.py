"""
Log records as lines of JSON, without secrets.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TextIO

from jaystream._core.inspecting import is_a
from jaystream.handlers.log import current_tags
from jaystream.handlers.redaction import redact, redact_text, text_of

__all__ = ["JsonFormatter", "TagFilter", "configure_logging"]

_TAGS_OF_ENVIRONMENT = ("COMMIT", "ENV", "KEY", "SERVICE", "SPONSOR", "VERSION")
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "jaystream_tags"}


class TagFilter(logging.Filter):
    """
    Notes the request's tags on each record where it is logged, so that a handler may write it elsewhere.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """
        Let every record pass, tagged.
        """
        record.jaystream_tags = current_tags()
        return True


class JsonFormatter(logging.Formatter):
    """
    Writes a record as one line of JSON: time, level, logger, message, the request's tags, what was given as *extra*,
    and the error with its traceback. Secrets are taken out, see `redact`.

    Args:
        max_string: Characters of a string, beyond which it is cut.
        max_bytes: Bytes of a line; a longer one keeps its message and loses the rest. The default is what CloudWatch
            takes.
    """

    def __init__(self, *, max_string: int = 16_384, max_bytes: int = 262_144) -> None:
        """
        Read the tags of the whole process from the environment: PROJECT_COMMIT, PROJECT_ENV and their like.
        """
        super().__init__()
        self._max_string = max_string
        self._max_bytes = max_bytes
        found = {name.lower(): os.environ.get(f"PROJECT_{name}") for name in _TAGS_OF_ENVIRONMENT}
        self._tags = {name: value for name, value in found.items() if value}

    def format(self, record: logging.LogRecord) -> str:
        """
        Write one record; never more than one line, and never an error of its own.
        """
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
            **self._tags,
            **redact(dict(getattr(record, "jaystream_tags", None) or current_tags())),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        line.update(redact(extra))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = {
                "type": type(error).__name__,
                "message": text_of(error),
                "stack": redact_text(self.formatException(record.exc_info)),
            }
        written = self._dumps(line)
        if len(written.encode("utf-8")) > self._max_bytes:
            kept = {name: line[name] for name in ("time", "level", "logger", "message")}
            written = self._dumps({**kept, "message": str(kept["message"])[:4096], "cut": True})
        return written

    def _message(self, record: logging.LogRecord) -> str:
        try:
            return redact_text(record.getMessage())
        except Exception as error:  # noqa: BLE001 - a record that cannot be written must not be lost
            return f"{text_of(record.msg)} ({type(error).__name__} in its arguments)"

    def _dumps(self, line: dict[str, Any]) -> str:
        written = json.dumps(self._cut(line), ensure_ascii=False, separators=(",", ":"), default=text_of)
        return written.encode("utf-8", "backslashreplace").decode("utf-8")  # half a character would cost the line

    def _cut(self, value: Any) -> Any:
        if isinstance(value, str):
            most = self._max_string
            return value if len(value) <= most else f"{value[:most]}... ({len(value)} characters)"
        if is_a(value, float) and not isfinite(value):
            return str(value)  # no number in JSON
        if is_a(value, dict):
            return {name: self._cut(each) for name, each in value.items()}
        return [self._cut(each) for each in value] if is_a(value, list) else value


def configure_logging(level: int | str | None = None, stream: TextIO | None = None) -> logging.Handler:
    """
    Write the log as lines of JSON: the root logger gets one handler. A second call replaces it.

    Args:
        level: The least level that is written, by default what LOG_LEVEL says, else info.
        stream: Where to, by default standard error.

    Returns:
        The handler.

    Raises:
        ValueError: If there is no such level.
    """
    named = level if level is not None else os.environ.get("LOG_LEVEL", "info")
    root = logging.getLogger()
    before = [each for each in root.handlers if isinstance(each.formatter, JsonFormatter)]
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(TagFilter())
    root.setLevel(named.upper() if isinstance(named, str) else named)
    for each in before:
        root.removeHandler(each)
    root.addHandler(handler)
    return handler
