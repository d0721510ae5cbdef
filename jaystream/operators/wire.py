"""
Operators that frame items for the wire, and read them from it.

The formats themselves are sans-IO classes in `jaystream.formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, Stage, T_co
from jaystream._core.stages import CallStage
from jaystream.formats.ndjson import NdjsonDecoder, NdjsonEncoder
from jaystream.formats.sse import SseEncoder
from jaystream.formats.sse_decoder import SseDecoder
from jaystream.formats.text import TextEncoder
from jaystream.formats.wire import DEFAULT_LIMIT
from jaystream.operators.text import Decode

if TYPE_CHECKING:
    from jaystream._core.writer import LoopWriter
    from jaystream.errors import InvalidJsonError
    from jaystream.formats.chunks import Chunk
    from jaystream.formats.sse_event import SseEvent
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

__all__ = ["WireMixin"]

M = TypeVar("M")
R = TypeVar("R")


class Format(Stage):
    """
    A wire format: one encoder per run, of which the run's sink is told.

    Args:
        name: The operator's.
        make: Makes the encoder.
    """

    __slots__ = ("flushes", "make", "name")
    names: tuple[str, ...] = ("make",)

    def __init__(self, name: str, make: Callable[[], WireEncoder]) -> None:
        encoder = make()  # bad arguments fail here
        self.name: str = name
        self.make: Callable[[], WireEncoder] = make
        self.flushes: bool = encoder.closes

    @property
    def shape(self) -> tuple[type, str, bool]:
        return (type(self), self.name, self.flushes)

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        return self.make

    def values(self) -> tuple[object, ...]:
        return (self.make,)

    def write_setup(self, code: LoopWriter) -> None:
        code.line(f"loop.run.wire = {code.name('wire')} = {code.name('make')}()")
        code.line(f"del {code.name('make')}")
        code.line(f"{code.name('encode')} = {code.name('wire')}.encode")

    def write(self, code: LoopWriter) -> None:
        code.line(f"x = {code.name('encode')}(x)")
        code.skip("not x")

    def write_flush(self, code: LoopWriter) -> None:
        code.line(f"x = {code.name('wire')}.flush()")
        code.send("x", when="x")


class BadLine:
    """
    What stands between a decoder and the stage below for a line that could not be read.
    """

    __slots__ = ("error", "line")

    def __init__(self, line: bytes, error: InvalidJsonError) -> None:
        self.line: bytes = line
        self.error: InvalidJsonError = error


class MendNdjson(CallStage):
    """
    Puts something in the place of each bad line, in the loop: there it can be awaited, and its errors come in order.
    """

    __slots__ = ()
    name = "parse_ndjson"
    names: tuple[str, ...] = ("f", "bad")

    def values(self) -> tuple[object, ...]:
        return (self.f, BadLine)

    def write(self, code: LoopWriter) -> None:
        code.line(f"if type(x) is {code.name('bad')}:")
        code.line(f"    x = {self.call(code.name('f'), 'x.line, x.error')}")


class WireMixin(Described[T_co]):
    """
    `format_sse` and its family.
    """

    __slots__ = ()

    def format_sse(
        self: WireMixin[Chunk],
        *,
        event: str | Callable[[Any], str | None] | None = None,
        id: Callable[[Any], str | int | None] | None = None,
        retry: int | None = None,
        dumps: Callable[[Any], bytes | str] | None = None,
    ) -> JaypieStream[bytes]:
        r"""
        Frame items as server-sent events, one `bytes` per event.

        `str` is text, an `SseEvent` is written as it says, everything else is a chunk: its type is the event's name,
        its JSON the data.

        Args:
            event: The name of every event, or a callable that gives an item's name or None.
            id: A callable that gives an item's id or None; ids are written only through it.
            retry: Milliseconds a browser waits before it reconnects, written once.
            dumps: Replaces the JSON encoder.

        Raises:
            FormatError: At this call, if *event* or *retry* cannot be written; in the run, for items that cannot.

        Flow:
            Keeps order, holds one item. Source: the WHATWG HTML standard, 9.2.

        >>> asyncio.run(JaypieStream.of({"type": "text", "content": "Hi"}).format_sse().to_list())
        [b'event: text\ndata: {"type":"text","content":"Hi"}\n\n']
        """
        return self._then(Format("format_sse", partial(SseEncoder, event=event, id=id, retry=retry, dumps=dumps)))

    def format_ndjson(
        self: WireMixin[Chunk], *, dumps: Callable[[Any], bytes | str] | None = None
    ) -> JaypieStream[bytes]:
        r"""
        Frame items as lines of JSON, one `bytes` per line.

        Args:
            dumps: Replaces the JSON encoder.

        Raises:
            FormatError: In the run, for items that JSON cannot hold.

        Flow:
            Keeps order, holds one item.

        >>> asyncio.run(JaypieStream.of({"n": 1}).format_ndjson().to_list())
        [b'{"n":1}\n']
        """
        return self._then(Format("format_ndjson", partial(NdjsonEncoder, dumps=dumps)))

    def format_text(self: WireMixin[Chunk]) -> JaypieStream[bytes]:
        """
        Frame items as plain UTF-8 text: of a chunk its text goes out, of most chunks that is nothing.

        Flow:
            Keeps order, holds one item, gives no empty bytes.

        >>> asyncio.run(JaypieStream.of({"type": "text", "content": "Hi"}, {"type": "done"}).format_text().to_list())
        [b'Hi']
        """
        return self._then(Format("format_text", TextEncoder))

    def parse_sse(
        self: WireMixin[bytes] | WireMixin[str], *, max_event: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[SseEvent]:
        r"""
        Read server-sent events from bytes, or from text. The `data` of each is a `str`, whatever it says.

        Args:
            max_event: Bytes that an event, or a line of one, may have; None for any number.

        Raises:
            ValueError: At this call, if *max_event* is below 1.
            FrameTooLargeError: In the run.

        Flow:
            Keeps order, holds one event. Events come out the same however the input is cut; one that is incomplete at
            the end is dropped, as the standard (WHATWG HTML, 9.2.6) says.

        >>> asyncio.run(JaypieStream.of(b"data: H", b"i\n\n").parse_sse().to_list())
        [SseEvent('Hi', id='')]
        """
        return self._then(Decode("parse_sse", partial(_SseText, max_event)))

    @overload
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str], model: None = None, *, max_line: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[Any]: ...
    @overload
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str], model: type[M], *, max_line: int | None = DEFAULT_LIMIT
    ) -> JaypieStream[M]: ...
    @overload
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str],
        model: None = None,
        *,
        max_line: int | None = DEFAULT_LIMIT,
        on_error: Callable[[bytes, InvalidJsonError], object],
    ) -> JaypieStream[Any]: ...
    @overload
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str],
        model: type[M],
        *,
        max_line: int | None = DEFAULT_LIMIT,
        on_error: Callable[[bytes, InvalidJsonError], Coroutine[Any, Any, R]],
    ) -> JaypieStream[M | R]: ...
    @overload
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str],
        model: type[M],
        *,
        max_line: int | None = DEFAULT_LIMIT,
        on_error: Callable[[bytes, InvalidJsonError], R],
    ) -> JaypieStream[M | R]: ...
    def parse_ndjson(
        self: WireMixin[bytes] | WireMixin[str],
        model: Any = None,
        *,
        max_line: int | None = DEFAULT_LIMIT,
        on_error: Callable[[bytes, InvalidJsonError], Any] | None = None,
    ) -> JaypieStream[Any]:
        r"""
        Read lines of JSON from bytes, or from text. Blank lines are skipped, and the last line needs no end.

        Args:
            model: A pydantic model that each line is validated by; without it a line gives plain Python values.
            max_line: Bytes that a line may have; None for any number.
            on_error: Called with the bytes of a bad line and its `InvalidJsonError` (whose cause is what the parser or
                *model* raised), sync or async, in the line's turn. What it gives takes the line's place, as in `map`;
                a `filter` or `of_type` behind drops it. A line that is too long is never one of these.

        Raises:
            TypeError: At this call, if *model* is no pydantic model or *on_error* cannot be called.
            ValueError: At this call, if *max_line* is below 1.
            InvalidJsonError: In the run, at a line that is not JSON or does not fit *model*, without *on_error*.
            FrameTooLargeError: In the run, at a longer line.

        Flow:
            Keeps order, holds one line; the values before a bad line are given. An error from above passes without an
            incomplete last line.

        >>> asyncio.run(JaypieStream.of(b'{"n": 1}\n{"n"', b": 2}").parse_ndjson().to_list())
        [{'n': 1}, {'n': 2}]
        >>> asyncio.run(JaypieStream.of(b"1\n?\n").parse_ndjson(on_error=lambda line, error: line).to_list())
        [1, b'?']
        """
        loads = None
        if model is not None:
            loads = getattr(model, "model_validate_json", None)
            if not isinstance(model, type) or loads is None:
                raise TypeError(f"parse_ndjson(model=) expects a pydantic model, not {describe(model)}")
        if on_error is None:
            return self._then(Decode("parse_ndjson", partial(NdjsonDecoder, max_line=max_line, loads=loads)))
        mend = MendNdjson(on_error)
        made = self._then(
            Decode("parse_ndjson", partial(NdjsonDecoder, max_line=max_line, loads=loads, on_error=BadLine))
        )
        return made._then(mend)


class _SseText(SseDecoder):
    """
    Server-sent events in `bytes` or in `str`.
    """

    __slots__ = ()

    def __init__(self, max_event: int | None) -> None:
        super().__init__(max_event=max_event)

    def feed(self, data: bytes | str) -> list[SseEvent]:
        return super().feed(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
