"""
`with_latest_from`.
"""

from __future__ import annotations

from asyncio import Event, sleep
from collections.abc import AsyncGenerator, Coroutine
from itertools import count
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated


class TestWithLatestFrom:
    """
    Each item with the newest of the others.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        Beside others that are there at once, under every contract.
        """
        await check_operator(
            lambda s: s.with_latest_from(["a", "b"], ["c"]), [1, 2], [(1, "b", "c"), (2, "b", "c")], reads_ahead=1
        )
        await check_operator(lambda s: s.with_latest_from(), [1, 2], [(1,), (2,)], reads_ahead=1)

    async def test_newest(self, virtual_clock: VirtualClock) -> None:
        """
        Items before the first of the others are dropped, the others alone give nothing, the end is this stream's.
        """
        main = at((1, "a"), (3, "b"), (4, "c"), (7, "d"), (8, "e"))
        other = at((2, 1), (5, 2), (6, 3), (99, 4))
        found = await dated(JaypieStream(main).with_latest_from(other))
        assert found == [(3, ("b", 1)), (4, ("c", 1)), (7, ("d", 3)), (8, ("e", 3))]

    async def test_other_ends(self, virtual_clock: VirtualClock) -> None:
        """
        An other that ends keeps its last item; one that ends without any ends the stream at once.
        """
        found = await dated(JaypieStream(at((1, "a"), (9, "b"))).with_latest_from(at((0, 1))))
        assert found == [(1, ("a", 1)), (9, ("b", 1))]
        log: list[str] = []
        main = at((99, "a"), log=log, name="main")
        assert await dated(JaypieStream(main).with_latest_from(at(), at((10, 1)))) == []
        assert (virtual_clock.now, log) == (9, ["main"])

    async def test_slow_consumer(self, virtual_clock: VirtualClock) -> None:
        """
        What counts is the moment at which an item comes, not the one at which it is taken; the others go on meanwhile.
        """
        stream = JaypieStream(at((1, "a"), (2, "b"), (3, "c"), (30, "d"))).with_latest_from(
            at((0, 0), (1.5, 1), (2.5, 2), (20, 3), (25, 4))
        )
        found: list[Any] = []
        async with stream.open() as items:
            async for item in items:
                found.append(item)
                await sleep(10)
        assert found == [("a", 0), ("b", 1), ("c", 2), ("d", 4)]

    async def test_busy_other(self) -> None:
        """
        An other that always has an item lets the rest run.
        """
        stream = JaypieStream(Probe(range(3), before=pause)).with_latest_from(count())
        assert [row[0] for row in await stream.to_list()] == [0, 1, 2]

    async def test_errors(self) -> None:
        """
        An error of either comes bare, after the items before it, and closes the rest.
        """
        hanging = Probe([1], before={1: lambda _: Event().wait()}, on_close=pause)
        got: list[Any] = []
        with pytest.raises(OSError, match="main"):
            await (
                JaypieStream(Probe(["a"], fail_at=1, error=OSError("main")))
                .with_latest_from(hanging)
                .for_each(got.append)
            )
        assert got == [("a", 1)]
        hanging.assert_released()
        main = Probe(["a"], before=lambda _: Event().wait(), on_close=pause)
        with pytest.raises(OSError, match="other"):
            await JaypieStream(main).with_latest_from([1], Probe([1], fail_at=1, error=OSError("other"))).drain()
        main.assert_released()

    async def test_early_stop(self) -> None:
        """
        An early stop closes all, in the tasks that opened them.
        """
        probes = [Probe(range(99), before=pause, on_close=pause) for _ in range(3)]
        assert len(await JaypieStream(probes[0]).with_latest_from(*probes[1:]).take(3).to_list()) == 3
        for probe in probes:
            probe.assert_released()

    async def test_one_task(self) -> None:
        """
        Each source keeps its own scopes, as the others do.
        """

        async def scoped(name: str) -> AsyncGenerator[str, None]:
            with anyio.fail_after(60):
                for n in range(3):
                    yield f"{name}{n}"
                    await sleep(0)

        found = await JaypieStream(lambda: scoped("a")).with_latest_from(lambda: scoped("b")).to_list()
        assert [row[0] for row in found] == ["a0", "a1", "a2"]

    async def test_cancellation(self) -> None:
        """
        A cancellation at any await closes all and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(3), before=pause, on_close=pause) for _ in range(2)]
            probes.extend(pair)
            return in_open(JaypieStream(pair[0]).with_latest_from(pair[1]))

        assert await cancel_at_every_await(run, "scope") >= 2
        for probe in probes:
            if probe.opens:
                probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(probe.opens == probe.closes for probe in probes)

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).with_latest_from(wrong)
        assert "with_latest_from(2 more)" in repr(JaypieStream([1]).with_latest_from([1], [2]))
