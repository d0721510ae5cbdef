"""
The formats by name: which encoder and content type a name means, and how each words an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaystream.formats.ndjson import NdjsonEncoder
from jaystream.formats.sse import SseEncoder
from jaystream.formats.text import TextEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaystream.formats.wire import WireEncoder

__all__ = ["ENCODERS", "content_type_for", "encoder_for", "format_stream_error"]

ENCODERS: Mapping[str, type[SseEncoder | NdjsonEncoder | TextEncoder]] = {
    "sse": SseEncoder,
    "ndjson": NdjsonEncoder,
    "nljson": NdjsonEncoder,
    "text": TextEncoder,
}
"""
The encoder class of every format name; ``"nljson"`` is Jaypie's name for ``"ndjson"``.
"""


def encoder_for(format: str) -> WireEncoder:
    """
    Make the encoder that *format* names, for one run.

    Raises:
        ValueError: If no format has this name; the message lists those there are.
    """
    try:
        return ENCODERS[format]()
    except (KeyError, TypeError):
        raise ValueError(f"format must be one of {', '.join(map(repr, ENCODERS))}, got {format!r}") from None


def content_type_for(format: str) -> str:
    """
    Give the content type that *format* names.

    Raises:
        ValueError: If no format has this name; the message lists those there are.

    >>> content_type_for("nljson")
    'application/x-ndjson'
    """
    return encoder_for(format).media_type


def format_stream_error(body: Mapping[str, object], format: str = "sse") -> str:
    r"""
    Write a JSON:API error body as *format* words an error within a stream.

    Args:
        body: As in ``{"errors": [{"status": 500, "title": ..., "detail": ...}]}``.
        format: ``"sse"``, ``"ndjson"`` or ``"nljson"``.

    Raises:
        FormatError: If JSON has no form for *body*.
        ValueError: If no format has this name, or it cannot carry an error.

    >>> format_stream_error({"errors": []}, "ndjson")
    '{"error":{"errors":[]}}\n'
    """
    framed = encoder_for(format).error(body)
    if framed is None:
        accepted = ", ".join(repr(name) for name, encoder in ENCODERS.items() if encoder is not TextEncoder)
        raise ValueError(f"format must be one that can carry an error, {accepted}, got {format!r}")
    return framed.decode()
