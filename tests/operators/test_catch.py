"""
`catch`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, check_operator


class TestCatch:
    """
    Going on after an error.
    """

    async def test_nothing_to_catch(self) -> None:
        """
        Without an error items pass unchanged.
        """
        await check_operator(lambda s: s.catch(KeyError, [9]), [1, 2], [1, 2], reads_ahead=0)
        await check_operator(lambda s: s.catch(KeyError, [9]), list[int](), list[int]())

    async def test_goes_on(self) -> None:
        """
        After the items before the error come those of the handler, of any kind.
        """

        async def later(error: ZeroDivisionError) -> list[str]:
            return [str(error)]

        failing = JaypieStream([1, 0]).map(lambda n: 1 // n)
        assert await failing.catch(ZeroDivisionError, [9]).to_list() == [1, 9]
        assert await failing.catch((KeyError, ZeroDivisionError), lambda error: [7]).to_list() == [1, 7]
        assert await failing.catch(ZeroDivisionError, lambda error: None).to_list() == [1]
        assert "zero" in str(await failing.catch(ZeroDivisionError, later).last())

    async def test_other_errors_pass(self) -> None:
        """
        An error of another type passes.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).map(lambda n: 1 // n).catch(KeyError, [9]).drain()

    async def test_not_from_below(self) -> None:
        """
        Errors of the stages below and of the consumer never come here.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream([0]).catch(Exception, [9]).map(lambda n: 1 // n).drain()
        with pytest.raises(LookupError):
            async with JaypieStream([0]).catch(Exception, [9]).open() as items:
                async for _ in items:
                    raise LookupError

    async def test_closes_before_it_handles(self) -> None:
        """
        What failed is closed before the handler runs.
        """
        probe = Probe([1], fail_at=1, error=OSError("gone"))
        seen: list[bool] = []

        def instead(_: OSError) -> list[int]:
            seen.append(probe.closed)
            return [9]

        assert await JaypieStream(probe).catch(OSError, instead).to_list() == [1, 9]
        assert seen == [True]
        probe.assert_released()

    async def test_error_of_the_handler(self) -> None:
        """
        An error of the handler goes on, with the first as its context.
        """

        def fail(error: OSError) -> None:
            raise KeyError("handler")

        first = OSError("gone")
        with pytest.raises(KeyError, match="handler") as caught:
            await JaypieStream(Probe([1], fail_at=1, error=first)).catch(OSError, fail).drain()
        assert caught.value.__context__ is first

    async def test_error_of_what_follows(self) -> None:
        """
        What the handler gives is not caught again, but by the next `catch`.
        """
        failing = JaypieStream([0]).map(lambda n: 1 // n)
        with pytest.raises(ZeroDivisionError):
            await failing.catch(ZeroDivisionError, failing).drain()
        assert await failing.catch(ZeroDivisionError, failing).catch(ZeroDivisionError, [5]).to_list() == [5]

    def test_bad_argument(self) -> None:
        """
        Types below Exception and a handler or source are wanted where the pipeline is written.
        """
        for wrong in (BaseException, asyncio.CancelledError, "ValueError", (ValueError, 3)):
            types: Any = wrong
            with pytest.raises(TypeError, match=r"catch\(\) expects exception classes below Exception, not"):
                JaypieStream([1]).catch(types, [])
        handler: Any = 5
        with pytest.raises(TypeError, match=r"not int \(5\)"):
            JaypieStream([1]).catch(ValueError, handler)
