"""
The ASGI sink cancelled from outside: at every await, natively and by a scope, also while it cleans up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, RecordingSend
from tests.sinks.exchange import answer, begin, scope, turns

if TYPE_CHECKING:
    from jaystream.sinks.report import SinkReport


def slow_probe() -> ManagedProbe[str]:
    """
    A source that awaits everywhere.
    """
    return ManagedProbe("abc", before=lambda _: turns(2), on_close=lambda: turns(2))


async def slow_exchange(probe: ManagedProbe[str], send: RecordingSend, **options: Any) -> SinkReport:
    """
    An exchange that awaits everywhere.
    """

    async def sending(message: Any) -> None:
        await turns(1)
        await send(message)
        await turns(1)

    return await JaypieStream(probe).to_asgi(scope(), send.receive, sending, **options)


def closed_once(probe: ManagedProbe[str]) -> None:
    """
    Check that what was opened was closed, by the same task; a native cancellation may interrupt that closing.
    """
    assert [] == probe.violations
    assert probe.opens == probe.closes
    assert len(probe.tasks) <= 1


class TestCancelledAtEachTurn:
    """
    Wherever a cancellation lands, the run ends cancelled, the source is closed, and no task is left.
    """

    @pytest.mark.parametrize("turn", range(45))
    async def test_natively(self, turn: int) -> None:
        """
        As a server does it at shutdown.
        """
        send, probe = RecordingSend(), slow_probe()
        task = begin(slow_exchange(probe, send))
        await turns(turn)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        closed_once(probe)
        assert [] == send.violations

    @pytest.mark.parametrize("turn", range(45))
    async def test_by_a_scope(self, turn: int) -> None:
        """
        As a framework's task group does it: such a cancellation comes again and again.
        """
        send, probe, went_on = RecordingSend(), slow_probe(), False
        before = asyncio.all_tasks()
        limit = anyio.CancelScope()

        async def cancel_later() -> None:
            await turns(turn)
            limit.cancel()

        canceller = asyncio.get_running_loop().create_task(cancel_later())
        with limit:
            await slow_exchange(probe, send)
            went_on = not limit.cancel_called
        if limit.cancel_called:
            assert not went_on
        await canceller
        probe.assert_released()
        assert [] == send.violations
        assert before == asyncio.all_tasks()

    @pytest.mark.parametrize("second", range(1, 12))
    async def test_twice(self, second: int) -> None:
        """
        A second cancellation interrupts the closing it hits; nothing is left all the same.
        """
        send, probe = RecordingSend(), slow_probe()
        task = begin(slow_exchange(probe, send))
        await send.wait_for(1)
        task.cancel()
        await turns(second)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert 1 == probe.closes

    @pytest.mark.parametrize("second", range(12))
    async def test_after_a_disconnect(self, second: int) -> None:
        """
        The client leaves and the server cancels: the cancellation is not taken for our own.
        """
        send, probe = RecordingSend(), slow_probe()
        task = begin(slow_exchange(probe, send))
        await send.wait_for(1)
        send.disconnect()
        await turns(second)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        closed_once(probe)


class TestCleanup:
    """
    What the exchange waits for at its own end.
    """

    async def test_stubborn_send(self) -> None:
        """
        A send that ends only later, though cancelled, is waited for; a cancellation of that wait is not lost.
        """
        gate, stuck = asyncio.Event(), asyncio.Event()
        sending = asyncio.Event()

        async def send(message: Any) -> None:
            sending.set()
            try:
                await stuck.wait()
            except asyncio.CancelledError:
                await gate.wait()

        probe, recorder = slow_probe(), RecordingSend()
        task = begin(JaypieStream(probe).to_asgi(scope(), recorder.receive, send))
        await sending.wait()
        task.cancel()
        await turns(30)
        task.cancel()
        await turns(30)
        assert not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        probe.assert_released()

    async def test_cancelled_send_is_a_client_that_left(self) -> None:
        """
        A send that was cancelled by the server's side, and not by us, means that there is no client any more.
        """

        async def send(message: Any) -> None:
            raise asyncio.CancelledError

        probe = slow_probe()
        report = await JaypieStream(probe).to_asgi(scope(), RecordingSend().receive, send)
        assert "disconnected" == report.ended
        probe.assert_released()

    async def test_loop_shuts_down(self) -> None:
        """
        A loop that cancels every task finds nothing that stays.
        """
        send, probe = RecordingSend(), slow_probe()
        before = asyncio.all_tasks()
        task = begin(answer(JaypieStream(probe), send))
        await send.wait_for(1)
        for each in asyncio.all_tasks() - before:
            each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        probe.assert_released()
