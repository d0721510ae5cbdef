"""
How an operator lets go of its source: once, in the task that opened it, on every way out, the last opened first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import anyio

from jaystream import JaypieStream
from jaystream.testing.laws.planting import PlantedError, ended, failing_at, fails_with
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.ways import WAYS, close_iterator
from jaystream.testing.witness import Witness

__all__ = [
    "closes_last_opened_first",
    "closes_on_every_way_out",
    "closing_again_is_harmless",
    "closing_during_a_pull_is_refused",
    "closing_errors_are_told",
]

Operate: TypeAlias = Callable[[JaypieStream[Any]], JaypieStream[Any]]


async def closes_on_every_way_out(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L18: whichever way a run ends (at the end, by `take`, left early, failed above or below, its time over), the source
    has been closed exactly once, in the task that opened it, before the run returns. Cancellation is L20.
    """
    for managed in (False, True):
        for way in WAYS:
            witness = Witness()
            await way(operate(JaypieStream(witness.source(items, managed=managed))))
            witness.assert_released()
        for failing in range(len(items) + 1):
            for way in WAYS:
                witness = Witness()
                script: dict[str, Any] = {"fail_at": failing, "error": PlantedError("above"), "managed": managed}
                await fails_with(way(operate(JaypieStream(witness.source(items, **script)))))
                witness.assert_released()
        for size in range(len(expected) + 1):
            for error in (None, PlantedError("below")):
                witness = Witness()
                stream = operate(JaypieStream(witness.source(items, managed=managed)))
                await fails_with(_leave_after(stream, expected[:size], error))
                witness.assert_released()
            witness = Witness()
            stream = operate(JaypieStream(witness.source(items, managed=managed)))
            await fails_with(stream.map(failing_at(size)).drain())
            witness.assert_released()
            witness = Witness()
            stream = operate(JaypieStream(witness.source(items, managed=managed)))
            expect_same(list(expected[:size]), await stream.take(size).to_list(), f"items of take({size})")
            witness.assert_released()
        for at in range(len(items)):
            for in_no_time in (_in_timeout, _in_scope):
                witness = Witness()
                source = witness.source(items, managed=managed, before={at: _forever})
                task = asyncio.ensure_future(in_no_time(operate(JaypieStream(source)).drain()))
                await asyncio.wait([task])
                with suppress(TimeoutError):
                    task.result()
                witness.assert_released()


async def closes_last_opened_first(build: Callable[[Witness], JaypieStream[Any]]) -> None:
    """
    L18: of several sources that are open at once, the last opened is closed first, also when the run is left early.
    """
    whole = Witness()
    given = len(await build(whole).to_list())
    whole.assert_released()
    for size in range(1, given + 1):
        witness = Witness()
        async with build(witness).open() as opened:
            for _ in range(size):
                await anext(opened)
        witness.assert_released()


async def closing_again_is_harmless(operate: Operate, items: Sequence[Any], expected: Sequence[Any]) -> None:
    """
    L19: closing is idempotent: a run that was closed, or has ended, can be closed again, and its source is closed once.
    """
    for size in {0, min(1, len(expected)), len(expected)}:
        probe = Probe(items)
        running = aiter(operate(JaypieStream(probe)))
        for _ in range(size):
            await anext(running)
        await close_iterator(running)
        await close_iterator(running)
        probe.assert_released()
        await ended(running, "a run that was closed")


async def closing_during_a_pull_is_refused(operate: Operate, items: Sequence[Any]) -> None:
    """
    L19: closing while a pull is under way raises `RuntimeError`, and harms neither the pull nor the closing afterwards.
    """
    gate, waits = asyncio.Event(), asyncio.Event()

    async def before(_: int) -> None:
        waits.set()
        await gate.wait()

    probe = Probe(items, before=before)
    running = aiter(operate(JaypieStream(probe)))
    pull = asyncio.ensure_future(anext(running, None))
    reached = asyncio.ensure_future(waits.wait())
    await asyncio.wait([pull, reached], return_when=asyncio.FIRST_COMPLETED)
    refused = not waits.is_set()  # an operator that reads nothing has no pull to disturb
    try:
        if waits.is_set():
            await close_iterator(running)
    except RuntimeError:
        refused = True
    gate.set()
    reached.cancel()
    await asyncio.wait([pull, reached])
    pull.result()
    await close_iterator(running)
    expect(refused, "closing during a pull must raise RuntimeError")
    expect_same(probe.opens, probe.closes, "closings of the source")
    expect_same([], probe.violations, "misuse of the source")


async def closing_errors_are_told(operate: Operate, items: Sequence[Any]) -> None:
    """
    L18: an error of closing a source is raised where the run had gone well, and is a note on the error where it had
    failed; the source is closed once all the same.
    """
    closing = PlantedError("in the closing")

    async def fails() -> None:
        raise closing

    seen: list[BaseException] = []
    probe = Probe(items, on_close=fails)
    await fails_with(operate(JaypieStream(probe)).drain(), seen)
    expect_same([closing] if probe.opens else [], seen, "what a run raises whose source failed to close")
    _closed_once(probe)
    below = PlantedError("below")
    probe = Probe(items, on_close=fails)
    await fails_with(operate(JaypieStream(probe)).map(failing_at(0, below)).drain(), seen := [])
    if below in seen:
        notes = "".join(getattr(below, "__notes__", ()))
        expect("in the closing" in notes or not probe.opens, f"the error of closing must be a note, not {notes!r}")
    else:
        # nothing came that could fail, so the run had gone well
        expect_same([closing] if probe.opens else [], seen, "what a run raises whose source failed to close")
    _closed_once(probe)


# helpers --------------------------------------------------------------------------------------------------------------


async def _leave_after(stream: JaypieStream[Any], expected: Sequence[Any], error: Exception | None) -> None:
    async with stream.open() as opened:
        got = [await anext(opened) for _ in expected]
        expect_same(list(expected), got, f"the first {len(expected)} items")
        _fail(error)


def _fail(error: Exception | None) -> None:
    if error is not None:
        raise error


def _closed_once(probe: Probe[Any]) -> None:
    expect_same(probe.opens, probe.closes, "closings of a source that fails to close")
    expect_same([], probe.violations, "misuse of a source that fails to close")


async def _in_timeout(running: Coroutine[Any, Any, Any]) -> None:
    async with asyncio.timeout(0):
        await running


async def _in_scope(running: Coroutine[Any, Any, Any]) -> None:
    with anyio.fail_after(0):
        await running


async def _forever(*_: object) -> None:
    await asyncio.Event().wait()
