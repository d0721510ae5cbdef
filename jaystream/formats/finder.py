"""
The first of several sequences in text that comes in pieces: `Finder`. What a find means is for others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

__all__ = ["Finder"]


class Finder:
    """
    Finds the sequence that begins first, and says how much of the text can no longer be a part of one.

    A text is looked at once, by a compiled pattern; only its end, shorter than the longest sequence, is kept for the
    next piece. So the work grows with the length of the text alone, however often it is cut.

    Args:
        what: What the sequences are called in an error.
        sequences: What to look for; at least one, none of them empty.

    Raises:
        TypeError: If one is no str.
        ValueError: If there is none, or one is empty.
    """

    __slots__ = ("_longest", "_nested", "_search", "first", "sequences")

    def __init__(self, what: str, sequences: Iterable[str]) -> None:
        found = tuple(dict.fromkeys(sequences))
        for sequence in found:
            if not isinstance(sequence, str):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
                raise TypeError(f"{what} must be str, got {sequence!r}")
            if not sequence:
                raise ValueError(f"{what} must not be empty, got {sequence!r}")
        if not found:
            raise ValueError(f"{what} must be at least one str, got none")
        self.sequences: tuple[str, ...] = found
        self.first: Callable[..., re.Match[str] | None] = re.compile(
            f"[{re.escape(''.join({sequence[0] for sequence in found}))}]"
        ).search
        self._search = re.compile("|".join(map(re.escape, found))).search
        self._longest = max(map(len, found))
        # One that lies within another, behind its beginning, may be whole before it is known which of them comes first.
        self._nested = any(one in other[1:] for one in found for other in found)

    def find(self, text: str, at: int, *, final: bool) -> tuple[int, int]:
        """
        Look from *at* on; give where the first sequence begins and where it ends.

        Without one the end is -1, and what stands from the beginning on may become one. Where the text is *final*
        nothing may.
        """
        match = self._search(text, at)
        if match is None:
            return (len(text) if final else self._begun(text, at, len(text))), -1
        begin = match.start()
        if self._nested and not final:
            begun = self._begun(text, at, begin)
            if begun < begin:
                return begun, -1
        return begin, match.end()

    def _begun(self, text: str, at: int, before: int) -> int:
        """Where the first sequence begins that the end of the text cuts off; *before* if none begins before that."""
        at = max(at, len(text) - self._longest + 1)
        while (match := self.first(text, at)) is not None and match.start() < before:
            at = match.start()
            rest = text[at:]
            if any(sequence.startswith(rest) for sequence in self.sequences):
                return at
            at += 1
        return before
