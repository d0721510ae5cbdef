"""
`tap`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestTap:
    """
    Looking at what goes by.
    """

    async def test_passes_items_on(self) -> None:
        """
        The callable sees each item before the stages below do, and changes nothing.
        """
        await check_operator(lambda s: s.tap(lambda n: None), [1, 2, 3], [1, 2, 3], reads_ahead=0)
        seen: list[Any] = []
        await JaypieStream([1, 2]).tap(seen.append).map(str).for_each(seen.append)
        assert seen == [1, "1", 2, "2"]

    async def test_async_callables(self) -> None:
        """
        Coroutine functions are awaited.
        """

        async def look(_: object = None) -> None:
            seen.append("looked")

        seen: list[str] = []
        await JaypieStream([1]).tap(look, on_end=look).drain()
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(lambda n: 1 / n).tap(on_error=look).drain()
        assert seen == ["looked"] * 3
        await check_operator(lambda s: s.tap(look, on_error=look, on_end=look), [1, 2], [1, 2])

    async def test_on_end(self) -> None:
        """
        It is called once when the source has ended, before what is added below; not after an early stop.
        """
        seen: list[str] = []
        stream = JaypieStream([1, 2]).tap(on_end=lambda: seen.append("end"))
        assert await stream.take(2).to_list() == [1, 2]
        assert seen == []
        assert await stream.on_end(lambda: [len(seen)]).to_list() == [1, 2, 1]

    async def test_on_error(self) -> None:
        """
        It sees the errors above it, which go on, and none from below.
        """
        error = OSError("gone")
        seen: list[Exception] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(Probe([1], fail_at=1, error=error)).tap(on_error=seen.append).drain()
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).tap(on_error=seen.append).map(lambda n: 1 // n).drain()
        assert seen == [error]

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([1, 0]).tap(lambda n: 1 // n).for_each(got.append)
        assert got == [1]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"tap\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).tap(wrong)

    def test_nothing_to_do(self) -> None:
        """
        A tap without any callable is a mistake.
        """
        with pytest.raises(
            TypeError, match=r"tap\(\) expects a callable: tap\(f\), tap\(on_error=f\) or tap\(on_end=f\)"
        ):
            JaypieStream([1]).tap()
