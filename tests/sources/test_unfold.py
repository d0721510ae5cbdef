"""
`unfold`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from jaystream import JaypieStream
from tests.checks import WAYS, cancel_at_every_await, pause


def halve(n: int) -> tuple[int, int] | None:
    return (n, n // 2) if n else None


async def halve_later(n: int) -> tuple[int, int] | None:
    await pause()
    return halve(n)


@pytest.mark.parametrize("f", [halve, halve_later, partial(halve_later)])
class TestUnfold:
    """
    A state, step by step, with plain functions and coroutine functions alike.
    """

    async def test_gives_items_until_none(self, f: Any) -> None:
        """
        It goes on until the function gives None, however it is run, and can run again.
        """
        stream: JaypieStream[int] = JaypieStream.unfold(f, 10)
        for gather in WAYS:
            assert [10, 5, 2, 1] == await gather(stream)

    async def test_empty(self, f: Any) -> None:
        """
        None at the first call makes an empty stream.
        """
        assert [] == await JaypieStream.unfold(f, 0).to_list()


class TestCalls:
    """
    How the function is called.
    """

    async def test_one_call_for_each_item(self) -> None:
        """
        Nothing is made that is not asked for.
        """
        calls: list[int] = []

        def count(n: int) -> tuple[int, int]:
            calls.append(n)
            return n, n + 1

        stream = JaypieStream.unfold(count, 0)
        assert [] == calls
        assert [0, 1, 2] == await stream.take(3).to_list()
        assert [0, 1, 2] == calls
        async with stream.open() as items:
            assert 0 == await anext(items)
        assert [0, 1, 2, 0] == calls

    async def test_plain_function_needs_no_async_hop(self) -> None:
        """
        With a plain function it is a plain iterable for the loop.
        """
        assert "        for x in source:" in JaypieStream.unfold(halve, 10).explain()

    async def test_error(self) -> None:
        """
        An error of the function comes after the items before it.
        """
        got: list[float] = []
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            await JaypieStream.unfold(lambda n: (1 / n, n - 1), 2).for_each(got.append)
        assert [0.5, 1.0] == got

    async def test_cancellation(self) -> None:
        """
        It can be cancelled at each of its awaits.
        """
        stream = JaypieStream.unfold(halve_later, 10)
        assert 5 <= await cancel_at_every_await(stream.to_list, "native")
        assert 5 <= await cancel_at_every_await(stream.to_list, "scope")

    async def test_plain_callable_with_a_coroutine(self) -> None:
        """
        A plain callable that gives a coroutine is refused by name.
        """
        with pytest.raises(TypeError, match=r"unfold\(\) was given a plain callable .* that returns a coroutine"):
            await JaypieStream.unfold(lambda n: halve_later(n), 1).to_list()  # noqa: PLW0108 - that is the mistake

    @pytest.mark.parametrize("wrong", [3, (1, 2, 3), ()])
    async def test_bad_result(self, wrong: Any) -> None:
        """
        What is neither a pair nor None is refused, with what it was.
        """

        def plain(_: int) -> Any:
            return wrong

        async def later(_: int) -> Any:
            return wrong

        for f in (plain, later):
            with pytest.raises(TypeError, match=r"unfold\(f\) gives \(item, next state\), or None to end, not [3(]"):
                await JaypieStream[Any].unfold(f, 1).to_list()

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the stream is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"unfold\(\) expects a callable, sync or async, not 3"):
            JaypieStream.unfold(wrong, 0)
