"""
`retry`: its waits, in virtual time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, cancel_at_every_await, run_virtually
from tests.operators.runs import BusyError, failing, noting, waits_of


class TestRetryWaits:
    """
    The waits between the runs.
    """

    def test_schedule(self) -> None:
        """
        Each wait is longer by the factor, up to the longest.
        """
        make, calls = noting(6)
        stream = JaypieStream(make).retry(6, wait=1, factor=3, max_wait=10, jitter=0)
        assert [1, 3, 9, 10, 10] == waits_of(stream, calls)

    def test_jitter(self) -> None:
        """
        A part is taken off at random, as the module `random` has it.
        """
        make, calls = noting(40)
        random.seed(7)
        seen = waits_of(JaypieStream(make).retry(40, wait=2, factor=1, jitter=0.5), calls)
        assert all(1 <= wait <= 2 for wait in seen)
        assert len(set(seen)) > 30
        random.seed(7)
        assert seen == [round(2 * (1 - 0.5 * random.random()), 6) for _ in seen]

    @pytest.mark.parametrize(
        ("asked", "waited"),
        [(7, 7.0), (7.5, 7.5), (0.1, 1.0), (100, 9.0), ("7", 1.0), (None, 1.0), (float("nan"), 1.0)],
    )
    def test_retry_after(self, asked: Any, waited: float) -> None:
        """
        What a server asks for is waited, if it is longer, and up to the longest wait.
        """
        make, calls = noting(2, lambda: BusyError(asked))
        assert [waited] == waits_of(JaypieStream(make).retry(wait=1, jitter=0, max_wait=9), calls)

    def test_waits_begin_anew(self) -> None:
        """
        With the count the waits begin anew.
        """
        calls: list[float] = []

        def ask(emitted: Any = None) -> Any:
            calls.append(asyncio.get_running_loop().time())
            given = [1] if len(calls) == 3 else []
            return Probe(given, fail_at=len(given), error=OSError()) if len(calls) < 5 else []

        stream = JaypieStream(ask).retry(3, wait=1, factor=2, jitter=0, partial="resume")
        assert [1, 2, 1, 2] == waits_of(stream, calls)

    def test_cancelled(self) -> None:
        """
        A cancellation ends a wait and is never retried, wherever it comes.
        """

        async def main() -> None:
            async def run() -> None:
                make, probes = failing([], [], [1])
                try:
                    await JaypieStream(make).retry(wait=5).drain()
                finally:
                    for probe in probes:
                        probe.assert_released()

            for way in ("native", "scope", "twice"):
                assert await cancel_at_every_await(run, way) >= 2

        run_virtually(main())

    def test_dressed_up_cancellation(self) -> None:
        """
        A cancellation that the source turned into an error is one all the same.
        """
        calls: list[int] = []

        async def source() -> AsyncIterator[int]:
            calls.append(1)
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                raise OSError("dressed up") from None
            yield 1

        async def main() -> None:
            task = asyncio.ensure_future(JaypieStream(source).retry().drain())
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run_virtually(main())
        assert calls == [1]
