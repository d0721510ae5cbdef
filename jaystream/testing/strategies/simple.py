"""
Arguments and models of the operators that look at one item after the other: transform, select, observe.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import strategies as st

from jaystream import End, Failure, Item, JaypieStream
from jaystream.errors import LimitExceededError
from jaystream.testing.strategies.steps import Model, Step, register, weigh
from jaystream.testing.ways import close_iterator, pause

__all__: list[str] = []

small: st.SearchStrategy[int] = st.integers(0, 4)
sizes: st.SearchStrategy[int] = st.integers(1, 4)


def same(items: Sequence[Any]) -> Sequence[Any]:
    """
    The model of an operator that lets everything pass.
    """
    return items


def calling(
    name: str, of: Callable[[int], Callable[[Any], Any]], model: Callable[[Callable[[Any], Any]], Model], **options: Any
) -> None:
    """
    Register a method with one function, which *of* makes from a small number.
    """

    def make(number: int) -> Step:
        f = of(number)
        return Step.calling(f"{name}(f{number})", lambda call: lambda s: getattr(s, name)(call, **options), f, model(f))

    register(name, small.map(make))


def _map(number: int) -> Step:
    def f(x: Any) -> int:
        return (weigh(x) * 3 + number) % 97

    return Step.calling(f"map(f{number})", lambda call: lambda s: s.map(call), f, lambda xs: [f(x) for x in xs])


def _map_or(number: int) -> Step:
    def f(x: Any) -> int:
        if weigh(x) % 3 == number % 3:
            raise ArithmeticError(number)
        return weigh(x) + number

    def mend(x: Any, error: Exception) -> Any:
        return (weigh(x), error.args[0])

    def model(xs: Sequence[Any]) -> list[Any]:
        return [(weigh(x), number) if weigh(x) % 3 == number % 3 else f(x) for x in xs]

    # the function that is drawn, made async and made to fail is the one that mends
    return Step.calling(f"map(f{number}, on_error=g)", lambda call: lambda s: s.map(f, on_error=call), mend, model)


def _map_at_once(drawn: tuple[int, int, int]) -> Step:
    number, concurrency, keys = drawn

    async def f(x: Any) -> int:
        for _ in range((weigh(x) + number) % 3):
            await pause()
        return weigh(x) + number

    return Step(
        f"map(f{number}, concurrency={concurrency}, per_key=k{keys})",
        lambda s: s.map(f, concurrency=concurrency, per_key=(lambda x: weigh(x) % keys) if keys else None),
        lambda xs: [weigh(x) + number for x in xs],
        ahead=concurrency,
    )


register("map", small.map(_map) | small.map(_map_or) | st.tuples(small, sizes, small).map(_map_at_once))
calling("filter", lambda a: lambda x: (weigh(x) + a) % 3, lambda f: lambda xs: [x for x in xs if f(x)])
calling(
    "filter_map",
    lambda a: lambda x: None if weigh(x) % 3 == a % 3 else weigh(x) + a,
    lambda f: lambda xs: [y for x in xs if (y := f(x)) is not None],
)
calling(
    "flat_map",
    lambda a: lambda x: [weigh(x)] * ((weigh(x) + a) % 3),
    lambda f: lambda xs: [y for x in xs for y in f(x)],
)
calling("skip_while", lambda a: lambda x: weigh(x) < a * 4, lambda f: lambda xs: list(itertools.dropwhile(f, xs)))
calling("tap", lambda a: lambda _: a, lambda _: same)


_KINDS: list[Any] = [int, tuple, (int, str)]


def _doubled(at: int, x: Any) -> int:
    return at * 2 + weigh(x)


def _take_while(drawn: tuple[int, bool]) -> Step:
    number, inclusive = drawn

    def f(x: Any) -> bool:
        return weigh(x) % 5 != number

    def model(xs: Sequence[Any]) -> Sequence[Any]:
        size = next((at for at, x in enumerate(xs) if not f(x)), len(xs))
        return xs[: size + inclusive]

    label = f"take_while(f{number}, inclusive={inclusive})"
    return Step.calling(label, lambda call: lambda s: s.take_while(call, inclusive=inclusive), f, model)


register("take_while", st.tuples(small, st.booleans()).map(_take_while))
register("take", small.map(lambda n: Step(f"take({n})", lambda s: s.take(n), lambda xs: xs[:n])))
register("skip", small.map(lambda n: Step(f"skip({n})", lambda s: s.skip(n), lambda xs: xs[n:])))
register(
    "__getitem__",
    st.tuples(small, st.none() | st.integers(0, 6), st.none() | sizes).map(
        lambda n: Step(f"[{n[0]}:{n[1]}:{n[2]}]", lambda s: s[slice(*n)], lambda xs: xs[slice(*n)])
    ),
)
register(
    "of_type",
    st.sampled_from(_KINDS).map(
        lambda kind: Step(
            f"of_type({kind})", lambda s: s.of_type(kind), lambda xs: [x for x in xs if isinstance(x, kind)]
        )
    ),
)
register(
    "enumerate",
    small.map(lambda n: Step(f"enumerate({n})", lambda s: s.enumerate(n), lambda xs: list(enumerate(xs, n)))),
)
register(
    "starmap",
    small.map(
        lambda a: Step.calling(
            f"enumerate({a}).starmap(f)",
            lambda call: lambda s: s.enumerate(a).starmap(call),
            _doubled,
            lambda xs: [at * 2 + weigh(x) for at, x in enumerate(xs, a)],
        )
    ),
)


def parts(x: Any) -> list[Any]:
    """
    None, one or two items made of one.
    """
    return [x] * (weigh(x) % 3)


register(
    "flatten",
    st.just(
        Step("map(parts).flatten()", lambda s: s.map(parts).flatten(), lambda xs: [y for x in xs for y in parts(x)])
    ),
)
register("finalize", st.just(Step("finalize(f)", lambda s: s.finalize(lambda _: None), same)))
register("stats", st.just(Step("stats(f)", lambda s: s.stats(lambda _: None), same)))


def words(x: Any) -> str:
    """
    Up to three characters, each of two bytes on the wire.
    """
    return "\u00e9" * (weigh(x) % 4)


def _limit_items(most: int) -> Step:
    return Step(
        f"limit(items={most})",
        lambda s: s.limit(items=most),
        lambda xs: xs[:most],
        error=LimitExceededError,
        fails=lambda xs: len(xs) > most,
    )


def _limit_bytes(most: int) -> Step:
    def model(xs: Sequence[Any]) -> list[str]:
        texts = [words(x) for x in xs]
        totals = itertools.accumulate(len(text.encode()) for text in texts)
        return texts[: sum(1 for total in totals if total <= most)]

    return Step(
        f"map(words).limit(bytes={most})",
        lambda s: s.map(words).limit(bytes=most),
        model,
        error=LimitExceededError,
        fails=lambda xs: len(model(xs)) < len(xs),
    )


register("limit", small.map(_limit_items) | st.integers(0, 12).map(_limit_bytes), cut="counted")
register(
    "timestamp",
    small.map(
        lambda n: Step(f"timestamp(lambda: {n})", lambda s: s.timestamp(lambda: n), lambda xs: [(n, x) for x in xs])
    ),
)
register(
    "materialize",
    st.just(
        Step(
            "materialize()",
            lambda s: s.materialize(),
            lambda xs: [*map(Item, xs), End()],
            before_error=lambda xs: [*map(Item, xs)],
            passes_errors=False,
        )
    ),
)


def _dematerialize(drawn: tuple[int, bool]) -> Step:
    number, failing = drawn

    def note(x: Any) -> Any:
        if weigh(x) % 7 != number:
            return Item(x)
        return Failure(ArithmeticError("noted")) if failing else End()

    def model(xs: Sequence[Any]) -> list[Any]:
        return list(itertools.takewhile(lambda x: weigh(x) % 7 != number, xs))

    return Step(
        f"map(note{number}).dematerialize()",
        lambda s: s.map(note).dematerialize(),
        model,
        error=ArithmeticError if failing else None,
        fails=lambda xs: failing and len(model(xs)) < len(xs),
    )


register(
    "dematerialize",
    st.tuples(small, st.booleans()).map(_dematerialize)
    | st.just(Step("materialize().dematerialize()", lambda s: s.materialize().dematerialize(), same)),
)


def _distinct(number: int) -> Step:
    def key(x: Any) -> int:
        return weigh(x) % (number + 2)

    return Step.calling(
        f"distinct(f{number})", lambda call: lambda s: s.distinct(call), key, lambda xs: _first_of_each(xs, key)
    )


def _first_of_each(xs: Sequence[Any], key: Callable[[Any], Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for x in xs:
        seen.setdefault(key(x), x)
    return list(seen.values())


def _distinct_until_changed(number: int) -> Step:
    def key(x: Any) -> int:
        return weigh(x) % (number + 2)

    return Step.calling(
        f"distinct_until_changed(f{number})",
        lambda call: lambda s: s.distinct_until_changed(call),
        key,
        lambda xs: [next(group) for _, group in itertools.groupby(xs, key)],
    )


register("distinct", small.map(_distinct))
register("distinct_until_changed", small.map(_distinct_until_changed))


def _catch(number: int) -> Step:
    # the laws' own errors are of another type, so here they pass; what is caught has a law of its own
    return Step(
        f"catch(KeyError, {number})",
        lambda s: s.catch(KeyError, [number]),
        same,
        sources=lambda w: JaypieStream[Any](w.source([1], fail_at=1, error=KeyError())).catch(
            KeyError, w.source([number])
        ),
    )


register("catch", small.map(_catch))


# sharing --------------------------------------------------------------------------------------------------------------


async def _read_two(stream: JaypieStream[Any]) -> None:
    """A side sink that leaves early."""
    await stream.take(2).drain()


def _also_to(sink: Callable[[JaypieStream[Any]], Any]) -> Step:
    return Step(f"also_to({sink.__name__})", lambda s: s.also_to(sink), same)


@asynccontextmanager
async def _lent(stream: JaypieStream[Any]) -> AsyncGenerator[JaypieStream[Any], None]:
    """A source whose iterator is borrowed; who lends it opens and closes it."""
    # no `open()`: what the laws do from several tasks must not meet the scope that it holds
    items = aiter(stream)
    try:
        yield JaypieStream(items).borrow()
    finally:
        await close_iterator(items)


register("also_to", st.sampled_from([JaypieStream[Any].drain, JaypieStream[Any].to_list, _read_two]).map(_also_to))
register("borrow", st.just(Step("borrow()", lambda s: JaypieStream(lambda: _lent(s)), same)))
