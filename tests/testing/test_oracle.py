"""
L34: for operators that aiostream has too, both give the same of the same sources; `|` goes both ways.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import VirtualLoop
from jaystream.testing.strategies import items

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:aiostream")

theirs: Any = pytest.importorskip("aiostream.stream", reason="needs aiostream, which is not installed")
pipes: Any = importlib.import_module("aiostream.pipe")

Source = Callable[[], Any]
Stream = JaypieStream[Any]
Pair = tuple[Callable[[Stream, int, Source], Stream], Callable[[Source, int, Source], Any]]


async def double(x: int) -> int:
    """
    An async function.
    """
    await asyncio.sleep(x % 3)
    return x * 2


def plus(n: int) -> Callable[[int], int]:
    """
    Adds *n*.
    """
    return lambda x: x + n


def above(n: int) -> Callable[[int], bool]:
    """
    Whether an item is above *n*.
    """
    return lambda x: x > n


def not_each(n: int) -> Callable[[int], int]:
    """
    True but for every n-th number.
    """
    return lambda x: x % n


def times(i: int, x: int) -> int:
    """
    A function of two.
    """
    return i * x


def iterated(source: Source) -> Callable[[Any], Any]:
    """
    Gives a source for each item, as aiostream wants it.
    """
    return lambda _: theirs.iterate(source())


def scanned(s: Stream) -> Stream:
    """
    Running sums, without the initial one.
    """
    return s.scan(lambda a, b: a + b, 0)


SHARED: dict[str, Pair] = {
    "map": (lambda s, n, _: s.map(plus(n)), lambda s, n, _: theirs.map(s(), plus(n))),
    "map, async": (lambda s, _n, _: s.map(double), lambda s, _n, _: theirs.map(s(), double, task_limit=1)),
    "map, concurrent": (
        lambda s, n, _: s.map(double, concurrency=n + 1),
        lambda s, n, _: theirs.map(s(), double, ordered=True, task_limit=n + 1),
    ),
    "starmap": (
        lambda s, _n, _: s.enumerate().starmap(times),
        lambda s, _n, _: theirs.starmap(theirs.enumerate(s()), times),
    ),
    "filter": (
        lambda s, n, _: s.filter(not_each(n + 1)),
        lambda s, n, _: theirs.filter(s(), not_each(n + 1)),
    ),
    "enumerate": (lambda s, n, _: s.enumerate(n), lambda s, n, _: theirs.enumerate(s(), n)),
    "take": (lambda s, n, _: s.take(n), lambda s, n, _: theirs.take(s(), n)),
    "take_last": (lambda s, n, _: s.take_last(n), lambda s, n, _: theirs.takelast(s(), n)),
    "skip": (lambda s, n, _: s.skip(n), lambda s, n, _: theirs.skip(s(), n)),
    "skip_last": (lambda s, n, _: s.skip_last(n), lambda s, n, _: theirs.skiplast(s(), n)),
    "take_while": (
        lambda s, n, _: s.take_while(above(n)),
        lambda s, n, _: theirs.takewhile(s(), above(n)),
    ),
    "skip_while": (
        lambda s, n, _: s.skip_while(above(n)),
        lambda s, n, _: theirs.dropwhile(s(), above(n)),
    ),
    "slice": (lambda s, n, _: s[n::2], lambda s, n, _: theirs.getitem(s(), slice(n, None, 2))),
    "chunk": (lambda s, n, _: s.chunk(n + 1).map(list), lambda s, n, _: theirs.chunks(s(), n + 1)),
    "scan": (lambda s, _n, _: scanned(s), lambda s, _n, _: theirs.accumulate(s(), initializer=0)),
    "concat": (lambda s, _n, o: s.concat(o()), lambda s, _n, o: theirs.chain(s(), o())),
    "zip": (lambda s, _n, o: s.zip(o()), lambda s, _n, o: theirs.zip(s(), o())),
    "zip, concurrent": (lambda s, _n, o: s.zip(o(), concurrent=True), lambda s, _n, o: theirs.zip(s(), o())),
    "flat_map": (
        lambda s, n, o: s.flat_map(lambda _: o()).take(n),
        lambda s, n, o: theirs.take(theirs.concatmap(s(), iterated(o), task_limit=1), n),
    ),
    "delay": (lambda s, n, _: s.delay(n), lambda s, n, _: theirs.delay(s(), n)),
}
"""
What both give in the same order.
"""

UNORDERED: dict[str, Pair] = {
    "merge": (lambda s, _n, o: s.merge(o()), lambda s, _n, o: theirs.merge(s(), o())),
    "map": (
        lambda s, n, _: s.map(double, concurrency=n + 1, ordered=False),
        lambda s, n, _: theirs.map(s(), double, ordered=False, task_limit=n + 1),
    ),
    "flat_map": (
        lambda s, n, o: s.flat_map(lambda _: o(), concurrency=n + 1),
        lambda s, n, o: theirs.flatmap(s(), iterated(o), task_limit=n + 1),
    ),
}
"""
What both give in any order.
"""

waits = st.lists(st.sampled_from((0.0, 0.0, 1.0, 2.5)), min_size=1, max_size=4)


def source_of(given_items: list[int], seconds: list[float]) -> Source:
    """
    Makes sources that take their time.
    """

    async def give() -> AsyncIterator[int]:
        for number, item in enumerate(given_items):
            await asyncio.sleep(seconds[number % len(seconds)])
            yield item

    return give


def both(pair: Pair, one: Source, n: int, other: Source) -> tuple[list[Any], list[Any]]:
    """
    What both give, ours first. Each has a loop of its own, in virtual time, without the leak guard: what aiostream
    leaves behind is its own matter.
    """
    ours, others = pair

    async def ask() -> list[Any]:
        result: list[Any] = await theirs.list(others(one, n, other))
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        mine = runner.run(ours(JaypieStream(one()), n, other).to_list())
        return mine, runner.run(ask())


class TestOracle:
    """
    aiostream and we agree.
    """

    @pytest.mark.parametrize("name", sorted(SHARED))
    @given(items(), items(max_size=3), st.integers(0, 4), waits)
    @settings(max_examples=25)
    def test_same(self, name: str, one: list[int], other: list[int], n: int, seconds: list[float]) -> None:
        """
        The same items in the same order.
        """
        mine, expected = both(SHARED[name], source_of(one, seconds), n, source_of(other, seconds))
        assert expected == mine

    @pytest.mark.parametrize("name", sorted(UNORDERED))
    @given(items(), items(max_size=3), st.integers(0, 4), waits)
    @settings(max_examples=25)
    def test_same_bag(self, name: str, one: list[int], other: list[int], n: int, seconds: list[float]) -> None:
        """
        The same items, each as often.
        """
        mine, expected = both(UNORDERED[name], source_of(one, seconds), n, source_of(other, seconds))
        assert Counter(expected) == Counter(mine)

    @given(st.lists(st.sampled_from((0.5, 3.0)), max_size=5))
    @settings(max_examples=25)
    def test_switch_map(self, seconds: list[float]) -> None:
        """
        The newest inner source counts.
        """

        def inner(x: int) -> Any:
            return source_of([x, x + 100], [0.2, 1.1])()

        def iterated_inner(x: int) -> Any:
            return theirs.iterate(inner(x))

        pair: Pair = (
            lambda s, _n, _: s.switch_map(inner),
            lambda s, _n, _: theirs.switchmap(s(), iterated_inner),
        )
        mine, expected = both(pair, source_of([*range(len(seconds))], seconds or [0.0]), 0, source_of([], [0.0]))
        assert expected == mine

    @given(items(), st.integers(0, 4))
    @settings(max_examples=25)
    def test_pipes(self, given_items: list[int], n: int) -> None:
        """
        `|` takes their operators behind ours, and ours behind theirs.
        """

        async def ask() -> tuple[list[Any], list[Any]]:
            theirs_behind: Any = JaypieStream(given_items).map(plus(n)) | pipes.take(n)
            ours_behind = JaypieStream(theirs.iterate(given_items) | pipes.map(plus(n))).take(n)
            return await theirs.list(theirs_behind), await ours_behind.to_list()

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            behind, before = runner.run(ask())
        assert behind == before == [x + n for x in given_items][:n]
