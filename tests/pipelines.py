"""
Random pipelines, described once and built twice: from jaystream's operators and from the reference generators.

Here live the descriptions, the strategies that make them, and the two worlds that build them. What is compared is the
test's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from jaystream.errors import LimitExceededError
from jaystream.testing import ManagedProbe, Probe

SYNC, ASYNC = False, True


class PlannedError(Exception):
    """
    An error that a description asked for.
    """


EXPECTED = (PlannedError, LimitExceededError)
"""
What a run may fail with.
"""


class Origin(NamedTuple):
    """
    A source: its kind, its items, and the item in whose place it fails.
    """

    kind: str
    items: int
    fail_at: int | None


class Step(NamedTuple):
    """
    An operator: its name, two small numbers, what flavour its callable has and at which call that fails, and the
    sources that it goes on with.
    """

    name: str
    a: int
    b: int
    flavour: bool
    fail_at: int | None
    inner: tuple[Description, ...]


class Description(NamedTuple):
    """
    A whole pipeline.
    """

    origin: Origin
    steps: tuple[Step, ...]


class Watched:
    """
    What one run of one world did: the calls of callables, and what was opened and closed, in order.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.asked: dict[str, int] = {}
        self.disorder: list[str] = []
        self.finalized: list[str] = []
        self._open: list[str] = []
        self._names: dict[str, int] = {}

    def name(self, word: str) -> str:
        number = self._names[word] = self._names.get(word, 0) + 1
        return f"{word}-{number}"

    def opening(self, name: str) -> None:
        self.opened.append(name)
        self._open.append(name)

    def closing(self, name: str) -> None:
        self.closed.append(name)
        if name not in self._open:
            self.disorder.append(f"{name} closed, not open")
        elif self._open.pop() != name:
            self.disorder.append(f"{name} closed before what was opened after it")

    def pulled(self, name: str) -> None:
        self.asked[name] = self.asked.get(name, 0) + 1

    @property
    def left_open(self) -> list[str]:
        return self._open


class _Watching(Probe[int]):
    """
    A probe that tells the run's common record too.
    """

    watched: Watched
    name: str

    def _open(self) -> None:
        super()._open()
        self.watched.opening(self.name)

    async def __anext__(self) -> int:
        self.watched.pulled(self.name)
        return await super().__anext__()

    async def aclose(self) -> None:
        if self.opens:
            self.watched.closing(self.name)
        await super().aclose()


class _WatchingManaged(_Watching, ManagedProbe[int]):
    """
    The same, as a context manager.
    """


class _Waiting:
    """
    An awaitable that makes its coroutine when it is awaited, so that one never awaited is no leak.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __await__(self) -> Iterator[Any]:
        async def give() -> Any:
            await asyncio.sleep(0)
            return self._make()

        return give().__await__()


def make_origin(origin: Origin, watched: Watched) -> Any:
    """
    The source that *origin* describes.
    """
    name = watched.name(origin.kind)
    items = range(origin.items)
    error = None if origin.fail_at is None else PlannedError(f"{name} at {origin.fail_at}")

    def probe(cls: type[_Watching]) -> _Watching:
        made = cls(items, fail_at=origin.fail_at, error=error)
        made.watched, made.name = watched, name
        return made

    def generate() -> Generator[int, None, None]:
        watched.opening(name)
        try:
            for item in [*items, None]:
                watched.pulled(name)
                if error is not None and item == (origin.fail_at if origin.fail_at != origin.items else None):
                    raise error
                if item is not None:
                    yield item
        finally:
            watched.closing(name)

    async def generate_async() -> AsyncIterator[int]:
        with contextlib.closing(generate()) as plain:
            for item in plain:
                await asyncio.sleep(0)
                yield item

    async def later() -> Any:
        return generate_async()

    @contextlib.asynccontextmanager
    async def managed() -> AsyncGenerator[Any, None]:
        watched.opening(name + "-manager")
        try:
            yield generate_async()
        finally:
            watched.closing(name + "-manager")

    match origin.kind:
        case "list":
            return list(items)
        case "sync":
            return generate()
        case "async":
            return generate_async()
        case "probe":
            return probe(_Watching)
        case "managed":
            return probe(_WatchingManaged)
        case "manager":
            return managed()
        case "callable":
            return generate_async
        case "callable-list":
            return lambda: list(items)
        case "coroutine":
            return later
        case "awaitable":
            return _Waiting(generate_async)
        case _:
            raise AssertionError(origin.kind)


KINDS = ("list", "sync", "async", "probe", "managed", "manager", "callable", "callable-list", "coroutine", "awaitable")


def weigh(value: Any) -> int:
    """
    A small number that any item has.
    """
    if isinstance(value, int):
        return value
    return sum(map(ord, value)) if isinstance(value, str) else sum(weigh(part) for part in value)


# strategies -----------------------------------------------------------------------------------------------------------

PLAIN_STEPS = [
    *("map", "starmap", "filter", "filter_map", "of_type", "scan", "map_accum", "enumerate", "tap", "tap_ends"),
    *("chunk", "take", "skip", "slice", "take_while", "skip_while", "lines", "finalize"),
    *("pairwise", "window", "group_adjacent", "take_last", "skip_last", "slice_from_end", "split", "intersperse"),
    *("stop_at", "scan_tags"),
    *("distinct", "distinct_until_changed", "limit", "timestamp", "materialize", "dematerialize"),
]
NESTING_STEPS = ["flat_map", "concat", "on_end", "catch"]

_small = st.integers(0, 4)
_failing = st.none() | st.none() | st.none() | st.integers(0, 5)


def origins() -> st.SearchStrategy[Origin]:
    return st.builds(Origin, st.sampled_from(KINDS), st.integers(0, 7), _failing).map(_sane)


def _sane(origin: Origin) -> Origin:
    if origin.fail_at is None or origin.kind in ("list", "callable-list"):
        return origin._replace(fail_at=None)
    return origin._replace(fail_at=min(origin.fail_at, origin.items))


def steps(depth: int) -> st.SearchStrategy[Step]:
    """
    Steps that nest at most *depth* pipelines in one another.
    """
    flavours = st.sampled_from([SYNC, ASYNC])
    plain = st.builds(Step, st.sampled_from(PLAIN_STEPS), _small, _small, flavours, _failing, st.just(()))
    if not depth:
        return plain
    inner = st.tuples(descriptions(depth - 1, 3))
    nesting = st.builds(Step, st.sampled_from(NESTING_STEPS), _small, _small, flavours, _failing, inner)
    return plain | nesting


def descriptions(depth: int = 2, most: int = 9) -> st.SearchStrategy[Description]:
    return st.builds(Description, origins(), st.lists(steps(depth), max_size=most).map(tuple))
