"""
Arguments and models of the operators that hold items for a consumer who is busy, and of those that share one run.

The streams that share a run are read side by side and put together again, so that there is one to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing.strategies.steps import Step, register, weigh

__all__: list[str] = []

MANY = 1000
"""
More than any law has items.
"""


def _same(xs: Sequence[Any]) -> Sequence[Any]:
    return xs


def _buffer(drawn: tuple[int, Any]) -> Step:
    size, overflow = drawn
    size = size if overflow == "suspend" else MANY
    return Step(
        f"buffer({size}, overflow={overflow!r})", lambda s: s.buffer(size, overflow=overflow), _same, ahead=size
    )


def _conflate(_: None) -> Step:
    return Step(
        "map([x]).conflate(+).flatten()",
        lambda s: s.map(lambda x: [x]).conflate(lambda a, b: a + b).flatten(),
        _same,
        ahead=MANY,
    )


def _broadcast(drawn: tuple[int, int, Any]) -> Step:
    n, ahead, on_slow = drawn

    def together(stream: JaypieStream[Any]) -> JaypieStream[Any]:
        first, *others = stream.broadcast(n, buffer=ahead, on_slow=on_slow)
        return first.zip(*others, strict=True).map(lambda row: row[0])

    return Step(
        f"broadcast({n}, buffer={ahead}, on_slow={on_slow!r}), zipped",
        lambda s: JaypieStream(lambda: together(s)),
        _same,
    )


def _partition(number: int) -> Step:
    def p(x: Any) -> bool:
        return weigh(x) % 3 != number

    def with_p(call: Callable[..., Any]) -> Callable[[JaypieStream[Any]], JaypieStream[Any]]:
        def together(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            yes, no = stream.partition(call)
            return yes.map(lambda x: (True, x)).merge(no.map(lambda x: (False, x)))

        return lambda s: JaypieStream(lambda: together(s))

    # one in each inlet of the merge, and one that waits behind the one that is full
    return Step.calling(f"partition(f{number}), merged", with_p, p, lambda xs: [(p(x), x) for x in xs], ahead=3)


def _tagged(group: tuple[Any, JaypieStream[Any]]) -> JaypieStream[Any]:
    key, stream = group
    return stream.map(lambda x: (key, x))


def _group_by(number: int) -> Step:
    def key(x: Any) -> int:
        return weigh(x) % (number + 1)

    return Step.calling(
        f"group_by(f{number}).flat_map(f, concurrency=99)",
        lambda call: lambda s: s.group_by(call, idle=3600.0).flat_map(_tagged, concurrency=99),
        key,
        lambda xs: [(key(x), x) for x in xs],
        # one of each group, and one that waits to be taken
        ahead=number + 2,
    )


overflows: st.SearchStrategy[str] = st.sampled_from(["suspend", "drop_oldest", "drop_newest", "error"])
slow: st.SearchStrategy[str] = st.sampled_from(["wait", "drop", "detach"])

register("buffer", st.tuples(st.integers(1, 4), overflows).map(_buffer))
register("conflate", st.none().map(_conflate))
register("broadcast", st.tuples(st.integers(1, 3), st.integers(0, 2), slow).map(_broadcast))
register("partition", st.integers(0, 2).map(_partition))
register("group_by", st.integers(0, 2).map(_group_by))
