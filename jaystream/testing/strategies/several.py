"""
Arguments and models of the operators that look at several items, or at several sources: accumulate, group, combine.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing.strategies.data import items as plain_items
from jaystream.testing.strategies.steps import Step, register, weigh

__all__: list[str] = []

small: st.SearchStrategy[int] = st.integers(0, 4)
sizes: st.SearchStrategy[int] = st.integers(1, 4)
others: st.SearchStrategy[list[list[Any]]] = st.lists(plain_items(max_size=3), max_size=3)


def add(total: Any, x: Any) -> int:
    """
    A fold of any items.
    """
    return (weigh(total) * 2 + weigh(x)) % 97


def step_state(state: Any, x: Any) -> tuple[Any, Any]:
    """
    A new state and an item, of any items.
    """
    return (weigh(state) + 1) % 20, (state, x)


def accumulated(xs: Sequence[Any], state: Any) -> tuple[Any, list[Any]]:
    """
    The last state and the items of `map_accum` with `step_state`.
    """
    given: list[Any] = []
    for x in xs:
        state, y = step_state(state, x)
        given.append(y)
    return state, given


def _map_accum(drawn: tuple[int, bool]) -> Step:
    start, ends = drawn

    def on_end(state: Any) -> list[Any]:
        return [state]

    def model(xs: Sequence[Any]) -> list[Any]:
        state, given = accumulated(xs, start)
        return [*given, state] if ends else given

    return Step.calling(
        f"map_accum(f, {start}, on_end={ends})",
        lambda call: lambda s: s.map_accum(call, start, on_end=on_end if ends else None),
        step_state,
        model,
        before_error=lambda xs: accumulated(xs, start)[1],
    )


register("map_accum", st.tuples(small, st.booleans()).map(_map_accum))
register(
    "scan",
    small.map(
        lambda z: Step.calling(
            f"scan(f, {z})",
            lambda call: lambda s: s.scan(call, z),
            add,
            lambda xs: list(itertools.accumulate(xs, add, initial=z)),
        )
    ),
)
register(
    "intersperse",
    small.map(
        lambda z: Step(f"intersperse({z})", lambda s: s.intersperse(z), lambda xs: [y for x in xs for y in (z, x)][1:])
    ),
)


# groups ---------------------------------------------------------------------------------------------------------------


def _group_adjacent(drawn: tuple[int, int | None]) -> Step:
    number, most = drawn

    def key(x: Any) -> int:
        return weigh(x) % (number + 2)

    def model(xs: Sequence[Any]) -> list[Any]:
        groups = [(k, list(group)) for k, group in itertools.groupby(xs, key)]
        return [
            (k, tuple(group[at : at + (most or len(group))]))
            for k, group in groups
            for at in range(0, len(group), most or len(group))
        ]

    return Step.calling(
        f"group_adjacent(f{number}, max_size={most})",
        lambda call: lambda s: s.group_adjacent(call, max_size=most),
        key,
        model,
        # the last group may grow as long as the source goes on
        so_far=lambda xs: model(xs)[:-1],
    )


register("group_adjacent", st.tuples(small, st.none() | sizes).map(_group_adjacent))
register(
    "chunk",
    sizes.map(
        lambda n: Step(
            f"chunk({n})", lambda s: s.chunk(n), lambda xs: [tuple(xs[at : at + n]) for at in range(0, len(xs), n)]
        )
    ),
)
register(
    "window",
    st.tuples(sizes, sizes).map(
        lambda n: Step(
            f"window({n[0]}, step={n[1]})",
            lambda s: s.window(n[0], step=n[1]),
            lambda xs: [tuple(xs[at : at + n[0]]) for at in range(0, len(xs) - n[0] + 1, n[1])],
        )
    ),
)
register("pairwise", st.just(Step("pairwise()", lambda s: s.pairwise(), lambda xs: list(itertools.pairwise(xs)))))
register(
    "take_last",
    small.map(
        lambda n: Step(
            f"take_last({n})",
            lambda s: s.take_last(n),
            lambda xs: xs[-n:] if n else [],
            before_error=lambda _: [],
        )
    ),
)
register(
    "skip_last",
    small.map(
        lambda n: Step(f"skip_last({n})", lambda s: s.skip_last(n), lambda xs: xs[: len(xs) - n] if n < len(xs) else [])
    ),
)


# several sources ------------------------------------------------------------------------------------------------------


def _concat(lists: list[list[Any]]) -> Step:
    def model(xs: Sequence[Any]) -> list[Any]:
        return [*xs, *itertools.chain(*lists)]

    return Step(
        f"concat(*{lists})",
        lambda s: s.concat(*lists),
        model,
        before_error=(lambda xs: xs) if lists else None,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).concat(*map(w.source, lists)),
    )


def _add(other: list[Any]) -> Step:
    return Step(
        f"+ {other}",
        lambda s: s + other,
        lambda xs: [*xs, *other],
        before_error=lambda xs: xs,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])) + w.source(other, managed=True),
    )


def _on_end(drawn: tuple[list[Any], bool]) -> Step:
    rest, called = drawn
    return Step(
        f"on_end({'lambda: ' if called else ''}{rest})",
        lambda s: s.on_end((lambda: rest) if called else rest),
        lambda xs: [*xs, *rest],
        before_error=lambda xs: xs,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).on_end(w.source(rest)),
    )


def _zip(drawn: tuple[list[list[Any]], Any, bool]) -> Step:
    lists, strict, concurrent = drawn
    longest = strict == "longest"

    def model(xs: Sequence[Any]) -> list[Any]:
        return list(itertools.zip_longest(xs, *lists, fillvalue="-") if longest else zip(xs, *lists, strict=False))

    options: dict[str, Any] = {"strict": strict, "fill": "-"} if longest else {"strict": strict}
    options["concurrent"] = concurrent
    return Step(
        f"zip(*{lists}, **{options})",
        lambda s: s.zip(*lists, **options),
        model,
        # an error comes in the middle of the tuple that would be next
        before_error=lambda xs: model(xs)[: len(xs)],
        sources=lambda w: JaypieStream[Any](w.source([1, 2, 3])).zip(
            *(w.source(each, managed=len(each) % 2 == 1) for each in lists), **options
        ),
        # asked all at once, another one may end the stream in the same moment in which this one fails
        passes_errors=longest or not (concurrent and lists),
        error=ValueError if strict is True else None,
        fails=lambda xs: strict is True and any(len(each) != len(xs) for each in lists),
    )


register("concat", others.map(_concat))
register("__add__", plain_items(max_size=3).map(_add))
register("on_end", st.tuples(plain_items(max_size=3), st.booleans()).map(_on_end))
register("zip", st.tuples(others, st.sampled_from([False, True, "longest"]), st.booleans()).map(_zip))
