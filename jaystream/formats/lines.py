"""
Text cut into lines, a piece at a time: `LineDecoder`. What a line means is for others.
"""

from __future__ import annotations

from jaystream.errors import FormatError, FrameTooLargeError
from jaystream.formats.wire import DEFAULT_LIMIT, check_limit

__all__ = ["LineDecoder"]


class LineDecoder:
    r"""
    Text in, lines out, without their ends: LF, CRLF and CR, and none of the others that ``str.splitlines`` knows.

    A CR at the end of a piece ends its line at once; an LF at the beginning of the next belongs to it.

    Args:
        max_line: The most characters that a line may have; None for no bound.

    Raises:
        TypeError: If *max_line* is neither int nor None.
        ValueError: If *max_line* is below 1.

    >>> decoder = LineDecoder()
    >>> decoder.feed("one\ntw"), decoder.feed("o\r"), decoder.feed("\nthree"), decoder.flush()
    (['one'], ['two'], [], ['three'])
    """

    __slots__ = ("_after_cr", "_failure", "_limit", "_pending", "_size")

    def __init__(self, *, max_line: int | None = DEFAULT_LIMIT) -> None:
        self._limit = check_limit("max_line", max_line)
        self._pending: list[str] = []  # the pieces of a line that has not ended: joined once
        self._size = 0
        self._after_cr = False
        self._failure: FormatError | None = None

    def feed(self, text: str) -> list[str]:
        """
        Give the lines that *text* completes; those before a fault are given first, the error comes after.

        Raises:
            FrameTooLargeError: If a line passes the bound; again at every later call.
        """
        if self._failure is not None:
            raise self._failure.copy()
        lines: list[str] = []
        if text:
            try:
                self._read(text, lines)
            except FormatError as error:
                self._failure = error.copy()
                if not lines:
                    raise
        return lines

    def flush(self) -> list[str]:
        """
        End the text; a last line without an end is given now.

        Raises:
            FrameTooLargeError: If it stood behind the last lines.
        """
        if self._failure is not None:
            raise self._failure.copy()
        self._after_cr = False
        return [self._take()] if self._pending else []

    def _read(self, text: str, lines: list[str]) -> None:
        if self._after_cr:
            self._after_cr = False
            if text[0] == "\n":
                text = text[1:]
        if "\r" in text:
            self._after_cr = text[-1] == "\r"
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        first, *rest = text.split("\n")
        self._hold(first)
        for part in rest:
            lines.append(self._take())
            self._hold(part)

    def _hold(self, part: str) -> None:
        if part:
            self._size += len(part)
            if self._size > self._limit:
                raise FrameTooLargeError("line", self._limit, "characters", "max_line")
            self._pending.append(part)

    def _take(self) -> str:
        line = "".join(self._pending)
        self._pending.clear()
        self._size = 0
        return line
