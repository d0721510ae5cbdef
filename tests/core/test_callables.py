"""
Contract 10: callables, sync and async in every shape, and the plain ones that give a coroutine all the same.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from jaystream import JaypieStream


async def increase(n: int, by: int = 1) -> int:
    await asyncio.sleep(0)
    return n + by


class Increase:
    """
    Async as a method, and as an object.
    """

    async def __call__(self, n: int) -> int:
        return await increase(n)

    async def method(self, n: int) -> int:
        return await increase(n)

    @staticmethod
    async def static(n: int) -> int:
        return await increase(n)


SHAPES: dict[str, Callable[[int], Any]] = {
    "lambda": lambda n: n + 1,
    "builtin": (1).__add__,
    "class": functools.partial(int.__add__, 1),
    "coroutine function": increase,
    "partial": functools.partial(increase, by=1),
    "partial of a partial": functools.partial(functools.partial(increase), by=1),
    "object with an async call": Increase(),
    "partial of such an object": functools.partial(Increase()),
    "async method": Increase().method,
    "async static method": Increase.static,
}


def gives_a_coroutine(*args: object) -> Any:
    """
    A plain callable that gives a coroutine all the same.
    """
    return increase(1)


PLAIN: Any = gives_a_coroutine

TAKERS: dict[str, Callable[[JaypieStream[Any]], JaypieStream[Any]]] = {
    "map": lambda s: s.map(PLAIN),
    "starmap": lambda s: s.enumerate().starmap(PLAIN),
    "filter": lambda s: s.filter(PLAIN),
    "filter_map": lambda s: s.filter_map(PLAIN),
    "flat_map": lambda s: s.flat_map(PLAIN),
    "scan": lambda s: s.scan(PLAIN, 0),
    "map_accum": lambda s: s.map_accum(PLAIN, 0),
    "tap": lambda s: s.tap(PLAIN),
    "take_while": lambda s: s.take_while(PLAIN),
    "skip_while": lambda s: s.skip_while(PLAIN),
}


class TestCallables:
    """
    Callables of users.
    """

    @pytest.mark.parametrize("shape", SHAPES)
    async def test_every_shape(self, shape: str) -> None:
        """
        A callable of any shape is called, and awaited where that is needed.
        """
        f = SHAPES[shape]
        assert await JaypieStream([1, 2]).map(f).to_list() == [2, 3]
        assert await JaypieStream([-1, 2]).filter(f).to_list() == [2]
        assert await JaypieStream([1, 2]).for_each(f) == 2

    @pytest.mark.parametrize("name", TAKERS)
    async def test_a_plain_callable_that_gives_a_coroutine(self, name: str) -> None:
        """
        It is refused at its first call, the message names the operator, and the coroutine is closed.
        """
        with pytest.raises(TypeError, match=rf"{name}\(\) was given a plain callable .* that returns a coroutine"):
            await TAKERS[name](JaypieStream([1, 2])).to_list()

    async def test_terminals_refuse_it_too(self) -> None:
        """
        So do the terminals that take a callable.
        """
        with pytest.raises(TypeError, match=r"for_each\(\) was given a plain callable"):
            await JaypieStream([1]).for_each(PLAIN)
        with pytest.raises(TypeError, match=r"reduce\(\) was given a plain callable"):
            await JaypieStream([1, 2]).reduce(PLAIN)

    @pytest.mark.parametrize("late", [1, 2, 70])
    async def test_the_first_call_may_come_late(self, late: int) -> None:
        """
        The callable is watched until it has been called, however many items went by before.
        """
        with pytest.raises(TypeError, match="returns a coroutine"):
            await JaypieStream(range(100)).skip(late).map(PLAIN).to_list()
        with pytest.raises(TypeError, match="returns a coroutine"):
            await JaypieStream(range(100)).map(lambda n: n).filter(lambda n: n >= late).flat_map(PLAIN).to_list()

    async def test_the_watch_is_taken_away(self) -> None:
        """
        After its first items a callable is called directly, with nothing between.
        """
        depths: list[int] = []

        def depth(n: int) -> int:
            depths.append(len(_stack()))
            return n

        await JaypieStream(range(100)).map(depth).drain()
        assert depths[0] == depths[-1] + 1
        assert set(depths[3:]) == {depths[-1]}

    async def test_each_run_watches_anew(self) -> None:
        """
        A callable that passed in one run is watched in the next.
        """
        gives: list[Any] = [1]

        def f(n: int) -> Any:
            return gives[0] if gives else increase(n)

        stream = JaypieStream([1, 2]).map(f)
        assert await stream.to_list() == [1, 1]
        gives.clear()
        with pytest.raises(TypeError, match="returns a coroutine"):
            await stream.to_list()


def _stack() -> list[object]:
    import sys  # noqa: PLC0415 - only here

    frame: Any = sys._getframe(1)
    found: list[object] = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found
