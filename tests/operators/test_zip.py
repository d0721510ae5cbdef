"""
`zip`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests.checks import cancel_at_every_await, check_operator, in_open, pause


class Case(NamedTuple):
    """
    Sources of some lengths, what ends the stream, and the order in which they are closed.
    """

    strict: Any
    lengths: tuple[int, ...]
    closed: list[int]
    stop: int | None = None
    fails: int | None = None
    error: type[Exception] | None = None


CASES = [
    # the end: with strict=False the first to end is the last that is asked
    Case(False, (2, 2, 2), [1, 3, 2]),
    Case(True, (2, 2, 2), [1, 2, 3]),
    Case("longest", (2, 2, 2), [1, 2, 3]),
    # one is shorter, which is an error for strict=True
    Case(False, (3, 1, 3), [2, 3, 1]),
    Case(True, (3, 1, 3), [2, 3, 1], error=ValueError),
    Case(True, (1, 1, 3), [1, 2, 3], error=ValueError),
    Case("longest", (3, 1, 3), [2, 1, 3]),
    # the stages below, or the consumer, want no more
    Case(False, (3, 3, 3), [3, 2, 1], stop=1),
    Case(True, (3, 3, 3), [3, 2, 1], stop=1),
    Case("longest", (3, 3, 3), [3, 2, 1], stop=1),
    Case("longest", (3, 1, 3), [2, 3, 1], stop=2),
    # one fails; the last but one while strict=True looks for a source that goes on
    Case(False, (3, 3, 3), [2, 3, 1], fails=2, error=OSError),
    Case(True, (3, 3, 3), [2, 3, 1], fails=2, error=OSError),
    Case("longest", (3, 3, 3), [2, 3, 1], fails=2, error=OSError),
    Case(True, (1, 3, 3), [1, 2, 3], fails=2, error=OSError),
    Case("longest", (1, 3, 3), [1, 2, 3], fails=2, error=OSError),
]


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

    @pytest.mark.parametrize("way", ["take", "break", "error"])
    @pytest.mark.parametrize("case", CASES)
    async def test_closing(self, case: Case, way: str) -> None:
        """
        A source that ends or fails is closed at once, the others last opened first, whatever ends the stream.
        """
        order: list[int] = []

        def noting(number: int) -> Any:
            async def closed() -> None:
                order.append(number)
                await pause()

            return closed

        probes = [
            Probe(
                range(length),
                on_close=noting(number),
                fail_at=1 if number == case.fails else None,
                error=OSError("planted") if number == case.fails else None,
            )
            for number, length in enumerate(case.lengths, 1)
        ]
        zipped: Any = JaypieStream(probes[0]).zip
        stream: JaypieStream[Any] = zipped(*probes[1:], strict=case.strict)
        rows = 0
        error = KeyError if way == "error" and case.stop else case.error
        with nullcontext() if error is None else pytest.raises(error):
            if way == "take":
                await stream.take(case.stop or 9).drain()
            else:
                async with stream.open() as opened:
                    async for _ in opened:
                        rows += 1
                        if rows == case.stop:
                            if way == "error":
                                raise KeyError
                            break
        assert case.closed == order
        for probe in probes:
            probe.assert_released()

    @pytest.mark.parametrize("strict", [False, True, "longest"])
    async def test_a_failing_close_of_what_has_ended(self, strict: Any) -> None:
        """
        A source that ends and fails to close has failed: that is the stream's error, and the others are closed.
        """

        async def planted() -> None:
            raise OSError("cannot close")

        probes = [Probe(range(3)), Probe(range(1), on_close=planted), Probe(range(3))]
        zipped: Any = JaypieStream(probes[0]).zip
        stream: JaypieStream[Any] = zipped(*probes[1:], strict=strict)
        got: list[Any] = []
        with pytest.raises(OSError, match="cannot close"):
            await stream.for_each(got.append)
        assert got == [(0, 0, 0)]
        assert [1, 1, 1] == [probe.closes for probe in probes]

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

    @pytest.mark.parametrize(
        ("strict", "lengths"), [(False, (2, 2)), (True, (2, 2)), ("longest", (2, 2)), ("longest", (1, 3))]
    )
    async def test_cancellation(self, strict: Any, lengths: tuple[int, int]) -> None:
        """
        A cancellation at any await, of either source, closes both and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(n), before=pause, on_close=pause) for n in lengths]
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
