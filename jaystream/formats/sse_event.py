"""
`SseEvent`, one server-sent event, and what may stand in its fields.

Encoding and parsing live in `sse` and `sse_decoder`.
"""

from __future__ import annotations

from jaystream.errors import FormatError

__all__ = ["SseEvent", "check_id", "check_name", "check_retry", "received_event"]


class SseEvent:  # noqa: PLW1641  # no hash, since fields can be set and data can be a dict
    """
    One server-sent event, to be sent or as it was received.

    Args:
        data: What it carries: a str is text, None is no data at all (a browser then dispatches nothing), anything else
            is written as JSON. A received event always has a str.
        event: Its name; ``"message"`` is what a browser assumes, so it is not written. Empty means the same.
        id: What a browser sends back as ``Last-Event-ID`` when it reconnects; an empty str resets it. A received event
            has the last id of the stream, ``""`` where there was none.
        retry: Milliseconds a browser waits before it reconnects.
        comment: Text that no reader dispatches.

    Raises:
        FormatError: If *event* or *id* hold CR or LF, or *id* holds NUL: the fields after it could be forged, or the
            browser would ignore it. Also if *retry* is negative.
        TypeError: If a field has the wrong type.

    >>> SseEvent({"n": 1}, event="count", id=7)
    SseEvent({'n': 1}, event='count', id='7')
    """

    __slots__ = ("comment", "data", "event", "id", "retry")
    __match_args__ = ("data", "event", "id", "retry", "comment")

    data: object
    event: str
    id: str | None
    retry: int | None
    comment: str | None

    def __init__(
        self,
        data: object = None,
        *,
        event: str = "message",
        id: str | int | None = None,
        retry: int | None = None,
        comment: str | None = None,
    ) -> None:
        if isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data of an event is text or a chunk, and bytes are framed already, got {data!r}")
        self.data = data
        self.event = check_name(event) or "message"
        self.id = None if id is None else check_id(id)
        self.retry = None if retry is None else check_retry(retry)
        self.comment = None if comment is None else check_comment(comment)

    def to_dict(self) -> dict[str, object]:
        """
        Give the fields that say something, for formats that know no events.

        >>> SseEvent("hi", id="1").to_dict()
        {'data': 'hi', 'id': '1'}
        """
        fields = {name: getattr(self, name) for name in self.__match_args__}
        return {name: value for name, value in fields.items() if value is not None and (name, value) != _DEFAULT_NAME}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SseEvent):
            return NotImplemented
        return (self.data, self.event, self.id, self.retry, self.comment) == (
            other.data,
            other.event,
            other.id,
            other.retry,
            other.comment,
        )

    def __repr__(self) -> str:
        fields = self.to_dict()
        data = [repr(fields.pop("data"))] if "data" in fields else []
        return f"SseEvent({', '.join([*data, *(f'{name}={value!r}' for name, value in fields.items())])})"


_DEFAULT_NAME = ("event", "message")


def received_event(data: str, event: str, id: str) -> SseEvent:
    """
    Make the event that a parser has read: its fields need no checks.
    """
    made = SseEvent.__new__(SseEvent)
    made.data = data
    made.event = event
    made.id = id
    made.retry = None
    made.comment = None
    return made


def check_name(event: object) -> str:
    """
    Refuse an event name that would end its line.
    """
    if not isinstance(event, str):
        raise TypeError(f"event must be a str, got {event!r}")
    if "\n" in event or "\r" in event:
        raise FormatError(f"event must not hold CR or LF, they would start a new field, got {event!r}")
    return _whole("event", event)


def check_id(id: object) -> str:
    """
    Refuse an id that would end its line or that a browser would ignore; a number becomes its digits.
    """
    if isinstance(id, int) and not isinstance(id, bool):
        return str(int(id))
    if not isinstance(id, str):
        raise TypeError(f"id must be a str or an int, got {id!r}")
    if "\n" in id or "\r" in id:
        raise FormatError(f"id must not hold CR or LF, they would start a new field, got {id!r}")
    if "\0" in id:
        raise FormatError(f"id must not hold NUL, a browser would ignore it, got {id!r}")
    return _whole("id", id)


def check_comment(comment: object) -> str:
    """
    Refuse a comment that is no text; it may have line ends, each line becomes a comment.
    """
    if not isinstance(comment, str):
        raise TypeError(f"comment must be a str or None, got {comment!r}")
    return comment


def check_retry(retry: object) -> int:
    """
    Refuse a time to wait that is no whole number of milliseconds.
    """
    if not isinstance(retry, int) or isinstance(retry, bool):
        raise TypeError(f"retry must be an int of milliseconds, got {retry!r}")
    if retry < 0:
        raise FormatError(f"retry must be at least 0 milliseconds, got {retry!r}")
    return retry


def _whole(field: str, value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FormatError(f"{field} must not hold a lone surrogate, it has no UTF-8, got {value!r}") from None
    return value
