"""
`map(concurrency=)`.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Event, sleep
from collections import Counter
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import Probe, cancel_at_every_await


class Gate:
    """
    Calls that wait until the test lets them go on, by their item.
    """

    def __init__(self) -> None:
        self.running: list[int] = []
        self.most = 0
        self._open: dict[int, Event] = {}

    def let(self, *items: int) -> None:
        for item in items:
            self._open.setdefault(item, Event()).set()

    async def __call__(self, item: int) -> int:
        self.running.append(item)
        self.most = max(self.most, len(self.running))
        try:
            await self._open.setdefault(item, Event()).wait()
        finally:
            self.running.remove(item)
        return item * 10


async def turns(count: int = 8) -> None:
    for _ in range(count):
        await sleep(0)


class TestMapConcurrency:
    """
    Several calls at once.
    """

    async def test_order(self) -> None:
        """
        Results come in the order of the items, whichever call is done first.
        """
        gate = Gate()
        running = asyncio.ensure_future(JaypieStream(range(4)).map(gate, concurrency=4).to_list())
        await turns()
        assert gate.running == [0, 1, 2, 3]
        gate.let(3, 1, 2)
        await turns()
        assert gate.running == [0]
        gate.let(0)
        assert await running == [0, 10, 20, 30]

    async def test_as_they_are_ready(self) -> None:
        """
        With ordered=False they come as they are ready.
        """
        gate = Gate()
        got: list[int] = []
        running = asyncio.ensure_future(
            JaypieStream(range(3)).map(gate, concurrency=3, ordered=False).for_each(got.append)
        )
        for item in (2, 0, 1):
            await turns()
            gate.let(item)
        await running
        assert got == [20, 0, 10]

    @pytest.mark.parametrize("ordered", [True, False])
    async def test_never_more(self, ordered: bool) -> None:
        """
        There are never more calls than allowed, and no fewer where the source can; a result that waits counts too.
        """
        gate = Gate()
        probe = Probe(range(9))
        async with JaypieStream(probe).map(gate, concurrency=3, ordered=ordered).open() as items:
            first = asyncio.ensure_future(anext(items))
            await turns()
            assert gate.running == [0, 1, 2]
            gate.let(1, 2)
            await turns()
            if ordered:
                assert gate.running == [0], "the window begins at the oldest that has not been given"
                assert probe.reads == 3
            gate.let(0)
            assert await first in {0, 10, 20}
            gate.let(*range(9))
            rest = [item async for item in items]
        assert len(rest) == 8
        assert gate.most == 3
        probe.assert_released()

    async def test_while_the_consumer_works(self) -> None:
        """
        Calls go on while the consumer is busy, as many as there is room for their results.
        """
        done: list[int] = []

        async def f(item: int) -> int:
            await sleep(0)
            done.append(item)
            return item

        async with JaypieStream(range(9)).map(f, concurrency=2).open() as items:
            assert await anext(items) == 0
            await turns(20)
            assert done == [0, 1, 2]
            assert [item async for item in items] == [*range(1, 9)]

    async def test_per_key(self) -> None:
        """
        Items with the same key run one after the other, in their order, while others run beside them.
        """
        running: Counter[str] = Counter()
        begun: list[str] = []
        most = 0

        async def f(item: str) -> str:
            nonlocal most
            begun.append(item)
            running[item[0]] += 1
            assert running[item[0]] == 1
            most = max(most, running.total())
            await turns(3)
            running[item[0]] -= 1
            return item

        items = ["a1", "a2", "b1", "a3", "b2"]
        stream = JaypieStream(items).map(f, concurrency=4, per_key=lambda item: item[0])
        assert await stream.to_list() == items
        assert [item for item in begun if item[0] == "a"] == ["a1", "a2", "a3"]
        assert most == 2

    async def test_per_key_failure(self) -> None:
        """
        When a call fails, those behind it with the same key never begin.
        """
        begun: list[int] = []

        async def f(item: int) -> int:
            begun.append(item)
            await sleep(0)
            raise ValueError(item)

        with pytest.raises(ValueError, match="0"):
            await JaypieStream(range(3)).map(f, concurrency=3, per_key=lambda _: 0).to_list()
        assert begun == [0]

    async def test_on_error(self) -> None:
        """
        What fails is replaced, sync or async, and the stream goes on.
        """

        async def f(item: int) -> int:
            await sleep(0)
            if item % 2:
                raise ValueError(item)
            return item

        async def mend(item: int, error: Exception) -> str:
            await sleep(0)
            return f"{item}: {type(error).__name__}"

        stream = JaypieStream(range(4))
        assert await stream.map(f, concurrency=2, on_error=lambda item, _: -item).to_list() == [0, -1, 2, -3]
        found = await stream.map(f, concurrency=2, ordered=True, on_error=mend).to_list()
        assert found == [0, "1: ValueError", 2, "3: ValueError"]

    @pytest.mark.parametrize("ordered", [True, False])
    async def test_failure(self, ordered: bool) -> None:
        """
        A failure comes after the results before it; nothing is begun any more, and the other calls are awaited.
        """
        probe = Probe(range(9), before=lambda _: sleep(0))
        log: list[int] = []
        last_begun = Event()

        async def f(item: int) -> int:
            if item == 1:
                await last_begun.wait()
                raise ValueError("boom")
            if item == 3:
                last_begun.set()
            if item == 0:
                return item
            try:
                await Event().wait()
            finally:
                await sleep(0)
                log.append(item)
            return item

        got: list[int] = []
        with pytest.raises(ValueError, match="boom"):
            await JaypieStream(probe).map(f, concurrency=3, ordered=ordered).for_each(got.append)
        assert got == [0]
        assert sorted(log) == [2, 3]
        assert probe.reads == 4
        probe.assert_released()

    async def test_failures(self) -> None:
        """
        Two that have really failed are a group, in the order of the items.
        """

        async def f(item: int) -> int:
            await sleep(0)
            raise ValueError(item)

        with pytest.raises(ExceptionGroup, match="several calls failed") as found:
            await JaypieStream(range(2)).map(f, concurrency=2).to_list()
        assert [error.args for error in found.value.exceptions] == [(0,), (1,)]

    async def test_source_fails(self) -> None:
        """
        A failure of the source comes after the results of the items before it.
        """
        probe = Probe(range(9), fail_at=3, error=OSError("gone"))

        async def f(item: int) -> int:
            await turns(3)
            return item

        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(probe).map(f, concurrency=2).for_each(got.append)
        assert got == [0, 1, 2]
        probe.assert_released()

    async def test_early_stop(self) -> None:
        """
        An early stop cancels the calls that run, awaits them, and raises what they fail with then.
        """
        log: list[int] = []

        async def f(item: int) -> int:
            if item:
                try:
                    await Event().wait()
                finally:
                    await sleep(0)
                    log.append(item)
            return item

        assert await JaypieStream(range(9)).map(f, concurrency=3).take(1).to_list() == [0]
        assert sorted(log) == [1, 2]

        async def g(item: int) -> int:
            try:
                await f(item)
            except CancelledError:
                raise OSError("while closing") from None
            return item

        with pytest.raises(OSError, match="while closing"):
            await JaypieStream(range(2)).map(g, concurrency=2).take(1).to_list()

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    @pytest.mark.parametrize("ordered", [True, False])
    async def test_cancelled_everywhere(self, ordered: bool, how: Any) -> None:
        """
        Cancelled at any await, the run ends cancelled with every call over.
        """
        running = 0

        async def f(item: int) -> int:
            nonlocal running
            running += 1
            try:
                await sleep(0)
            finally:
                try:
                    await sleep(0)
                finally:
                    running -= 1
            return item

        async def main() -> None:
            await JaypieStream(range(4)).map(f, concurrency=2, ordered=ordered).drain()

        assert await cancel_at_every_await(main, how) > 0
        assert running == 0

    async def test_cancelled_by_itself(self) -> None:
        """
        A call that ends cancelled, for reasons of its own, ends the run so.
        """

        async def f(_: int) -> int:
            raise CancelledError

        with pytest.raises(CancelledError):
            await JaypieStream([1]).map(f, concurrency=2).to_list()

    async def test_context(self) -> None:
        """
        Each call has context variables of its own, from those of the source.
        """
        name: ContextVar[str] = ContextVar("name")

        async def source() -> AsyncGenerator[int, None]:
            name.set("source")
            yield 0
            yield 1

        async def f(item: int) -> str:
            before = name.get()
            name.set(str(item))
            await sleep(0)
            return f"{before}{name.get()}"

        assert await JaypieStream(source).map(f, concurrency=2).to_list() == ["source0", "source1"]

    @given(st.lists(st.integers(0, 3), max_size=8), st.integers(1, 4))
    async def test_as_map(self, waits: list[int], concurrency: int) -> None:
        """
        Ordered it gives what `map` gives, else the same in some order.
        """

        async def f(item: tuple[int, int]) -> tuple[int, int]:
            await turns(item[1])
            return item

        stream = JaypieStream([*enumerate(waits)])
        expected = await stream.map(f).to_list()
        assert expected == await stream.map(f, concurrency=concurrency).to_list()
        assert expected == sorted(await stream.map(f, concurrency=concurrency, ordered=False).to_list())

    def test_bad_arguments(self) -> None:
        """
        They are refused where the pipeline is written.
        """
        stream: Any = JaypieStream([1])

        async def f(item: int) -> int:
            return item

        with pytest.raises(ValueError, match=r"map\(concurrency=\) must be at least 1, not 0"):
            stream.map(f, concurrency=0)
        with pytest.raises(TypeError, match=r"map\(concurrency=\) expects a whole number, not '2'"):
            stream.map(f, concurrency="2")
        with pytest.raises(TypeError, match=r"for `async def` functions; .*str.* is a plain.*asyncio.to_thread"):
            stream.map(str, concurrency=2)
        with pytest.raises(TypeError, match=r"map\(\) expects a callable"):
            stream.map(1, concurrency=2)
        with pytest.raises(TypeError, match=r"map\(per_key=\) expects a callable"):
            stream.map(f, concurrency=2, per_key=1)
        with pytest.raises(TypeError, match=r"map\(per_key=\) expects a plain callable"):
            stream.map(f, concurrency=2, per_key=f)
        with pytest.raises(TypeError, match=r"map\(on_error=\) expects a callable"):
            stream.map(f, concurrency=2, on_error=1)
        for options in ({"ordered": False}, {"per_key": id}):
            with pytest.raises(ValueError, match="need concurrency="):
                stream.map(f, **options)

    def test_description(self) -> None:
        """
        It tells how it runs.
        """

        async def fetch(item: int) -> int:
            return item

        assert "fetch, concurrency=2, ordered=True)" in JaypieStream([1]).map(fetch, concurrency=2).explain()
