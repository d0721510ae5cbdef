"""
What reading the formats of chat UIs has in common: `ChatDecoder` finds the JSON in server-sent events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

from jaystream.errors import BadGatewayError, FormatError, InvalidJsonError
from jaystream.formats.chat_parts import as_object
from jaystream.formats.json import json_parser
from jaystream.formats.sse_decoder import SseDecoder
from jaystream.formats.wire import DEFAULT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ChatDecoder", "error_chunk", "text_in", "usage_in"]

_EXCERPT = 60
_CUT = "The answer was cut off before its end"


class ChatDecoder(ABC):
    """
    Reads the chunks of an answer from bytes or str, however they are cut.

    Args:
        max_event: The most bytes that one event may have; None for no bound.

    Raises:
        TypeError: If *max_event* is neither int nor None.
        ValueError: If *max_event* is below 1.
    """

    __slots__ = ("_complete", "_count", "_events", "_failure", "_loads")

    def __init__(self, *, max_event: int | None = DEFAULT_LIMIT) -> None:
        self._events = SseDecoder(max_event=max_event)
        self._loads = json_parser()
        self._failure: FormatError | None = None
        self._count = 0
        self._complete = False  # whether the answer has said that it ends

    def feed(self, data: bytes | str) -> list[dict[str, Any]]:
        """
        Give the chunks that *data* completes; those before a fault are given first, the error comes after.

        Raises:
            InvalidJsonError: If an event is not a JSON object; again at every later call.
            FrameTooLargeError: If an event passes the bound; again at every later call.
        """
        if self._failure is not None:
            raise self._failure.copy()
        found: list[dict[str, Any]] = []
        try:
            for event in self._events.feed(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data):
                self._count += 1
                text = str(event.data)  # a received event has no other data
                if text == "[DONE]":
                    self._complete = True
                    self._read_done(found)
                else:
                    self._read(self._fields_in(text), found)
        except FormatError as error:
            self._failure = error.copy()
            if not found:
                raise
        return found

    def flush(self) -> list[dict[str, Any]]:
        """
        End the stream; an event that is incomplete is dropped. An answer that ends before it says so was cut off: that
        is an error chunk, and a `DoneChunk` behind it.

        Raises:
            FormatError: As in `feed`.
        """
        if self._failure is not None:
            raise self._failure.copy()
        self._events.flush()
        found: list[dict[str, Any]] = []
        if self._complete or not self._count:
            self._read_done(found)
        else:
            self._complete = True
            found += [error_chunk(_CUT), {"type": "done", "usage": [], "stopReason": "error"}]
        return found

    def _fields_in(self, text: str) -> dict[str, Any]:
        try:
            fields: object = self._loads(text.encode())
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise InvalidJsonError(self._count, text[:_EXCERPT], reason, "event") from error
        if not isinstance(fields, dict):
            raise InvalidJsonError(self._count, text[:_EXCERPT], "expected an object", "event")
        return cast("dict[str, Any]", fields)

    @abstractmethod
    def _read(self, fields: dict[str, Any], found: list[dict[str, Any]]) -> None:
        """Add to *found* what one event says."""

    @abstractmethod
    def _read_done(self, found: list[dict[str, Any]]) -> None:
        """Add to *found* what was held back for the end."""


def text_in(fields: Mapping[str, Any], name: str) -> str:
    """
    The text under *name*, ``""`` where there is none.
    """
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def error_chunk(detail: str, status: object = None) -> dict[str, Any]:
    """
    The chunk for a failure of whoever sends the stream: to our own client that is a 502, unless it has a status.
    """
    code = str(status)
    known = code.isascii() and code.isdigit() and len(code) == 3
    title = BadGatewayError.title
    return {"type": "error", "error": {"status": int(code) if known else 502, "title": title, "detail": detail}}


def usage_in(entry: object, names: Mapping[str, str]) -> dict[str, Any]:
    """
    A `Usage` from what another protocol calls its counts; *names* gives our name for each of its.
    """
    given = as_object(entry)
    found: dict[str, Any] = {"input": 0, "output": 0, "reasoning": 0}
    for theirs, ours in names.items():
        value = given.get(theirs)
        if isinstance(value, str if ours in {"provider", "model"} else int) and not isinstance(value, bool):
            found[ours] = value
    found.setdefault("total", found["input"] + found["output"])
    return found
