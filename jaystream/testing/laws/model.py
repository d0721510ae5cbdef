"""
What an operator gives: as its model on lists, from any source, fused or not, with sync and with async functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from jaystream import JaypieStream, StreamConsumedError
from jaystream.testing.kinds import SOURCE_KINDS
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.ways import WAYS, finish

__all__ = [
    "ends_as_its_model_ends",
    "fails_as_its_model_fails",
    "fuses_faithfully",
    "gives_what_its_model_gives",
    "runs_again_over_what_can",
    "takes_async_functions",
    "with_checkpoints",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]


async def gives_what_its_model_gives(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L1: the items are those of the model, from every kind of source and in every way to run; a list that was the source
    is as it was.
    """
    wanted = list(expected)
    for name, make in SOURCE_KINDS.items():
        expect_same(wanted, await operate(JaypieStream(make(items))).to_list(), f"items from the source '{name}'")
    for way in WAYS:
        expect_same(wanted, await way(operate(JaypieStream(Probe(items)))), f"items {way.__name__}")
    given = list(items)
    await operate(JaypieStream(given)).drain()
    expect_same(list(items), given, "the source's own list afterwards")


async def fails_as_its_model_fails(
    operate: Operate, items: Sequence[Any], before: Sequence[Any], error: type[Exception]
) -> None:
    """
    L1, L22: an operator that fails over *items* by itself gives the items *before*, then an *error*, then nothing; from
    every kind of source and in every way to run, and its source is closed.
    """
    for name, make in SOURCE_KINDS.items():
        await _fails_after(operate(JaypieStream(make(items))), before, error, f"the source '{name}'")
    for way in WAYS:
        probe = Probe(items)
        failure: Exception | None = None
        try:
            await way(operate(JaypieStream(probe)))
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        expect(isinstance(failure, error), f"{error.__name__} must end a run {way.__name__}, not {failure!r}")
        probe.assert_released()


async def ends_as_its_model_ends(
    run: Callable[[JaypieStream[Any]], Awaitable[Any]], items: Sequence[Any], expected: object
) -> None:
    """
    L1: what a terminal gives is what its model gives, from every kind of source.
    """
    for name, make in SOURCE_KINDS.items():
        expect_same(expected, await run(JaypieStream(make(items))), f"the result over the source '{name}'")


async def runs_again_over_what_can(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L1: over a source that can run again, the same pipeline gives the same in each run, also in two at once; so no state
    of a run stays behind. The operator's own functions must not count.
    """
    stream = operate(JaypieStream(list(items)))
    for run in ("first", "second"):
        try:
            given = await stream.to_list()
        except StreamConsumedError as error:
            raise AssertionError(f"the {run} run over a source that can run again was refused: {error}") from error
        expect_same(list(expected), given, f"items of the {run} run")
    one, other = await asyncio.gather(stream.to_list(), stream.to_list())
    expect_same(list(expected), one, "items of one of two runs at once")
    expect_same(list(expected), other, "items of the other of two runs at once")


async def fuses_faithfully(operators: Sequence[Operate], items: Sequence[Any]) -> None:
    """
    L2: several operators fused into one loop give what they give with a generator between each two, and what they give
    one at a time, from list to list.
    """
    fused: JaypieStream[Any] = JaypieStream(items)
    apart: JaypieStream[Any] = JaypieStream(items)
    stepwise = list(items)
    for operate in operators:
        fused = operate(fused)
        apart = operate(apart).pipe(_unfused)
        stepwise = await operate(JaypieStream(stepwise)).to_list()
    expect_same(stepwise, await fused.to_list(), "items of the fused loop")
    expect_same(stepwise, await apart.to_list(), "items with a generator between each two operators")


async def takes_async_functions(
    operate_with: Callable[[Callable[..., Any]], Callable[[JaypieStream[Any]], Any]],
    f: Callable[..., Any],
    items: Sequence[Any],
    waits: Sequence[int] = (0, 1, 3),
) -> None:
    """
    L3: an `async def` of the same function, waiting at random, gives the same, and so does a partial of one and an
    object with an async `__call__`. So for a terminal's function; *operate_with* then gives its coroutine.

    *waits* are the turns of the loop that its calls take, over and over.
    """
    wanted = await _given_with(operate_with, f, items, "a plain function")
    waiting = with_checkpoints(f, waits)
    for form, call in (
        ("a coroutine function", waiting),
        ("a partial", partial(waiting)),
        ("an object", _Callable(waiting)),
    ):
        expect_same(wanted, await _given_with(operate_with, call, items, form), f"items with {form}")


async def _given_with(
    operate_with: Callable[[Callable[..., Any]], Callable[[JaypieStream[Any]], Any]],
    call: Callable[..., Any],
    items: Sequence[Any],
    form: str,
) -> Any:
    try:
        return await finish(operate_with(call)(JaypieStream(items)))
    except Exception as error:
        raise AssertionError(f"{form} was not taken: {error!r}") from error


def with_checkpoints(f: Callable[..., Any], waits: Sequence[int]) -> Callable[..., Any]:
    """
    *f* as a coroutine function, whose calls wait for so many turns of the loop as *waits* says, over and over.
    """
    calls = 0

    async def waiting(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        for _ in range(waits[calls % len(waits)] if waits else 0):
            await asyncio.sleep(0)
        return f(*args)

    return waiting


class _Callable:
    """
    A callable object whose call is a coroutine.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f

    async def __call__(self, *args: Any) -> Any:
        return await self._f(*args)


async def _fails_after(stream: JaypieStream[Any], before: Sequence[Any], error: type[Exception], where: str) -> None:
    got: list[Any] = []
    failure: Exception | None = None
    async with stream.open() as opened:
        try:
            async for item in opened:
                got.append(item)  # noqa: PERF401 - what came before the error is wanted
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        expect_same(list(before), got, f"items before the operator's own error, from {where}")
        expect(isinstance(failure, error), f"{error.__name__} must come from {where}, not {failure!r}")
        more = [item async for item in opened]
    expect(not more, f"after {error.__name__} there came {more!r}, from {where}")


async def _unfused(stream: JaypieStream[Any]) -> AsyncIterator[Any]:
    """Hand on each item by a generator: a border that no fusion crosses."""
    async with stream.open() as items:
        async for item in items:
            yield item
