"""
`JaypieStream`, the class: construction, composition and running. Operators and sinks are in their own rooms.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from inspect import isasyncgenfunction
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from jaystream._core import fuse
from jaystream._core.inspecting import describe
from jaystream._core.lend import Borrower, Loan, is_generator
from jaystream._core.opened import Opened
from jaystream._core.ownership import is_aiostream, kind_of
from jaystream._core.plan import Plan, Source, T_co, plan_in
from jaystream._core.run import Run
from jaystream._core.shelter import Loose
from jaystream.integrations.response import ResponseMixin
from jaystream.operators.accumulate import AccumulateMixin
from jaystream.operators.broadcast import BroadcastMixin
from jaystream.operators.buffer import BufferMixin
from jaystream.operators.chat import ChatMixin
from jaystream.operators.combine import CombineMixin
from jaystream.operators.distinct import DistinctMixin
from jaystream.operators.group import GroupMixin
from jaystream.operators.group_by import GroupByMixin
from jaystream.operators.group_within import GroupWithinMixin
from jaystream.operators.interleave import InterleaveMixin
from jaystream.operators.last import LastMixin
from jaystream.operators.latest import LatestMixin
from jaystream.operators.limit import LimitMixin
from jaystream.operators.materialize import MaterializeMixin
from jaystream.operators.merge import MergeMixin
from jaystream.operators.observe import ObserveMixin
from jaystream.operators.pace import PaceMixin
from jaystream.operators.race import RaceMixin
from jaystream.operators.recover import RecoverMixin
from jaystream.operators.retry import RetryMixin
from jaystream.operators.scan_text import ScanTextMixin
from jaystream.operators.select import SelectMixin
from jaystream.operators.share import ShareMixin
from jaystream.operators.silence import SilenceMixin
from jaystream.operators.smooth import SmoothMixin
from jaystream.operators.switch import SwitchMixin
from jaystream.operators.text import TextMixin
from jaystream.operators.thin import ThinMixin
from jaystream.operators.transform import TransformMixin
from jaystream.operators.until import UntilMixin
from jaystream.operators.wire import WireMixin
from jaystream.operators.zip import ZipMixin
from jaystream.sinks.asgi import AsgiMixin
from jaystream.sinks.aws_lambda import LambdaMixin
from jaystream.sinks.collect import CollectMixin
from jaystream.sinks.file import FileMixin
from jaystream.sinks.tee import TeeMixin
from jaystream.sources.blocking import BlockingMixin
from jaystream.sources.file import FromFileMixin
from jaystream.sources.generate import GenerateMixin
from jaystream.sources.http import FromSseMixin
from jaystream.sources.items import ItemsMixin
from jaystream.sources.make import stream_class
from jaystream.sources.ticks import TickMixin

if TYPE_CHECKING:
    from jaystream._core.stages import AnySource
    from jaystream.formats.chunks import Chunk
    from jaystream.operators.emitted import GoingOn

__all__ = ["JaypieStream", "Operator", "create_jaypie_stream", "stream_to_sse"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
R = TypeVar("R")
P = ParamSpec("P")


@stream_class
class JaypieStream(
    ItemsMixin[T_co],
    FromFileMixin[T_co],
    FromSseMixin[T_co],
    BlockingMixin[T_co],
    GenerateMixin[T_co],
    TickMixin[T_co],
    TransformMixin[T_co],
    AccumulateMixin[T_co],
    SelectMixin[T_co],
    LastMixin[T_co],
    DistinctMixin[T_co],
    LimitMixin[T_co],
    GroupMixin[T_co],
    GroupByMixin[T_co],
    GroupWithinMixin[T_co],
    CombineMixin[T_co],
    ZipMixin[T_co],
    MergeMixin[T_co],
    InterleaveMixin[T_co],
    LatestMixin[T_co],
    RaceMixin[T_co],
    SwitchMixin[T_co],
    BufferMixin[T_co],
    ChatMixin[T_co],
    ShareMixin[T_co],
    BroadcastMixin[T_co],
    SilenceMixin[T_co],
    ThinMixin[T_co],
    PaceMixin[T_co],
    SmoothMixin[T_co],
    UntilMixin[T_co],
    RecoverMixin[T_co],
    RetryMixin[T_co],
    ObserveMixin[T_co],
    MaterializeMixin[T_co],
    TextMixin[T_co],
    ScanTextMixin[T_co],
    WireMixin[T_co],
    CollectMixin[T_co],
    FileMixin[T_co],
    TeeMixin[T_co],
    AsgiMixin[T_co],
    LambdaMixin[T_co],
    ResponseMixin[T_co],
):
    """
    A pipeline: a source and the operators over it. It is a description; nothing runs before a sink, `open()` or
    `async for` asks.

    Args:
        source: In this order: a `JaypieStream`, an async context manager, an async iterable, an iterable, an awaitable,
            or a callable giving one of these. Callables and re-iterables can run again. A callable that takes an
            `Emitted` is for `retry(partial="resume")` alone.

    Raises:
        TypeError: At this call, for `str`, `bytes` and mappings, whose parts are rarely what is meant, and for
            whatever is no source.
        StreamConsumedError: At a second run, if the source can run only once.

    Flow:
        The run that opens the source closes it, in the same task: at the end, on an error, on an early stop and on
        cancellation. A bare `async for` that is left early is closed by the event loop, soon and in a task of the
        loop's; `async with stream.open() as items` closes at once.
    """

    __slots__ = ()

    def __init__(self, source: AnySource[T_co] | GoingOn[T_co]) -> None:
        if isinstance(source, JaypieStream):
            self._plan = source._plan
        else:
            kind_of(source)
            self._plan = Plan(Source(source))

    # running ------------------------------------------------------------------------------------------------------

    # slicing alone makes a sequence of a class, so that iter() and all who try it would take a stream for one
    __iter__: None = None

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        """
        Run the stream under `async for`.
        """
        items = self._iterate(Run(Loose()))
        if self._plan.loan is not None:
            self._plan.loan.note(items)
        return items

    def _iterate(self, run: Run) -> AsyncGenerator[T_co, None]:
        items: AsyncGenerator[T_co, None] = fuse.iterate(self._plan, run)
        return items

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[T_co]]:
        """
        Run the stream inside `async with`: leaving the block closes everything, in this task, before it goes on.

        Flow:
            Reads nothing until the iterator is asked. An early `break`, an error and a cancellation inside the block
            all close the source, shielded from cancel scopes.

        >>> async def main():
        ...     async with JaypieStream.of(1, 2, 3).open() as items:
        ...         async for item in items:
        ...             return item
        >>> asyncio.run(main())
        1
        """
        return Opened(self)

    # composing ----------------------------------------------------------------------------------------------------

    def pipe(
        self, f: Callable[Concatenate[JaypieStream[T_co], P], AsyncIterable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> JaypieStream[R]:
        """
        Apply a function from stream to stream, or to any async iterable.

        Args:
            f: Called with this stream and the other arguments.

        Raises:
            TypeError: At this call, if *f* gives something else.

        Flow:
            As *f* builds it; a function that gives a `JaypieStream` is fused with the rest. An `async def` generator
            is called anew by each run, and what it opens from the stream is closed with it. An operator of aiostream
            asks for items from one task after the other: it is given what this stream puts out from a task of its own.

        >>> def odd(stream):
        ...     return stream.filter(lambda n: n % 2)
        >>> asyncio.run(JaypieStream.of(1, 2, 3).pipe(odd).to_list())
        [1, 3]
        """
        loan = Loan()
        result: Any = f(self._with(loan), *args, **kwargs)
        plan = plan_in(result)
        if plan is not None:
            if plan.loan is not loan:
                return cast("JaypieStream[R]", result)
            made = result
        elif not is_generator(result):
            if getattr(result, "__aiter__", None) is None:
                raise TypeError(
                    "a stream is piped through functions that give a stream or an async iterable; "
                    f"{describe(f)} gave {describe(result)}"
                )
            if is_aiostream(result):
                result = f(self.merge(), *args, **kwargs)
            made = JaypieStream(result)
        elif isasyncgenfunction(f):
            made = JaypieStream(lambda: self._borrowed(lambda stream: f(stream, *args, **kwargs)))
        else:
            made = JaypieStream(Borrower(loan, lambda: result))
        return cast("JaypieStream[R]", made._with(self._plan.loan))  # what is made of a lent stream is lent too

    def _with(self, loan: Loan | None) -> JaypieStream[T_co]:
        """The same stream, lent or not."""
        made = cast("JaypieStream[T_co]", object.__new__(JaypieStream))
        made._plan = Plan(self._plan.source, self._plan.stages, loan)
        return made

    def _borrowed(self, make: Callable[[JaypieStream[T_co]], Any]) -> Borrower:
        loan = Loan()
        return Borrower(loan, lambda: make(self._with(loan)))

    def __or__(self, f: Callable[[JaypieStream[T_co]], AsyncIterable[R]]) -> JaypieStream[R]:
        """
        `stream | f` is `stream.pipe(f)`.
        """
        if not callable(f):
            return NotImplemented
        return self.pipe(f)

    def to(self, sink: Callable[Concatenate[JaypieStream[T_co], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """
        Hand the stream to a sink: a callable that takes a stream.

        Args:
            sink: Called with this stream and the other arguments; most sinks give a coroutine to await.

        Flow:
            As the sink says.

        >>> asyncio.run(JaypieStream.of(1, 2).to(JaypieStream.count))
        2
        """
        return sink(self, *args, **kwargs)

    # looking ------------------------------------------------------------------------------------------------------

    @property
    def media_type(self) -> str | None:
        """
        The content type of what the stream gives, or None for items that are in no wire format.

        >>> JaypieStream.of({"n": 1}).format_ndjson().media_type
        'application/x-ndjson'
        """
        wire = self._plan.wire
        return None if wire is None else wire().media_type

    @property
    def headers(self) -> Mapping[str, str]:
        """
        Further response headers that the wire format wants.
        """
        wire = self._plan.wire
        return {} if wire is None else wire().headers

    def explain(self) -> str:
        """
        The loop that `async for` runs, as source text, under a list of the stages.

        >>> print(JaypieStream.of(1, 2).take(1).explain().splitlines()[1])
        # 1: take(1)
        """
        return fuse.explain(self._plan)

    def __repr__(self) -> str:
        names = "".join(f".{stage.describe()}" for stage in self._plan.stages[:8])
        more = "..." if len(self._plan.stages) > 8 else ""
        return f"JaypieStream({describe(self._plan.source.origin, 40)}){names}{more}"


class Operator(Generic[A, B]):
    """
    A function from stream to stream as a value: `stream | op`, and `op | other` is both one after the other.

    Args:
        f: Takes a stream and gives a stream or another async iterable.

    Raises:
        TypeError: At this call, if *f* cannot be called.

    >>> @Operator
    ... def shout(stream: JaypieStream[str]) -> JaypieStream[str]:
    ...     return stream.map(str.upper)
    >>> asyncio.run((JaypieStream.of("a") | shout).to_list())
    ['A']
    """

    __slots__ = ("_f",)

    def __init__(self, f: Callable[[JaypieStream[A]], AsyncIterable[B]]) -> None:
        if not callable(f):
            raise TypeError(f"Operator() expects a function from stream to stream, not {describe(f)}")
        self._f = f

    def __call__(self, source: AnySource[A]) -> JaypieStream[B]:
        """
        Apply the operator to a stream or to any other source.
        """
        return JaypieStream(source).pipe(self._f)

    def __or__(self, other: Callable[[JaypieStream[B]], AsyncIterable[C]]) -> Operator[A, C]:
        """
        This operator, and then *other*.
        """
        if not callable(other):
            return NotImplemented
        return Operator(lambda stream: self(stream).pipe(other))

    def __ror__(self, source: AnySource[A]) -> JaypieStream[B]:
        """
        Apply the operator to a source that knows no `|`.
        """
        return self(source)

    def __repr__(self) -> str:
        return f"Operator({describe(self._f)})"


def create_jaypie_stream(source: AnySource[R]) -> JaypieStream[R]:
    """
    `JaypieStream(source)` under the name it has in Jaypie.

    >>> asyncio.run(create_jaypie_stream([1]).to_list())
    [1]
    """
    return JaypieStream(source)


def stream_to_sse(stream: AsyncIterable[Chunk | bytes]) -> AsyncIterator[str]:
    r"""
    Frame each item of any async iterable as a server-sent event, as `str`: Jaypie's `streamToSse`.

    Args:
        stream: The chunks; a `JaypieStream` or any other async iterable.

    Flow:
        Keeps order, holds one item. Errors pass.

    >>> async def main():
    ...     return [event async for event in stream_to_sse(JaypieStream.of({"type": "text", "content": "Hi"}))]
    >>> asyncio.run(main())
    ['event: text\ndata: {"type":"text","content":"Hi"}\n\n']
    """
    chunks: JaypieStream[Any] = JaypieStream(stream)
    return aiter(chunks.format_sse().map(bytes.decode))
