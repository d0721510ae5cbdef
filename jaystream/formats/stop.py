"""
Text up to the first of several sequences: `StopScanner`.
"""

from __future__ import annotations

from collections.abc import Iterable

from jaystream.formats.finder import Finder

__all__ = ["StopScanner"]


class StopScanner:
    """
    Text in, the same text out until one of *sequences* begins, however the text is cut; nothing from there on.

    Of several the one that begins first counts. Only what may be the beginning of one is held back.

    Args:
        sequences: One, or several.

    Raises:
        TypeError: If one is no str.
        ValueError: If there is none, or one is empty.

    Attributes:
        stopped: Whether one has come.

    >>> scanner = StopScanner(["END"])
    >>> scanner.feed("one E"), scanner.feed("N two EN"), scanner.feed("D three"), scanner.stopped
    ('one ', 'EN two ', '', True)
    """

    __slots__ = ("_finder", "_held", "stopped")

    def __init__(self, sequences: str | Iterable[str]) -> None:
        self._finder = Finder("a stop sequence", [sequences] if isinstance(sequences, str) else sequences)
        self._held = ""  # what may be the beginning of a sequence
        self.stopped: bool = False

    def feed(self, text: str) -> str:
        """
        Give the text that certainly stands before the first sequence.
        """
        if self._held:
            return self._read(self._held + text, final=False)
        if self._finder.first(text) is None and not self.stopped:
            return text
        return self._read(text, final=False)

    def flush(self) -> str:
        """
        Give what was held as the beginning of a sequence: it is text. The next text goes on behind it.
        """
        return self._read(self._held, final=True)

    def _read(self, text: str, *, final: bool) -> str:
        if self.stopped:
            return ""
        begin, end = self._finder.find(text, 0, final=final)
        self.stopped = end >= 0
        self._held = "" if self.stopped else text[begin:]
        return text[:begin]
