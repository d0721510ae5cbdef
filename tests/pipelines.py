"""
Random pipelines, described once and built twice: from jaystream's operators and from the reference generators.

Here live the descriptions, the strategies that make them, and the two worlds that build them. What is compared is the
test's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests import reference as ref

SYNC, ASYNC = False, True


class PlannedError(Exception):
    """
    An error that a description asked for.
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
    async def managed() -> AsyncIterator[Any]:
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


class World(Protocol):
    """
    One way to build what is described.
    """

    watched: Watched

    def build(self, description: Description) -> Any: ...


Call: TypeAlias = Callable[..., Any]


def callback(step: Step, watched: Watched, f: Call) -> Call:
    """
    *f* in the step's flavour: it writes down its calls, and fails at the planned one.
    """
    calls = 0

    def plain(*args: Any) -> Any:
        nonlocal calls
        watched.calls.append((step.name, args if not isinstance(args[-1:], Exception) else ()))
        calls += 1
        if step.fail_at is not None and calls > step.fail_at:
            raise PlannedError(f"{step.name} at call {calls}")
        return f(*args)

    async def waiting(*args: Any) -> Any:
        await asyncio.sleep(0)
        return plain(*args)

    return waiting if step.flavour is ASYNC else plain


def functions(step: Step, world: World) -> Call:
    """
    What the callable of a step does.
    """
    a, b = step.a, step.b
    inner = step.inner
    watched = world.watched
    name = watched.name(step.name)

    def each(*_: Any) -> Any:
        return world.build(inner[0])

    table: dict[str, Call] = {
        "map": lambda x: (weigh(x) * 3 + a) % 17,
        "starmap": lambda x, y: x * 2 + weigh(y),
        "filter": lambda x: (weigh(x) + a) % (b + 2),
        "filter_map": lambda x: None if weigh(x) % (b + 2) == a % 2 else weigh(x) + a,
        "flat_map": each,
        "scan": lambda total, x: (total + weigh(x)) % 50,
        "map_accum": lambda state, x: ((state + 1) % 20, state * 2 + weigh(x)),
        "tap": lambda *_: None,
        "take_while": lambda x: weigh(x) % 7 != a,
        "skip_while": lambda x: weigh(x) < a,
        "on_end": each,
        "catch": each,
        "finalize": lambda *_: watched.finalized.append(name),
    }
    return table[step.name]


class Fused:
    """
    Builds with jaystream.
    """

    def __init__(self) -> None:
        self.watched = Watched()

    def build(self, description: Description) -> Any:
        stream: Any = JaypieStream[Any](make_origin(description.origin, self.watched))
        for step in description.steps:
            stream = self._apply(stream, step)
        return stream

    def _apply(self, s: Any, step: Step) -> Any:
        a, b = step.a, step.b
        match step.name:
            case "of_type":
                return s.of_type((int, tuple)[a % 2])
            case "enumerate":
                return s.enumerate(a)
            case "starmap":
                return s.enumerate(a).starmap(self._f(step))
            case "chunk":
                return s.chunk(a + 1)
            case "take" | "skip":
                return getattr(s, step.name)(a)
            case "slice":
                return s[a : a + 4 : b + 1]
            case "lines":
                return s.map(partial_text).lines()
            case "concat":
                return s.concat(*(self.build(each) for each in step.inner))
            case "scan":
                return s.scan(self._f(step), a)
            case "map_accum":
                return s.map_accum(self._f(step), a, on_end=(lambda state: [state, b]) if b % 2 else None)
            case "tap_ends":
                note = self.watched.calls.append
                return s.tap(
                    lambda x: note(("tap", x)),
                    on_error=lambda error: note(("error", str(error))),
                    on_end=lambda: note(("end", None)),
                )
            case "take_while":
                return s.take_while(self._f(step), inclusive=bool(b % 2))
            case "catch":
                return s.catch(PlannedError, self._f(step))
            case "on_end":
                return s.on_end(self._f(step) if b % 2 else self.build(step.inner[0]))
            case _:
                return getattr(s, step.name)(self._f(step))

    def _f(self, step: Step) -> Call:
        return callback(step, self.watched, functions(step, self))


def partial_text(x: Any) -> str:
    """
    Text that sometimes ends a line, or two.
    """
    return str(weigh(x)) + "\n" * (weigh(x) % 3)


class Reference:
    """
    Builds with the reference generators.
    """

    def __init__(self) -> None:
        self.watched = Watched()

    def build(self, description: Description) -> Any:
        items = ref.ref_source(make_origin(description.origin, self.watched))
        for step in description.steps:
            items = self._apply(items, step)
        return items

    def _apply(self, s: ref.Items, step: Step) -> ref.Items:
        a, b = step.a, step.b
        match step.name:
            case "of_type":
                return ref.ref_of_type(s, (int, tuple)[a % 2])
            case "enumerate":
                return ref.ref_enumerate(s, a)
            case "starmap":
                return ref.ref_starmap(ref.ref_enumerate(s, a), self._f(step))
            case "chunk":
                return ref.ref_chunk(s, a + 1)
            case "take":
                return ref.ref_take(s, a)
            case "skip":
                return ref.ref_skip(s, a)
            case "slice":
                return ref.ref_take(ref.ref_every(ref.ref_skip(s, a), b + 1), -(-4 // (b + 1)))
            case "lines":
                return ref.ref_lines(ref.ref_map(s, partial_text))
            case "concat":
                return ref.ref_concat(s, *(self.build(each) for each in step.inner))
            case "scan":
                return ref.ref_scan(s, self._f(step), a)
            case "map_accum":
                return ref.ref_map_accum(s, self._f(step), a, (lambda state: [state, b]) if b % 2 else None)
            case "tap_ends":
                note = self.watched.calls.append
                return ref.ref_tap(
                    s,
                    lambda x: note(("tap", x)),
                    lambda error: note(("error", str(error))),
                    lambda: note(("end", None)),
                )
            case "tap":
                return ref.ref_tap(s, self._f(step), None, None)
            case "take_while":
                return ref.ref_take_while(s, self._f(step), bool(b % 2))
            case "catch":
                return ref.ref_catch(s, PlannedError, self._f(step))
            case "on_end":
                return ref.ref_on_end(s, self._f(step) if b % 2 else self.build(step.inner[0]))
            case "finalize":
                call = self._f(step)
                return ref.ref_finalize(s, lambda: call(None))
            case _:
                simple: dict[str, Call] = {
                    "map": ref.ref_map,
                    "filter": ref.ref_filter,
                    "filter_map": ref.ref_filter_map,
                    "flat_map": ref.ref_flat_map,
                    "skip_while": ref.ref_skip_while,
                }
                made: ref.Items = simple[step.name](s, self._f(step))
                return made

    def _f(self, step: Step) -> Call:
        return callback(step, self.watched, functions(step, self))


# strategies -----------------------------------------------------------------------------------------------------------

PLAIN_STEPS = (
    "map starmap filter filter_map of_type scan map_accum enumerate tap tap_ends chunk take skip slice take_while "
    "skip_while lines finalize"
).split()
NESTING_STEPS = "flat_map concat on_end catch".split()

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
