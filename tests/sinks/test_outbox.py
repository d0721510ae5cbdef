"""
The outbox by itself: what it joins, what it counts, and what becomes of its task.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream._core.waiting import over
from jaystream.sinks.outbox import JOIN, Outbox
from tests.sinks.exchange import begin, turns


class Peer:
    """
    Takes what an outbox writes; with a gate only when that is open.
    """

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.gate = gate
        self.writes: list[bytes] = []
        self.failures: list[Exception] = []
        self.box = Outbox(self)

    def write(self, data: bytes) -> Any:
        """
        Take *data* at once; give something to wait for where there is a gate.
        """
        self.writes.append(data)
        return None if self.gate is None else self._wait(self.gate)

    @staticmethod
    def encode(item: Any) -> bytes:
        """
        Frame *item* as text.
        """
        return str(item).encode()

    def write_failed(self, error: Exception) -> None:
        """
        Keep *error*.
        """
        self.failures.append(error)

    @staticmethod
    async def _wait(gate: asyncio.Event) -> None:
        await gate.wait()

    async def put(self, *items: bytes) -> None:
        """
        Put *items* as the loop does that `jaystream.sinks.pull.Write` writes.
        """
        for item in items:
            if len(item) <= self.box.room:
                if not self.box.parts:
                    self.box.due()
                self.box.room -= len(item)
                self.box.parts.append(item)
            else:
                await self.box.squeeze(item)

    def send(self) -> None:
        """
        Have it write now.
        """
        self.box.rounds.write(self.box)

    async def end(self) -> None:
        """
        Let go of everything, as a sink does.
        """
        self.box.drop()
        await over(self.box.tasks(), within=None)


class Broken(Peer):
    """
    Fails with every write.
    """

    def write(self, data: bytes) -> Any:
        """
        Fail when the gate is open.
        """
        return self._fail()

    async def _fail(self) -> None:
        assert self.gate is not None
        await self.gate.wait()
        raise OSError("gone")


class TestOutbox:
    """
    Items in, joined writes out.
    """

    async def test_writes_when_the_loop_turns(self) -> None:
        """
        What is held is written at the next turn of the loop, without anybody's doing.
        """
        peer = Peer()
        for items in ([b"a"], [b"b", b"c"]):
            await peer.put(*items)
            held = [*peer.writes]
            await turns(1)
            assert [*held, b"".join(items)] == peer.writes
        assert (3, 3, JOIN) == (peer.box.items, peer.box.bytes, peer.box.room)
        await peer.end()

    async def test_joins_what_is_held(self) -> None:
        """
        What is held is one write, counted item by item.
        """
        peer = Peer()
        await peer.put(b"a", b"b")
        assert [] == peer.writes
        peer.send()
        await peer.put(b"c")
        await peer.box.flush()
        assert ([b"ab", b"c"], 3, 3) == (peer.writes, peer.box.items, peer.box.bytes)
        await peer.end()

    async def test_waits_when_full(self) -> None:
        """
        An item that does not fit waits until what is held has gone, and is held then.
        """
        peer = Peer()
        await peer.put(b"x" * (JOIN - 1))
        assert [] == peer.writes
        await peer.put(b"yz")
        assert ([JOIN - 1], [b"yz"], JOIN - 2) == (list(map(len, peer.writes)), peer.box.parts, peer.box.room)
        await peer.end()

    async def test_waits_while_busy(self) -> None:
        """
        While a write is under way one more item is taken, and the wait lasts until that write is done.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a")
        peer.send()
        assert peer.box.busy
        waiting = begin(peer.put(b"b"))
        await turns()
        assert (False, [b"a"]) == (waiting.done(), peer.writes)
        gate.set()
        await waiting
        await peer.box.flush()
        assert [b"a", b"b"] == peer.writes
        await peer.end()

    async def test_empty_item_waits_too(self) -> None:
        """
        An item without bytes takes no room, and waits all the same.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a", b"")
        peer.send()
        waiting = begin(peer.put(b""))
        await turns()
        assert not waiting.done()
        gate.set()
        await waiting
        await peer.box.flush()
        assert ([b"a", b""], 3) == (peer.writes, peer.box.items)
        await peer.end()

    async def test_pushed_is_no_item(self) -> None:
        """
        What is pushed goes behind what was put, and does not count as an item.
        """
        peer = Peer()
        await peer.put(b"a")
        peer.box.push(b"!")
        await peer.put(b"b")
        await peer.box.flush()
        assert ([b"a!b"], 2, 3) == (peer.writes, peer.box.items, peer.box.bytes)
        await peer.end()

    async def test_pushed_while_busy(self) -> None:
        """
        What is pushed during a write is the next, also where nobody flushes.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a")
        peer.send()
        peer.box.push(b"!")
        peer.box.push(b"?")
        assert [b"a"] == peer.writes
        gate.set()
        await turns()
        assert ([b"a", b"!?"], 1, 3, JOIN) == (peer.writes, peer.box.items, peer.box.bytes, peer.box.room)
        await peer.end()

    async def test_task_is_there_while_a_write_waits(self) -> None:
        """
        A write that waits has a task, which goes with the outbox.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a")
        peer.send()
        (task,) = peer.box.tasks()
        gate.set()
        await peer.box.flush()
        assert ([b"a"], []) == (peer.writes, peer.box.tasks())
        await peer.put(b"b")
        await peer.box.flush()
        assert ([b"a", b"b"], False) == (peer.writes, task.done())
        await peer.end()
        assert task.done()

    @pytest.mark.parametrize("at_once", [True, False])
    async def test_failure(self, at_once: bool) -> None:
        """
        A failed write is told once, is raised to whoever waits, and nothing is written after it.
        """
        gate = asyncio.Event()
        peer = Broken(gate)
        if at_once:
            gate.set()
        await peer.put(b"a")
        peer.send()
        gate.set()
        with pytest.raises(OSError, match="gone"):
            await peer.put(b"b")
        peer.box.push(b"c")
        for wait in (peer.put(b"d"), peer.box.flush()):
            with pytest.raises(OSError, match="gone"):
                await wait
        assert (1, [], [], 0) == (len(peer.failures), peer.writes, peer.box.parts, peer.box.bytes)
        await peer.end()

    async def test_drop(self) -> None:
        """
        After a drop nothing is taken and nothing waits; items still count.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a")
        peer.send()
        waiting = begin(peer.put(b"b"))
        await turns()
        peer.box.drop()
        await peer.put(b"c")
        peer.box.push(b"d")
        await peer.box.flush()
        await waiting
        await over(peer.box.tasks(), within=None)
        assert ([b"a"], 3, []) == (peer.writes, peer.box.items, peer.failures)

    async def test_drop_without_cut(self) -> None:
        """
        The write under way goes to its end, and counts.
        """
        gate = asyncio.Event()
        peer = Peer(gate)
        await peer.put(b"a")
        peer.send()
        await turns(2)
        peer.box.drop(cut=False)
        await turns()
        assert 1 == sum(not task.done() for task in peer.box.tasks())
        gate.set()
        await over(peer.box.tasks(), within=None)
        assert (1, []) == (peer.box.bytes, peer.failures)

    async def test_part(self) -> None:
        """
        An outbox that has parted from its owner asks and tells it nothing, also when a write ends then.
        """
        gate = asyncio.Event()
        peer = Broken(gate)
        await peer.put(b"a")
        peer.send()
        await turns(2)
        peer.box.drop(cut=False)
        tasks = peer.box.tasks()
        peer.box.part()
        gate.set()
        await over(tasks, within=None)
        assert (b"", []) == (peer.box.as_bytes(1), peer.failures)

    async def test_stop(self) -> None:
        """
        A stopped outbox ends the loop at the next item, which still goes out.
        """
        peer = Peer()
        await peer.put(b"x" * JOIN)
        peer.box.stop()
        with pytest.raises(asyncio.CancelledError):
            await peer.put(b"a")
        await peer.box.flush()
        assert ([JOIN, 1], 2) == ([len(data) for data in peer.writes], peer.box.items)
        await peer.end()

    @pytest.mark.parametrize("sizes", [[40_000, 40_000, 1], [1, JOIN, 1], [JOIN + 1, 1], [10] * 10_000])
    async def test_limit(self, sizes: list[int]) -> None:
        """
        No write joins beyond the limit, and nothing is lost or counted twice.
        """
        peer = Peer()
        for number, size in enumerate(sizes):
            waiting = begin(peer.put(b"%d" % (number % 10) * size))
            while not waiting.done():
                peer.send()
                await turns(1)
        peer.box.push(b"!")
        await peer.box.flush()
        assert sum(sizes) + 1 == sum(map(len, peer.writes))
        assert all(len(data) <= max(JOIN, *sizes) for data in peer.writes)
        assert len(sizes) == peer.box.items
        await peer.end()
