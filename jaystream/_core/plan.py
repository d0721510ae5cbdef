"""
What a pipeline is before it runs: a source and a tuple of stages, immutable.

Lives here: the description and what it can tell about itself. May not live here: anything that runs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

if TYPE_CHECKING:
    from jaystream._core.closing import Closer
    from jaystream._core.lend import Loan
    from jaystream._core.run import Loop, Run
    from jaystream._core.writer import LoopWriter
    from jaystream.formats.wire import WireEncoder
    from jaystream.stream import JaypieStream

T_co = TypeVar("T_co", covariant=True)


class Source:
    """
    Where items come from. Streams derived from one another share it, so that a one-shot source is spent for all.

    Attributes:
        origin: What the user gave.
        spent: Whether a one-shot origin has been run.
        given: The iterator that a callable origin gave last, or a weak reference to it.
        wire: Makes the encoder of the format that the items are in already, if known.
        lender: The source that this one borrows its origin from: runs leave the origin open, and never spend it.
    """

    __slots__ = ("given", "lender", "origin", "spent", "wire")

    def __init__(
        self, origin: object, wire: Callable[[], WireEncoder] | None = None, lender: Source | None = None
    ) -> None:
        self.origin: object = origin
        self.lender: Source | None = lender
        self.spent: bool = False
        self.given: object = None
        self.wire: Callable[[], WireEncoder] | None = wire


class Stage:
    """
    One operator, described. Two stages of equal `shape` are written as the same text; what differs are `values`.

    Attributes:
        name: The operator's public name.
        keeps_items: Items pass unchanged, so the media type is kept.
        flushes: It has lines to write at the end (`write_flush`).
        flushes_on_error: These lines also run when something above failed: they hold whole items.
        heads: It has lines to write before the first pull (`write_head`).
        ends: It can end the stream before its source does.
        born_ended: Its set-up ends the stream: the source is not even opened.
        nests: It opens an inner loop.
        gathers: No item passes before the end: the stages below get theirs from its flush.
        names: Words for `values`; number and word make the variable in the text.
        guarded: The value named "f" is a plain callable whose first result is looked at.
        finalizes: It has a `finalizer`, which closes last of all that its loop owns.
    """

    __slots__ = ()

    name: str = "stage"
    keeps_items: ClassVar[bool] = False
    flushes: bool = False
    flushes_on_error: ClassVar[bool] = False
    heads: bool = False
    ends: ClassVar[bool] = False
    born_ended: bool = False
    nests: ClassVar[bool] = False
    gathers: ClassVar[bool] = False
    names: tuple[str, ...] = ()
    guarded: bool = False
    finalizes: ClassVar[bool] = False

    @property
    def shape(self) -> Hashable:
        return (type(self),)

    def wire_below(self, above: Callable[[], WireEncoder] | None) -> Callable[[], WireEncoder] | None:
        """What makes the encoder of the format the items leave in, given the one they came in."""
        return above if self.keeps_items else None

    def values(self) -> tuple[object, ...]:
        """What the written lines need, in the order of `names`."""
        return ()

    def describe(self) -> str:
        return self.name

    def finalizer(self, loop: Loop, number: int) -> Closer:
        """What runs when the loop is left, in whatever way."""
        raise NotImplementedError

    def write_setup(self, code: LoopWriter) -> None:
        """Lines that run once, before anything is opened."""

    def write(self, code: LoopWriter) -> None:
        """Lines for one item `x`."""

    def write_flush(self, code: LoopWriter) -> None:
        """Lines for the end; items reach the stages below through `code.send` and its like."""

    def write_head(self, code: LoopWriter) -> None:
        """Lines before the first pull; items reach the stages below through `code.send` and its like."""


class Boundary(Stage):
    """
    A stage that is a hand-written async generator of its own: one async hop.

    Attributes:
        measures: The loops above count their items for it.
        pumped: What stands above it runs in a task of its own: the upstream of its loop is an `Above`.
        reruns: It runs what stands above it as often as it likes, in its own task: the same.
        rooted: It takes its items from a run that others have a part in; it stands first, and runs no source.
    """

    __slots__ = ()

    measures: ClassVar[bool] = False
    pumped: ClassVar[bool] = False
    rooted: ClassVar[bool] = False
    reruns: ClassVar[bool] = False

    @abstractmethod
    def attach(self, loop: Loop) -> AsyncGenerator[Any, None]:
        """The generator over the upstream of *loop*. On every way out it must go through `loop.close`."""


class Plan:
    """
    A source and its stages. What a run needs again and again is worked out once and kept in `_cache`.

    Attributes:
        source: Where the items come from.
        stages: The operators, from the source on.
        loan: Notes what is opened from a stream that was lent to a function.
    """

    __slots__ = ("_cache", "loan", "source", "stages")

    def __init__(self, source: Source, stages: tuple[Stage, ...] = (), loan: Loan | None = None) -> None:
        self.source: Source = source
        self.stages: tuple[Stage, ...] = stages
        self.loan: Loan | None = loan
        self._cache: dict[Hashable, Any] = {}

    def then(self, stage: Stage) -> Plan:
        return Plan(self.source, (*self.stages, stage), self.loan)

    def cached(self, key: Hashable, make: Callable[[], Any]) -> Any:
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = make()
        return found

    @property
    def wire(self) -> Callable[[], WireEncoder] | None:
        """
        What makes the encoder of the format the items are in, or None for items that are in no format.
        """
        wire = self.source.wire
        for stage in self.stages:
            wire = stage.wire_below(wire)
        return wire


class Described(Generic[T_co]):
    """
    A thing with a plan: the root of `JaypieStream`, for rooms that must not know the class itself.
    """

    __slots__ = ("_plan",)

    _plan: Plan

    def _then(self, stage: Stage) -> JaypieStream[Any]:
        """The same kind of stream with one stage more."""
        made = object.__new__(type(self))
        made._plan = self._plan.then(stage)
        return cast("JaypieStream[Any]", made)  # every Described that is made is one

    def _replace_last(self, stage: Stage) -> JaypieStream[Any]:
        """The same kind of stream with another last stage."""
        made = object.__new__(type(self))
        made._plan = Plan(self._plan.source, (*self._plan.stages[:-1], stage), self._plan.loan)
        return cast("JaypieStream[Any]", made)  # every Described that is made is one

    @classmethod
    def _over(cls, source: Source, stages: tuple[Stage, ...] = (), loan: Loan | None = None) -> JaypieStream[Any]:
        """This kind of stream over another source."""
        made = object.__new__(cls)
        made._plan = Plan(source, stages, loan)
        return cast("JaypieStream[Any]", made)  # every Described that is made is one

    @abstractmethod
    def _iterate(self, run: Run) -> AsyncGenerator[T_co, None]:
        """The generator that runs this as a part of *run*."""


def plan_in(thing: object) -> Plan | None:
    """
    The plan of a stream, None for anything else.
    """
    stream: Any = thing
    return stream._plan if isinstance(thing, Described) else None  # the one door to it


def iterate_in(stream: Described[Any], run: Run) -> AsyncGenerator[Any, None]:
    """
    The generator that runs *stream* as a part of *run*.
    """
    return stream._iterate(run)  # pyright: ignore[reportPrivateUsage] - the one door to it
