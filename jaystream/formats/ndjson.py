"""
Newline-delimited JSON: `NdjsonEncoder` and `format_ndjson` write it, `NdjsonDecoder` reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaystream.errors import FormatError, FrameTooLargeError, InvalidJsonError
from jaystream.formats.json import json_encoder, json_parser, native_json
from jaystream.formats.sse_event import SseEvent
from jaystream.formats.wire import DEFAULT_LIMIT, check_callable, check_limit, dumped, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaystream.formats.chunks import Chunk

__all__ = ["NdjsonDecoder", "NdjsonEncoder", "format_ndjson"]

_BOM = b"\xef\xbb\xbf"
_EXCERPT = 60


class NdjsonEncoder:
    r"""
    Frames the items of one run as lines of JSON.

    The rule of the wire: bytes pass as they are, str is a line with a JSON string, everything else is a chunk.

    Args:
        dumps: Replaces the JSON encoder; gives bytes or str, whose line ends become spaces (in JSON text they can only
            stand between tokens).

    Raises:
        TypeError: If *dumps* is no callable.

    There is no ping: a blank line, the one candidate, breaks readers that parse every line.

    >>> NdjsonEncoder().encode({"n": 1}), NdjsonEncoder().encode("a\nb")
    (b'{"n":1}\n', b'"a\\nb"\n')
    """

    __slots__ = ("_encode",)

    media_type = "application/x-ndjson"
    headers: Mapping[str, str] = {}
    ping = None
    closes = False

    def __init__(self, *, dumps: Callable[[Any], bytes | str] | None = None) -> None:
        check_callable("dumps", dumps)
        general = _general_encoder(json_encoder() if dumps is None else _one_line(dumps))
        self._encode: Callable[[object], bytes] = _chunk_encoder(general) if dumps is None else general

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
        Frame a JSON:API error body as a line with the one key ``error``.
        """
        return json_encoder()({"error": body}) + b"\n"


def format_ndjson(chunk: Chunk) -> str:
    r"""
    Write one chunk as a line of JSON.

    Raises:
        FormatError: If JSON has no form for the chunk.

    >>> format_ndjson({"type": "done", "usage": []})
    '{"type":"done","usage":[]}\n'
    """
    return NdjsonEncoder().encode(chunk).decode()


class NdjsonDecoder:
    r"""
    Reads lines of JSON from bytes or str, however they are cut.

    Lines end at LF, blank ones are skipped, the last one needs no end, and a byte order mark in front is dropped. NaN
    and Infinity are refused: they are not JSON.

    Args:
        max_line: The most bytes that a line may have; None for no bound.
        loads: Replaces the JSON parser, as in ``Model.model_validate_json``; gets the bytes of one line and raises
            ValueError for a bad one.
        on_error: Called with the bytes of a bad line and the error, whose cause is what *loads* raised; gives the value
            that takes the line's place. Without it the error is raised. A line that is too long is always raised.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If *max_line* is below 1.

    >>> decoder = NdjsonDecoder()
    >>> decoder.feed(b'{"n": 1}\n{"n"'), decoder.feed(b": 2}"), decoder.flush()
    ([{'n': 1}], [], [{'n': 2}])
    """

    __slots__ = ("_failure", "_limit", "_line", "_loads", "_on_error", "_pending")

    def __init__(
        self,
        *,
        max_line: int | None = DEFAULT_LIMIT,
        loads: Callable[[bytes], object] | None = None,
        on_error: Callable[[bytes, InvalidJsonError], object] | None = None,
    ) -> None:
        check_callable("loads", loads)
        check_callable("on_error", on_error)
        self._limit = check_limit("max_line", max_line)
        self._loads = json_parser() if loads is None else loads
        self._on_error = on_error
        self._pending = bytearray()
        self._line = 0
        self._failure: FormatError | None = None

    def feed(self, data: bytes | str) -> list[object]:
        """
        Give the values that *data* completes; those before a fault are given first, the error comes after.

        Raises:
            InvalidJsonError: If a line is not JSON or not UTF-8; again at every later call.
            FrameTooLargeError: If a line passes the bound; again at every later call.
        """
        return self._step(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data, final=False)

    def flush(self) -> list[object]:
        """
        End the stream; a last line without LF is read now.

        Raises:
            FormatError: As in `feed`.
        """
        return self._step(b"", final=True)

    def _step(self, data: bytes, *, final: bool) -> list[object]:
        if self._failure is not None:
            raise self._failure.copy()
        values: list[object] = []
        try:
            self._read(data, values, final=final)
        except FormatError as error:
            self._failure = error.copy()
            if not values:
                raise
        return values

    def _read(self, data: bytes, values: list[object], *, final: bool) -> None:
        pending = self._pending
        end = data.rfind(b"\n") + 1
        if end:
            complete = data[: end - 1]
            if pending:
                pending += complete
                complete = bytes(pending)
                pending.clear()
            for line in complete.split(b"\n"):
                self._read_line(line, values)
            data = data[end:]
        pending += data
        if len(pending) > self._limit:
            raise self._too_large()
        if final and pending:
            line = bytes(pending)
            pending.clear()
            self._read_line(line, values)

    def _read_line(self, line: bytes, values: list[object]) -> None:
        self._line += 1
        if len(line) > self._limit:
            raise self._too_large()
        if self._line == 1 and line.startswith(_BOM):
            line = line[3:]
        if not line.strip(b" \t\r"):
            return
        try:
            value = self._loads(line)
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            bad = InvalidJsonError(self._line, line[:_EXCERPT].decode("utf-8", "replace"), reason)
            if self._on_error is None:
                raise bad from error
            bad.__cause__ = error
            value = self._on_error(line, bad)
        values.append(value)

    def _too_large(self) -> FrameTooLargeError:
        return FrameTooLargeError("NDJSON line", self._limit, "bytes", "max_line")


def _chunk_encoder(general: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """
    Give the fast path: dicts that the native encoder takes. Everything else goes to *general*.
    """
    to_json = native_json()

    def encode(item: Any) -> bytes:
        kind: object = item.__class__
        if kind is dict:
            try:
                return to_json(item, inf_nan_mode="null") + b"\n"
            except ValueError:
                pass
        return general(item)

    return encode


def _general_encoder(json: Callable[[object], bytes]) -> Callable[[object], bytes]:
    def encode(item: object) -> bytes:
        ready = framed(item)
        if ready is not None:
            return ready
        return json(item.to_dict() if isinstance(item, SseEvent) else item) + b"\n"

    return encode


def _one_line(dumps: Callable[[Any], bytes | str]) -> Callable[[object], bytes]:
    def encode(value: object) -> bytes:
        return dumped(dumps, value).replace(b"\r", b" ").replace(b"\n", b" ")

    return encode
