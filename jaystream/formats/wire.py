"""
What every wire format's encoder offers, and the bound every decoder starts with.

The rule of the wire, for all of them: ``str`` is text to frame, ``bytes`` are framed already, everything else is a
chunk to encode. No format lives here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from jaystream.formats.utf8 import encode_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DEFAULT_LIMIT", "WireEncoder", "check_callable", "check_limit", "dumped", "framed"]

DEFAULT_LIMIT = 1_048_576
"""
How large a line or an event may be where nobody said otherwise: 1 MiB.
"""


class WireEncoder(Protocol):
    """
    Turns the items of one run into bytes; a new one for every run.
    """

    @property
    def media_type(self) -> str:
        """
        The content type of the whole body.
        """
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """
        Further headers that the format wants, names in lower case.
        """
        ...

    @property
    def ping(self) -> bytes | None:
        """
        Bytes that keep an idle connection open and mean nothing to a reader; None where the format has none.
        """
        ...

    @property
    def closes(self) -> bool:
        """
        Whether the body has an end of its own, so that `flush` has something to give.
        """
        ...

    @property
    def encode(self) -> Callable[[object], bytes]:
        """
        The function that frames one item; it gives nothing where the format has no place for the item.

        It raises FormatError for what the format cannot carry, and may be held for the length of the run.
        """
        ...

    def flush(self, *, cut: bool = False) -> bytes:
        """
        Give what closes the body after the last item; nothing where it is closed already.

        Args:
            cut: A sink stops before the last item, so what was encoded last may never be sent.
        """
        ...

    def error(self, body: Mapping[str, object], /) -> bytes | None:
        """
        Frame a JSON:API error body, and close the body of the response; None where the format cannot mark it as cut.

        What was encoded last may never be sent.
        """
        ...


def framed(item: object) -> bytes | None:
    """
    Give *item* if it is bytes, which are framed already, and None for everything else.
    """
    if type(item) is bytes:
        return item
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", item))
    return None


def check_callable(name: str, given: object) -> None:
    """
    Check an argument that is a callable or left out.

    Raises:
        TypeError: If *given* is neither.
    """
    if given is not None and not callable(given):
        raise TypeError(f"{name} must be a callable or None, got {given!r}")


def dumped(dumps: Callable[[Any], bytes | str] | None, value: object) -> bytes:
    """
    Call somebody's own encoder and give its bytes.

    Raises:
        TypeError: If it gives neither bytes nor str.
    """
    written: object = dumps(value) if dumps is not None else None
    if isinstance(written, str):
        return encode_utf8(written)
    if not isinstance(written, bytes):
        raise TypeError(f"dumps must give bytes or str, got {written!r} for {value!r}")
    return written


def check_limit(name: str, value: object) -> int:
    """
    Check a decoder's bound; None gives one that no input reaches.

    Raises:
        TypeError: If *value* is neither int nor None.
        ValueError: If *value* is below 1.
    """
    if value is None:
        return 1 << 62
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int or None, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value!r}")
    return value
