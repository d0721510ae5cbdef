"""
What `stats` measures: items per stage, and who waited for whom.

Lives here: the report and the meter that fills it. Nothing here is touched by a run without `stats`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any


class StageStats:
    """
    One stage of a measured run.

    Attributes:
        name: The operator.
        items_in: Items that came to it.
        items_out: Items that it gave to the stage below.
    """

    __module__ = "jaystream"
    __slots__ = ("items_in", "items_out", "name")

    def __init__(self, name: str, items_in: int, items_out: int) -> None:
        self.name: str = name
        self.items_in: int = items_in
        self.items_out: int = items_out

    def __repr__(self) -> str:
        return f"StageStats({self.name!r}, items_in={self.items_in}, items_out={self.items_out})"


class StreamStats:
    """
    What a run did, as `stats` reports it when the run ends.

    Attributes:
        stages: The stages above `stats`, in order.
        items: Items that passed `stats`.
        seconds: From the first pull to the end.
        first_item: Seconds from the first pull to the first item, None if there was none.
        source_wait: Seconds spent waiting for the source.
        consumer_wait: Seconds spent in the stages below and in the consumer.
        outcome: "end", "stopped", "cancelled" or "error".
    """

    __module__ = "jaystream"
    __slots__ = ("consumer_wait", "first_item", "items", "outcome", "seconds", "source_wait", "stages")

    def __init__(self) -> None:
        self.stages: tuple[StageStats, ...] = ()
        self.items: int = 0
        self.seconds: float = 0.0
        self.first_item: float | None = None
        self.source_wait: float = 0.0
        self.consumer_wait: float = 0.0
        self.outcome: str = "end"

    def __repr__(self) -> str:
        return f"StreamStats({', '.join(f'{name}={getattr(self, name)!r}' for name in sorted(self.__slots__))})"


class Meter:
    """
    What the loops above one `stats` count into while they run.

    Args:
        above: The meter of a `stats` further up: what that one has measured is part of this one too.
    """

    __slots__ = ("_above", "_counts", "_waited", "stats")

    def __init__(self, above: Meter | None = None) -> None:
        self.stats: StreamStats = StreamStats()
        self._above: Meter | None = above
        self._counts: list[tuple[list[str], list[int]]] = []
        self._waited: list[float] = above._waited if above is not None else [0.0]

    def count(self, names: list[str]) -> list[int]:
        """The counters for one loop: one before each of its stages, one behind the last."""
        counts = [0] * (len(names) + 1)
        self._counts.append((names, counts))
        return counts

    def timed(self, items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The source *items*, with the time that each pull takes added up."""
        return _Timed(items, self._waited)

    def finish(self, seconds: float, outcome: str) -> StreamStats:
        stats = self.stats
        stats.seconds = seconds
        stats.source_wait = self._waited[0]
        stats.outcome = outcome
        stats.stages = tuple(
            StageStats(name, counts[at], counts[at + 1])
            for names, counts in self._all_counts()
            for at, name in enumerate(names)
        )
        return stats

    def _all_counts(self) -> list[tuple[list[str], list[int]]]:
        return [*([] if self._above is None else self._above._all_counts()), *self._counts]


class _Timed:
    """
    A source, with the time that each pull takes added up.
    """

    __slots__ = ("_next", "_waited")

    def __init__(self, items: AsyncIterator[Any], waited: list[float]) -> None:
        self._next = items.__anext__
        self._waited = waited

    def __aiter__(self) -> _Timed:
        return self

    async def __anext__(self) -> Any:
        since = perf_counter()
        try:
            return await self._next()
        finally:
            self._waited[0] += perf_counter() - since
