"""
Text or bytes cut at a separator, a piece at a time: `SplitDecoder`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from jaystream.errors import FormatError, FrameTooLargeError
from jaystream.formats.wire import DEFAULT_LIMIT, check_limit

__all__ = ["SplitDecoder"]

D = TypeVar("D", str, bytes)


class SplitDecoder(Generic[D]):
    """
    Text or bytes in, the pieces between separators out, however the input is cut.

    A separator ends a piece, as a line's end does: there is no empty piece behind the last one.

    Args:
        separator: What ends a piece, `str` for text and `bytes` for bytes; not empty.
        max_piece: The most characters (or bytes) that a piece may have; None for no bound.

    Raises:
        TypeError: If *separator* is neither, or *max_piece* neither int nor None.
        ValueError: If *separator* is empty, or *max_piece* below 1.

    >>> decoder = SplitDecoder("--")
    >>> decoder.feed("one--tw"), decoder.feed("o-"), decoder.feed("-three"), decoder.flush()
    (['one'], [], ['two'], ['three'])
    """

    __slots__ = ("_failure", "_limit", "_pending", "_separator", "_size", "_tail", "_unit")

    def __init__(self, separator: D, *, max_piece: int | None = DEFAULT_LIMIT) -> None:
        if not isinstance(separator, (str, bytes)):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
            raise TypeError(f"separator must be str or bytes, got {separator!r}")
        if not separator:
            raise ValueError(f"separator must not be empty, got {separator!r}")
        self._limit = check_limit("max_piece", max_piece)
        # Input, pieces and separator are of one type, as `D` says; inside it is left to the caller.
        given: Any = separator
        self._unit = "characters" if isinstance(given, str) else "bytes"
        self._separator: Any = given
        self._tail: Any = given[:0]  # the end of what came, which the next input may make a separator
        self._pending: list[Any] = []  # the parts of a piece that has not ended: joined once
        self._size = 0
        self._failure: FormatError | None = None

    def feed(self, data: D) -> list[D]:
        """
        Give the pieces that *data* completes; those before a fault are given first, the error comes after.

        Raises:
            FrameTooLargeError: If a piece passes the bound; again at every later call.
        """
        return self._read(self._tail + data, len(self._separator) - 1)

    def flush(self) -> list[D]:
        """
        End the input; a last piece without a separator behind it is given now, unless it is empty.

        Raises:
            FrameTooLargeError: If it passes the bound, or stood behind the last pieces.
        """
        self._read(self._tail, 0)
        return [self._take()] if self._pending else []

    def _read(self, data: Any, keep: int) -> list[Any]:
        if self._failure is not None:
            raise self._failure.copy()
        pieces: list[Any] = []
        part, *rest = data.split(self._separator)
        try:
            for following in rest:
                self._hold(part)
                pieces.append(self._take())
                part = following
            # What may be the beginning of a separator is no part of the piece yet.
            end = max(0, len(part) - keep)
            self._tail = part[end:]
            self._hold(part[:end])
        except FormatError as error:
            self._failure = error.copy()
            if not pieces:
                raise
        return pieces

    def _hold(self, part: Any) -> None:
        if part:
            self._size += len(part)
            if self._size > self._limit:
                raise FrameTooLargeError("piece", self._limit, self._unit, "max_piece")
            self._pending.append(part)

    def _take(self) -> Any:
        piece = self._separator[:0].join(self._pending)
        self._pending.clear()
        self._size = 0
        return piece
