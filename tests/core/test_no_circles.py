"""
What a run leaves in memory: an error that nobody holds is gone at once, with all that its traceback leads to.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import pytest

from jaystream import Emitter, JaypieStream
from jaystream.testing import RecordingResponseStream, RecordingSend
from tests.checks import pause
from tests.sinks.exchange import scope as http_scope


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


async def letters() -> AsyncIterator[str]:
    for letter in "abc":
        await pause()
        yield letter


async def to_asgi() -> None:
    send = RecordingSend()
    await JaypieStream(letters).to_asgi(http_scope(), send.receive, send)


async def to_asgi_left() -> None:
    send = RecordingSend()

    async def leave() -> AsyncIterator[str]:
        yield "a"
        await pause()
        send.disconnect()
        await pause()
        yield "b"

    await JaypieStream(leave).to_asgi(http_scope(), send.receive, send)


async def to_lambda() -> None:
    await JaypieStream(letters).to_lambda(RecordingResponseStream())


async def to_nowhere() -> None:
    await JaypieStream(letters).to_file("/dev/null")


SINKS: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
    "to_asgi": to_asgi,
    "to_asgi, left": to_asgi_left,
    "to_lambda": to_lambda,
    "to_file": to_nowhere,
}


async def later(letter: str) -> str:
    await pause()
    return letter


async def inner(letter: str) -> AsyncIterator[str]:
    yield letter
    await pause()
    yield letter


PUMPED: dict[str, Callable[[JaypieStream[str]], JaypieStream[Any]]] = {
    "merge": lambda stream: stream.merge(letters),
    "merge, ended early": lambda stream: stream.merge(letters, halt="first").take(2),
    "zip": lambda stream: stream.zip(letters, concurrent=True),
    "interleave": lambda stream: stream.interleave(letters),
    "map": lambda stream: stream.map(later, concurrency=2),
    "map, in any order": lambda stream: stream.map(later, concurrency=2, ordered=False),
    "flat_map": lambda stream: stream.flat_map(inner, concurrency=2),
    "switch_map": lambda stream: stream.switch_map(inner),
    "with_latest_from": lambda stream: stream.with_latest_from(letters),
    "group_within": lambda stream: stream.group_within(2, seconds=1),
    "buffer": lambda stream: stream.buffer(2),
    "debounce": lambda stream: stream.debounce(0.001),
    "throttle": lambda stream: stream.throttle(100, per=1),
    "sample": lambda stream: stream.sample(0.001),
    "smooth": lambda stream: stream.smooth(),
    "timeout": lambda stream: stream.timeout(idle=1),
    "keepalive": lambda stream: stream.format_sse().keepalive(1),
    "take_until": lambda stream: stream.take_until(letters),
}


async def run_of(name: str) -> None:
    await PUMPED[name](JaypieStream(letters)).drain()


@pytest.mark.parametrize("run", [*SINKS.values(), *(partial(run_of, name) for name in PUMPED)], ids=[*SINKS, *PUMPED])
async def test_nothing_is_left_to_the_collector(run: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """
    What is made for one run is gone with it: a server with thousands of them would stop for what is left.
    """
    await run()  # some things are made once
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await run()
        for _ in range(5):
            await pause()
        gc.collect()
        left = [type(each).__qualname__ for each in gc.garbage if is_ours(type(each).__module__)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert [] == left


def is_ours(module: str) -> bool:
    return module.startswith("jaystream.") and not module.startswith("jaystream.testing")
