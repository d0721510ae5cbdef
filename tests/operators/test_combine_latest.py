"""
`combine_latest`.
"""

from __future__ import annotations

from asyncio import Event, sleep
from collections.abc import Coroutine
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated


class TestCombineLatest:
    """
    The newest of each, whenever one gives.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        Beside one item of each other, under every contract.
        """
        await check_operator(
            lambda s: s.combine_latest(["a"], ["b"]), [1, 2], [(1, "a", "b"), (2, "a", "b")], reads_ahead=1
        )
        await check_operator(lambda s: s.combine_latest(), [1, 2], [(1,), (2,)], reads_ahead=1)
        await check_operator(lambda s: s.combine_latest(["a"]), list[int](), list[Any]())

    async def test_newest(self, virtual_clock: VirtualClock) -> None:
        """
        From when all have given one, each item makes a tuple, at its time.
        """
        one = at((1, "a"), (2, "b"), (6, "c"))
        other = at((3, 1), (4, 2), (8, 3))
        found = await dated(JaypieStream(one).combine_latest(other))
        assert found == [(3, ("b", 1)), (4, ("b", 2)), (6, ("c", 2)), (8, ("c", 3))]

    async def test_slow_consumer(self, virtual_clock: VirtualClock) -> None:
        """
        A slow consumer gets a tuple for each item, too.
        """
        stream = JaypieStream(at((1, "a"), (2, "b"), (3, "c"))).combine_latest(at((1, 1)))
        found: list[Any] = []
        async with stream.open() as items:
            async for item in items:
                found.append(item)
                await sleep(50)
        assert found == [("a", 1), ("b", 1), ("c", 1)]

    async def test_fairness(self) -> None:
        """
        Sources that always have an item take turns.
        """
        stream = JaypieStream([1, 2, 3]).combine_latest([10, 20, 30])
        assert await stream.to_list() == [(1, 10), (2, 10), (2, 20), (3, 20), (3, 30)]

    async def test_one_without_items(self, virtual_clock: VirtualClock) -> None:
        """
        If one ends without an item the stream ends at once, and the others are closed.
        """
        log: list[str] = []
        for order in (0, 1):
            start = virtual_clock.now
            pair = [at((start + 99, "a"), log=log, name="other"), at(log=log, name="empty")]
            stream = JaypieStream(pair[order]).combine_latest(pair[1 - order])
            assert await dated(stream) == []
            assert virtual_clock.now == start
        assert log == ["empty", "other"] * 2

    async def test_demand(self) -> None:
        """
        To give k tuples at most k items, one of each for the first tuple and one more of each are read.
        """
        for wanted in range(6):
            probes = [Probe(range(20)) for _ in range(3)]
            async with JaypieStream(probes[0]).combine_latest(*probes[1:]).open() as items:
                for _ in range(wanted):
                    await anext(items)
                for _ in range(10):
                    await sleep(0)
                assert sum(probe.reads for probe in probes) <= (wanted + 2 + 3 if wanted else 0)

    async def test_errors(self) -> None:
        """
        An error of one comes bare after the tuples before it; two at once make a group.
        """
        hanging = Probe(["a"], before={1: lambda _: Event().wait()}, on_close=pause)
        got: list[Any] = []
        with pytest.raises(OSError, match="gone"):
            await (
                JaypieStream(hanging)
                .combine_latest(Probe([1, 2], fail_at=2, error=OSError("gone")))
                .for_each(got.append)
            )
        assert got == [("a", 1), ("a", 2)]
        hanging.assert_released()
        failing: list[Probe[int]] = [Probe(fail_at=0, error=OSError(n), before=pause) for n in range(2)]
        with pytest.raises(ExceptionGroup, match="several sources failed"):
            await JaypieStream(failing[0]).combine_latest(failing[1]).drain()

    async def test_scopes(self) -> None:
        """
        Sources that hold cancel scopes work, to the end and stopped early.
        """

        async def scoped(name: str) -> Any:
            with anyio.fail_after(60):
                for n in range(3):
                    await sleep(0)
                    yield f"{name}{n}"

        stream = JaypieStream(lambda: scoped("a")).combine_latest(lambda: scoped("b"))
        assert (await stream.to_list())[-1] == ("a2", "b2")
        assert await stream.first() == ("a0", "b0")

    async def test_cancellation(self) -> None:
        """
        A cancellation at any await closes all and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(2), before=pause, on_close=pause) for _ in range(2)]
            probes.extend(pair)
            return in_open(JaypieStream(pair[0]).combine_latest(pair[1]))

        assert await cancel_at_every_await(run, "scope") >= 3
        for probe in probes:
            if probe.opens:
                probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(probe.opens == probe.closes for probe in probes)

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written; a tuple is in no wire format.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).combine_latest(wrong)
        framed = JaypieStream(["a"]).format_sse()
        assert framed.combine_latest(framed).media_type is None
        assert "combine_latest(1 more)" in repr(framed.combine_latest(framed))
