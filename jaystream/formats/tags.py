"""
Text between tags, told apart from the text round them: `TagScanner`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from jaystream.formats.finder import Finder

__all__ = ["TagScanner"]


class TagScanner:
    """
    Text in, pieces of text out, each with whether it stood between tags; the tags themselves are gone.

    Tags are text and nothing more: no attributes, no other case, and none within another. Between a start and its stop
    only the stop counts. A stop without a start is text; what has no stop goes to the end.

    Args:
        tags: The stop of each start.

    Raises:
        TypeError: If *tags* is no mapping of str to str.
        ValueError: If there are none, if one is empty, or if one start is the beginning of another.

    >>> scanner = TagScanner({"<think>": "</think>"})
    >>> scanner.feed("Hm: <thi"), scanner.feed("nk>easy</think>42"), scanner.flush()
    ([('Hm: ', False)], [('easy', True), ('42', False)], [])
    """

    __slots__ = ("_finder", "_held", "_inside", "_starts", "_stops")

    def __init__(self, tags: Mapping[str, str]) -> None:
        given: Any = tags
        if not isinstance(given, Mapping):
            raise TypeError(f"tags must be a mapping of start to stop, got {tags!r}")
        self._starts = Finder("a start tag", cast("Mapping[str, str]", given))
        self._stops = {start: Finder("a stop tag", [stop]) for start, stop in tags.items()}
        for start in tags:
            for other in tags:
                if start != other and other.startswith(start):
                    raise ValueError(f"no start tag may begin with another: {start!r} would always hide {other!r}")
        self._finder = self._starts
        self._inside = False
        self._held = ""  # what may be the beginning of a tag

    def feed(self, text: str) -> list[tuple[str, bool]]:
        """
        Give the text that is certain to be no tag.
        """
        if self._held:
            return self._read(self._held + text, final=False)
        if self._finder.first(text) is None:
            return [(text, self._inside)] if text else []
        return self._read(text, final=False)

    def flush(self) -> list[tuple[str, bool]]:
        """
        Give what was held as the beginning of a tag: it is text. The next text goes on where this one stood.
        """
        return self._read(self._held, final=True)

    def _read(self, text: str, *, final: bool) -> list[tuple[str, bool]]:
        pieces: list[tuple[str, bool]] = []
        at = 0
        while True:
            begin, end = self._finder.find(text, at, final=final)
            if begin > at:
                pieces.append((text[at:begin], self._inside))
            if end < 0:
                self._held = text[begin:]
                return pieces
            self._inside = not self._inside
            self._finder = self._stops[text[begin:end]] if self._inside else self._starts
            at = end
