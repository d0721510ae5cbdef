"""
Text to UTF-8 and back, a piece at a time. Lines and frames live elsewhere.
"""

from __future__ import annotations

import codecs
from typing import Literal

from jaystream.errors import InvalidUtf8Error

__all__ = ["Utf8Decoder", "encode_utf8"]


def encode_utf8(text: str) -> bytes:
    """
    Give *text* as UTF-8; a lone surrogate becomes U+FFFD, a pair of them the character it stands for.

    JavaScript's ``TextEncoder`` does the same, so nothing a model sends can break the stream half way through.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


class Utf8Decoder:
    r"""
    Bytes in, text out, whole characters only.

    Args:
        errors: ``"strict"`` raises at the first bad byte; ``"replace"`` puts U+FFFD in its place, as browsers do.

    Raises:
        ValueError: At this call, if *errors* is neither.

    A byte order mark is kept, as U+FEFF.

    >>> decoder = Utf8Decoder()
    >>> decoder.feed(b"na\xc3"), decoder.feed(b"\xafve"), decoder.flush()
    ('na', 'ïve', '')
    """

    __slots__ = ("_decode", "_decoder", "_failure", "_read")

    def __init__(self, errors: Literal["strict", "replace"] = "strict") -> None:
        if errors not in ("strict", "replace"):
            raise ValueError(f"errors must be 'strict' or 'replace', got {errors!r}")
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors)
        self._decode = self._decoder.decode
        self._read = 0
        self._failure: InvalidUtf8Error | None = None

    def feed(self, data: bytes) -> str:
        """
        Give the text that *data* completes; what stands before a bad byte is given first, the error comes after.

        Raises:
            InvalidUtf8Error: At a byte that is not UTF-8, with its offset in the stream; again at every later call.
        """
        return self._step(data, final=False)

    def flush(self) -> str:
        """
        End the stream.

        Raises:
            InvalidUtf8Error: If it ended within a character, or as in `feed`.
        """
        return self._step(b"", final=True)

    def _step(self, data: bytes, *, final: bool) -> str:
        if self._failure is not None:
            raise self._failure.copy()
        try:
            text = self._decode(data, final)
        except UnicodeDecodeError as error:
            # The decoder keeps its state when it fails: the bytes held from before stand in front of *data*.
            held = self._decoder.getstate()[0]
            self._failure = InvalidUtf8Error(self._read - len(held) + error.start, error.reason)
            if error.start == 0:
                raise self._failure.copy() from None
            return error.object[: error.start].decode()
        self._read += len(data)
        return text
