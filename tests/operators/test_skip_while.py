"""
`skip_while`.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


class TestSkipWhile:
    """
    From the first item that fails a condition.
    """

    async def test_skips_until_the_first_false(self) -> None:
        """
        All items pass from the first for which it is false.
        """
        await check_operator(lambda s: s.skip_while(lambda n: n < 3), [1, 2, 5, 1], [5, 1], reads_ahead=2)
        await check_operator(lambda s: s.skip_while(bool), [1, 2], list[int]())
        await check_operator(lambda s: s.skip_while(bool), list[int](), list[int]())

    async def test_async_callable(self) -> None:
        """
        A coroutine function is awaited.
        """

        async def small(n: int) -> bool:
            return n < 3

        await check_operator(lambda s: s.skip_while(small), [1, 5, 1], [5, 1], reads_ahead=1)

    async def test_not_called_again(self) -> None:
        """
        Once it was false it is not called any more.
        """
        calls: list[int] = []

        def small(n: int) -> bool:
            calls.append(n)
            return n < 2

        assert await JaypieStream([1, 2, 1]).skip_while(small).to_list() == [2, 1]
        assert calls == [1, 2]

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[Any] = []
        with pytest.raises(ZeroDivisionError, match=r"division|modulo"):
            await JaypieStream([1, 0]).skip_while(lambda n: 1 // n).for_each(got.append)
        assert got == []

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"skip_while\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).skip_while(wrong)
