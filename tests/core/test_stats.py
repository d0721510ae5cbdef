"""
`stats`: what it counts, and that it reports on every way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator

if TYPE_CHECKING:
    from jaystream._core.measure import StreamStats


class TestStats:
    """
    A measured run.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        Items pass unchanged in every way to run.
        """
        await check_operator(lambda s: s.stats(lambda _: None), [1, 2, 3], [1, 2, 3], reads_ahead=0)

    async def test_counts_per_stage(self) -> None:
        """
        Each stage above is told with the items that came and went, flushed ones and those of inner sources too.
        """
        got: list[StreamStats] = []
        stream = JaypieStream(Probe(range(5))).filter(lambda n: n).flat_map(lambda n: [n, n]).chunk(3).on_end([(9,)])
        await stream.stats(got.append).map(len).drain()
        (stats,) = got
        assert rows(stats) == [
            ("filter", 5, 4),
            ("flat_map", 4, 8),
            ("chunk", 8, 3),
            ("on_end", 3, 4),
        ]
        assert (stats.items, stats.outcome) == (4, "end")
        assert stats.first_item is not None
        assert 0 <= stats.first_item <= stats.seconds
        assert stats.source_wait <= stats.seconds

    async def test_two_of_them(self) -> None:
        """
        Each reports for itself what stands above it.
        """
        got: list[StreamStats] = []
        stream = JaypieStream(range(4)).skip(1).stats(got.append).filter(lambda n: n > 1).stats(got.append)
        await stream.drain()
        assert [(stats.items, rows(stats)) for stats in got] == [
            (3, [("skip", 4, 3)]),
            (2, [("skip", 4, 3), ("filter", 3, 2)]),
        ]

    async def test_outcomes(self) -> None:
        """
        It reports an early stop and an error as such, and an empty run without a first item.
        """
        got: list[StreamStats] = []
        await JaypieStream([1, 2]).stats(got.append).take(1).drain()
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(lambda n: 1 // n).stats(got.append).drain()
        await JaypieStream(list[Any]()).stats(got.append).drain()
        assert ["stopped", "error", "end"] == [stats.outcome for stats in got]
        assert got[2].first_item is None

    async def test_reads_well(self) -> None:
        """
        Its repr tells every figure by name.
        """
        got: list[StreamStats] = []
        await JaypieStream([1, 2]).map(abs).stats(got.append).drain()
        shown = repr(got[0])
        assert shown.startswith(f"StreamStats(consumer_wait={got[0].consumer_wait!r}, first_item=")
        assert shown.endswith(f"stages={got[0].stages!r})")
        assert "items=2, outcome='end'" in shown

    async def test_nothing_is_paid_without_it(self) -> None:
        """
        A loop without `stats` below holds no counter.
        """
        assert "counts" not in JaypieStream([1]).map(abs).explain()

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 1
        with pytest.raises(TypeError, match=r"stats\(\) expects a callable, sync or async, not 1"):
            JaypieStream([1]).stats(wrong)


def rows(stats: StreamStats) -> list[tuple[str, int, int]]:
    return [(stage.name, stage.items_in, stage.items_out) for stage in stats.stages]
