"""
The outbox by itself: what it joins, what it counts, and what becomes of its task.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream._core.waiting import over
from jaystream.sinks.outbox import JOIN, Outbox
from jaystream.sinks.report import SinkReport
from tests.sinks.exchange import turns


class Peer:
    """
    Takes what an outbox writes; with a gate only when that is open.
    """

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.gate = gate
        self.writes: list[bytes] = []
        self.failures: list[Exception] = []
        self.report = SinkReport()
        self.box = Outbox(self.write, lambda item: str(item).encode(), self.report, self.failures.append)

    def write(self, data: bytes) -> Any:
        """
        Take *data* at once; give something to wait for where there is a gate.
        """
        self.writes.append(data)
        return None if self.gate is None else self._wait(self.gate)

    @staticmethod
    async def _wait(gate: asyncio.Event) -> None:
        await gate.wait()

    async def end(self) -> None:
        """
        Let go of everything, as a sink does.
        """
        self.box.drop()
        await over(self.box.tasks(), within=None)


class TestOutbox:
    """
    Items in, joined writes out.
    """

    async def test_joins_until_the_loop_turns(self) -> None:
        """
        What is put before the loop turns is one write, counted item by item.
        """
        peer = Peer()
        assert [False, False] == [peer.box.put(b"a"), peer.box.put(b"b")]
        await turns(2)
        peer.box.put(b"c")
        await peer.box.flush()
        assert ([b"ab", b"c"], 3, 3) == (peer.writes, peer.report.items, peer.report.bytes)
        await peer.end()

    async def test_asks_to_wait_when_full(self) -> None:
        """
        At the limit the loop is asked to wait.
        """
        peer = Peer()
        assert peer.box.put(b"x" * JOIN)
        await peer.box.drained()
        assert not peer.box.put(b"y")
        await peer.end()

    async def test_asks_to_wait_while_busy(self) -> None:
        """
        While a write is under way one more item is taken, and the wait lasts until that write is done.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        peer.box.put(b"a")
        await turns(2)
        assert (True, True) == (peer.box.busy, peer.box.put(b"b"))
        waiting = asyncio.get_running_loop().create_task(peer.box.drained())
        await turns()
        assert (False, [b"a"]) == (waiting.done(), peer.writes)
        gate.set()
        await waiting
        await peer.box.flush()
        assert [b"a", b"b"] == peer.writes
        await peer.end()

    async def test_several_wait(self) -> None:
        """
        Whoever waits is woken by the same write.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        peer.box.put(b"a")
        await turns(2)
        waiting = [asyncio.get_running_loop().create_task(peer.box.drained()) for _ in range(2)]
        await turns()
        assert [False, False] == [task.done() for task in waiting]
        gate.set()
        await asyncio.gather(*waiting)
        assert [b"a"] == peer.writes
        await peer.end()

    async def test_pushed_is_no_item(self) -> None:
        """
        What is pushed goes behind what was put, and does not count as an item.
        """
        peer = Peer()
        peer.box.put(b"a")
        peer.box.push(b"!")
        peer.box.put(b"b")
        await peer.box.flush()
        assert ([b"a!b"], 2, 3) == (peer.writes, peer.report.items, peer.report.bytes)
        await peer.end()

    async def test_task_stays_rests_and_comes_back(self) -> None:
        """
        The task stays for the next item, goes when told to rest, and is there again when it is needed.
        """
        peer = Peer()
        for data in (b"a", b"b"):
            peer.box.put(data)
            await peer.box.flush()
            assert 1 == len(peer.box.tasks())
        await turns(2)
        peer.box.rest()
        await turns(3)
        assert [] == peer.box.tasks()
        peer.box.push(b"ping")
        await turns(4)
        assert ([b"a", b"b", b"ping"], []) == (peer.writes, peer.box.tasks())
        peer.box.put(b"c")
        await peer.box.flush()
        assert b"c" == peer.writes[-1]
        await peer.end()

    async def test_rest_with_an_item_in_the_same_turn(self) -> None:
        """
        An item that comes while the task is on its way out is written all the same.
        """
        peer = Peer()
        peer.box.put(b"a")
        await peer.box.flush()
        await turns(2)
        peer.box.rest()
        peer.box.put(b"b")
        await peer.box.flush()
        assert [b"a", b"b"] == peer.writes
        await peer.end()

    async def test_failure(self) -> None:
        """
        A failed write is told once, is raised to whoever waits, and nothing is written after it.
        """
        gate = asyncio.Event()
        peer = Peer(gate)

        async def fail(data: bytes) -> None:
            await gate.wait()
            raise OSError("gone")

        peer.box._write = fail
        peer.box.put(b"a")
        await turns(2)
        gate.set()
        with pytest.raises(OSError, match="gone"):
            await peer.box.drained()
        assert peer.box.put(b"b")
        peer.box.push(b"c")
        with pytest.raises(OSError, match="gone"):
            await peer.box.drained()
        assert 1 == len(peer.failures)
        await peer.end()

    async def test_drop(self) -> None:
        """
        After a drop nothing is taken and nothing waits; items still count.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        peer.box.put(b"a")
        await turns(2)
        peer.box.put(b"b")
        peer.box.drop()
        assert not peer.box.put(b"c")
        await peer.box.drained()
        await over(peer.box.tasks(), within=None)
        assert ([b"a"], 3, []) == (peer.writes, peer.report.items, peer.failures)

    async def test_stop(self) -> None:
        """
        A stopped outbox ends the loop at the next item.
        """
        peer = Peer()
        peer.box.stop()
        assert peer.box.put(b"a")
        with pytest.raises(asyncio.CancelledError):
            await peer.box.drained()
        await peer.end()

    @pytest.mark.parametrize("sizes", [[40_000, 40_000, 1], [1, JOIN, 1], [JOIN + 1, 1], [10] * 10_000])
    async def test_limit(self, sizes: list[int]) -> None:
        """
        No write joins beyond the limit, and nothing is lost or counted twice.
        """
        peer = Peer()
        for number, size in enumerate(sizes):
            peer.box.parts.append(b"%d" % (number % 10) * size)
        peer.box.push(b"!")
        await peer.box.flush()
        assert sum(sizes) + 1 == sum(map(len, peer.writes))
        assert all(len(data) <= max(JOIN, *sizes) for data in peer.writes)
        assert len(sizes) == peer.report.items
        await peer.end()
