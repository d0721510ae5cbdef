"""
The ASGI sink's demand and its joined writes: what goes out when, and what a peer that stops reading stops.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import answer, begin, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TestJoinedWrites:
    """
    Ready items go together, a lone one at once.
    """

    @pytest.fixture(autouse=True)
    def _unhurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No turn of the loop for its own sake: on a busy machine that would cut a burst in two."""
        monkeypatch.setattr("jaystream._core.run.SLICE", float("inf"))

    async def test_burst(self) -> None:
        """
        What is ready goes out in one write.
        """
        send = RecordingSend()
        await answer(JaypieStream.of("a", "b", "c"), send)
        assert [b"data: a\n\ndata: b\n\ndata: c\n\n"] == send.chunks

    async def test_bursts_one_after_another(self) -> None:
        """
        Each burst is one write, also right after a write.
        """

        async def bursts() -> AsyncIterator[str]:
            for _ in range(3):
                await asyncio.sleep(0)
                for _ in range(4):
                    yield "x"

        send = RecordingSend()
        await answer(JaypieStream(bursts), send)
        assert [b"data: x\n\n" * 4] * 3 == send.chunks

    async def test_burst_after_a_held_write(self) -> None:
        """
        What became ready while a write was held goes out in one write, not item by item.
        """
        send = RecordingSend()
        send.hold()

        async def items() -> AsyncIterator[str]:
            yield "first"
            await turns()
            for _ in range(10):
                yield "x"

        task = begin(answer(JaypieStream(items), send))
        await turns(30)
        send.release()
        await task
        assert [b"data: first\n\n", b"data: x\n\n" * 10] == send.chunks

    async def test_lone_item_at_once(self) -> None:
        """
        A lone item has gone out before the next one comes: nothing waits for more.
        """
        send = RecordingSend()
        seen: list[bytes] = []

        async def before(number: int) -> None:
            if number:
                await send.wait_for(number)
                seen.append(send.body)

        await answer(JaypieStream(Probe(["a", "b", "c"], before=before)), send)
        assert [b"data: a\n\n", b"data: a\n\ndata: b\n\n", b"data: a\n\ndata: b\n\ndata: c\n\n"] == seen

    async def test_single_turn_is_enough(self) -> None:
        """
        A source that lets the loop turn once before each item has each written alone.
        """
        send = RecordingSend()
        await answer(JaypieStream(yielding(*"abcdefgh")), send)
        assert [f"data: {letter}\n\n".encode() for letter in "abcdefgh"] == send.chunks

    async def test_limit(self) -> None:
        """
        A write joins up to 64 KiB; an item that is larger goes alone and whole.
        """
        send = RecordingSend()
        items = [b"x" * size for size in (30_000, 30_000, 30_000, 70_000, 10, 10)]
        await answer(JaypieStream[Any](items).format_text(), send)
        assert b"".join(items) == send.body
        assert [60_000, 30_000, 70_000, 20] == [len(piece) for piece in send.chunks]

    @pytest.mark.parametrize("size", [1, 100, 65_535, 65_536, 65_537])
    async def test_no_write_over_the_limit(self, size: int) -> None:
        """
        However the items fall, no write joins beyond the limit, and nothing is lost.
        """
        send = RecordingSend()
        count = max(3, 200_000 // size) if size > 1 else 70_000
        report = await answer(JaypieStream[Any]([b"x" * size] * count).format_text(), send)
        assert (size * count, count) == (len(send.body), report.items)
        assert max(map(len, send.chunks)) <= max(65_536, size)


class TestBackPressure:
    """
    A peer that stops reading stops the source.
    """

    async def test_held_send(self) -> None:
        """
        While a write waits for the client one more item is read, no more.
        """
        send, probe = RecordingSend(), Probe("abcdefgh", before=lambda _: turns(2))
        send.hold()
        task = begin(answer(JaypieStream(probe), send))
        await turns(60)
        assert 2 == probe.reads
        send.release()
        await task
        assert b"".join(f"data: {letter}\n\n".encode() for letter in "abcdefgh") == send.body
        assert [] == send.violations

    async def test_held_in_the_middle(self) -> None:
        """
        The same after some items have passed.
        """
        send, probe = RecordingSend(), Probe(map(str, range(100)), before=lambda _: turns(3))
        task = begin(answer(JaypieStream(probe), send))
        await send.wait_for(5)
        send.hold()
        await turns(80)
        read = probe.reads
        assert read <= 8
        await turns(80)
        assert read == probe.reads
        send.release()
        assert 100 == (await task).items

    async def test_ready_source_is_bounded(self) -> None:
        """
        A source that is always ready is read until a write's worth is held, then it waits.
        """
        send, probe = RecordingSend(), Probe(b"x" * 1000 for _ in range(10_000))
        send.hold()
        task = begin(answer(JaypieStream[Any](probe).format_text(), send))
        await turns(200)
        assert probe.reads <= 135  # one write under way, and one item more
        send.release()
        assert 10_000 == (await task).items

    async def test_one_send_at_a_time(self) -> None:
        """
        Sends never overlap, whoever asks for them.
        """
        send = RecordingSend()
        await answer(JaypieStream(yielding(*range(50))).map(lambda n: {"n": n}), send, keepalive=1e-9)
        assert [] == send.violations
