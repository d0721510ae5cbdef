"""
The pull of a sink, ended from outside.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jaystream import JaypieStream
from jaystream._core.waiting import over
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull
from jaystream.testing import Probe
from tests.checks import pause


class TestStop:
    """
    Stopping at odd times.
    """

    async def test_before_it_began(self) -> None:
        """
        A pull that was stopped before it began opens nothing, and takes a coroutine off without a warning.
        """
        probe = Probe([b"a"])
        coroutine: Any = pause()
        for source in (probe, coroutine):
            outbox, written = self._outbox()
            pull = Pull(outbox)
            pull.stop()
            async with pull:
                await pull.start(JaypieStream[Any](source)._plan)
            assert pull.outcome() is None
            assert (True, []) == (pull.cut, written)
            await self._end(outbox)
        assert [] == probe.events
        self._not_cancelled()

    async def test_twice(self) -> None:
        """
        A second stop does nothing more, and the task is left uncancelled.
        """
        probe = Probe([b"a"], before={0: wait_forever}, on_close=pause)
        outbox, written = self._outbox()
        pull = Pull(outbox)
        loop = asyncio.get_running_loop()
        loop.call_soon(pull.stop)
        loop.call_soon(pull.stop)
        async with pull:
            await pull.start(JaypieStream(probe)._plan)
        assert pull.outcome() is None
        assert (True, []) == (pull.cut, written)
        probe.assert_released()
        await self._end(outbox)
        self._not_cancelled()

    @staticmethod
    def _outbox() -> tuple[Outbox, list[bytes]]:
        taker = Taker()
        return Outbox(taker), taker.written

    @staticmethod
    async def _end(outbox: Outbox) -> None:
        outbox.drop()
        await over(outbox.tasks(), within=None)

    @staticmethod
    def _not_cancelled() -> None:
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0


async def wait_forever(_: int) -> None:
    await asyncio.Event().wait()


class Taker:
    """
    A sink that takes everything.
    """

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """
        Take *data* at once.
        """
        self.written.append(data)

    @staticmethod
    def encode(item: object) -> bytes:
        """
        Frame *item* as Python shows it.
        """
        return repr(item).encode()

    def write_failed(self, error: Exception) -> None:
        """
        Fail: nothing is to fail here.
        """
        raise error
