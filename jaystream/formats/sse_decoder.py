"""
Server-sent events, read: `SseDecoder` is the event stream grammar of the WHATWG HTML standard (9.2.5, 9.2.6).

Bytes in, events out; connecting, waiting and reconnecting are a client's work and live elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream.errors import FormatError, FrameTooLargeError
from jaystream.formats.sse_event import received_event
from jaystream.formats.wire import DEFAULT_LIMIT, check_limit

if TYPE_CHECKING:
    from jaystream.formats.sse_event import SseEvent

__all__ = ["SseDecoder"]

_BOM = b"\xef\xbb\xbf"
# Python refuses to read longer numbers; nobody waits that long.
_MAX_DIGITS = 4000


class SseDecoder:
    r"""
    Reads server-sent events from bytes, however they are cut.

    Args:
        max_event: The most bytes that one line, or the data of one event, may have; None for no bound.

    Raises:
        TypeError: If *max_event* is neither int nor None.
        ValueError: If *max_event* is below 1.

    Attributes:
        last_event_id: The id to send as ``Last-Event-ID``, ``""`` for none. Blocks without data set it too.
        retry: Milliseconds to wait before reconnecting, None as long as nobody said.

    >>> decoder = SseDecoder()
    >>> decoder.feed(b"data: one\n\nevent: x\nda"), decoder.feed(b"ta: two\n\n")
    ([SseEvent('one', id='')], [SseEvent('two', event='x', id='')])
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_failure",
        "_id",
        "_limit",
        "_name",
        "_pending",
        "_size",
        "last_event_id",
        "retry",
    )

    def __init__(self, *, max_event: int | None = DEFAULT_LIMIT) -> None:
        self._limit = check_limit("max_event", max_event)
        self.last_event_id: str = ""
        self.retry: int | None = None
        self._failure: FormatError | None = None
        self._begin()

    def feed(self, data: bytes) -> list[SseEvent]:
        """
        Give the events that *data* completes; those before a fault are given first, the error comes after.

        Raises:
            FrameTooLargeError: If a line or an event passes the bound; again at every later call.
        """
        if self._failure is not None:
            raise self._failure.copy()
        events: list[SseEvent] = []
        if data:
            try:
                self._read(data, events)
            except FormatError as error:
                self._failure = error.copy()
                if not events:
                    raise
        return events

    def flush(self) -> list[SseEvent]:
        """
        End the stream: an event that no blank line ended is dropped with its id, as the grammar says.

        The decoder is then ready for the next connection; it keeps `last_event_id` and `retry`.

        Raises:
            FrameTooLargeError: If it stood behind the last events.
        """
        if self._failure is not None:
            raise self._failure.copy()
        self._begin()
        return []

    def _begin(self) -> None:
        self._pending = bytearray()  # a line that has not ended; grows in place, so tiny cuts stay cheap
        self._after_cr = False  # the last byte was CR, and an LF that follows belongs to it
        self._at_start = True
        self._data: list[bytes] = []
        self._size = 0
        self._name = b""
        self._id = self.last_event_id

    def _read(self, data: bytes, events: list[SseEvent]) -> None:
        if self._after_cr:
            self._after_cr = False
            if data[:1] == b"\n":
                data = data[1:]
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        pending = self._pending
        if end:
            complete = data[:end]
            if pending:
                pending += complete
                complete = bytes(pending)
                pending.clear()
            self._after_cr = data[-1] == 13
            # For bytes this splits at CR, LF and CRLF only; str.splitlines knows more line ends.
            lines = complete.splitlines()
            good = self._count_good(lines) if len(complete) > self._limit else len(lines)
            if self._at_start:
                self._at_start = False
                if lines[0].startswith(_BOM):
                    lines[0] = lines[0][3:]
            if good < len(lines):
                self._read_lines(lines[:good], events)
                raise self._too_large("line")
            self._read_lines(lines, events)
            data = data[end:]
        if data:
            pending += data
            if len(pending) > self._limit:
                raise self._too_large("line")

    def _read_lines(self, lines: list[bytes], events: list[SseEvent]) -> None:
        data, size, name = self._data, self._size, self._name
        for line in lines:
            # The forms that nearly every line has come first; the rest of the grammar gives the same for them.
            if line[:6] == b"data: ":
                value = line[6:]
            elif not line:
                self.last_event_id = self._id
                if data:
                    text = _text(data[0] if len(data) == 1 else b"\n".join(data))
                    events.append(received_event(text, _text(name) if name else "message", self._id))
                    data = []
                    size = 0
                name = b""
                continue
            elif line[:7] == b"event: ":
                name = line[7:]
                continue
            else:
                field, _, value = line.partition(b":")
                if value[:1] == b" ":
                    value = value[1:]
                if field != b"data":
                    if field == b"event":
                        name = value
                    elif field == b"id" and b"\0" not in value:
                        self._id = _text(value)
                    elif field == b"retry" and value.isdigit() and len(value) <= _MAX_DIGITS:
                        self.retry = int(value)
                    continue
            # Each line of data ends with LF but for the last: hence one more than the bound.
            size += len(value) + 1
            if size > self._limit + 1:
                raise self._too_large("event")
            data.append(value)
        self._data, self._size, self._name = data, size, name

    def _count_good(self, lines: list[bytes]) -> int:
        return next((index for index, line in enumerate(lines) if len(line) > self._limit), len(lines))

    def _too_large(self, what: str) -> FrameTooLargeError:
        return FrameTooLargeError(f"SSE {what}", self._limit, "bytes", "max_event")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        # Line by line gives what decoding the whole stream gives: no character goes across a line end.
        return value.decode("utf-8", "replace")
