"""
Arguments and models of the operators that read several sources at once: merge, combine, race, switch.

What comes first from sources that all have something is no part of a model, so here the further sources are such that
it makes no difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing.strategies.data import items as plain_items
from jaystream.testing.strategies.steps import Step, register

__all__: list[str] = []

short_lists: st.SearchStrategy[list[list[Any]]] = st.lists(plain_items(max_size=3), max_size=3)
LAST = object()


def _merge(drawn: tuple[int, int, str]) -> Step:
    number, prefetch, halt = drawn
    options: dict[str, Any] = {"prefetch": prefetch, "halt": halt}

    def empty() -> list[Any]:
        # with "all" the others end at once, with the rest never
        return [[] if halt == "all" else JaypieStream.never() for _ in range(number)]

    return Step(
        f"merge(*{number} without items, prefetch={prefetch}, halt={halt!r})",
        lambda s: s.merge(*empty(), **options),
        lambda xs: xs,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).merge(
            *(w.source([3], managed=at % 2 == 1) for at in range(number)), **options
        ),
        ahead=max(1, prefetch),
    )


def _combine_latest(lists: list[list[Any]]) -> Step:
    shorter = [each[:1] for each in lists]

    def model(xs: Sequence[Any]) -> list[Any]:
        return [(x, *row) for x in xs for row in itertools.product(*shorter)]

    return Step(
        f"combine_latest(*{shorter})",
        lambda s: s.combine_latest(*shorter),
        model,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).combine_latest(*map(w.source, lists)),
        # one that is empty ends the stream in the same moment in which this one fails
        passes_errors=all(lists),
        ahead=1,
    )


def _with_latest_from(lists: list[list[Any]]) -> Step:
    def model(xs: Sequence[Any]) -> list[Any]:
        return [(x, *row) for x in xs for row in itertools.product(*(each[-1:] for each in lists))]

    return Step(
        f"with_latest_from(*{lists})",
        lambda s: s.with_latest_from(*lists),
        model,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).with_latest_from(*map(w.source, lists)),
        passes_errors=all(lists),
        ahead=1,
    )


def _interleave(lists: list[list[Any]]) -> Step:
    def model(xs: Sequence[Any], ends: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - internal
        pending = [iter(xs), *map(iter, lists)]
        given: list[Any] = []
        while pending:
            for each in [*pending]:
                item = next(each, LAST)
                if item is not LAST:
                    given.append(item)
                elif each is pending[0] and not ends:
                    return given
                else:
                    pending.remove(each)
        return given

    return Step(
        f"interleave(*{lists})",
        lambda s: s.interleave(*lists),
        model,
        # it comes to a stop at the turn of this stream
        before_error=lambda xs: model(xs, False),
        sources=lambda w: JaypieStream[Any](w.source([1, 2, 3])).interleave(*map(w.source, lists)),
    )


def _race(number: int) -> Step:
    return Step(
        "race()",
        lambda s: s.race(),
        lambda xs: xs,
        sources=lambda w: JaypieStream[Any](w.source([1, 2])).race(*(w.source([3]) for _ in range(number))),
        ahead=1,
    )


def _newest(x: Any) -> Any:
    """A source that goes on until the next item comes; that of the last item ends."""
    return [1, 2] if x is LAST else JaypieStream.never()


register(
    "merge", st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from(["all", "first", "left"])).map(_merge)
)
register("combine_latest", short_lists.map(_combine_latest))
register("with_latest_from", short_lists.map(_with_latest_from))
register("interleave", short_lists.map(_interleave))
register("race", st.integers(0, 2).map(_race))
register(
    "switch_map",
    st.just(
        Step.calling(
            "on_end([LAST]).switch_map(f)",
            lambda call: lambda s: s.on_end([LAST]).switch_map(call),
            _newest,
            lambda _: [1, 2],
            before_error=lambda _: [],
        )
    ),
)
