"""
Operators that look for something in text that is cut anywhere: `scan_tags`, `stop_at`, `json_deltas`.

The text is that of `str` items and of chunks of type "text"; other chunks pass in place. What is looked for is found by
scanners in `jaystream.formats`, which know no items.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from jaystream._core.guard import check_callable
from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, T_co
from jaystream._core.stages import CallStage
from jaystream.formats.partial_json import PartialJsonDecoder
from jaystream.formats.stop import StopScanner
from jaystream.formats.tags import TagScanner
from jaystream.formats.text import with_text
from jaystream.formats.wire import DEFAULT_LIMIT
from jaystream.operators.text import Decode, text_or_chunk

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.formats.chunks import Chunk, ReasoningChunk
    from jaystream.stream import JaypieStream

__all__ = ["ScanTextMixin"]

R = TypeVar("R")


class Held(Decode):
    """
    A decoder that holds back whole text: it is given before an error from above, too.
    """

    __slots__ = ()
    flushes_on_error = True


class Stop(Held):
    """
    One that may end the stream.
    """

    __slots__ = ()
    ends = True

    def write(self, code: LoopWriter) -> None:
        found = code.name("found")
        code.line(f"{found} = {code.name('feed')}(x)")
        code.end_after(f"{code.name('decoder')}.stopped")
        code.loop(found)


class Inside:
    """
    What stands between the scanner and the stage below for text between tags.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text: str = text


class MakeInside(CallStage):
    """
    Makes something of text between tags, in the loop: there it can be awaited, and its errors come in order.
    """

    __slots__ = ()
    name = "scan_tags"
    names: tuple[str, ...] = ("f", "inside")

    def values(self) -> tuple[object, ...]:
        return (self.f, Inside)

    def write(self, code: LoopWriter) -> None:
        code.line(f"if type(x) is {code.name('inside')}:")
        code.line(f"    x = {self.call(code.name('f'), 'x.text')}")


class TaggedItems:
    """
    A `TagScanner` over the text of items.
    """

    __slots__ = ("_item", "_make", "_scanner")

    def __init__(self, tags: Mapping[str, str], make: Callable[[Any, str], Any] | None) -> None:
        self._scanner = TagScanner(tags)
        self._make = make
        self._item: Any = None  # the last with text

    def feed(self, item: Any) -> list[Any]:
        text = item if type(item) is str else text_or_chunk(item, "scan_tags")
        if text is None:
            return [*self.flush(), item]
        self._item = item
        pieces = self._scanner.feed(text)
        if len(pieces) == 1 and pieces[0][0] is text and not pieces[0][1]:
            return [item]
        return self._items(pieces)

    def flush(self) -> list[Any]:
        return self._items(self._scanner.flush())

    def _items(self, pieces: list[tuple[str, bool]]) -> list[Any]:
        item, make = self._item, self._make
        items: list[Any] = []
        for text, inside in pieces:
            if not inside:
                items.append(with_text(item, text))
            elif make is not None:
                items.append(make(item, text))
        return items


class StoppedItems:
    """
    A `StopScanner` over the text of items.
    """

    __slots__ = ("_item", "_scanner", "stopped")

    def __init__(self, sequences: str | Iterable[str]) -> None:
        self._scanner = StopScanner(sequences)
        self._item: Any = None  # the last with text
        self.stopped: bool = False

    def feed(self, item: Any) -> list[Any]:
        scanner = self._scanner
        text = item if type(item) is str else text_or_chunk(item, "stop_at")
        if text is None:
            held = self.flush()
            self.stopped = scanner.stopped
            return held if scanner.stopped else [*held, item]
        self._item = item
        certain = scanner.feed(text)
        self.stopped = scanner.stopped
        return [item if certain is text else with_text(item, certain)] if certain else []

    def flush(self) -> list[Any]:
        text = self._scanner.flush()
        return [with_text(self._item, text)] if text else []


