"""
`zip(concurrent=True)`.
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


class TestZipConcurrent:
    """
    Sources side by side, asked all at once.
    """

    async def test_tuples(self) -> None:
        """
        One item of each makes a tuple, under every contract; nothing is read before a tuple is asked for.
        """
        await check_operator(
            lambda s: s.zip(["ab"] * 9, concurrent=True), [1, 2], [(1, "ab"), (2, "ab")], reads_ahead=0
        )
        await check_operator(lambda s: s.zip(concurrent=True), [1, 2], [(1,), (2,)], reads_ahead=0)
        await check_operator(lambda s: s.zip([4], concurrent=True), list[int](), list[Any](), reads_ahead=0)

    async def test_at_once(self, virtual_clock: VirtualClock) -> None:
        """
        A tuple takes as long as the slowest of its items; the next one is asked for when it is wanted.
        """

        def slow(seconds: float) -> Probe[int]:
            return Probe(range(3), before=lambda _: sleep(seconds))

        stream = JaypieStream(slow(3)).zip(slow(1), slow(2), concurrent=True)
        assert await dated(stream.take(2)) == [(3, (0, 0, 0)), (6, (1, 1, 1))]
        async with JaypieStream(slow(1)).zip(slow(1), concurrent=True).open() as items:
            await anext(items)
            await sleep(10)
            before = virtual_clock.now
            await anext(items)
            assert virtual_clock.now == before + 1

    async def test_rows(self) -> None:
        """
        A quick source is never ahead of the others by more than one item.
        """
        quick, slow = Probe(range(9)), Probe(range(4), before=pause)
        async with JaypieStream(quick).zip(slow, concurrent=True).open() as items:
            for wanted in range(1, 4):
                assert await anext(items) == (wanted - 1, wanted - 1)
                await pause()
                assert (quick.reads, slow.reads) == (wanted, wanted)

    async def test_ends_with_the_shortest(self, virtual_clock: VirtualClock) -> None:
        """
        The stream ends as soon as one has ended: a slow one is not waited for.
        """
        for order in (0, 1):
            start = virtual_clock.now
            log: list[str] = []
            short, long = at((start + 1, "a")), at((start + 1, "b"), (start + 99, "c"), log=log, name="long")
            first, second = (short, long) if order else (long, short)
            found = await JaypieStream(first).zip(second, concurrent=True).to_list()
            assert [{*row} for row in found] == [{"a", "b"}]
            assert virtual_clock.now == start + 1
            assert log == ["long"]

    async def test_strict(self) -> None:
        """
        With strict=True another length is an error after the whole tuples; equal ones are none.
        """
        await check_operator(
            lambda s: s.zip([4, 5], strict=True, concurrent=True), [1, 2], [(1, 4), (2, 5)], reads_ahead=0
        )
        cases = [((1, 2, 2), 1, "1 item", 2), ((2, 2, 3), 1, "2 items", 3), ((3, 3, 0), 3, "0 items", 1)]
        for waits in (None, pause):
            for lengths, ended, after, longer in cases:
                probes = [Probe(range(n), before=waits, on_close=waits) for n in lengths]
                got: list[Any] = []
                with pytest.raises(
                    ValueError, match=f"source {ended} ended after {after}, and source {longer} goes on"
                ):
                    await JaypieStream(probes[0]).zip(*probes[1:], strict=True, concurrent=True).for_each(got.append)
                assert [(n,) * 3 for n in range(min(lengths))] == got
                for probe in probes:
                    probe.assert_released()

    async def test_strict_waits(self, virtual_clock: VirtualClock) -> None:
        """
        Where one has ended, the others are waited for, until one of them gives an item or all have ended.
        """
        short, other = at((1, "a")), at((1, "b"), (5, "c"))
        with pytest.raises(ValueError, match="source 1 ended after 1 item, and source 2 goes on"):
            await JaypieStream(short).zip(other, strict=True, concurrent=True).drain()
        assert virtual_clock.now == 5
        slow = Probe(["b"], before={1: lambda _: sleep(3)})
        assert await JaypieStream(["a"]).zip(slow, strict=True, concurrent=True).to_list() == [("a", "b")]
        assert virtual_clock.now == 8

    async def test_longest(self) -> None:
        """
        With strict="longest" what has ended is filled up, and asked no more.
        """
        expected: list[tuple[int | None, int | None]] = [(1, 4), (2, None), (3, None)]
        await check_operator(
            lambda s: s.zip([4], strict="longest", concurrent=True), [1, 2, 3], expected, reads_ahead=0
        )
        short, long = Probe([1], strict_end=True), Probe(range(3), strict_end=True, before=pause)
        got = await JaypieStream(short).zip(long, [7], strict="longest", fill="-", concurrent=True).to_list()
        assert got == [(1, 0, 7), ("-", 1, "-"), ("-", 2, "-")]
        assert await JaypieStream(list[int]()).zip(list[int](), strict="longest", concurrent=True).to_list() == []

    @pytest.mark.parametrize("strict", [False, True, "longest"])
    async def test_errors(self, strict: Any) -> None:
        """
        An error of one comes bare, after the tuples before it, and at once: the others are not waited for.
        """
        hanging = Probe(range(9), before={1: lambda _: Event().wait()}, on_close=pause)
        failing = Probe([0], fail_at=1, error=OSError("gone"))
        got: list[Any] = []
        zipped: Any = JaypieStream(hanging).zip
        with pytest.raises(OSError, match="gone"):
            await zipped(failing, [0], strict=strict, concurrent=True).for_each(got.append)
        assert got == [(0, 0, 0)]
        hanging.assert_released()
        failing.assert_released()

    async def test_several_errors(self) -> None:
        """
        Two that fail at once make a group.
        """
        with pytest.raises(ExceptionGroup, match="several sources failed") as found:
            await (
                JaypieStream(Probe(fail_at=0, error=OSError("a"), before=pause))
                .zip(Probe(fail_at=0, error=OSError("b"), before=pause), concurrent=True)
                .drain()
            )
        assert [str(error) for error in found.value.exceptions] == ["a", "b"]

    async def test_scopes(self) -> None:
        """
        Sources that hold cancel scopes work, each in its own task.
        """

        async def scoped(name: str) -> Any:
            with anyio.fail_after(60):
                for n in range(3):
                    yield f"{name}{n}"
                    await sleep(0)

        stream = JaypieStream(lambda: scoped("a")).zip(lambda: scoped("b"), concurrent=True)
        assert await stream.to_list() == [("a0", "b0"), ("a1", "b1"), ("a2", "b2")]
        assert await stream.first() == ("a0", "b0")

    async def test_many(self) -> None:
        """
        A hundred sources.
        """
        stream = JaypieStream(range(5)).zip(*(range(5) for _ in range(99)), concurrent=True)
        assert await stream.to_list() == [(n,) * 100 for n in range(5)]

    @pytest.mark.parametrize("strict", [False, True, "longest"])
    async def test_cancellation(self, strict: Any) -> None:
        """
        A cancellation at any await closes all and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(2), before=pause, on_close=pause) for _ in range(2)]
            probes.extend(pair)
            zipped: Any = JaypieStream(pair[0]).zip
            stream: JaypieStream[Any] = zipped(pair[1], strict=strict, concurrent=True)
            return in_open(stream)

        assert await cancel_at_every_await(run, "scope") >= 2
        for probe in probes:
            if probe.opens:
                probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_stats(self) -> None:
        """
        `stats` below counts what stands above.
        """
        got: list[Any] = []
        stream = JaypieStream(range(4)).filter(lambda n: n).zip([1, 2], concurrent=True).map(len).stats(got.append)
        assert await stream.to_list() == [2, 2]
        assert [(stage.name, stage.items_in, stage.items_out) for stage in got[0].stages] == [
            ("filter", 4, 3),
            ("map", 2, 2),
        ]

    def test_bad_argument(self) -> None:
        """
        What is no source, no such mode or cannot be filled is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).zip(wrong, concurrent=True)
        with pytest.raises(ValueError, match=r'zip\(strict=\) is True, False or "longest", not 5'):
            JaypieStream([1]).zip([2], strict=wrong, concurrent=True)
        with pytest.raises(ValueError, match=r'zip\(fill=0\) needs strict="longest"'):
            JaypieStream([1]).zip([2], fill=0, concurrent=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
        assert "concurrent=True" in repr(JaypieStream([1]).zip([2], concurrent=True))
