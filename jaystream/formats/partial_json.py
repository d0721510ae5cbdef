"""
A JSON value that becomes more complete as its text comes: `PartialJsonDecoder`.
"""

from __future__ import annotations

import re
from typing import Any

from jaystream.errors import FormatError, FrameTooLargeError, InvalidJsonError
from jaystream.formats.json import json_parser
from jaystream.formats.utf8 import encode_utf8
from jaystream.formats.wire import DEFAULT_LIMIT, check_limit

__all__ = ["PartialJsonDecoder"]

RATE = 128
"""Bytes that may be parsed for each byte that comes."""

ADVANCE = 1 << 20
"""Bytes that may be parsed beyond that."""

_MARKS = re.compile(r'\\.|\\\Z|"', re.DOTALL)
_NUMBER = b"0123456789+-.eE"
_EXCERPT = 60
_AT_END = "EOF"
_PLACE = re.compile(r"line (\d+)")
_NONE: Any = object()


class PartialJsonDecoder:
    """
    The text of one JSON value in, values out that are ever more complete, the last of them the whole.

    Of a string its beginning is given, and lists and objects with what has come of them. A key without a value is left
    out, and so is a number whose end has not come: nothing that was given is taken back.

    Every value is parsed from the text so far, by the native parser, and that is paid for by what has come: 128 bytes
    of parsing for each byte of text, and a million to begin with. So the work grows with the length of the text alone,
    however often it is cut. A text of a few thousand characters gives a value for each piece; a longer one whenever it
    has grown by a hundred-and-twenty-eighth.

    Args:
        incomplete: What to do where the text ends too early: "raise", or "keep" what has come.
        max_text: The most bytes that the text may have; None for no bound.

    Raises:
        TypeError: If *max_text* is neither int nor None.
        ValueError: If *incomplete* is another word, or *max_text* below 1.

    >>> decoder = PartialJsonDecoder()
    >>> decoder.feed('{"name": "Ja'), decoder.feed('y", "age": 4'), decoder.feed("2}"), decoder.flush()
    ([{'name': 'Ja'}], [{'name': 'Jay'}], [{'name': 'Jay', 'age': 42}], [])
    """

    __slots__ = ("_credit", "_escaped", "_failure", "_in_string", "_keep", "_last", "_limit", "_parse", "_text")

    def __init__(self, *, incomplete: str = "raise", max_text: int | None = DEFAULT_LIMIT) -> None:
        if incomplete not in ("raise", "keep"):
            raise ValueError(f"incomplete must be 'raise' or 'keep', got {incomplete!r}")
        from pydantic_core import from_json  # noqa: PLC0415 - loads with the first decoder, not with the package

        self._parse = from_json
        self._keep = incomplete == "keep"
        self._limit = check_limit("max_text", max_text)
        self._text = bytearray()
        self._credit = ADVANCE
        self._in_string = False
        self._escaped = False  # the last character was a backslash that escapes the next
        self._last: Any = _NONE
        self._failure: FormatError | None = None

    def feed(self, text: str) -> list[Any]:
        """
        Give the value so far, in a list, or nothing where it is the same as before or not yet due.

        Raises:
            InvalidJsonError: If this is the beginning of no JSON text; again at every later call.
            FrameTooLargeError: If the text passes the bound; again at every later call.
        """
        if self._failure is not None:
            raise self._failure.copy()
        if not text:
            return []
        data = encode_utf8(text)
        self._text += data
        size = len(self._text)
        if size > self._limit:
            raise self._failed(FrameTooLargeError("JSON text", self._limit, "bytes", "max_text"))
        self._follow_strings(text)
        self._credit += len(data) * RATE
        if self._credit < size:
            return []
        self._credit -= size
        return self._changed(self._partial())

    def flush(self) -> list[Any]:
        """
        End the text: give the whole value, in a list, unless it was given before. A blank text has none.

        Raises:
            InvalidJsonError: If it is not one JSON value and nothing else, or as in `feed`.
        """
        if self._failure is not None:
            raise self._failure.copy()
        text = bytes(self._text)
        if not text.strip(b" \t\r\n"):
            return []
        try:
            value = json_parser()(text)
        except (ValueError, RecursionError) as error:
            if not self._keep or not self._is_beginning(text):
                raise self._failed(_invalid(text, error)) from error
            value = self._partial()
        return self._changed(value)

    def _is_beginning(self, text: bytes) -> bool:
        """Whether it is no JSON text for the one reason that it ends too early."""
        try:
            self._parse(text, allow_inf_nan=False)
        except ValueError as error:
            return str(error).startswith(_AT_END)
        return False

    def _partial(self) -> Any:
        try:
            text = self._text if self._in_string else self._without_number()
            return self._parse(text, allow_partial="trailing-strings", allow_inf_nan=False)
        except ValueError as error:
            # There is no value yet; or an escape that is JSON but not Unicode, which only the strict parser takes.
            if str(error).startswith(_AT_END) or "hex escape" in str(error):
                return _NONE
            raise self._failed(_invalid(bytes(self._text), error)) from error

    def _without_number(self) -> bytearray:
        """The text without the number at its end, which would be another if it went on."""
        rest = self._text.rstrip(_NUMBER)
        number = bytes(self._text[len(rest) :])
        return rest if number[:1].lower() not in {b"", b"e"} else self._text  # an e may be the end of a word

    def _changed(self, value: Any) -> list[Any]:
        if value is _NONE or value == self._last:
            return []
        self._last = value
        return [value]

    def _follow_strings(self, text: str) -> None:
        at = 1 if self._escaped else 0
        self._escaped = False
        for mark in _MARKS.findall(text, at):
            if mark == '"':
                self._in_string = not self._in_string
            else:
                self._escaped = len(mark) == 1

    def _failed(self, failure: FormatError) -> FormatError:
        self._failure = failure.copy()
        return failure


def _invalid(text: bytes, error: Exception) -> InvalidJsonError:
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    place = _PLACE.search(reason)
    line = int(place[1]) if place is not None else 1
    begin = text.split(b"\n", line)[min(line - 1, text.count(b"\n"))]
    return InvalidJsonError(line, begin[:_EXCERPT].decode("utf-8", "replace"), reason)
