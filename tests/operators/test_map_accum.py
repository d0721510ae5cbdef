"""
`map_accum`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


def gap(state: int, n: int) -> tuple[int, int]:
    return n, n - state


class TestMapAccum:
    """
    Map with a memory.
    """

    async def test_carries_the_state(self) -> None:
        """
        Each call gets the state that the one before gave.
        """
        await check_operator(lambda s: s.map_accum(gap, 0), [3, 5, 9], [3, 2, 4], reads_ahead=0)

    async def test_async_callables(self) -> None:
        """
        Coroutine functions are awaited, `on_end` too.
        """

        async def last(state: int) -> list[int]:
            return [state, 0]

        async def later(state: int, n: int) -> tuple[int, int]:
            return gap(state, n)

        await check_operator(lambda s: s.map_accum(later, 0, on_end=last), [3, 5], [3, 2, 5, 0], before_error=[3, 2])

    async def test_on_end(self) -> None:
        """
        It gives items from the last state, or none, and is not called after an error or an early stop.
        """
        calls: list[int] = []

        def end(state: int) -> list[int] | None:
            calls.append(state)
            return [state] if state else None

        assert await JaypieStream([3, 5]).map_accum(gap, 0, on_end=end).to_list() == [3, 2, 5]
        assert await JaypieStream(list[int]()).map_accum(gap, 0, on_end=end).to_list() == []
        assert calls == [5, 0]
        assert await JaypieStream([3, 5]).map_accum(gap, 0, on_end=end).take(2).to_list() == [3, 2]
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(Probe([1], fail_at=1, error=OSError("gone"))).map_accum(gap, 0, on_end=end).drain()
        assert calls == [5, 0]

    async def test_after_an_early_stop_above(self) -> None:
        """
        A stop above it is an end for it.
        """
        stream = JaypieStream([3, 5, 9]).take(2).map_accum(gap, 0, on_end=lambda state: [state * 100])
        assert await stream.to_list() == [3, 2, 500]

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([2, 0]).map_accum(lambda state, n: (n, state // n), 8).for_each(got.append)
        assert got == [4]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"map_accum\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).map_accum(wrong, 0)

    def test_bad_on_end(self) -> None:
        """
        So is an `on_end` that cannot be called.
        """
        wrong: Any = [1]
        with pytest.raises(TypeError, match=r"map_accum\(on_end=\) expects a callable"):
            JaypieStream([1]).map_accum(gap, 0, on_end=wrong)
