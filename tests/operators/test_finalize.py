"""
`finalize`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.errors import CleanupTimeoutError
from jaystream.testing import Probe, check_operator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jaystream._core.run import Outcome


async def leave(stream: JaypieStream[int]) -> None:
    async with stream.open() as items:
        await anext(items)


WAYS_OUT: list[tuple[str, Callable[[JaypieStream[int]], Awaitable[object]], dict[str, Any]]] = [
    ("end", lambda s: s.drain(), {}),
    ("stopped", lambda s: s.take(1).drain(), {}),
    ("stopped", lambda s: s.concat([9]).first(), {}),
    ("stopped", leave, {}),
    ("error", lambda s: s.drain(), {"fail_at": 1, "error": OSError("gone")}),
]


class TestFinalize:
    """
    Once, on every way out.
    """

    async def test_passes_items_on(self) -> None:
        """
        Items pass unchanged under every contract.
        """
        await check_operator(lambda s: s.finalize(lambda outcome: None), [1, 2, 3], [1, 2, 3], reads_ahead=0)

    async def test_tells_the_outcome(self) -> None:
        """
        It is told how the run ended, once, after the source has been closed.
        """
        for name, operate, script in WAYS_OUT:
            assert [(name, True)] == await self._outcomes(operate, Probe(range(3), **script))

    async def _outcomes(
        self, operate: Callable[[JaypieStream[int]], Awaitable[object]], probe: Probe[int]
    ) -> list[tuple[str, bool]]:
        seen: list[tuple[str, bool]] = []
        with suppress(OSError):
            await operate(JaypieStream(probe).finalize(lambda outcome: seen.append((outcome.kind, probe.closed))))
        return seen

    async def test_cancelled(self) -> None:
        """
        A cancelled run tells so, and an async callable is shielded from cancel scopes.
        """
        seen: list[str] = []

        async def slow(outcome: Outcome) -> None:
            await asyncio.sleep(0)
            seen.append(outcome.kind)

        with anyio.CancelScope() as scope:

            async def cancel(n: int) -> None:
                scope.cancel()
                await asyncio.sleep(0)

            await JaypieStream([1]).finalize(slow).map(cancel).drain()
        assert scope.cancelled_caught
        assert seen == ["cancelled"]

    async def test_order_of_several(self) -> None:
        """
        The one further up is called first.
        """
        seen: list[str] = []
        stream = (
            JaypieStream([1]).finalize(lambda _: seen.append("upper")).map(abs).finalize(lambda _: seen.append("lower"))
        )
        await stream.drain()
        assert seen == ["upper", "lower"]

    async def test_its_own_error(self) -> None:
        """
        Its error is raised where the run went well, and a note where it had failed.
        """

        def fail(outcome: Outcome) -> None:
            raise KeyError("cleanup")

        with pytest.raises(KeyError, match="cleanup"):
            await JaypieStream([1]).finalize(fail).drain()
        with pytest.raises(ZeroDivisionError) as caught:
            await JaypieStream([0]).map(lambda n: 1 // n).finalize(fail).drain()
        assert caught.value.__notes__ == ["while closing: KeyError: 'cleanup'"]

    async def test_grace(self) -> None:
        """
        An async callable that takes too long is cut.
        """

        async def hang(outcome: Outcome) -> None:
            await asyncio.Event().wait()

        with pytest.raises(CleanupTimeoutError, match=r"took longer than 0\.001 seconds"):
            await JaypieStream([1]).finalize(hang, grace=0.001).drain()

    async def test_never_pulled(self) -> None:
        """
        A run that was never pulled has no way out.
        """
        seen: list[Outcome] = []
        async with JaypieStream([1]).finalize(seen.append).open():
            pass
        assert seen == []

    def test_bad_argument(self) -> None:
        """
        What cannot be called is refused where the pipeline is written.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"finalize\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).finalize(wrong)

    def test_bad_grace(self) -> None:
        """
        A grace that is no time is refused too.
        """
        with pytest.raises(ValueError, match=r"finalize\(grace=\) must be above 0 seconds, not 0"):
            JaypieStream([1]).finalize(print, grace=0)


class TestOutcome:
    """
    The outcome is the run's, wherever in the pipeline it was decided.
    """

    @pytest.mark.parametrize("boundary", [False, True])
    async def test_error_below(self, boundary: bool) -> None:
        """
        An error of a stage below is told, in the same loop and across loops.
        """
        seen: list[Outcome] = []
        stream = JaypieStream([1, 0]).finalize(seen.append)
        if boundary:
            stream = stream.concat([2])
        with pytest.raises(ZeroDivisionError) as raised:
            await stream.map(lambda n: 1 // n).drain()
        assert [("error", raised.value)] == [(outcome.kind, outcome.error) for outcome in seen]

    async def test_error_of_the_consumer(self) -> None:
        """
        An error inside an `open()` block is told.
        """
        seen: list[Outcome] = []
        with pytest.raises(OSError, match="mine"):
            async with JaypieStream([1, 2]).finalize(seen.append).open() as items:
                await anext(items)
                raise OSError("mine")
        assert ["error"] == [outcome.kind for outcome in seen]

    async def test_handled_error(self) -> None:
        """
        What `catch` has handled is an error above it, and none below it.
        """
        seen: list[str] = []
        stream = JaypieStream([0]).map(lambda n: 1 // n).finalize(lambda outcome: seen.append("above " + outcome.kind))
        handled = stream.catch(ZeroDivisionError, lambda _: [7]).finalize(lambda outcome: seen.append(outcome.kind))
        assert [7] == await handled.to_list()
        assert ["above error", "end"] == seen
