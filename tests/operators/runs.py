"""
Sources whose runs fail, but for the last.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually


class BusyError(OSError):
    """
    A server that says when to come again.
    """

    def __init__(self, retry_after: Any = None) -> None:
        super().__init__("busy")
        self.retry_after: Any = retry_after


def failing(
    *runs: Sequence[Any], error: Callable[[], Exception] = OSError
) -> tuple[Callable[[], Any], list[Probe[Any]]]:
    """
    A source whose runs give these items each; all but the last fail behind them. And the probes that it makes.
    """
    left = iter(runs)
    probes: list[Probe[Any]] = []

    def make() -> Probe[Any]:
        assert all(probe.closed for probe in probes), "a run began before the one before it was closed"
        items = next(left)
        last = len(probes) == len(runs) - 1
        probes.append(Probe(items) if last else Probe(items, fail_at=len(items), error=error()))
        return probes[-1]

    return make, probes


def waits_of(stream: JaypieStream[Any], calls: list[float]) -> list[float]:
    """
    Run it in virtual time: the seconds between the calls that it notes.
    """

    async def main() -> None:
        await stream.to_list()

    run_virtually(main())
    return [round(later - earlier, 6) for earlier, later in itertools.pairwise(calls)]


def noting(runs: int, error: Callable[[], Exception] = OSError) -> tuple[Callable[[], Any], list[float]]:
    """
    A source that fails at once in all runs but the last, and the times of its runs.
    """
    calls: list[float] = []

    def make() -> Any:
        calls.append(asyncio.get_running_loop().time())
        return JaypieStream.fail(error()) if len(calls) < runs else [1]

    return make, calls
