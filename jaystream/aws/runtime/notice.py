"""
Which format a body is in that the runtime has to end in the place of who wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jaystream.formats.stream_error import ENCODERS

if TYPE_CHECKING:
    from jaystream.formats.wire import WireEncoder


def encoder_of(
    media_type: str, headers: Mapping[str, str] | None, told: WireEncoder | None = None
) -> WireEncoder | None:
    """
    The encoder whose errors a body's reader understands.

    Several formats are event streams. One that has headers of its own is known by them; among the others it is the one
    that the writer has told, or else plain events.

    Args:
        media_type: The content type that was sent.
        headers: The headers that were sent, names in lower case; None where the reader is sent none.
        told: The encoder that the writer uses, as far as it says so.

    Returns:
        None if the body is in none of our formats, or compressed.
    """
    if headers is not None and headers.get("content-encoding", "identity").strip().lower() != "identity":
        return None
    wires = ([] if told is None else [told]) + [kind() for kind in ENCODERS.values()]
    for wire in sorted(wires, key=lambda wire: -len(wire.headers)):  # which keeps the order of those alike
        wanted: Mapping[str, str] = {} if wire is told and headers is None else wire.headers
        if _essence(wire.media_type) == _essence(media_type) and wanted.items() <= (headers or {}).items():
            return wire
    return None


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
