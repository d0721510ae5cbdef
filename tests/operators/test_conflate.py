"""
`conflate`.
"""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator, run_virtually
from tests.checks import pause
from tests.operators.busy import TIMES, spaced, work_at, works


def played(gaps: list[int], busy: list[float]) -> list[list[int]]:
    """
    What a consumer gets, by the times alone.
    """
    held: list[int] = []
    out: list[list[int]] = []
    now, free = 0.0, 0.0
    for n in range(12):
        now += gaps[n]
        if held and free <= now:
            out.append(held)
            held = []
            free += busy[len(out) - 1]
        if free <= now:
            out.append([n])
            free = now + busy[len(out) - 1]
        else:
            held.append(n)
    return [*out, held] if held else out


class TestConflate:
    """
    Merging what comes while the consumer is busy.
    """

    async def test_ready_consumer(self) -> None:
        """
        A consumer that always asks gets each item as it is.
        """
        assert await JaypieStream(range(99)).conflate(operator.add).to_list() == list(range(99))
        await check_operator(lambda s: s.conflate(operator.add), [1, 2], [1, 2])

    @given(TIMES, TIMES)
    def test_times(self, gaps: list[int], times: list[int]) -> None:
        """
        What is merged follows from the times alone; nothing is lost, and the order is kept.
        """
        seen: list[list[int]] = []
        stream = JaypieStream(spaced(gaps)).map(lambda n: [n]).conflate(operator.add)
        run_virtually(work_at(stream, works(times), seen))
        assert seen == played(gaps, works(times))
        assert [n for part in seen for n in part] == list(range(12))

    async def test_newest(self) -> None:
        """
        The newest alone, of a source that never waits.
        """
        probe = Probe(range(99))
        async with JaypieStream(probe).conflate(lambda _, item: item).open() as items:
            assert await anext(items) == 0
            while not probe.closes:
                await pause()
            assert [item async for item in items] == [98]

    async def test_errors(self) -> None:
        """
        An error of the source, and one of *f*, come after what was held.
        """
        probe = Probe([1, 2], fail_at=2, error=OSError("gone"))
        async with JaypieStream(probe).conflate(operator.add).open() as items:
            assert await anext(items) == 1
            while not probe.closes:
                await pause()
            assert await anext(items) == 2
            with pytest.raises(OSError, match="gone"):
                await anext(items)
        wrong: Any = [1, 2, "3"]
        async with JaypieStream(Probe(wrong)).conflate(operator.add).open() as items:
            assert await anext(items) == 1
            for _ in range(9):
                await pause()
            assert await anext(items) == 2
            with pytest.raises(TypeError, match="unsupported operand"):
                await anext(items)

    async def test_bad_arguments(self) -> None:
        """
        What is no plain callable is refused, at the call or at the first one.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"conflate\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).conflate(wrong)
        wrong = pause
        with pytest.raises(TypeError, match=r"conflate\(\) expects a plain callable .* nothing waits here"):
            JaypieStream([1]).conflate(wrong)

        def hidden(*_: object) -> Any:
            return pause()

        with pytest.raises(TypeError, match=r"conflate\(\) was given a plain callable .* that returns a coroutine"):
            async with JaypieStream([1, 2, 3]).conflate(hidden).open() as items:
                await anext(items)
                for _ in range(9):
                    await pause()
                assert await anext(items) == 2
                await anext(items)
