"""
`map`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import check_operator


async def double(n: int) -> int:
    return 2 * n


class TestMap:
    """
    One item in, one out.
    """

    async def test_replaces_each_item(self) -> None:
        """
        Each item is replaced by what the callable makes of it, under every contract.
        """
        await check_operator(lambda s: s.map(lambda n: 2 * n), [1, 2, 3], [2, 4, 6], reads_ahead=0)

    async def test_takes_coroutine_functions(self) -> None:
        """
        A coroutine function is awaited.
        """
        await check_operator(lambda s: s.map(double), [1, 2, 3], [2, 4, 6], reads_ahead=0)
        await check_operator(lambda s: s.map(partial(double)), [1], [2], reads_ahead=0)

    async def test_empty(self) -> None:
        """
        Nothing in, nothing out, and no call.
        """
        await check_operator(lambda s: s.map(double), list[int](), list[int]())

    async def test_callback_error(self) -> None:
        """
        An error of the callable ends the stream after the items before it.
        """
        got: list[float] = []
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            await JaypieStream([2, 1, 0, 5]).map(lambda n: 2 / n).for_each(got.append)
        assert got == [1, 2]

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        not_callable: Any = 3
        with pytest.raises(TypeError, match=r"map\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).map(not_callable)
        with pytest.raises(TypeError, match=r"map\(on_error=\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).map(double, on_error=not_callable)


def invert(n: int) -> float:
    return 1 / n


async def invert_later(n: int) -> float:
    await asyncio.sleep(0)
    return 1 / n


def say(n: int, error: Exception) -> str:
    return f"{n}: {error}"


async def say_later(n: int, error: Exception) -> str:
    await asyncio.sleep(0)
    return say(n, error)


class TestMapOnError:
    """
    `map(f, on_error=g)`: something in the place of an item whose callable failed.
    """

    @pytest.mark.parametrize("f", [invert, invert_later])
    @pytest.mark.parametrize("g", [say, say_later])
    async def test_replaces_failed_items(self, f: Any, g: Any) -> None:
        """
        What it gives takes the item's place and the stream goes on, under every contract, both sync and async.
        """
        await check_operator(
            lambda s: s.map(f, on_error=g), [2, 0, 4], [0.5, "0: division by zero", 0.25], reads_ahead=0
        )

    async def test_its_own_error(self) -> None:
        """
        An error of the handler ends the stream, with that of the callable as its context.
        """

        def fail(n: int, error: Exception) -> int:
            raise KeyError(n)

        got: list[float] = []
        with pytest.raises(KeyError) as caught:
            await JaypieStream([1, 0, 1]).map(invert, on_error=fail).for_each(got.append)
        assert got == [1]
        assert isinstance(caught.value.__context__, ZeroDivisionError)

    async def test_errors_elsewhere(self) -> None:
        """
        Errors of the source, of the stages above and of those below are none of its business.
        """
        calls: list[int] = []

        def note(n: int, error: Exception) -> int:
            calls.append(n)
            return n

        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(invert).map(int).map(str, on_error=note).drain()
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(double, on_error=note).map(invert).drain()
        assert calls == []

    async def test_never_a_cancellation(self) -> None:
        """
        A cancellation passes, also where the callable has made an error of it.
        """
        calls: list[int] = []

        def note(n: int, error: Exception) -> int:
            calls.append(n)
            return n

        async def hide(n: int) -> int:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError(n) from None
            return n

        async def pass_on(n: int) -> int:
            await asyncio.Event().wait()
            return n

        for f in (hide, pass_on):
            task = asyncio.ensure_future(JaypieStream([1, 2]).map(f, on_error=note).to_list())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert calls == []

    async def test_own_timeout(self) -> None:
        """
        A limit on time that the callable sets itself is an error like any other.
        """

        async def hang(n: int) -> int:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
            return n

        assert await JaypieStream([1]).map(hang, on_error=lambda n, error: type(error)).to_list() == [TimeoutError]

    async def test_coroutine_in_disguise(self) -> None:
        """
        A plain callable that gives a coroutine is refused, and no handler hides that; the same for the handler.
        """

        def gives_coroutine(*args: Any) -> Any:
            return double(args[0])

        with pytest.raises(TypeError, match=r"map\(\) was given a plain callable"):
            await JaypieStream([1]).map(gives_coroutine, on_error=say).drain()
        with pytest.raises(TypeError, match=r"map\(on_error=\) was given a plain callable"):
            await JaypieStream([0]).map(invert, on_error=gives_coroutine).drain()

    def test_costs_nothing_when_absent(self) -> None:
        """
        Without it there is no handling of errors in the loop of a `map`.
        """
        assert "except Exception" not in JaypieStream([1]).map(invert).explain()
        assert "except Exception" in JaypieStream([1]).map(invert, on_error=say).explain()
