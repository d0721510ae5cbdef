"""
`flat_map(concurrency=)` and `flatten(concurrency=)`: several inner sources open at once.
"""

from __future__ import annotations

import asyncio
from asyncio import Event, sleep
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated


class Gauge:
    """
    Counts the inner sources that are open.
    """

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.opened = 0

    async def source(self, items: list[Any], seconds: float = 1) -> AsyncGenerator[Any, None]:
        self.now += 1
        self.opened += 1
        self.most = max(self.most, self.now)
        try:
            for item in items:
                await sleep(seconds)
                yield item
        finally:
            await sleep(0)
            self.now -= 1


class TestFlatMapConcurrency:
    """
    `flat_map` with several inner sources at once.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        One at a time keeps the order, under every contract.
        """
        await check_operator(
            lambda s: s.flat_map(lambda n: [n] * n, concurrency=1), [1, 2, 3], [1, 2, 2, 3, 3, 3], reads_ahead=3
        )
        await check_operator(lambda s: s.flatten(concurrency=1), [[1, 2], [], [3]], [1, 2, 3], reads_ahead=4)
        await check_operator(lambda s: s.flat_map(lambda _: list[int](), concurrency=3), [1, 2, 3], [])

    @pytest.mark.parametrize("concurrency", [1, 2, 3, 10])
    async def test_never_more(self, concurrency: int, virtual_clock: VirtualClock) -> None:
        """
        No more than so many are open at once, closing included, and as many as that where there are enough.
        """
        gauge = Gauge()
        stream = JaypieStream(range(7)).flat_map(lambda n: gauge.source([n, n]), concurrency=concurrency)
        assert Counter(await stream.to_list()) == Counter([*range(7)] * 2)
        assert gauge.most == min(concurrency, 7)
        assert (gauge.now, gauge.opened) == (0, 7)
        assert virtual_clock.now == 2 * -(-7 // concurrency)

    async def test_as_they_come(self, virtual_clock: VirtualClock) -> None:
        """
        Items are given when they come, whichever source was opened first.
        """
        later = {1: (5, "slow"), 2: (1, "quick"), 3: (3, "third")}
        stream = JaypieStream([1, 2, 3]).flat_map(lambda n: at(later[n]), concurrency=2)
        assert await dated(stream) == [(1, "quick"), (3, "third"), (5, "slow")]

    @pytest.mark.parametrize("count", [2, 5])
    async def test_fairness(self, count: int) -> None:
        """
        Sources that always have an item advance within one item of each other.
        """
        given: Counter[int] = Counter(dict.fromkeys(range(count), 0))
        async with JaypieStream(range(count)).flat_map(lambda n: [n] * 40, concurrency=count).open() as items:
            async for item in items:
                given[item] += 1
                assert max(given.values()) - min(given.values()) <= 1

    async def test_demand(self) -> None:
        """
        The stream is asked for its next item when a source has ended; each source holds one item.
        """
        outer = Probe(range(9))
        inner: list[Probe[int]] = []

        def make(n: int) -> Probe[int]:
            inner.append(Probe(range(n * 10, n * 10 + 9)))
            return inner[-1]

        async with JaypieStream(outer).flat_map(make, concurrency=3).open() as items:
            for wanted in range(1, 10):
                await anext(items)
                for _ in range(10):
                    await sleep(0)
                assert len(inner) == outer.reads == 3
                assert sum(probe.reads for probe in inner) <= wanted + 3
        for probe in inner:
            probe.assert_released()

    async def test_async_callable(self, virtual_clock: VirtualClock) -> None:
        """
        An async callable runs in the task of its source, several at once.
        """
        tasks: set[Any] = set()

        async def make(n: int) -> list[int]:
            tasks.add(asyncio.current_task())
            await sleep(1)
            return [n]

        assert sorted(await JaypieStream([1, 2, 3]).flat_map(make, concurrency=3).to_list()) == [1, 2, 3]
        assert virtual_clock.now == 1
        assert len(tasks) == 3

    async def test_scopes_and_variables(self) -> None:
        """
        Inner sources may hold cancel scopes, task groups and context variables across their items.
        """
        name: ContextVar[int] = ContextVar("name", default=-1)

        async def make(n: int) -> AsyncGenerator[tuple[int, int], None]:
            token = name.set(n)
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
                with anyio.fail_after(60):
                    for _ in range(3):
                        yield n, name.get()
                        await sleep(0)
                group.cancel_scope.cancel()
            name.reset(token)

        stream = JaypieStream([1, 2]).flat_map(make, concurrency=2)
        assert sorted(await stream.to_list()) == [(1, 1)] * 3 + [(2, 2)] * 3
        assert len(await stream.take(2).to_list()) == 2
        assert name.get() == -1

    async def test_nested(self) -> None:
        """
        Inside one another, and with merges inside.
        """
        stream = JaypieStream(range(3)).flat_map(
            lambda n: JaypieStream([n]).flat_map(lambda m: [m, m + 10], concurrency=2).merge([n + 20]), concurrency=2
        )
        assert sorted(await stream.to_list()) == [0, 1, 2, 10, 11, 12, 20, 21, 22]
        assert len(await stream.take(4).to_list()) == 4

    async def test_inner_error(self) -> None:
        """
        An error of one comes after its items; the others are cancelled and closed, and nothing is opened any more.
        """
        opened: list[int] = []
        others: list[Probe[int]] = []

        def make(n: int) -> Probe[int]:
            opened.append(n)
            if n == 1:
                return Probe([7, 8], fail_at=2, error=OSError("gone"))
            others.append(Probe(before=lambda _: Event().wait(), on_close=pause))
            return others[-1]

        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(range(99)).flat_map(make, concurrency=3).for_each(got.append)
        assert (got, opened) == ([7, 8], [0, 1, 2])
        for probe in others:
            probe.assert_released()

    async def test_several_errors(self) -> None:
        """
        Two that fail at once make a group.
        """
        with pytest.raises(ExceptionGroup, match="several sources failed") as found:
            await (
                JaypieStream([1, 2])
                .flat_map(lambda n: Probe(fail_at=0, error=OSError(n), before=pause), concurrency=2)
                .drain()
            )
        assert [str(error) for error in found.value.exceptions] == ["1", "2"]

    async def test_outer_error(self) -> None:
        """
        An error of the stream itself cancels and closes the inner sources.
        """
        inner = Probe(range(9), before={1: lambda _: Event().wait()}, on_close=pause)
        outer = Probe([1], fail_at=1, error=OSError("gone"), before={1: lambda _: sleep(0)})
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(outer).flat_map(lambda _: inner, concurrency=2).drain()
        inner.assert_released()
        outer.assert_released()

    async def test_callback_error(self) -> None:
        """
        An error of the callable, and a result that is no source, end the stream.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([1, 0]).flat_map(lambda n: [1 // n], concurrency=1).for_each(got.append)
        assert got == [1]
        wrong: Any = "text"
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            await JaypieStream([1]).flat_map(lambda n: wrong, concurrency=2).drain()
        with pytest.raises(TypeError, match="a source is a JaypieStream"):
            await JaypieStream[Any]([5]).flatten(concurrency=2).drain()

        async def late(n: int) -> list[int]:
            return [n]

        with pytest.raises(TypeError, match=r"flat_map\(\) was given a plain callable"):
            await JaypieStream([1]).flat_map(lambda n: late(n), concurrency=2).drain()  # noqa: PLW0108 - the lambda is what is refused

    @pytest.mark.parametrize("concurrency", [1, 3])
    async def test_cancellation(self, concurrency: int) -> None:
        """
        Cancelled at any await, all are closed and the run ends cancelled.
        """
        probes: list[Probe[Any]] = []

        def probe(items: Any) -> Probe[Any]:
            probes.append(ManagedProbe(items, before=pause, on_close=pause))
            return probes[-1]

        def run() -> Coroutine[Any, Any, list[Any]]:
            outer = probe(range(2))
            return in_open(JaypieStream(outer).flat_map(lambda n: probe([n]), concurrency=concurrency))

        assert await cancel_at_every_await(run, "scope") > 3
        for each in probes:
            if each.opens:
                each.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(each.opens == each.closes for each in probes)

    async def test_many(self) -> None:
        """
        A hundred at once.
        """
        stream = JaypieStream(range(300)).flat_map(lambda n: [n] * 3, concurrency=100)
        assert Counter(await stream.to_list()) == Counter([*range(300)] * 3)

    async def test_stats(self) -> None:
        """
        `stats` below counts what stands above and below the pumps.
        """
        got: list[Any] = []
        stream = JaypieStream(range(4)).filter(lambda n: n).flat_map(lambda n: [n, n], concurrency=2).map(str)
        assert len(await stream.stats(got.append).to_list()) == 6
        assert [(stage.name, stage.items_in, stage.items_out) for stage in got[0].stages] == [
            ("filter", 4, 3),
            ("map", 6, 6),
        ]

    def test_bad_argument(self) -> None:
        """
        Less than one at once, and what cannot be called, are refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(ValueError, match=r"flat_map\(concurrency=\) must be at least 1, not 0"):
            JaypieStream([1]).flat_map(lambda n: [n], concurrency=0)
        with pytest.raises(TypeError, match=r"flat_map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).flat_map(wrong, concurrency=2)
        with pytest.raises(ValueError, match=r"flatten\(concurrency=\) must be at least 1, not -1"):
            JaypieStream([[1]]).flatten(concurrency=-1)
        with pytest.raises(TypeError, match=r"flatten\(concurrency=\) expects a whole number, not True"):
            JaypieStream([[1]]).flatten(concurrency=True)