class JsonItems:
    """
    A `PartialJsonDecoder` over the text of items.
    """

    __slots__ = ("_decoder", "_item")

    def __init__(self, incomplete: str, max_text: int | None) -> None:
        self._decoder = PartialJsonDecoder(incomplete=incomplete, max_text=max_text)
        self._item: Any = None  # the last with text

    def feed(self, item: Any) -> list[Any]:
        text = item if type(item) is str else text_or_chunk(item, "json_deltas")
        if text is None:
            return [item]
        self._item = item
        return self._items(self._decoder.feed(text))

    def flush(self) -> list[Any]:
        return self._items(self._decoder.flush())

    def _items(self, values: list[Any]) -> list[Any]:
        item = self._item
        return values if isinstance(item, str) else [_chunk("json", item, value) for value in values]


def _chunk(kind: str, of: Any, content: Any) -> dict[str, Any]:
    """A chunk of another type in the place of a chunk of text, or of text."""
    made = {"type": kind, "content": content}
    return {**cast("Mapping[str, Any]", of), **made} if isinstance(of, Mapping) else made


def _inside(_: Any, text: str) -> Inside:
    return Inside(text)


def _tags(start: str | Mapping[str, str], stop: str | None) -> Mapping[str, str]:
    if isinstance(start, str):
        if stop is None:
            raise TypeError(f"scan_tags(start, stop) needs a stop for {start!r}")
        return {start: stop}
    if not isinstance(start, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
        raise TypeError(f"scan_tags(start, stop) expects two str, or a mapping of start to stop, not {describe(start)}")
    if stop is not None:
        raise TypeError(f"scan_tags() takes start and stop, or a mapping alone, not {describe(start)} and {stop!r}")
    return dict(start)


class ScanTextMixin(Described[T_co]):
    """
    `scan_tags`, `stop_at`, `json_deltas`.
    """

    __slots__ = ()

    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk], start: str, stop: str, *, inside: Literal["reasoning"] = "reasoning"
    ) -> JaypieStream[T_co | ReasoningChunk]: ...
    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk], start: Mapping[str, str], *, inside: Literal["reasoning"] = "reasoning"
    ) -> JaypieStream[T_co | ReasoningChunk]: ...
    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk], start: str | Mapping[str, str], stop: str | None = None, *, inside: None
    ) -> JaypieStream[T_co]: ...
    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk], start: str | Mapping[str, str], stop: str | None = None, *, inside: str
    ) -> JaypieStream[T_co | dict[str, Any]]: ...
    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk],
        start: str | Mapping[str, str],
        stop: str | None = None,
        *,
        inside: Callable[[str], Coroutine[Any, Any, R]],
    ) -> JaypieStream[T_co | R]: ...
    @overload
    def scan_tags(
        self: ScanTextMixin[Chunk],
        start: str | Mapping[str, str],
        stop: str | None = None,
        *,
        inside: Callable[[str], R],
    ) -> JaypieStream[T_co | R]: ...
    def scan_tags(
        self: ScanTextMixin[Chunk],
        start: str | Mapping[str, str],
        stop: str | None = None,
        *,
        inside: str | Callable[[str], Any] | None = "reasoning",
    ) -> JaypieStream[Any]:
        """
        Take text between tags out of the text round it, however it is cut. The tags themselves are left out.

        Items are `str`, or chunks of type "text", which keep their other fields; other chunks pass as they are, in
        place. A tag is text and nothing more, the next stop ends it, and what has no stop goes to the end.

        Args:
            start: What opens, such as "<think>"; or a mapping of start to stop, for several pairs.
            stop: What closes.
            inside: What becomes of the text between. A type of chunk: `{"type": "reasoning", "content": text}`. None:
                nothing, it is dropped. A callable: what it makes of the text, sync or async; the text comes in pieces.

        Raises:
            TypeError: At this call, for arguments of a wrong type. In the run, for bytes: `decode_utf8` goes above.
            ValueError: At this call, for an empty tag, or a start that begins with another.

        Flow:
            Keeps order, gives no empty text. Holds back only what may be the beginning of a tag, until it is none: the
            next text, another chunk, the end or an error from above tells. An error of *inside* ends the stream.

        >>> asyncio.run(JaypieStream.of("<th", "ink>Easy.</thi", "nk>42").scan_tags("<think>", "</think>").to_list())
        [{'type': 'reasoning', 'content': 'Easy.'}, '42']
        """
        tags = _tags(start, stop)
        if inside is None or isinstance(inside, str):
            make = None if inside is None else partial(_chunk, inside)
            return self._then(Held("scan_tags", partial(TaggedItems, tags, make)))
        check_callable(inside, "scan_tags(inside=)")
        return self._then(Held("scan_tags", partial(TaggedItems, tags, _inside)))._then(MakeInside(inside))

    def stop_at(self: ScanTextMixin[Chunk], sequences: str | Iterable[str]) -> JaypieStream[T_co]:
        """
        End the stream before the first stop sequence in its text, however the text is cut.

        Items are `str`, or chunks of type "text", which keep their other fields; other chunks pass as they are, in
        place. Of several sequences the one that begins first counts.

        Args:
            sequences: One `str`, or several.

        Raises:
            TypeError: At this call, if one is no `str`. In the run, for bytes: `decode_utf8` goes above.
            ValueError: At this call, if one is empty, or there is none.

        Flow:
            Keeps order, gives no empty text. Holds back only what may be the beginning of a sequence, until it is none:
            the next text, another chunk, the end or an error from above tells. Where a sequence is found the source is
            closed, and nothing behind it is read.

        >>> asyncio.run(JaypieStream.of("One. E", "ND", " Two.").stop_at("END").to_list())
        ['One. ']
        """
        given: Any = sequences
        if not isinstance(given, Iterable):
            raise TypeError(f"stop_at(sequences) expects one str or several, not {describe(given)}")
        found: Any = given if isinstance(given, str) else tuple(cast("Iterable[str]", given))
        return self._then(Stop("stop_at", partial(StoppedItems, found)))

    def json_deltas(
        self: ScanTextMixin[Chunk],
        *,
        incomplete: Literal["raise", "keep"] = "raise",
        max_text: int | None = DEFAULT_LIMIT,
    ) -> JaypieStream[Any]:
        """
        Read one JSON value from text as it comes: values that are ever more complete, the last of them the whole.

        Strings, lists and objects are given as far as they have come; numbers, words and keys when they are whole. Each
        value is built anew, and is given only where it differs from the last. A text of a few thousand characters gives
        one for each item; a longer one when it has grown by a hundred-and-twenty-eighth, so that the work does not grow
        faster than the text.

        Items are `str`, which give plain Python values; or chunks of type "text", which give chunks
        `{"type": "json", "content": value}` with their other fields. Other chunks pass as they are, in place.

        Args:
            incomplete: What to do where the text ends too early. "raise": an error, behind the values so far. "keep":
                what has come is the last value.
            max_text: Bytes that the text may have, None for any number.

        Raises:
            ValueError: At this call, for another *incomplete*, or *max_text* below 1.
            TypeError: In the run, for bytes: `decode_utf8` goes above.
            InvalidJsonError: In the run, if the text is not one JSON value and nothing else.
            FrameTooLargeError: In the run, at a longer text.

        Flow:
            Keeps order, holds the text so far. An error from above passes without a further value.

        >>> asyncio.run(JaypieStream.of('{"city": "Par', 'is", "people"', ": 2100000}").json_deltas().to_list())
        [{'city': 'Par'}, {'city': 'Paris'}, {'city': 'Paris', 'people': 2100000}]
        """
        return self._then(Decode("json_deltas", partial(JsonItems, incomplete, max_text)))
