"""
`on_end`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestOnEnd:
    """
    Items for a good end.
    """

    async def test_adds_items(self) -> None:
        """
        Items of a source, or of what a callable gives, come at the end.
        """
        await check_operator(lambda s: s.on_end([8, 9]), [1, 2], [1, 2, 8, 9], before_error=[1, 2], reads_ahead=0)
        await check_operator(lambda s: s.on_end(lambda: [9]), [1], [1, 9], before_error=[1], reads_ahead=0)
        await check_operator(lambda s: s.on_end(lambda: None), [1], [1], reads_ahead=0)
        await check_operator(lambda s: s.on_end([9]), list[int](), [9], before_error=list[int]())

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """

        async def end() -> list[int]:
            return [9]

        await check_operator(lambda s: s.on_end(end), [1], [1, 9], before_error=[1])

    async def test_a_whole_stream(self) -> None:
        """
        A stream is run with all its stages, and closed when left early.
        """
        probe = Probe([1, 2])
        ending = JaypieStream(probe).map(lambda n: n * 10)
        assert await JaypieStream([0]).on_end(ending).take(2).to_list() == [0, 10]
        probe.assert_released()

    async def test_not_after_an_early_stop(self) -> None:
        """
        Nothing is added, opened or called after an early stop below or an error.
        """
        probe = Probe([9])
        calls: list[int] = []
        assert await JaypieStream([1, 2]).on_end(probe).on_end(lambda: calls.append(1)).take(2).to_list() == [1, 2]
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(lambda n: 1 // n).on_end(probe).on_end(lambda: calls.append(1)).drain()
        assert probe.events == []
        assert calls == []

    async def test_error_of_the_items(self) -> None:
        """
        An error of the items ends the stream after the items before it.
        """
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream([1]).on_end(Probe([2], fail_at=1, error=OSError("gone"))).for_each(got.append)
        assert got == [1, 2]

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written.
        """
        wrong: Any = "text"
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            JaypieStream([1]).on_end(wrong)
