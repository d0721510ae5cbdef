"""
What a run leaves in memory: an error that nobody holds is gone at once, with all that its traceback leads to.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from jaystream import Emitter, JaypieStream


class PlannedError(Exception):
    """
    Notes which of it there are.
    """

    made: ClassVar[list[weakref.ref[PlannedError]]] = []

    def __init__(self) -> None:
        super().__init__()
        self.made.append(weakref.ref(self))


async def source() -> AsyncIterator[int]:
    yield 1
    raise PlannedError


async def again(stream: JaypieStream[int]) -> AsyncIterator[int]:
    async for n in stream:
        yield n


async def in_open() -> None:
    async with JaypieStream(source).open() as items:
        async for _ in items:
            pass


async def in_async_for() -> None:
    async for _ in JaypieStream(source):
        pass


async def pushed() -> None:
    emitter = Emitter[int](1)
    emitter.send_nowait(1)
    emitter.fail(PlannedError())
    await emitter.stream.drain()


RUNS: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
    "drain": lambda: JaypieStream(source).map(str).drain(),
    "open": in_open,
    "async for": in_async_for,
    "Emitter": pushed,
    "chunk": lambda: JaypieStream(source).chunk(2).to_list(),
    "flat_map": lambda: JaypieStream([1]).flat_map(lambda _: source()).drain(),
    "concat": lambda: JaypieStream([0]).concat(source).drain(),
    "zip": lambda: JaypieStream([1, 2]).zip(source).drain(),
    "catch": lambda: JaypieStream(source).catch(PlannedError, lambda _: [2]).drain(),
    "lent": (JaypieStream(source) | again).drain,
    "tee": lambda: JaypieStream(source).tee(JaypieStream[int].drain, JaypieStream[int].count),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
async def test_error_is_freed(run: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """
    No frame of a run that has failed keeps the error in a circle, which only the garbage collector would find.
    """
    PlannedError.made.clear()
    gc.collect()
    gc.disable()
    try:
        with suppress(PlannedError):
            await run()
        assert [None] == [each() for each in PlannedError.made]
    finally:
        gc.enable()
