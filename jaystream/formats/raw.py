"""
Bytes that are in a format of their own, as those of a file: `RawEncoder` passes them on as they are.
"""

from __future__ import annotations

from jaystream.formats.text import TextEncoder

__all__ = ["RawEncoder"]


class RawEncoder(TextEncoder):
    r"""
    Passes bytes on; nothing marks their end, and nothing can be sent between them.

    Args:
        media_type: The content type of the bytes.

    >>> RawEncoder("image/png").encode(b"\x89PNG")
    b'\x89PNG'
    """

    __slots__ = ("media_type",)

    def __init__(self, media_type: str = "application/octet-stream") -> None:
        """
        Take the content type.
        """
        self.media_type: str = media_type
