"""
`partition`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given

from jaystream import JaypieStream
from jaystream.errors import DetachedError
from jaystream.testing import DeadlockError, Probe, cancel_at_every_await, run_virtually
from tests.checks import pause
from tests.operators.busy import TIMES, spaced, work_at, works


def even(n: int) -> bool:
    return n % 2 == 0


async def slowly_even(n: int) -> bool:
    await pause()
    return n % 2 == 0


class TestPartition:
    """
    Two streams over one run.
    """

    @pytest.mark.parametrize("p", [even, slowly_even])
    async def test_both(self, p: Any) -> None:
        """
        What *p* is true of comes out of the first, the rest out of the second; the source is read once.
        """
        probe = Probe(range(9))
        yes, no = JaypieStream(probe).partition(p)
        assert not probe.kinds
        assert [*await asyncio.gather(yes.to_list(), no.to_list())] == [[0, 2, 4, 6, 8], [1, 3, 5, 7]]
        assert probe.opens == 1
        probe.assert_released()

    @given(TIMES, TIMES, TIMES)
    def test_times(self, gaps: list[int], one: list[int], other: list[int]) -> None:
        """
        Whatever the times, each item comes once, and no more than one is held.
        """
        seen: tuple[list[int], list[int]] = ([], [])
        held: list[int] = []
        read = 0

        def note(_: int) -> None:
            nonlocal read
            read += 1
            held.append(read - len(seen[0]) - len(seen[1]))

        async def main() -> None:
            yes, no = JaypieStream(spaced(gaps)).tap(note).partition(even)
            await asyncio.gather(work_at(yes, works(one), seen[0]), work_at(no, works(other), seen[1]))

        run_virtually(main())
        assert seen == ([0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11])
        assert max(held) <= 1

    async def test_demand(self) -> None:
        """
        An item for the other one is held, and nothing is pulled until it is taken.
        """
        probe = Probe(range(9))
        yes, no = JaypieStream(probe).partition(even)
        async with yes.open() as evens, no.open() as odds:
            assert await anext(evens) == 0
            pulling = asyncio.ensure_future(anext(evens))
            for _ in range(9):
                await pause()
            assert (probe.reads, pulling.done()) == (2, False)
            assert await anext(odds) == 1
            assert await pulling == 2
            assert probe.reads == 3
        probe.assert_released()

    async def test_early_leaver(self) -> None:
        """
        The items of one that has left are dropped, also of a source that never waits.
        """
        probe = Probe(range(9))
        yes, no = JaypieStream(probe).partition(even)
        assert [*await asyncio.gather(yes.take(1).to_list(), no.to_list())] == [[0], [1, 3, 5, 7]]
        probe.assert_released()
        yes, no = JaypieStream(range(9999)).partition(lambda n: n == 9998)
        assert [*await asyncio.gather(no.take(1).to_list(), yes.to_list())] == [[0], [9998]]

    async def test_errors(self) -> None:
        """
        An error of the source or of *p* comes to both, bare.
        """

        def fail(n: int) -> bool:
            if n == 2:
                raise KeyError(n)
            return even(n)

        error = OSError("gone")
        for stream, p, kind in (
            (JaypieStream(Probe(range(5), fail_at=3, error=error)), even, OSError),
            (JaypieStream(range(5)), fail, KeyError),
        ):
            failures = await asyncio.gather(*(part.drain() for part in stream.partition(p)), return_exceptions=True)
            assert [type(failure) for failure in failures] == [kind, kind]
            assert failures[0] is failures[1]
        yes, no = JaypieStream(range(5)).partition(fail)
        with pytest.raises(KeyError):
            await yes.merge(no).drain()

    async def test_format(self) -> None:
        """
        What is framed stays framed.
        """
        yes, no = JaypieStream.of({"n": 1}).format_ndjson().partition(len)
        assert yes.media_type == no.media_type == "application/x-ndjson"
        assert [*await asyncio.gather(yes.to_list(), no.to_list())] == [[b'{"n":1}\n'], []]

    def test_one_after_the_other(self) -> None:
        """
        Reading one to its end before the other waits for ever, as the description says.
        """

        async def main() -> None:
            yes, no = JaypieStream(range(3)).partition(even)
            await yes.to_list()
            await no.to_list()

        with pytest.raises(DeadlockError):
            run_virtually(main())

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    async def test_cancelled(self, how: Any) -> None:
        """
        One that is cancelled, at any await, leaves the other alone.
        """
        probes: list[Probe[int]] = []
        others: list[asyncio.Task[list[int]]] = []

        def run() -> Any:
            probes.append(Probe(range(4), before=pause, on_close=pause))
            yes, no = JaypieStream(probes[-1]).partition(even)
            others.append(asyncio.ensure_future(no.to_list()))
            return yes.drain()

        assert await cancel_at_every_await(run, how) > 2
        results = await asyncio.gather(*others, return_exceptions=True)
        assert all(result == [1, 3] or isinstance(result, DetachedError) for result in results)
        assert [1, 3] in results
        assert all(probe.opens == probe.closes and not probe.violations for probe in probes)

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"partition\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).partition(wrong)
