"""
`switch_map`.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Event, sleep
from collections.abc import AsyncGenerator, Coroutine
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated


async def forever(n: int) -> AsyncGenerator[int, None]:
    await Event().wait()
    yield n


class TestSwitchMap:
    """
    The source of the newest item alone.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        Under every contract, with sources that give nothing, and where the last one gives something.
        """
        await check_operator(lambda s: s.switch_map(lambda _: list[int]()), [1, 2], [])
        await check_operator(
            lambda s: s.on_end([0]).switch_map(lambda n: JaypieStream.never() if n else [7, 8]),
            [1, 2],
            [7, 8],
            before_error=[],
        )

    async def test_switches(self, virtual_clock: VirtualClock) -> None:
        """
        A new item closes the source of the one before, and opens its own.
        """
        log: list[str] = []

        def make(name: str) -> AsyncGenerator[Any, None]:
            now = virtual_clock.now
            return at(*((now + n, f"{name}{n}") for n in range(1, 4)), log=log, name=name)

        stream = JaypieStream(at((0, "a"), (2.5, "b"), (2.7, "c"), (9, "d"))).switch_map(make)
        assert await dated(stream) == [
            (1, "a1"),
            (2, "a2"),
            *((2.7 + n, f"c{n}") for n in range(1, 4)),
            *((9 + n, f"d{n}") for n in range(1, 4)),
        ]
        assert log == ["a", "b", "c", "d"]

    async def test_one_open(self, virtual_clock: VirtualClock) -> None:
        """
        The next source is opened when the one before is closed, however long that takes, in its own task.
        """
        probes: list[Probe[int]] = []

        def make(n: int) -> Probe[int]:
            for probe in probes:
                probe.assert_released()
            probes.append(Probe([n], before={1: lambda _: Event().wait()}, on_close=lambda: sleep(5)))
            return probes[-1]

        stream = JaypieStream(at((0, 1), (1, 2), (20, 3))).switch_map(make)
        async with stream.open() as items:
            assert [await anext(items) for _ in range(3)] == [1, 2, 3]
            assert virtual_clock.now == 25
        assert len({event.task for probe in probes for event in probe.events}) == 3

    async def test_ends(self, virtual_clock: VirtualClock) -> None:
        """
        The stream ends when it and the last source have ended, in either order.
        """
        stream = JaypieStream(at((0, 1), (9, 2))).switch_map(lambda n: at((n, n)))
        assert await dated(stream) == [(1, 1), (9, 2)]
        assert await dated(JaypieStream([5]).switch_map(lambda n: at((20, n)))) == [(20, 5)]
        assert await dated(JaypieStream(list[int]()).switch_map(lambda n: [n])) == []

    async def test_newest_comes_first(self) -> None:
        """
        When a new item is there, nothing more of the old source is given, though it has some.
        """
        gate = Event()

        async def outer() -> AsyncGenerator[str, None]:
            yield "a"
            await gate.wait()
            yield "b"

        found: list[str] = []
        async with JaypieStream(outer).switch_map(lambda name: [name] * 9).open() as items:
            async for item in items:
                found.append(item)
                if len(found) == 3:
                    gate.set()
                    for _ in range(9):
                        await sleep(0)
        assert found == ["a"] * 3 + ["b"] * 9

    async def test_many_items_at_once(self) -> None:
        """
        Of items that come at once the last one's source is read to its end.
        """
        found = await JaypieStream(range(50)).switch_map(lambda n: JaypieStream([n, n + 1]).merge([])).to_list()
        assert found[-2:] == [49, 50]

    async def test_async_callable(self, virtual_clock: VirtualClock) -> None:
        """
        An async callable that is still at work when the next item comes is cancelled, and awaited.
        """
        log: list[str] = []

        async def make(n: int) -> list[int]:
            try:
                await sleep(5)
            except CancelledError:
                await sleep(1)
                log.append(f"cancelled {n}")
                raise
            return [n]

        assert await dated(JaypieStream(at((0, 1), (2, 2))).switch_map(make)) == [(8, 2)]
        assert log == ["cancelled 1"]

    async def test_scopes_and_variables(self) -> None:
        """
        Sources may hold scopes and context variables, also where they are cut short.
        """
        name: ContextVar[int] = ContextVar("name", default=-1)
        closed: list[int] = []

        async def make(n: int) -> AsyncGenerator[tuple[int, int], None]:
            token = name.set(n)
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
                try:
                    for _ in range(3):
                        yield n, name.get()
                        await sleep(0)
                finally:
                    group.cancel_scope.cancel()
            name.reset(token)
            closed.append(n)

        outer = Probe(range(3), before=lambda _: turns(4))
        found = await JaypieStream(outer).switch_map(make).to_list()
        assert found[-3:] == [(2, 2)] * 3
        assert all(a == b for a, b in found)
        assert closed[-1] == 2

    async def test_inner_error(self) -> None:
        """
        An error of a source comes after its items, and closes the stream.
        """
        outer = Probe([1], before={1: lambda _: Event().wait()}, on_close=pause)
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await (
                JaypieStream(outer)
                .switch_map(lambda n: Probe([7], fail_at=1, error=OSError("gone")))
                .for_each(got.append)
            )
        assert got == [7]
        outer.assert_released()

    async def test_outer_error(self) -> None:
        """
        An error of the stream closes the source that is open.
        """
        inner = Probe([7], before={1: lambda _: Event().wait()}, on_close=pause)
        outer = Probe([1], fail_at=1, error=OSError("gone"), before={1: lambda _: turns(9)})
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(outer).switch_map(lambda n: inner).for_each(got.append)
        assert got == [7]
        inner.assert_released()

    async def test_error_of_closing(self) -> None:
        """
        An error of closing the source before ends the stream.
        """

        async def refuse() -> None:
            raise OSError("close")

        inner = Probe([7], before={1: lambda _: Event().wait()}, on_close=refuse)
        outer = Probe([1, 2], before={1: lambda _: turns(9)}, on_close=pause)
        with pytest.raises(OSError, match="close"):
            await JaypieStream(outer).switch_map(lambda n: inner).drain()
        outer.assert_released()

    @pytest.mark.parametrize("when", range(8))
    async def test_no_error_is_lost(self, when: int) -> None:
        """
        An error of a callable or a source comes out, however close the next item follows.
        """
        failed: list[int] = []

        def make(n: int) -> list[int]:
            if n == 0:
                failed.append(n)
                raise OSError("gone")
            return [n]

        outer = Probe(range(2), before={1: lambda _: turns(when)})
        error: Exception | None = None
        try:
            await JaypieStream(outer).switch_map(make).drain()
        except OSError as raised:
            error = raised
        assert (error is not None) == bool(failed)

    async def test_callback_error(self) -> None:
        """
        A result that is no source, and a coroutine of a plain callable, are refused in the run.
        """
        wrong: Any = "text"
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            await JaypieStream([1]).switch_map(lambda n: wrong).drain()

        async def late(n: int) -> list[int]:
            return [n]

        with pytest.raises(TypeError, match=r"switch_map\(\) was given a plain callable"):
            await JaypieStream([1]).switch_map(lambda n: late(n)).drain()  # noqa: PLW0108 - the lambda is what is refused

    async def test_early_stop(self) -> None:
        """
        An early stop closes the stream and the open source.
        """
        outer, inner = Probe([1], before={1: lambda _: Event().wait()}), Probe(range(9), on_close=pause)
        assert await JaypieStream(outer).switch_map(lambda _: inner).take(2).to_list() == [0, 1]
        outer.assert_released()
        inner.assert_released()
        assert await JaypieStream([1]).concat(forever(2)).switch_map(lambda n: [n]).first() == 1

    async def test_stubborn_source(self) -> None:
        """
        A source that swallows its cancellation gives nothing any more.
        """
        log: list[str] = []

        async def make(n: int) -> AsyncGenerator[int, None]:
            try:
                yield n
                try:
                    await Event().wait()
                except CancelledError:
                    log.append(f"swallowed {n}")
                yield 99
            finally:
                log.append(f"closed {n}")

        outer = Probe([1, 2], before={1: lambda _: turns(9)})
        assert await JaypieStream(outer).switch_map(make).take(2).to_list() == [1, 2]
        assert log[:2] == ["swallowed 1", "closed 1"]

    async def test_cancellation(self) -> None:
        """
        A cancellation at any await, that of closing a source too, closes all and ends the run cancelled.
        """
        probes: list[Probe[Any]] = []

        def probe(items: Any, turning: int = 1) -> Probe[Any]:
            probes.append(ManagedProbe(items, before=lambda _: turns(turning), on_close=pause))
            return probes[-1]

        def run() -> Coroutine[Any, Any, list[Any]]:
            return in_open(JaypieStream(probe(range(2), 5)).switch_map(lambda n: probe([n] * 4, 2)))

        assert await cancel_at_every_await(run, "scope") > 3
        for each in probes:
            if each.opens:
                each.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(each.opens == each.closes for each in probes)

    async def test_stats(self) -> None:
        """
        `stats` below counts what stands above.
        """
        got: list[Any] = []
        stream = JaypieStream([0, 1]).filter(lambda n: n).switch_map(lambda n: [n, n]).map(str).stats(got.append)
        assert await stream.to_list() == ["1", "1"]
        assert [(stage.name, stage.items_in, stage.items_out) for stage in got[0].stages] == [
            ("filter", 2, 1),
            ("map", 2, 2),
        ]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"switch_map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).switch_map(wrong)
        assert "switch_map(forever)" in repr(JaypieStream([1]).switch_map(forever))


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
