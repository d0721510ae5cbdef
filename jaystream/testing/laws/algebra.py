"""
What holds between operators: the equations by which a pipeline may be rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from jaystream import JaypieStream
from jaystream.testing.saying import expect, expect_same

__all__ = [
    "chunks_flatten_to_the_items",
    "concat_is_associative",
    "concat_with_nothing_is_identity",
    "flat_map_is_a_monad",
    "map_composes",
    "map_keeps_identity",
    "scan_ends_as_the_fold",
    "take_and_skip_are_the_whole",
    "takes_nest",
]


async def map_keeps_identity(items: Sequence[Any]) -> None:
    """
    L4: `map` of the identity is the stream itself.
    """
    expect_same(list(items), await JaypieStream(items).map(_same).to_list(), "map(identity)")


async def map_composes(items: Sequence[Any], f: Callable[[Any], Any], g: Callable[[Any], Any]) -> None:
    """
    L4: `map(g).map(f)` is `map` of f after g.
    """
    one = await JaypieStream(items).map(lambda x: f(g(x))).to_list()
    expect_same(one, await JaypieStream(items).map(g).map(f).to_list(), "map(g).map(f)")


async def flat_map_is_a_monad(
    items: Sequence[Any], f: Callable[[Any], Sequence[Any]], g: Callable[[Any], Sequence[Any]]
) -> None:
    """
    L5: one item into `flat_map(f)` gives f of it, `flat_map(of)` changes nothing, and it does not matter which of two
    is done first.
    """
    for item in items:
        expect_same(list(f(item)), await JaypieStream.of(item).flat_map(f).to_list(), "of(x).flat_map(f)")
    expect_same(list(items), await JaypieStream(items).flat_map(JaypieStream[Any].of).to_list(), "flat_map(of)")
    inside = JaypieStream(items).flat_map(lambda x: JaypieStream(f(x)).flat_map(g))
    behind = JaypieStream(items).flat_map(f).flat_map(g)
    expect_same(await inside.to_list(), await behind.to_list(), "flat_map(f).flat_map(g)")


async def concat_with_nothing_is_identity(items: Sequence[Any]) -> None:
    """
    L6: nothing before a stream, or behind it, changes nothing.
    """
    nothing: list[Any] = []
    expect_same(list(items), await (JaypieStream(nothing) + items).to_list(), "empty + S")
    expect_same(list(items), await (JaypieStream(items) + nothing).to_list(), "S + empty")


async def concat_is_associative(one: Sequence[Any], two: Sequence[Any], three: Sequence[Any]) -> None:
    """
    L6: of three streams behind one another it does not matter which two are put together first.
    """
    wanted = [*one, *two, *three]
    first, second, third = JaypieStream(one), JaypieStream(two), JaypieStream(three)
    expect_same(wanted, await ((first + second) + third).to_list(), "(a + b) + c")
    expect_same(wanted, await (first + (second + third)).to_list(), "a + (b + c)")
    expect_same(wanted, await first.concat(second, third).to_list(), "a.concat(b, c)")


async def takes_nest(items: Sequence[Any], m: int, n: int) -> None:
    """
    L7: `take(m).take(n)` takes the smaller number.
    """
    expect_same(list(items[: min(m, n)]), await JaypieStream(items).take(m).take(n).to_list(), f"take({m}).take({n})")


async def take_and_skip_are_the_whole(items: Sequence[Any], n: int) -> None:
    """
    L7: what `take(n)` gives and what `skip(n)` gives are the whole.
    """
    both = await JaypieStream(items).take(n).to_list() + await JaypieStream(items).skip(n).to_list()
    expect_same(list(items), both, f"take({n}) and skip({n})")


async def scan_ends_as_the_fold(items: Sequence[Any], f: Callable[[Any, Any], Any], initial: Any) -> None:
    """
    L9: the last item of `scan` is the fold, which is what `reduce` gives.
    """
    wanted: Any = reduce(f, items, initial)
    expect_same(wanted, await JaypieStream(items).scan(f, initial).last(), "the last item of scan")
    expect_same(wanted, await JaypieStream(items).reduce(f, initial), "reduce")


async def chunks_flatten_to_the_items(items: Sequence[Any], size: int) -> None:
    """
    L10: `chunk(n)` loses nothing and adds nothing; all but the last have n items, and none is empty.
    """
    chunks = await JaypieStream(items).chunk(size).to_list()
    expect_same(list(items), [item for chunk in chunks for item in chunk], f"chunk({size}), flattened")
    expect(all(len(chunk) == size for chunk in chunks[:-1]), f"all but the last have {size} items: {chunks!r}")
    expect(all(chunks), f"no chunk is empty: {chunks!r}")


def _same(item: Any) -> Any:
    return item
