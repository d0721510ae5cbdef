"""
`smooth`: text that comes in lumps, given on in steady pieces.

Lives here: the boundary and its pace. How text is cut into pieces is `Pieces`, which knows no time.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jaystream._core.guard import Guard, check_callable, is_async, needs_guard
from jaystream._core.inspecting import describe
from jaystream._core.plan import Boundary, Described, T_co
from jaystream._core.pumps import Inlet, Pumps
from jaystream._core.stages import check_seconds
from jaystream.formats.text import text_of, with_text

if TYPE_CHECKING:
    from jaystream._core.run import Loop
    from jaystream.formats.chunks import Chunk
    from jaystream.stream import JaypieStream

__all__ = ["SmoothMixin"]

Cut: TypeAlias = Callable[[str], "str | None"]

AHEAD = 1000
"""Pieces after which no further item is read before some are given."""

LONGEST = 1000
"""Characters that wait for the end of their piece, at most."""

_WORD = re.compile(r"\s*\S+\s+")
_LINE = re.compile(r"[^\n]*\n")
_CHAR = re.compile(r".", re.DOTALL)

_PATTERNS = {"word": _WORD, "line": _LINE, "char": _CHAR}


class Piece:
    """
    What is given at once.

    Attributes:
        item: The item that it comes from; None for plain text.
        text: Its text, empty for an item that has none and passes as it is.
        due: The time by which it must have been given.
    """

    __slots__ = ("due", "item", "text")

    def __init__(self, item: Any, text: str, due: float) -> None:
        self.item: Any = item
        self.text: str = text
        self.due: float = due


class Pieces(Inlet):
    """
    An inlet that cuts the text that comes into pieces. It is full when it holds many of them.

    Attributes:
        pieces: Those that are whole, oldest first.
        tail: The text behind the last of them.
        tail_due: When the tail must be given, whole or not.
    """

    __slots__ = ("_by", "_clock", "_item", "_max_lag", "pieces", "tail", "tail_due")

    def __init__(self, pumps: Pumps, by: str | Cut, max_lag: float) -> None:
        super().__init__(pumps, None, AHEAD)
        self._by = _PATTERNS[by] if isinstance(by, str) else by
        self._clock = pumps.clock
        self._max_lag = max_lag
        self._item: Any = None
        self.pieces: deque[Piece] = deque()
        self.load: Collection[Any] = self.pieces
        self.tail: str = ""
        self.tail_due: float = 0.0

    @property
    def append(self) -> Callable[[Any], object]:
        return self._cut

    def came(self) -> None:
        """Nobody waits for that."""

    def _cut(self, item: Any) -> None:
        due = self._clock() + self._max_lag
        text = text_of(item)
        if not text:
            if type(item) in {bytes, bytearray, memoryview}:
                raise TypeError(
                    f"smooth() takes text and chunks, not bytes ({describe(item, 40)}); put it above the format, as in "
                    ".smooth().format_sse()"
                )
            if isinstance(item, str) or (self._item is not None and _alike(item, self._item)):
                pass  # nothing of a text that goes on
            else:
                self.finish()
                self.pieces.append(Piece(item, "", due))
        else:
            of = None if isinstance(item, str) else item
            if self.tail and not _alike(of, self._item):
                self.finish()
            self._item = of
            self._take(text, due)
        self.pumps.ring()

    def _take(self, text: str, due: float) -> None:
        first = self.tail_due if self.tail else due
        text, at = self.tail + text, 0
        for piece in self._whole(text):
            self.pieces.append(Piece(self._item, piece, first))
            at += len(piece)
            first = due
        self.tail, self.tail_due = text[at:], first
        if len(self.tail) > LONGEST:
            self.finish()

    def _whole(self, text: str) -> Iterator[str]:
        by = self._by
        if isinstance(by, re.Pattern):
            yield from by.findall(text)
            return
        while text:
            piece: Any = by(text)
            if piece is None:
                return
            if not isinstance(piece, str) or not piece or not text.startswith(piece):
                raise ValueError(
                    f"smooth(by=) gives the first piece of the text it is called with, or None where there is no whole "
                    f"piece yet; for {describe(text, 40)} it gave {describe(piece, 40)}"
                )
            yield piece
            text = text[len(piece) :]

    def finish(self) -> None:
        """Make a piece of the tail."""
        if self.tail:
            self.pieces.append(Piece(self._item, self.tail, self.tail_due))
            self.tail = ""

    def end(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self.finish()
        self.pumps.ring()


def _alike(one: Any, other: Any) -> bool:
    """Whether two items differ in their text alone, so that it may be joined."""
    if one is None or other is None:
        return one is other
    if one is other:
        return True
    return type(one) is type(other) and bool(with_text(one, "") == with_text(other, ""))


def wanted(pieces: deque[Piece], now: float, per: float) -> int:
    """
    How many pieces must be given now, so that at this many every *per* seconds each is given when it is due.
    """
    most = 1
    for number, piece in enumerate(pieces, 1):
        left = piece.due - now
        if left < per:
            most = number
        elif number > most:
            most = max(most, ceil(number / (int(left / per) + 1)))
    return most


class Smooth(Boundary):
    __slots__ = ("by", "max_lag", "per")
    name = "smooth"
    pumped = True

    def __init__(self, by: Any, per: float, max_lag: float) -> None:
        if isinstance(by, str):
            if by not in _PATTERNS:
                raise ValueError(f'smooth(by=) is "word", "char", "line" or a callable, not {describe(by)}')
        else:
            check_callable(by, "smooth(by=)")
            if is_async(by):
                raise TypeError(f"smooth(by=) expects a plain callable, not {describe(by)}")
        self.by: Any = by
        self.per: float = check_seconds(per, self.name, "per")
        self.max_lag: float = check_seconds(max_lag, self.name, "max_lag", zero=True)

    def describe(self) -> str:
        return f"smooth(by={describe(self.by, 20)}, per={self.per:g}, max_lag={self.max_lag:g})"

    async def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        pumps, per = Pumps(loop, self.describe()), self.per
        by: Any = self.by
        if not isinstance(by, str) and needs_guard(by):
            by = Guard(by, self.name)
        inlet = Pieces(pumps, by, self.max_lag)
        pieces, clock = inlet.pieces, pumps.clock
        tick = clock()
        try:
            pumps.start(loop.upstream, inlet)
            while True:
                now = clock()
                if inlet.error is not None:
                    while pieces:
                        piece = pieces.popleft()
                        yield with_text(piece.item, piece.text) if piece.text else piece.item
                    pumps.forget(inlet)
                if inlet.tail and inlet.tail_due <= now and not pieces:
                    inlet.finish()
                if not pieces:
                    if inlet.ended:
                        pumps.forget(inlet)
                        break
                    await pumps.wait(inlet.tail_due if inlet.tail else None)
                    continue
                first = pieces[0]
                due = min(tick, first.due)
                if first.text and due > now:
                    await pumps.wait(due)
                    continue
                for item in taken(pieces, now, per):
                    yield item
                if first.text:
                    tick = now + per
                if len(pieces) < AHEAD:
                    inlet.wake()
        except BaseException as error:
            if not await loop.close(error):
                raise
        await loop.close()


def taken(pieces: deque[Piece], now: float, per: float) -> list[Any]:
    """
    Take the items that are to be given now: pieces of the same text joined, and what has no text by itself.
    """
    count = wanted(pieces, now, per) if pieces[0].text else 0
    items: list[Any] = []
    texts: list[str] = []
    last: Any = None
    while pieces and (count > 0 or not pieces[0].text):
        piece = pieces.popleft()
        if texts and not (piece.text and _alike(piece.item, last)):
            items.append(with_text(last, "".join(texts)))
            texts.clear()
        if piece.text:
            texts.append(piece.text)
            last = piece.item
        else:
            items.append(piece.item)
        count -= 1
    if texts:
        items.append(with_text(last, "".join(texts)))
    return items


class SmoothMixin(Described[T_co]):
    """
    `smooth`.
    """

    __slots__ = ()

    def smooth(
        self: SmoothMixin[Chunk],
        by: Literal["word", "char", "line"] | Cut = "word",
        *,
        per: float = 0.02,
        max_lag: float = 0.4,
    ) -> JaypieStream[T_co]:
        r"""
        Give text that comes in lumps as steady pieces, one every *per* seconds, for readers who watch it come.

        Where more has come than that pace gives in time, each step gives several pieces, joined: nothing is given later
        than *max_lag* seconds after it came. Items are `str`, or chunks of type "text", which keep their other fields;
        other chunks pass as they are, after the text before them.

        Args:
            by: What a piece is. "word": a word and the space behind it. "line": a line with its end. "char": a
                character, which is a code point. Or a callable that is given the text so far, and gives its first
                piece, or None where there is no whole piece yet.
            per: Seconds between two steps, above 0.
            max_lag: Seconds that text is held back, at most, from 0 on; also text that is no whole piece yet.

        Raises:
            TypeError: At this call, for arguments of a wrong type. In the run, for bytes: framed text is no text.
            ValueError: At this call, for another *by*, or seconds out of range. In the run, if *by* gives something
                that its text does not begin with.

        Flow:
            Keeps order; joined, the output is the input. The source is read in a task of its own, where it is opened
            and closed, and ahead of what is given: at most 1,000 pieces, and those of one item more. At the end of the
            source what is left keeps its pace; before an error it is given at once. An early stop and a cancellation
            drop it.

        >>> asyncio.run(JaypieStream.of("one tw", "o three").smooth(per=0.01).to_list())
        ['one ', 'two ', 'three']
        """
        return self._then(Smooth(by, per, max_lag))
