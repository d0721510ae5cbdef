"""
`zip`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests.checks import cancel_at_every_await, check_operator, in_open, pause


class TestZip:
    """
    Sources side by side.
    """

    async def test_tuples(self) -> None:
        """
        One item of each makes a tuple, under every contract.
        """
        await check_operator(lambda s: s.zip(["ab"] * 9), [1, 2], [(1, "ab"), (2, "ab")], reads_ahead=0)
        await check_operator(lambda s: s.zip([4, 5], (6, 7)), [1, 2], [(1, 4, 6), (2, 5, 7)], reads_ahead=0)
        await check_operator(lambda s: s.zip(), [1, 2], [(1,), (2,)], reads_ahead=0)
        await check_operator(lambda s: s.zip([4]), list[int](), list[Any](), reads_ahead=0)

    async def test_ends_with_the_shortest(self) -> None:
        """
        The stream ends with whichever ends first; those before that one have given one item more, those behind none.
        """
        for at in range(3):
            probes = [Probe(range(2 if at == n else 5)) for n in range(3)]
            got = await JaypieStream(probes[0]).zip(*probes[1:]).to_list()
            assert got == [(0, 0, 0), (1, 1, 1)]
            assert [3 if n < at else 2 for n in range(3)] == [probe.reads for probe in probes]
            for probe in probes:
                probe.assert_released()

    async def test_strict(self) -> None:
        """
        With strict=True another length is an error after the whole tuples; equal ones are none.
        """
        await check_operator(lambda s: s.zip([4, 5], strict=True), [1, 2], [(1, 4), (2, 5)], reads_ahead=0)
        cases = [((1, 2, 2), 1, "1 item", 2), ((2, 2, 3), 1, "2 items", 3), ((3, 3, 0), 3, "0 items", 1)]
        for lengths, ended, after, longer in cases:
            probes = [Probe(range(n)) for n in lengths]
            got: list[Any] = []
            with pytest.raises(ValueError, match=f"source {ended} ended after {after}, and source {longer} goes on"):
                await JaypieStream(probes[0]).zip(*probes[1:], strict=True).for_each(got.append)
            assert [(n,) * 3 for n in range(min(lengths))] == got
            for probe in probes:
                probe.assert_released()

    async def test_longest(self) -> None:
        """
        With strict="longest" what has ended is filled up, and asked no more.
        """
        expected: list[tuple[int | None, int | None]] = [(1, 4), (2, None), (3, None)]
        await check_operator(
            lambda s: s.zip([4], strict="longest"), [1, 2, 3], expected, before_error=expected, reads_ahead=0
        )
        short, long = Probe([1], strict_end=True), Probe(range(3), strict_end=True)
        got = await JaypieStream(short).zip(long, [7], strict="longest", fill="-").to_list()
        assert got == [(1, 0, 7), ("-", 1, "-"), ("-", 2, "-")]
        assert await JaypieStream(list[int]()).zip(list[int](), strict="longest").to_list() == []

    async def test_opened_in_order(self) -> None:
        """
        Nothing is opened before it is asked; closing goes the other way round, on an early stop too.
        """
        order: list[str] = []

        def note(name: str, *, fail: bool = False) -> Any:
            async def closed() -> None:
                order.append(name)
                if fail:
                    raise OSError(name)

            return closed

        first, second = Probe([1, 2], on_close=note("first")), Probe([1, 2], on_close=note("second"))
        async with JaypieStream(first).zip(second).open() as items:
            assert [first.opens, second.opens] == [0, 0]
            assert await anext(items) == (1, 1)
        assert order == ["second", "first"]
        empty, never = Probe(list[int]()), Probe([1])
        assert await JaypieStream(empty).zip(never).to_list() == []
        assert never.events == []

    async def test_other_fails(self) -> None:
        """
        An error of another source comes out bare after the tuples before it, and all are closed.
        """
        probe, failing = Probe(range(5)), Probe(range(1), fail_at=1, error=OSError("gone"))
        got: list[Any] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(probe).zip(failing).for_each(got.append)
        assert got == [(0, 0)]
        probe.assert_released()
        failing.assert_released()

    @pytest.mark.parametrize("strict", [False, True, "longest"])
    async def test_cancellation(self, strict: Any) -> None:
        """
        A cancellation at any await, of either source, closes both and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(2), before=pause, on_close=pause) for _ in range(2)]
            probes.extend(pair)
            zipped: Any = JaypieStream(pair[0]).zip
            stream: JaypieStream[Any] = zipped(pair[1], strict=strict)
            return in_open(stream)

        assert await cancel_at_every_await(run, "scope") >= 4
        for probe in probes:
            probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_runs_again(self) -> None:
        """
        Over sources that can run again it can run again.
        """
        stream = JaypieStream([1, 2]).zip([3, 4], strict="longest")
        assert await stream.to_list() == await stream.to_list() == [(1, 3), (2, 4)]

    def test_bad_argument(self) -> None:
        """
        What is no source, no such mode or cannot be filled is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).zip(wrong)
        with pytest.raises(ValueError, match=r'zip\(strict=\) is True, False or "longest", not 5'):
            JaypieStream([1]).zip([2], strict=wrong)
        with pytest.raises(ValueError, match=r'zip\(fill=0\) needs strict="longest"'):
            JaypieStream([1]).zip([2], fill=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
