"""
Random operators: those of the registry, and the concurrent ones again with sources and functions that take their time.

A step tells what comes of its items where that is certain: in order, or as a bag, or not at all.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from hypothesis import strategies as st

from jaystream import JaypieStream, StreamTimeoutError
from jaystream.errors import BufferOverflowError
from jaystream.testing import Witness
from jaystream.testing.strategies import ENTRIES, Step, weigh
from tests.fuzz.scripts import FuzzError, Script, scripts

__all__ = ["Drawn", "Knowledge", "Put", "steps"]

Knowledge = Literal["list", "bag", "nothing"]
"""
What is known of the items that come: which and in which order, which alone, or neither.
"""

Put = Callable[[JaypieStream[Any], Witness], JaypieStream[Any]]
Model = Callable[[Sequence[Any]], Sequence[Any]]

ONE_BY_ONE = {"map", "filter", "filter_map", "tap", "stats", "finalize", "delay", "throttle", "timeout"}
"""
Registry operators that do the same to each item, so that a bag stays a bag.
"""

BY_ARRIVAL = {"combine_latest", "with_latest_from", "debounce", "sample", "conflate", "catch"}
"""
Registry operators whose model needs sources that are always ready, or that never fail.
"""


def _same(xs: Sequence[Any]) -> Sequence[Any]:
    return xs


class Drawn:
    """
    One operator of a pipeline.

    Attributes:
        label: How it is written.
        put: Puts it on a stream; further sources come from the witness.
        model: What comes of a list, where that is known.
        knows: How well, over a list whose order is known.
        keeps_bag: Whether it knows as much as a bag of a bag.
        raises: What it may fail with by itself.
        may_fail: Whether a source or function of its own is planned to fail.
    """

    def __init__(
        self,
        label: str,
        put: Put,
        model: Model = _same,
        *,
        knows: Knowledge = "list",
        keeps_bag: bool = True,
        raises: tuple[type[Exception], ...] = (),
        may_fail: bool = False,
    ) -> None:
        self.label = label
        self.put: Put = put
        self.model: Model = model
        self.knows: Knowledge = knows
        self.keeps_bag = keeps_bag
        self.raises = raises
        self.may_fail = may_fail

    def __repr__(self) -> str:
        return self.label


def of_registry(name: str) -> st.SearchStrategy[Drawn]:
    """
    An operator of the registry; one that fails by itself is caught.
    """

    def wrap(step: Step) -> Drawn:
        step = step.caught()
        return Drawn(
            repr(step),
            lambda s, _: step.operate(s),
            step.model,
            knows="nothing" if name in BY_ARRIVAL else "list",
            keeps_bag=name in ONE_BY_ONE,
        )

    return ENTRIES[name].steps.map(wrap)


# functions ------------------------------------------------------------------------------------------------------------


class Waiting:
    """
    An async function of an item, which takes its time, and may fail at one.
    """

    def __init__(self, waits: Sequence[float], fails_on: int | None) -> None:
        self.waits = waits
        self.fails_on = fails_on

    def __repr__(self) -> str:
        return f"f(waits={self.waits}, fails_on={self.fails_on})"

    async def __call__(self, x: Any) -> Any:
        number = weigh(x)
        for wait in self.waits[: number % (len(self.waits) + 1)]:
            await asyncio.sleep(wait)
        if self.fails_on is not None and number % 7 == self.fails_on:
            raise FuzzError(f"the function, at {x!r}")
        return number * 2 + 1


def function_of(x: Any) -> int:
    """What `Waiting` gives."""
    return weigh(x) * 2 + 1


waits: st.SearchStrategy[list[float]] = st.lists(st.sampled_from((0.0, 0.0, 1.0, 2.0)), max_size=4)
functions: st.SearchStrategy[Waiting] = st.builds(Waiting, waits, st.sampled_from((None, None, None, 3)))
numbers: st.SearchStrategy[int] = st.integers(1, 4)
seconds: st.SearchStrategy[float] = st.sampled_from((0.4, 1.0, 1.7, 3.0))
others: st.SearchStrategy[list[Script]] = st.lists(scripts(), max_size=3)


def some_fail(drawn: Sequence[Script]) -> bool:
    """
    Whether one of them is planned to fail.
    """
    return any(script.fails for script in drawn)


def all_items(drawn: Sequence[Script]) -> list[Any]:
    """
    What all of them give.
    """
    return [item for script in drawn for item in script.items]


# concurrent operators -------------------------------------------------------------------------------------------------


def third(x: Any) -> int:
    """
    One of three keys.
    """
    return weigh(x) % 3


def map_at_once(f: Waiting, n: int, form: str) -> Drawn:
    options: dict[str, Any] = {"ordered": form != "unordered"}
    if form == "per_key":
        options["per_key"] = third
    return Drawn(
        f"map({f}, concurrency={n}, {form})",
        lambda s, _: s.map(f, concurrency=n, **options),
        lambda xs: [function_of(x) for x in xs],
        knows="bag" if form == "unordered" else "list",
        may_fail=f.fails_on is not None,
    )


def flat_map_at_once(inner: Script, n: int, flatten: bool) -> Drawn:
    def put(s: JaypieStream[Any], witness: Witness) -> JaypieStream[Any]:
        if flatten:
            return s.map(lambda _: inner.source(witness)).flatten(concurrency=n)
        return s.flat_map(lambda _: inner.source(witness), concurrency=n)

    return Drawn(
        f"{'flatten' if flatten else 'flat_map'}({inner}, concurrency={n})",
        put,
        lambda xs: inner.items * len(xs),
        knows="bag",
        may_fail=inner.fails,
    )


def merge(drawn: list[Script], prefetch: int, halt: Any) -> Drawn:
    return Drawn(
        f"merge(*{drawn}, prefetch={prefetch}, halt={halt!r})",
        lambda s, w: s.merge(*(each.source(w) for each in drawn), prefetch=prefetch, halt=halt),
        lambda xs: [*xs, *all_items(drawn)],
        knows="bag" if halt == "all" or not drawn else "nothing",
        may_fail=some_fail(drawn),
    )


def interleaved(xs: Sequence[Any], drawn: Sequence[Script]) -> list[Any]:
    """
    In turns.
    """
    nothing = object()
    rows = itertools.zip_longest(xs, *(script.items for script in drawn), fillvalue=nothing)
    return [x for row in rows for x in row if x is not nothing]


def interleave(drawn: list[Script]) -> Drawn:
    return Drawn(
        f"interleave(*{drawn})",
        lambda s, w: s.interleave(*(each.source(w) for each in drawn)),
        lambda xs: interleaved(xs, drawn),
        may_fail=some_fail(drawn),
    )


def zip_at_once(drawn: list[Script]) -> Drawn:
    return Drawn(
        f"zip(*{drawn}, concurrent=True)",
        lambda s, w: s.zip(*(each.source(w) for each in drawn), concurrent=True),
        lambda xs: list(zip(xs, *(each.items for each in drawn), strict=False)),
        keeps_bag=False,
        may_fail=some_fail(drawn),
    )


def of_several(name: str) -> Callable[[list[Script]], Drawn]:
    def make(drawn: list[Script]) -> Drawn:
        return Drawn(
            f"{name}(*{drawn})",
            lambda s, w: getattr(s, name)(*(each.source(w) for each in drawn)),
            knows="nothing",
            may_fail=some_fail(drawn),
        )

    return make


def switch_map(inner: Script) -> Drawn:
    return Drawn(
        f"switch_map({inner})",
        lambda s, w: s.switch_map(lambda _: inner.source(w)),
        knows="nothing",
        may_fail=inner.fails,
    )


def buffer(size: int, overflow: Any) -> Drawn:
    return Drawn(
        f"buffer({size}, {overflow!r})",
        lambda s, _: s.buffer(size, overflow=overflow),
        knows="list" if overflow == "suspend" else "nothing",
        raises=(BufferOverflowError,) if overflow == "error" else (),
    )


def group_within(size: int, within: float) -> Drawn:
    return Drawn(
        f"group_within({size}, seconds={within}).flatten()",
        lambda s, _: s.group_within(size, seconds=within).flatten(),
    )


def broadcast(n: int, ahead: int, on_slow: Any) -> Drawn:
    def put(s: JaypieStream[Any], _: Witness) -> JaypieStream[Any]:
        def together() -> JaypieStream[Any]:
            first, *rest = s.broadcast(n, buffer=ahead, on_slow=on_slow)
            return first.merge(*(each.map(weigh) for each in rest))

        return JaypieStream(together)

    return Drawn(
        f"broadcast({n}, buffer={ahead}, on_slow={on_slow!r}), merged",
        put,
        lambda xs: [*xs, *[weigh(x) for x in xs] * (n - 1)],
        knows="bag" if on_slow == "wait" else "nothing",
    )


def partition(number: int) -> Drawn:
    def put(s: JaypieStream[Any], _: Witness) -> JaypieStream[Any]:
        def together() -> JaypieStream[Any]:
            yes, no = s.partition(lambda x: weigh(x) % 3 == number)
            return yes.merge(no)

        return JaypieStream(together)

    return Drawn(f"partition({number}), merged", put, knows="bag")


def group_by(number: int) -> Drawn:
    return Drawn(
        f"group_by(x % {number}).flat_map(f, concurrency=99)",
        lambda s, _: s.group_by(lambda x: weigh(x) % number).flat_map(lambda g: g[1], concurrency=99),
        knows="bag",
    )


def timeout(limits: tuple[float | None, float | None, float | None]) -> Drawn:
    first, idle, total = limits
    return Drawn(
        f"timeout{limits}",
        lambda s, _: s.timeout(first=first, idle=idle, total=total),
        knows="nothing",
        raises=(StreamTimeoutError,),
    )


def timed(name: str) -> Callable[[float], Drawn]:
    def make(every: float) -> Drawn:
        return Drawn(
            f"{name}({every})",
            lambda s, _: s.throttle(1, per=every) if name == "throttle" else getattr(s, name)(every),
            knows="list" if name in {"throttle", "delay"} else "nothing",
        )

    return make


def keepalive(every: float) -> Drawn:
    # without its own items it changes nothing
    return Drawn(
        f"keepalive({every}).filter(other)",
        lambda s, _: s.keepalive(every, item="-").filter(lambda x: x != "-"),
        lambda xs: [x for x in xs if x != "-"],
    )


def take_until(signal: Script) -> Drawn:
    return Drawn(
        f"take_until({signal})", lambda s, w: s.take_until(signal.source(w)), knows="nothing", may_fail=signal.fails
    )


def again(inner: Script, attempts: int) -> Drawn:
    def put(s: JaypieStream[Any], witness: Witness) -> JaypieStream[Any]:
        tried = JaypieStream[Any](lambda: inner.source(witness)).retry(attempts, wait=0.5, jitter=0, partial="restart")
        return s.flat_map(lambda _: tried, concurrency=2)

    return Drawn(
        f"flat_map({inner}.retry({attempts}), concurrency=2)",
        put,
        lambda xs: inner.items * len(xs),
        knows="bag",
        may_fail=inner.fails,
    )


def fallback(drawn: list[Script]) -> Drawn:
    return Drawn(
        f"fallback(*{drawn}, partial='restart')",
        lambda s, w: s.fallback(*(partial(each.source, w) for each in drawn), partial="restart"),
        may_fail=some_fail(drawn),
    )


CONCURRENT: dict[str, st.SearchStrategy[Drawn]] = {
    "map": st.builds(map_at_once, functions, numbers, st.sampled_from(("ordered", "unordered", "per_key"))),
    "flat_map": st.builds(flat_map_at_once, scripts(), numbers, st.booleans()),
    "merge": st.builds(merge, others, st.integers(0, 2), st.sampled_from(("all", "all", "first", "left"))),
    "interleave": others.map(interleave),
    "zip": others.map(zip_at_once),
    "combine_latest": others.map(of_several("combine_latest")),
    "with_latest_from": others.map(of_several("with_latest_from")),
    "race": others.map(of_several("race")),
    "switch_map": scripts().map(switch_map),
    "buffer": st.builds(
        buffer, numbers, st.sampled_from(("suspend", "suspend", "drop_oldest", "drop_newest", "error"))
    ),
    "group_within": st.builds(group_within, numbers, seconds),
    "broadcast": st.builds(broadcast, numbers, st.integers(0, 2), st.sampled_from(("wait", "wait", "drop"))),
    "partition": st.integers(0, 2).map(partition),
    "group_by": numbers.map(group_by),
    "timeout": st.tuples(*[st.none() | seconds] * 3).filter(any).map(timeout),
    "keepalive": seconds.map(keepalive),
    "take_until": scripts().map(take_until),
    "retry": st.builds(again, scripts(), numbers),
    "fallback": st.lists(scripts(), min_size=1, max_size=3).map(fallback),
    **{name: seconds.map(timed(name)) for name in ("throttle", "delay", "debounce", "sample", "take_for")},
}
"""
The operators that are drawn more often, with what makes their lives hard.
"""


def steps() -> st.SearchStrategy[Drawn]:
    """
    Any operator that takes whatever another gives, every second one a concurrent one.
    """
    # where a source is lent, the one who lends it closes it in a generator, within a pull that may be cancelled
    plain = sorted(name for name, entry in ENTRIES.items() if entry.takes_anything and name != "borrow")
    return st.one_of(
        st.sampled_from(sorted(CONCURRENT)).flatmap(CONCURRENT.__getitem__),
        st.sampled_from(plain).flatmap(of_registry),
    )
