"""
The formats by name: which encoder and content type a name means, and how each words an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder

__all__ = ["ENCODERS", "content_type_for", "encoder_for", "format_stream_error"]

_HOMES = {
    "sse": ("sse", "SseEncoder"),
    "ndjson": ("ndjson", "NdjsonEncoder"),
    "nljson": ("ndjson", "NdjsonEncoder"),
    "text": ("text", "TextEncoder"),
    "ai_sdk": ("ai_sdk", "AiSdkEncoder"),
    "ag_ui": ("ag_ui", "AgUiEncoder"),
    "openai": ("openai", "OpenAiEncoder"),
}


class _Encoders(Mapping[str, "type[WireEncoder]"]):
    """
    The classes by name, each loaded when it is asked for.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> type[WireEncoder]:
        module, encoder = _HOMES[name]
        found: Any = getattr(import_module(f"jaystream.formats.{module}"), encoder)
        return found  # type: ignore[no-any-return]  # what the table names

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


ENCODERS: Mapping[str, type[WireEncoder]] = _Encoders()
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
        format: Any name in `ENCODERS` but ``"text"``.

    Raises:
        FormatError: If JSON has no form for *body*.
        ValueError: If no format has this name, or it cannot carry an error.

    >>> format_stream_error({"errors": []}, "ndjson")
    '{"error":{"errors":[]}}\n'
    """
    framed = encoder_for(format).error(body)
    if framed is None:
        accepted = ", ".join(repr(name) for name in ENCODERS if name != "text")
        raise ValueError(f"format must be one that can carry an error, {accepted}, got {format!r}")
    return framed.decode()
