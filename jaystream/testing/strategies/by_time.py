"""
Arguments and models of the operators that go by the clock, with limits that no law comes to: their times have tests in
virtual time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream.testing.strategies.steps import Step, register, weigh

__all__: list[str] = []

LONG = 3600.0
"""
Seconds that no law takes.
"""

SHORT = 0.0002
"""
Seconds that every law has.
"""

sizes: st.SearchStrategy[int] = st.integers(1, 4)


def _same(xs: Sequence[Any]) -> Sequence[Any]:
    return xs


def _newest(xs: Sequence[Any]) -> Sequence[Any]:
    return xs[-1:]


def _nothing(_: Sequence[Any]) -> Sequence[Any]:
    return []


def grouped(xs: Sequence[Any], size: int, weights: Sequence[float]) -> list[tuple[Any, ...]]:
    """
    What `group_within` gives when time never counts.
    """
    groups: list[list[Any]] = []
    total = float(size)
    for x, weight in zip(xs, weights, strict=True):
        if total >= size or total + weight > size:
            groups.append([])
            total = 0.0
        groups[-1].append(x)
        total += weight
    return [tuple(group) for group in groups]


def _group_within(drawn: tuple[int, bool]) -> Step:
    size, weighted = drawn
    if not weighted:
        return Step(
            f"group_within({size})",
            lambda s: s.group_within(size, seconds=LONG),
            lambda xs: grouped(xs, size, [1] * len(xs)),
            ahead=size,
        )

    def weight(x: Any) -> int:
        return weigh(x) % 4

    def model(xs: Sequence[Any]) -> list[tuple[Any, ...]]:
        return grouped(xs, size, [weight(x) for x in xs])

    step = Step.calling(
        f"group_within({size}, weight=f)",
        lambda call: lambda s: s.group_within(size, seconds=LONG, weight=call),
        weight,
        model,
        # the last group may grow as long as the source goes on
        so_far=lambda xs: model(xs)[:-1],
    )
    step.ahead = 12  # items may weigh nothing, so that size puts no bound on their number
    return step


def _timeout(drawn: tuple[float | None, float | None, float | None]) -> Step:
    first, idle, total = drawn
    return Step(f"timeout{drawn}", lambda s: s.timeout(first=first, idle=idle, total=total), _same)


def _throttle(drawn: tuple[int, int | None]) -> Step:
    n, burst = drawn
    return Step(f"throttle{drawn}", lambda s: s.throttle(n, per=SHORT, burst=burst), _same)


limits: st.SearchStrategy[float | None] = st.none() | st.just(LONG)
register("group_within", st.tuples(sizes, st.booleans()).map(_group_within))
register("timeout", st.tuples(limits, limits, limits).filter(any).map(_timeout))
register("keepalive", st.just(Step("keepalive('-')", lambda s: s.keepalive(LONG, item="-"), _same)))
register("throttle", st.tuples(sizes, st.none() | sizes).map(_throttle))
register(
    "delay",
    st.sampled_from((0, SHORT)).map(lambda seconds: Step(f"delay({seconds})", lambda s: s.delay(seconds), _same)),
)
register("debounce", st.just(Step("debounce()", lambda s: s.debounce(LONG), _newest, so_far=_nothing)))
register("sample", st.just(Step("sample()", lambda s: s.sample(LONG), _newest, so_far=_nothing)))
