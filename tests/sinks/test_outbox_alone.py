"""
Items that keep coming alone: each is written while the pull waits for the next, and what holds or ends such a write
holds or ends the response.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import begin, scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jaystream.sinks.report import SinkReport
    from jaystream.testing import VirtualClock

SETTLED = 24
"""The item at which something happens: well after the task that writes has come to stay."""


class Peer(RecordingSend):
    """
    A recording send that notes which task calls it, and can be made to wait or to fail at one piece of body.
    """

    def __init__(self, at: int | None = None, then: Callable[[], Any] | None = None, **script: Any) -> None:
        super().__init__(**script)
        self.at = at
        self.then = then
        self.writers: list[asyncio.Task[Any] | None] = []
        self.started = asyncio.Event()

    async def __call__(self, message: Any) -> None:
        """
        Take one message.
        """
        if message.get("body"):
            self.writers.append(asyncio.current_task())
            if len(self.writers) - 1 == self.at:
                self.started.set()
                if self.then is not None:
                    await self.then()
        await super().__call__(message)


def probe(count: int = 60) -> Probe[str]:
    """
    A source whose items come one by one, and that takes its time to close.
    """
    return Probe(map(str, range(count)), before=lambda _: turns(1), on_close=lambda: turns(2))


async def serve(source: Any, send: Peer, **options: Any) -> SinkReport:
    """
    Answer one request; the task must not keep a cancellation that was the sink's.
    """
    report = await JaypieStream[str](source).to_asgi(scope(), send.receive, send, **options)
    task = asyncio.current_task()
    assert task is not None
    assert 0 == task.cancelling()
    return report


def body(count: int) -> bytes:
    """
    What so many items are on the wire.
    """
    return b"".join(b"data: %d\n\n" % number for number in range(count))


class TestAlone:
    """
    Who writes, and what.
    """

    async def test_one_task_writes(self) -> None:
        """
        Each item goes out as it comes, in the name of one task that is not the pulling one.
        """
        send = Peer()
        task = begin(serve(probe(), send))
        report = await task
        assert ([f"data: {n}\n\n".encode() for n in range(60)], 60) == (send.chunks, report.items)
        assert 1 == len(set(send.writers))
        assert task not in send.writers
        assert len(send.body) == report.bytes

    async def test_burst_after_lone_items(self) -> None:
        """
        A burst among lone items goes whole, and so do the bursts after it.
        """

        async def items() -> AsyncIterator[str]:
            for _ in range(SETTLED):
                await asyncio.sleep(0)
                yield "-"
            for _ in range(3):
                await asyncio.sleep(0)
                for letter in "abcd":
                    yield letter

        send = Peer()
        await serve(items, send)
        burst = b"".join(f"data: {letter}\n\n".encode() for letter in "abcd")
        assert [b"data: -\n\n"] * SETTLED == send.chunks[:SETTLED]
        assert [burst] * 3 == send.chunks[SETTLED:]

    async def test_write_that_waits(self) -> None:
        """
        While a write is held one more item is read, and afterwards all goes on as before.
        """
        source, gate = probe(), asyncio.Event()
        send = Peer(at=SETTLED, then=gate.wait)
        task = begin(serve(source, send))
        await send.started.wait()
        await turns(30)
        assert SETTLED + 2 == source.reads
        gate.set()
        report = await task
        assert (body(60), 60, []) == (send.body, report.items, send.violations)
        assert 1 == len(set(send.writers))

    async def test_keepalive_during_a_held_write(self, virtual_clock: VirtualClock) -> None:
        """
        What is due meanwhile waits for the write, and never overlaps it.
        """
        send = Peer(at=SETTLED, then=lambda: asyncio.sleep(40))
        report = await serve(probe(), send, keepalive=1)
        assert ([], 60) == (send.violations, report.items)
        assert body(60) == send.body.replace(b": ping\n\n", b"")


class TestEnded:
    """
    What ends the response while a write is held.
    """

    async def test_disconnect(self) -> None:
        """
        The client leaves: the write is cut, the source closed, and no cancellation is left over.
        """
        source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
        task = begin(serve(source, send))
        await send.started.wait()
        send.disconnect()
        report = await task
        assert ("disconnected", body(SETTLED)) == (report.ended, send.body)
        assert source.reads <= SETTLED + 2
        source.assert_released()

    async def test_disconnect_with_drain(self) -> None:
        """
        With "drain" only the write is cut, and the source read to its end.
        """
        source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
        task = begin(serve(source, send, on_disconnect="drain"))
        await send.started.wait()
        send.disconnect()
        report = await task
        assert ("disconnected", 60, 60) == (report.ended, report.items, source.reads)
        source.assert_released()

    async def test_send_timeout(self, virtual_clock: VirtualClock) -> None:
        """
        A write that takes too long counts as a client that left.
        """
        source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
        report = await serve(source, send, send_timeout=5)
        assert ("send_timeout", body(SETTLED)) == (report.ended, send.body)
        source.assert_released()

    async def test_shutdown(self) -> None:
        """
        A shutdown closes the source at once, lets the write finish, so that no event is cut, and ends the body well.
        """
        shutdown, gate = asyncio.Event(), asyncio.Event()
        source, send = probe(), Peer(at=SETTLED, then=gate.wait)
        task = begin(serve(source, send, shutdown=shutdown))
        await send.started.wait()
        shutdown.set()
        await turns(20)
        assert not task.done()
        source.assert_released()
        read = source.reads
        gate.set()
        report = await task
        assert ("shutdown", body(report.items), read) == (report.ended, send.body, source.reads)
        assert SETTLED + 1 <= report.items <= SETTLED + 2
        assert send.ended

    @pytest.mark.parametrize("swallow", [False, True])
    async def test_cut_that_send_keeps(self, swallow: bool) -> None:
        """
        A send that makes something else of being cut changes nothing.
        """

        async def keep() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not swallow:
                    raise RuntimeError("cut") from None

        source, send = probe(), Peer(at=SETTLED, then=keep)
        task = begin(serve(source, send))
        await send.started.wait()
        send.disconnect()
        assert "disconnected" == (await task).ended
        source.assert_released()

    async def test_cancelled(self) -> None:
        """
        A cancellation from outside ends the run cancelled, also one that comes with a client that leaves.
        """
        for leave in (False, True):
            source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
            task = begin(serve(source, send))
            await send.started.wait()
            task.cancel()
            if leave:
                send.disconnect()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            source.assert_released()

    async def test_cancelled_in_the_turn_of_the_cut(self) -> None:
        """
        The cut and a cancellation in one turn: the run ends cancelled.
        """
        source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
        task = begin(serve(source, send))
        await send.started.wait()
        send.disconnect()
        cut = 0
        while not task.cancelling():  # the watching task has seen it, and nothing else has run since
            await asyncio.sleep(0)
            cut += 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cut < 10
        source.assert_released()

    async def test_loop_shuts_down(self) -> None:
        """
        A loop that cancels every task while nothing is to be written meets no error but its own.
        """
        source = Probe(map(str, range(60)), before={SETTLED: lambda _: asyncio.Event().wait()})
        send, before = Peer(), asyncio.all_tasks()
        task = begin(serve(source, send))
        await turns(60)
        every = asyncio.all_tasks() - before
        assert 3 == len(every)
        for each in every:
            each.cancel()
        for each in every:
            with pytest.raises(asyncio.CancelledError):
                await each
        assert task.cancelled()
        source.assert_released()

    async def test_scope(self) -> None:
        """
        A scope round it ends it, and takes its cancellation back.
        """
        source, send = probe(), Peer(at=SETTLED, then=asyncio.Event().wait)
        limit = anyio.CancelScope()
        helper = asyncio.get_running_loop().create_task(cancel(send, limit))
        with limit:
            await serve(source, send)
        await helper
        assert limit.cancelled_caught
        source.assert_released()

    async def test_failed_send(self) -> None:
        """
        A send that fails ends the run: as a client that left, or with the server's error.
        """

        async def gone() -> None:
            raise OSError("gone")

        async def broken() -> None:
            raise ValueError("broken")

        async def cancelled() -> None:
            raise asyncio.CancelledError

        for then in (gone, cancelled):
            source = probe()
            send = Peer(at=SETTLED, then=then)
            report = await serve(source, send)
            assert ("disconnected", body(SETTLED)) == (report.ended, send.body)
            assert source.reads <= SETTLED + 2
            source.assert_released()
        source = probe()
        with pytest.raises(ValueError, match="broken"):
            await serve(source, Peer(at=SETTLED, then=broken))
        source.assert_released()

    async def test_source_that_fails(self) -> None:
        """
        A failure of the source still gets its event, behind all the items.
        """
        send = Peer()
        source = Probe(map(str, range(60)), before=lambda _: turns(1), fail_at=SETTLED, error=ValueError("no"))
        report = await serve(source, send)
        assert "error" == report.ended
        assert send.body.startswith(body(SETTLED) + b"event: error\ndata: ")
        assert (True, []) == (send.ended, send.violations)


async def cancel(send: Peer, limit: anyio.CancelScope) -> None:
    """
    Cancel *limit* when the write is under way.
    """
    await send.started.wait()
    limit.cancel()
