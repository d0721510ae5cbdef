"""
`timeout`. That it fires exactly when a limit passes is a law in test_laws_in_time.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from copy import copy
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, JaystreamError, StreamTimeoutError
from jaystream.testing import Probe, run_virtually
from tests.operators.timed import Script, watch

if TYPE_CHECKING:
    from tests.operators.timed import Operate


def outcome(operate: Operate, *gaps: float, busy: tuple[float, ...] = (), last: float = 0) -> tuple[Any, ...]:
    """
    The items, and the phase and time of the timeout.
    """
    seen = watch(operate, Script(list(gaps), last).probe(), busy)
    assert isinstance(seen.error, StreamTimeoutError)
    return (*seen.values, seen.error.phase, seen.error.seconds, seen.end)


class TestTimeout:
    """
    Limits on how long nothing comes.
    """

    def test_first(self) -> None:
        """
        The limit for the first item holds for that one alone.
        """
        assert ("first", 5, 5.0) == outcome(lambda s: s.timeout(first=5), 6)
        assert [0, 1] == watch(lambda s: s.timeout(first=5), Script([4, 60]).probe()).values

    def test_idle(self) -> None:
        """
        The idle limit holds for each item, the first too, and for the end.
        """
        assert ("idle", 5, 5.0) == outcome(lambda s: s.timeout(idle=5), 6)
        assert (0, "idle", 5, 6.0) == outcome(lambda s: s.timeout(idle=5), 1, 6)
        assert (0, "idle", 5, 6.0) == outcome(lambda s: s.timeout(idle=5), 1, last=6)

    def test_first_and_idle(self) -> None:
        """
        With both, each has its place, though they are the same number.
        """
        assert ("first", 5, 5.0) == outcome(lambda s: s.timeout(first=5, idle=5), 6)
        assert (0, "idle", 2, 6.0) == outcome(lambda s: s.timeout(first=5, idle=2), 4, 3)
        assert ("first", 2, 2.0) == outcome(lambda s: s.timeout(first=2, idle=5), 3)

    def test_total(self) -> None:
        """
        The total counts all, and what the consumer takes too; the consumer is never cut.
        """
        assert (0, 1, "total", 5, 5.0) == outcome(lambda s: s.timeout(total=5), 2, 2, 2)
        assert (0, "total", 5, 8.0) == outcome(lambda s: s.timeout(total=5), 1, 1, busy=(7,))

    def test_consumer_is_not_idle(self) -> None:
        """
        What the consumer takes for itself is no idle time.
        """
        assert [0, 1, 2] == watch(lambda s: s.timeout(idle=2), Script([1, 1, 1]).probe(), (60, 60)).values

    def test_nothing_read_ahead(self) -> None:
        """
        The source is asked only when the consumer asks.
        """
        probe = Probe(range(9))

        async def main() -> int:
            async with JaypieStream(probe).timeout(idle=5).open() as items:
                await anext(items)
                await anext(items)
                await asyncio.sleep(60)
                return probe.reads

        assert run_virtually(main()) == 2

    @pytest.mark.usefixtures("virtual_clock")
    async def test_closes_before_the_error(self) -> None:
        """
        The pull that is going on is cancelled, and the source is closed when the error comes out.
        """
        probe = Probe([1], before=lambda _: asyncio.sleep(60))
        with pytest.raises(StreamTimeoutError):
            await JaypieStream(probe).timeout(first=1).to_list()
        assert probe.kinds == ["open", "pull", "cancelled", "close", "closed"]

    @pytest.mark.usefixtures("virtual_clock")
    async def test_can_be_caught_below(self) -> None:
        """
        Another source can go on in its place.
        """
        stream = JaypieStream[Any].never().timeout(first=1).catch(StreamTimeoutError, lambda error: [error.phase])
        assert await stream.to_list() == ["first"]

    @pytest.mark.usefixtures("virtual_clock")
    async def test_the_callers_own_timeout(self) -> None:
        """
        One of the caller's that comes first stays what it is.
        """
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(1):
                await JaypieStream.never().timeout(first=2).to_list()
        assert not isinstance(caught.value, StreamTimeoutError)

    @pytest.mark.usefixtures("virtual_clock")
    async def test_the_sources_own_timeout(self) -> None:
        """
        One of the source's passes as it is.
        """

        async def failing() -> AsyncIterator[int]:
            async with asyncio.timeout(1):
                await asyncio.sleep(60)
            yield 1

        with pytest.raises(TimeoutError) as caught:
            await JaypieStream(failing).timeout(first=2).to_list()
        assert not isinstance(caught.value, StreamTimeoutError)

    def test_error(self) -> None:
        """
        The error says which limit fired and what to do; it is one of ours, a TimeoutError, and can be copied.
        """
        error = StreamTimeoutError("first", 5)
        assert isinstance(error, JaystreamError)
        assert isinstance(error, TimeoutError)
        hint = "allow more, or go on with something else by catch(StreamTimeoutError, ...)"
        assert str(error) == f"no first item came within 5 s, which is all that timeout(first=) allows; {hint}"
        assert str(StreamTimeoutError("idle", 0.5)).startswith(
            "nothing came for 0.5 s, which is all that timeout(idle=)"
        )
        assert str(StreamTimeoutError("total", 60)).startswith("the stream did not end within 60 s, which is all that")
        again = copy(error)
        assert (again.phase, again.seconds, str(again)) == ("first", 5, str(error))

    def test_no_limit(self) -> None:
        """
        A timeout without any limit is refused.
        """
        with pytest.raises(TypeError, match=r"timeout\(\) expects a limit in seconds: timeout\(first=\)"):
            JaypieStream([1]).timeout()

    @pytest.mark.parametrize("name", ["first", "idle", "total"])
    def test_bad_limits(self, name: str) -> None:
        """
        So is a limit that is none.
        """
        with pytest.raises(ValueError, match=rf"timeout\({name}=\) must be above 0 seconds, not 0"):
            JaypieStream([1]).timeout(**{name: 0})
        wrong: Any = {name: "5"}
        with pytest.raises(TypeError, match=rf"timeout\({name}=\) expects a number of seconds, not '5'"):
            JaypieStream([1]).timeout(**wrong)
