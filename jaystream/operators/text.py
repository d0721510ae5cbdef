"""
Operators on text and bytes, safe however the input is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, overload

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Stage, T_co
from jaystream.formats.lines import LineDecoder
from jaystream.formats.split import SplitDecoder
from jaystream.formats.text import TextEncoder, text_in, with_text
from jaystream.formats.utf8 import Utf8Decoder
from jaystream.formats.wire import DEFAULT_LIMIT

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.formats.chunks import Chunk
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

__all__ = ["TextMixin"]


class Decoder(Protocol):
    """
    What a decoding stage makes for each run.
    """

    def feed(self, data: Any, /) -> Any: ...
    def flush(self) -> Any: ...


class Decode(Stage):
    """
    A sans-IO decoder that gives a list of items for each piece.
    """

    __slots__ = ("make", "name")
    names: tuple[str, ...] = ("make",)
    flushes = True
    nests = True

    def __init__(self, name: str, make: Callable[[], Decoder]) -> None:
        make()  # bad arguments fail here
        self.name: str = name
        self.make: Callable[[], Decoder] = make

    @property
    def shape(self) -> tuple[type, str]:
        return (type(self), self.name)

    def values(self) -> tuple[object, ...]:
        return (self.make,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('decoder')} = {code.name('make')}()")
        code.line(f"{code.name('feed')} = {code.name('decoder')}.feed")

    def write(self, code: LoopWriter) -> None:
        code.loop(f"{code.name('feed')}(x)")

    def write_flush(self, code: LoopWriter) -> None:
        code.send_each(f"{code.name('decoder')}.flush()")


class DecodeUtf8(Stage):
    __slots__ = ("make",)
    name = "decode_utf8"
    names: tuple[str, ...] = ("make",)
    flushes = True

    def __init__(self, errors: Literal["strict", "replace"]) -> None:
        Utf8Decoder(errors)
        self.make: partial[Utf8Decoder] = partial(Utf8Decoder, errors)

    def values(self) -> tuple[object, ...]:
        return (self.make,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"{code.name('decoder')} = {code.name('make')}()")
        code.line(f"{code.name('feed')} = {code.name('decoder')}.feed")

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {code.name('feed')}(x)")
        code.skip("not x")

    def write_flush(self, code: LoopWriter) -> None:
        code.line(f"x = {code.name('decoder')}.flush()")
        code.send("x", when="x")


class Text(Stage):
    __slots__ = ()
    name = "text"
    names: tuple[str, ...] = ("text_in",)

    def values(self) -> tuple[object, ...]:
        return (text_in,)

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {code.name('text_in')}(x)")
        code.skip("not x")


class Encode(Stage):
    __slots__ = ("encoding", "errors")
    name = "encode"
    names: tuple[str, ...] = ("encoding", "errors")

    def __init__(self, encoding: str, errors: str) -> None:
        "".encode(encoding, errors)
        self.encoding: str = encoding
        self.errors: str = errors

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        """Bytes of text, of which nothing marks the end."""
        return partial(EncodedText, self.encoding)

    def values(self) -> tuple[object, ...]:
        return (self.encoding, self.errors)

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = x.encode({code.name('encoding')}, {code.name('errors')})")
        code.skip("not x")


class EncodedText(TextEncoder):
    """
    Text that is encoded already.
    """

    __slots__ = ("media_type",)

    def __init__(self, encoding: str) -> None:
        self.media_type: str = f"text/plain; charset={encoding}"


def text_or_chunk(item: Any, operator: str) -> str | None:
    """
    The text of an item, None for a chunk that has none and passes as it is.

    Raises:
        TypeError: For bytes.
    """
    if isinstance(item, (bytes, bytearray, memoryview)):
        given = describe(cast("object", item), 40)
        raise TypeError(f"{operator}() takes text and chunks, not bytes ({given}); .decode_utf8() above it makes text")
    return text_in(item)


class Cut:
    """
    A decoder that cuts text, over the text of items. A piece stands where its end came; other chunks pass at once.
    """

    __slots__ = ("_decoder", "_item")

    def __init__(self, decoder: Decoder) -> None:
        self._decoder: Any = decoder
        self._item: Any = None  # the last with text, where that is a chunk

    def feed(self, item: Any) -> list[Any]:
        if isinstance(item, (str, bytes, bytearray, memoryview)):
            self._item = None
            return self._decoder.feed(item)  # type: ignore[no-any-return]  # a list, as of every decoder
        text = text_in(item)
        if text is None:
            return [item]
        self._item = item
        return self._items(self._decoder.feed(text))

    def flush(self) -> list[Any]:
        return self._items(self._decoder.flush())

    def _items(self, pieces: list[Any]) -> list[Any]:
        item = self._item
        return pieces if item is None else [with_text(item, piece) for piece in pieces]


class _Lines:
    """
    Lines of `str` or of UTF-8 `bytes`.
    """

    __slots__ = ("_lines", "_text")

    def __init__(self, max_line: int | None) -> None:
        self._lines = LineDecoder(max_line=max_line)
        self._text = Utf8Decoder()

    def feed(self, data: str | bytes) -> list[str]:
        return self._lines.feed(data if isinstance(data, str) else self._text.feed(data))

    def flush(self) -> list[str]:
        last = self._text.flush()
        return self._lines.feed(last) + self._lines.flush()


class TextMixin(Described[T_co]):
    """
    `decode_utf8`, `encode`, `lines`, `split`, `text`.
    """

    __slots__ = ()

    def decode_utf8(self: TextMixin[bytes], errors: Literal["strict", "replace"] = "strict") -> JaypieStream[str]:
        r"""
        Decode bytes as UTF-8; a character that is cut between two items comes whole.

        Args:
            errors: "strict" raises at bytes that are not UTF-8, "replace" gives U+FFFD for them.

        Raises:
            ValueError: At this call, if *errors* is another word.
            InvalidUtf8Error: In the run, with the offset of the byte.

        Flow:
            Keeps order, holds at most three bytes, gives no empty text. What is incomplete at the end is an error (or
            U+FFFD); an error from above passes without it.

        >>> asyncio.run(JaypieStream.of(b"caf\xc3", b"\xa9").decode_utf8().to_list())
        ['caf', 'é']
        """
        return self._then(DecodeUtf8(errors))

    def encode(self: TextMixin[str], encoding: str = "utf-8", errors: str = "strict") -> JaypieStream[bytes]:
        r"""
        Encode text as bytes, which a sink sends as `text/plain`.

        Args:
            encoding: Any codec that Python knows.
            errors: What happens to characters it cannot encode, as in `str.encode`.

        Raises:
            LookupError: At this call, if *encoding* or *errors* is unknown.
            UnicodeEncodeError: In the run.

        Flow:
            Keeps order, holds one item, gives no empty bytes.

        >>> asyncio.run(JaypieStream.of("é").encode().to_list())
        [b'\xc3\xa9']
        """
        return self._then(Encode(encoding, errors))

    @overload
    def lines(
        self: TextMixin[str] | TextMixin[bytes], *, max_line: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[str]: ...
    @overload
    def lines(self: TextMixin[Chunk], *, max_line: int | None = DEFAULT_LIMIT) -> JaypieStream[T_co]: ...
    def lines(self: TextMixin[Any], *, max_line: int | None = DEFAULT_LIMIT) -> JaypieStream[Any]:
        r"""
        Cut text into its lines, without their ends. Bytes are decoded as UTF-8 first.

        Lines end at LF, CRLF and CR, and nowhere else. Chunks of type "text" become chunks of a line each; other chunks
        pass as they are, before the line that has not ended.

        Args:
            max_line: Characters a line may have, None for any number.

        Raises:
            ValueError: At this call, if *max_line* is below 1.
            FrameTooLargeError: In the run, at a longer line.
            InvalidUtf8Error: In the run, at bytes that are not UTF-8.

        Flow:
            Keeps order, holds one line. A last line without an end is given at the end; an error from above passes
            without it, since a line that was cut is no line.

        >>> asyncio.run(JaypieStream.of("one\r", "\ntw", "o").lines().to_list())
        ['one', 'two']
        """
        return self._then(Decode("lines", lambda: Cut(_Lines(max_line))))

    @overload
    def split(self: TextMixin[str], separator: str, *, max_piece: int | None = DEFAULT_LIMIT) -> JaypieStream[str]: ...
    @overload
    def split(
        self: TextMixin[bytes], separator: bytes, *, max_piece: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[bytes]: ...
    @overload
    def split(
        self: TextMixin[Chunk], separator: str, *, max_piece: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[T_co]: ...
    def split(self: TextMixin[Any], separator: Any, *, max_piece: int | None = DEFAULT_LIMIT) -> JaypieStream[Any]:
        r"""
        Cut text at a separator, or bytes at bytes, however the input is cut; the pieces come without it.

        A separator ends a piece, as a line's end does: there is no empty piece behind the last separator. Chunks of
        type "text" become chunks of a piece each; other chunks pass as they are, before the piece that has not ended.

        Args:
            separator: `str` for text, `bytes` for bytes; not empty.
            max_piece: Characters (or bytes) a piece may have, None for any number.

        Raises:
            TypeError: At this call, if *separator* is neither.
            ValueError: At this call, if *separator* is empty or *max_piece* below 1.
            FrameTooLargeError: In the run, at a longer piece.

        Flow:
            Keeps order, holds one piece. A last piece without a separator is given at the end; an error from above
            passes without it, since a piece that was cut is no piece.

        >>> asyncio.run(JaypieStream.of("one-", "-tw", "o").split("--").to_list())
        ['one', 'two']
        """
        return self._then(Decode("split", lambda: Cut(SplitDecoder(separator, max_piece=max_piece))))

    def text(self: TextMixin[Chunk]) -> JaypieStream[str]:
        """
        Reduce chunks to their text: `str` is text, a chunk of type "text" has it under `content`, others have none.

        Flow:
            Keeps order, holds one item, gives no empty text.

        >>> asyncio.run(JaypieStream.of({"type": "text", "content": "Hi"}, {"type": "done"}).text().to_list())
        ['Hi']
        """
        return self._then(Text())
