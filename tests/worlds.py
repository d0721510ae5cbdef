"""
The two worlds that build what `tests/pipelines.py` describes: jaystream's operators and the reference generators.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeAlias

from jaystream import End, Failure, Item, JaypieStream
from tests import reference as ref
from tests import reference_held as held
from tests.pipelines import ASYNC, Description, PlannedError, Step, Watched, make_origin, weigh


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

    of_one: dict[str, Callable[[Any], Any]] = {
        "map": lambda x: (weigh(x) * 3 + a) % 17,
        "filter": lambda x: (weigh(x) + a) % (b + 2),
        "filter_map": lambda x: None if weigh(x) % (b + 2) == a % 2 else weigh(x) + a,
        "flat_map": each,
        "tap": lambda _: None,
        "take_while": lambda x: weigh(x) % 7 != a,
        "skip_while": lambda x: weigh(x) < a,
        "on_end": each,
        "catch": each,
        "finalize": lambda _: watched.finalized.append(name),
        "group_adjacent": lambda x: weigh(x) // (a + 1),
        "distinct": lambda x: weigh(x) % (a + 2),
        "distinct_until_changed": lambda x: weigh(x) // (a + 1),
    }
    if step.name == "timestamp":
        return lambda: a
    of_two: dict[str, Callable[[Any, Any], Any]] = {
        "starmap": lambda number, x: number * 2 + weigh(x),
        "scan": lambda total, x: (total + weigh(x)) % 50,
        "map_accum": lambda state, x: ((state + 1) % 20, state * 2 + weigh(x)),
    }
    return of_two[step.name] if step.name in of_two else of_one[step.name]


def last_state(step: Step) -> Callable[[Any], Any] | None:
    """
    The `on_end` of a step's `map_accum`, for some of them.
    """

    def give(state: Any) -> Any:
        return [state, step.b]

    return give if step.b % 2 else None


def note(watched: Watched, word: str) -> Callable[[Any], None]:
    """
    A callable that writes down its argument.
    """

    def write(value: Any) -> None:
        watched.calls.append((word, str(value)))

    return write


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
                return s.map_accum(self._f(step), a, on_end=last_state(step))
            case "tap_ends":
                w = self.watched
                return s.tap(
                    note(w, "tap"),
                    on_error=note(w, "error"),
                    on_end=partial(note(w, "end"), None),
                )
            case "take_while":
                return s.take_while(self._f(step), inclusive=bool(b % 2))
            case "catch":
                return s.catch(PlannedError, self._f(step))
            case "pairwise":
                return s.pairwise()
            case "window":
                return s.window(a + 1, step=b + 1)
            case "group_adjacent":
                return s.group_adjacent(self._f(step), max_size=b or None)
            case "take_last" | "skip_last":
                return getattr(s, step.name)(a)
            case "slice_from_end":
                return (s[-a - 1 :], s[: -a - 1], s[-a - 2 : -b - 1 : 2], s[a : -b - 1])[(a + b) % 4]
            case "distinct":
                return s.distinct(self._f(step) if a else None, max_keys=b + 2)
            case "distinct_until_changed":
                return s.distinct_until_changed(self._f(step) if a else None)
            case "limit":
                return s.limit(items=a * 2)
            case "intersperse":
                return s.intersperse(a)
            case "materialize":
                return s.materialize().map(as_pair)
            case "dematerialize":
                return s.materialize().dematerialize()
            case "split":
                return s.map(partial_digit).split(f"{a % 2}{b}")
            case "stop_at":
                return s.map(partial_digit).stop_at(f"{a}{b}")
            case "scan_tags":
                return s.map(partial_digit).scan_tags(f"{a}", f"{b}{a % 2}", inside=None)
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


def partial_digit(x: Any) -> str:
    """
    Text that is a part of a separator, more often than not.
    """
    return str(weigh(x) % 4)


def as_pair(note: Item[Any] | Failure | End) -> tuple[str, Any]:
    """
    The word of a note and what it is about.
    """
    match note:
        case Item(value):
            return "Item", value
        case Failure(error):
            return "Failure", str(error)
        case End():
            return "End", ""


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
                return ref.ref_map_accum(s, self._f(step), a, last_state(step))
            case "tap_ends":
                w = self.watched
                return ref.ref_tap(
                    s,
                    note(w, "tap"),
                    note(w, "error"),
                    partial(note(w, "end"), None),
                )
            case "tap":
                return ref.ref_tap(s, self._f(step), None, None)
            case "take_while":
                return ref.ref_take_while(s, self._f(step), bool(b % 2))
            case "catch":
                return ref.ref_catch(s, PlannedError, self._f(step))
            case "on_end":
                return ref.ref_on_end(s, self._f(step) if b % 2 else self.build(step.inner[0]))
            case "window":
                return held.ref_window(s, a + 1, b + 1)
            case "group_adjacent":
                return held.ref_group_adjacent(s, self._f(step), b or None)
            case "slice_from_end":
                return (
                    lambda: held.ref_take_last(s, a + 1),
                    lambda: held.ref_skip_last(s, a + 1),
                    lambda: ref.ref_every(held.ref_skip_last(held.ref_take_last(s, a + 2), b + 1), 2),
                    lambda: held.ref_skip_last(ref.ref_skip(s, a), b + 1),
                )[(a + b) % 4]()
            case "distinct":
                return held.ref_distinct(s, self._f(step) if a else None, b + 2)
            case "distinct_until_changed":
                return held.ref_distinct_until_changed(s, self._f(step) if a else None)
            case "limit":
                return held.ref_limit(s, a * 2)
            case "timestamp":
                return held.ref_timestamp(s, self._f(step))
            case "dematerialize":
                return s
            case "split":
                return held.ref_split(ref.ref_map(s, partial_digit), f"{a % 2}{b}")
            case "stop_at":
                return held.ref_stop_at(ref.ref_map(s, partial_digit), f"{a}{b}")
            case "scan_tags":
                return held.ref_scan_tags(ref.ref_map(s, partial_digit), f"{a}", f"{b}{a % 2}")
            case "pairwise" | "materialize":
                whole: dict[str, Call] = {"pairwise": held.ref_pairwise, "materialize": held.ref_materialize}
                of_all: ref.Items = whole[step.name](s)
                return of_all
            case "take_last" | "skip_last" | "intersperse":
                sized: dict[str, Call] = {
                    "take_last": held.ref_take_last,
                    "skip_last": held.ref_skip_last,
                    "intersperse": held.ref_intersperse,
                }
                of_number: ref.Items = sized[step.name](s, a)
                return of_number
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
