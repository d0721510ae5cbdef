"""
`tick`, in virtual time.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import cancel_at_every_await, run_virtually


def times_of(stream: JaypieStream[int], count: int, busy: dict[int, float] | None = None) -> list[tuple[int, float]]:
    """
    The first *count* numbers with the time each came at; at a number in *busy* the consumer takes that long.
    """

    async def main() -> list[tuple[int, float]]:
        loop = asyncio.get_running_loop()
        since = loop.time()
        seen: list[tuple[int, float]] = []
        async with stream.open() as items:
            async for number in items:
                seen.append((number, round(loop.time() - since, 9)))
                if len(seen) == count:
                    break
                await asyncio.sleep((busy or {}).get(number, 0))
        return seen

    return run_virtually(main())


class TestTick:
    """
    The clock as a source.
    """

    def test_counts(self) -> None:
        """
        Number n comes after n intervals.
        """
        assert [(0, 0.0), (1, 2.0), (2, 4.0), (3, 6.0)] == times_of(JaypieStream.tick(2), 4)

    def test_not_immediate(self) -> None:
        """
        The first number can wait for an interval.
        """
        assert [(0, 0.5), (1, 1.0), (2, 1.5)] == times_of(JaypieStream.tick(0.5, immediate=False), 3)

    def test_no_drift(self) -> None:
        """
        What the consumer takes for an item does not add up: a thousand ticks later the times are those of the clock.
        """
        seen = times_of(JaypieStream.tick(0.1), 1000, dict.fromkeys(range(1000), 0.07))
        assert [number for number, _ in seen] == list(range(1000))
        assert all(math.isclose(at, number * 0.1, abs_tol=1e-6) for number, at in seen)

    def test_slow_consumer(self) -> None:
        """
        The latest tick comes at once, those that were missed do not come, and then it is the clock again.
        """
        seen = times_of(JaypieStream.tick(1), 5, {1: 3.5})
        assert [(0, 0.0), (1, 1.0), (4, 4.5), (5, 5.0), (6, 6.0)] == seen

    def test_a_little_late(self) -> None:
        """
        A consumer that is late by less than an interval misses nothing.
        """
        assert [(0, 0.0), (1, 1.9), (2, 2.0), (3, 3.0)] == times_of(JaypieStream.tick(1), 4, {0: 1.9})

    def test_each_run_has_its_own_start(self) -> None:
        """
        It can run again, and counts from the start of that run.
        """
        stream = JaypieStream.tick(1)

        async def main() -> list[list[int]]:
            first = await stream.take(2).to_list()
            await asyncio.sleep(10)
            return [first, await stream.take(2).to_list()]

        assert [[0, 1], [0, 1]] == run_virtually(main())

    def test_time_starts_with_the_run(self) -> None:
        """
        Nothing is counted from when the stream was made or opened: time starts at the first pull.
        """

        async def main() -> list[int]:
            async with JaypieStream.tick(1).open() as items:
                await asyncio.sleep(10)
                return [await anext(items), await anext(items)]

        assert [0, 1] == run_virtually(main())

    def test_cancellation(self) -> None:
        """
        It can be cancelled at each of its waits.
        """

        async def main() -> int:
            stream = JaypieStream.tick(1).take(4)
            return await cancel_at_every_await(stream.to_list, "native") + await cancel_at_every_await(
                stream.to_list, "scope"
            )

        assert 6 <= run_virtually(main())

    @pytest.mark.parametrize("wrong", [0, -1, float("nan")])
    def test_bad_seconds(self, wrong: float) -> None:
        """
        An interval that is none is refused where the stream is written.
        """
        with pytest.raises(ValueError, match=r"tick\(every=\) must be above 0 seconds"):
            JaypieStream.tick(wrong)

    @pytest.mark.parametrize("wrong", ["1", None, True])
    def test_bad_type(self, wrong: Any) -> None:
        """
        So is what is no number.
        """
        with pytest.raises(TypeError, match=r"tick\(every=\) expects a number of seconds"):
            JaypieStream.tick(wrong)
