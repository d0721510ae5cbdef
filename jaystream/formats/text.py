"""
Plain text as a wire format: `TextEncoder`; and `text_of`, which finds the text in a chunk, as `with_text` changes it.

`Utf8Decoder` and `LineDecoder` read it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from jaystream.formats.lines import LineDecoder
from jaystream.formats.utf8 import Utf8Decoder, encode_utf8
from jaystream.formats.wire import framed

__all__ = ["LineDecoder", "TextEncoder", "Utf8Decoder", "text_in", "text_of", "with_text"]


class TextEncoder:
    """
    Writes the text of the items of one run, and nothing else.

    The rule of the wire: bytes pass as they are, str is text, of a chunk its text goes out, which for most is none.

    >>> TextEncoder().encode({"type": "text", "content": "Hi"}), TextEncoder().encode({"type": "done", "usage": []})
    (b'Hi', b'')
    """

    __slots__ = ()

    media_type = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = {}
    ping = None
    closes = False

    def encode(self, item: object) -> bytes:
        """
        Give the item's text as UTF-8; a lone surrogate becomes U+FFFD.
        """
        ready = framed(item)
        return encode_utf8(text_of(item)) if ready is None else ready

    def flush(self, *, cut: bool = False) -> bytes:
        """
        Give nothing: the format has no closing mark.
        """
        del cut
        return b""

    def error(self, body: Mapping[str, object]) -> None:
        """
        Give None: nothing marks text as cut, so the connection has to be aborted.
        """
        del body


def text_of(chunk: object) -> str:
    """
    Give the text that a chunk carries: a str is text, a chunk of type ``"text"`` has it under ``content``.

    Mappings and objects with these attributes are the same; everything else has none.

    >>> text_of("a") + text_of({"type": "text", "content": "b"}) + text_of({"type": "error", "content": "c"})
    'ab'
    """
    return text_in(chunk) or ""


def text_in(chunk: object) -> str | None:
    """
    Give the text that a chunk carries, as `text_of`, and None for what is no text at all.
    """
    if isinstance(chunk, str):
        return chunk
    if isinstance(chunk, Mapping):
        fields = cast("Mapping[str, Any]", chunk)
        kind, content = fields.get("type"), fields.get("content")
    else:
        kind, content = getattr(chunk, "type", None), getattr(chunk, "content", None)
    return content if kind == "text" and isinstance(content, str) else None


def with_text(chunk: Any, text: str) -> Any:
    """
    Give the same chunk with another text; for text itself and for None, that text.
    """
    if chunk is None or isinstance(chunk, str):
        return text
    if isinstance(chunk, Mapping):
        return {**cast("Mapping[str, Any]", chunk), "content": text}
    update = getattr(chunk, "model_copy", None)
    if update is not None:
        return update(update={"content": text})
    from copy import copy  # noqa: PLC0415 - seldom needed

    made = copy(chunk)
    object.__setattr__(made, "content", text)  # also where the class is frozen
    return made
