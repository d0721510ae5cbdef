"""
Sources that follow a script of gaps, and consumers that note when each item came, both by the event loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually

Operate = Callable[[JaypieStream[Any]], JaypieStream[Any]]


class PlannedError(Exception):
    """
    What a script ends with where it fails.
    """


class Script(NamedTuple):
    """
    A source: item n comes after *gaps[n]* seconds, the end after the last gap.
    """

    gaps: list[float]
    last: float = 0
    fails: bool = False

    @property
    def items(self) -> list[int]:
        """
        What comes: the items' numbers.
        """
        return list(range(len(self.gaps)))

    @property
    def arrivals(self) -> list[float]:
        """
        When each item comes to somebody who asks at once, and the end.
        """
        now, times = 0.0, list[float]()
        for gap in (*self.gaps, self.last):
            now += gap
            times.append(now)
        return times

    def probe(self) -> Probe[int]:
        """
        The source itself.
        """

        async def before(number: int) -> None:
            await asyncio.sleep(self.gaps[number] if number < len(self.gaps) else self.last)

        if self.fails:
            return Probe(self.items, before=before, fail_at=len(self.gaps), error=PlannedError("planned"))
        return Probe(self.items, before=before)


class Seen(NamedTuple):
    """
    What came: pairs of time and item, how it ended and when, how long the consumer waited for each item and the end.
    """

    items: list[tuple[float, Any]]
    error: Exception | None
    end: float
    waits: list[float]

    @property
    def values(self) -> list[Any]:
        """
        The items without their times.
        """
        return [item for _, item in self.items]


# Whole numbers, so that limits with a fraction never fall on the same instant as an item.
gaps: st.SearchStrategy[float] = st.integers(0, 4).map(float)
limits: st.SearchStrategy[float] = st.sampled_from((0.37, 1.37, 2.61, 50.43))
scripts: st.SearchStrategy[Script] = st.builds(Script, st.lists(gaps, max_size=8), gaps, st.booleans())
busy: st.SearchStrategy[list[float]] = st.lists(gaps, max_size=8)


def watch(operate: Operate, source: Any, busy_with: Sequence[float] = ()) -> Seen:
    """
    Run in virtual time; the consumer takes so long for the first items as *busy_with* says. A probe is checked after.
    """

    async def main() -> Seen:
        clock = asyncio.get_running_loop().time
        start, seen, waits, error = clock(), list[tuple[float, Any]](), list[float](), None
        taking = iter(busy_with)
        asked = start
        try:
            async with operate(JaypieStream(source)).open() as items:
                async for item in items:
                    waits.append(clock() - asked)
                    seen.append((round(clock() - start, 6), item))
                    await asyncio.sleep(next(taking, 0))
                    asked = clock()
        except Exception as caught:
            error = caught
        waits.append(clock() - asked)
        return Seen(seen, error, round(clock() - start, 6), waits)

    seen = run_virtually(main())
    if isinstance(source, Probe):
        source.assert_released()
    return seen


async def ticking(*times: float) -> AsyncIterator[float]:
    """
    Gives each time when it has come.
    """
    clock = asyncio.get_running_loop().time
    start = clock()
    for time in times:
        await asyncio.sleep(start + time - clock())
        yield time
