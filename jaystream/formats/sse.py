"""
Server-sent events, written: `SseEncoder` for the items of a run, `format_sse` for one chunk.

The profile is the one every known reader agrees on: LF line ends, ``event:`` before ``data:``, a space after the
colon, ``retry:`` only beside data, one event in one piece of bytes. Parsing lives in `sse_decoder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from jaystream.formats.json import json_encoder, native_json
from jaystream.formats.sse_event import SseEvent, check_id, check_name, check_retry
from jaystream.formats.utf8 import encode_utf8
from jaystream.formats.wire import check_callable, dumped, framed

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream.formats.chunks import Chunk

__all__ = ["SseEncoder", "SseEvent", "format_sse"]

# How many names' lines are kept: types of chunks are few, but a name may come from outside.
_KEPT_NAMES = 256


class SseEncoder:
    r"""
    Frames the items of one run as server-sent events.

    The rule of the wire: bytes pass as they are, str is text in ``data:`` lines, an `SseEvent` is written as it says,
    and everything else is a chunk, ``event: {type}`` (where it has a str under ``type``) with its JSON as data.

    Args:
        event: The name of every event, or a callable that gives an item's name or None; None takes the chunk's type.
        id: A callable that gives an item's id or None. Give every event an id or none: readers differ on the rest.
        retry: Milliseconds that a browser waits before it reconnects, written with the first event that has data.
        dumps: Replaces the JSON encoder; gives bytes or str, which may have several lines.

    Raises:
        FormatError: If *event* holds CR or LF, or *retry* is negative.
        TypeError: If an argument has the wrong type.

    *event* and *id* do not touch an `SseEvent`. Line ends within text reach the reader as LF, and a lone surrogate as
    U+FFFD.

    >>> SseEncoder().encode({"type": "text", "content": "Hi"})
    b'event: text\ndata: {"type":"text","content":"Hi"}\n\n'
    """

    __slots__ = ("_encode",)

    media_type = "text/event-stream"
    headers: Mapping[str, str] = {}
    ping = b": ping\n\n"
    closes = False

    def __init__(
        self,
        *,
        event: str | Callable[[Any], str | None] | None = None,
        id: Callable[[Any], str | int | None] | None = None,
        retry: int | None = None,
        dumps: Callable[[Any], bytes | str] | None = None,
    ) -> None:
        if event is not None and not callable(event):
            check_name(event)
        check_callable("id", id)
        check_callable("dumps", dumps)
        payload = _payload_encoder(dumps)
        general = _general_encoder(event, id, None if retry is None else check_retry(retry), payload)
        plain = event is None and id is None and retry is None and dumps is None
        self._encode: Callable[[object], bytes] = _chunk_encoder(general) if plain else general

    @property
    def encode(self) -> Callable[[object], bytes]:
        """
        The function that frames one item; it raises FormatError for what the format cannot carry.

        Which function it is was chosen at construction: a loop that holds it pays one call per item.
        """
        return self._encode

    def flush(self, *, cut: bool = False) -> bytes:
        """
        Give nothing: the format has no closing mark.
        """
        del cut
        return b""

    def error(self, body: Mapping[str, object]) -> bytes:
        """
        Frame a JSON:API error body as the event ``error``.

        Always with the own JSON encoder: the error may be that ``dumps`` failed.
        """
        return b"event: error\ndata: " + json_encoder()(body) + b"\n\n"


def format_sse(chunk: Chunk) -> str:
    r"""
    Write one chunk as a server-sent event.

    Raises:
        FormatError: If the chunk's type holds CR or LF, or JSON has no form for the chunk.

    >>> format_sse({"type": "done", "usage": []})
    'event: done\ndata: {"type":"done","usage":[]}\n\n'
    """
    return SseEncoder().encode(chunk).decode()


def _chunk_encoder(general: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """
    Give the fast path: dicts whose type was seen before, and text of one line. Everything else goes to *general*.
    """
    to_json = native_json()
    ends: dict[object, tuple[bytes, bytes]] = {}

    def encode(item: Any) -> bytes:
        kind: object = item.__class__
        if kind is dict:
            try:
                around = ends[item["type"]]
                # JSON between its two ends: one allocation, where adding them up takes two.
                return to_json(item, inf_nan_mode="null").join(around)
            except (KeyError, TypeError, ValueError):
                # A new type, none, one that is no key, or a chunk for the slow encoder: all slower, none wrong.
                name = item.get("type")
                if isinstance(name, str) and name not in ends:
                    if len(ends) >= _KEPT_NAMES:
                        ends.clear()
                    ends[name] = (_name_line(name) + b"data: ", b"\n\n")
        elif kind is str and "\n" not in item and "\r" not in item:
            return b"data: " + encode_utf8(item) + b"\n\n"
        return general(item)

    return encode


def _general_encoder(
    event: str | Callable[[Any], str | None] | None,
    id: Callable[[Any], str | int | None] | None,
    retry: int | None,
    payload: Callable[[object], bytes],
) -> Callable[[object], bytes]:
    """
    Give the path that knows every kind of item and every argument.
    """
    name_of = event if callable(event) else None if event is not None else _type_of
    name_line = _name_line(event) if isinstance(event, str) else b""
    retry_line = b"" if retry is None else b"retry: %d\n" % retry

    def encode(item: object) -> bytes:
        nonlocal retry_line
        ready = framed(item)
        if ready is not None:
            return ready
        if isinstance(item, SseEvent):
            written = _frame_event(item, retry_line, payload)
            if item.data is not None:
                retry_line = b""
            return written
        head = name_line
        if name_of is not None:
            name = name_of(item)
            if name is not None:
                head = _name_line(name)
        if id is not None:
            value = id(item)
            if value is not None:
                head += b"id: %b\n" % check_id(value).encode()
        written = b"%b%bdata: %b\n\n" % (head, retry_line, payload(item))
        retry_line = b""
        return written

    return encode


def _frame_event(event: SseEvent, retry_line: bytes, payload: Callable[[object], bytes]) -> bytes:
    parts: list[bytes] = []
    if event.comment is not None:
        parts.append(b": %b\n" % _lines(encode_utf8(event.comment), b"\n: "))
    # The fields can be set, so what was checked when the event was made is checked again.
    if event.event != "message":
        parts.append(_name_line(event.event))
    if event.id is not None:
        parts.append(b"id: %b\n" % check_id(event.id).encode())
    if event.retry is not None:
        parts.append(b"retry: %d\n" % check_retry(event.retry))
    elif event.data is not None:
        parts.append(retry_line)
    if event.data is not None:
        parts.append(b"data: %b\n" % payload(event.data))
    # An event without any field is nothing: some readers make an empty event of a blank line.
    return b"".join((*parts, b"\n")) if parts else b""


def _payload_encoder(dumps: Callable[[Any], bytes | str] | None) -> Callable[[object], bytes]:
    """
    Give the function from a value to what stands after the first ``data: ``.
    """
    json = json_encoder() if dumps is None else None

    def encode(value: object) -> bytes:
        if isinstance(value, str):
            return _lines(encode_utf8(value), b"\ndata: ")
        if json is not None:
            return json(value)  # JSON escapes CR and LF
        return _lines(dumped(dumps, value), b"\ndata: ")

    return encode


def _lines(text: bytes, between: bytes) -> bytes:
    """
    Put *between* where a reader would see the end of a line: at CRLF, CR and LF, and nowhere else.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text.replace(b"\n", between)


def _name_line(name: str) -> bytes:
    return b"event: %b\n" % check_name(name).encode()


def _type_of(item: object) -> str | None:
    kind = cast("Any", item).get("type") if isinstance(item, Mapping) else getattr(item, "type", None)
    return kind if isinstance(kind, str) else None
