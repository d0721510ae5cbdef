"""
`Emitter`.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import ensure_future, sleep
from collections.abc import Callable
from typing import Any

import pytest

from jaystream import Emitter, JaypieStream, StreamConsumedError
from jaystream.errors import BrokenEmitterError, ClosedEmitterError, FullEmitterError
from jaystream.testing import cancel_at_every_await


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await sleep(0)


CALLS: list[Callable[[Emitter[int]], None]] = [
    lambda emitter: emitter.send_nowait(1),
    lambda emitter: emitter.close(),
    lambda emitter: emitter.fail(OSError()),
]


class TestEmitter:
    """
    A stream that is pushed into.
    """

    @pytest.mark.parametrize("size", [0, 1, 3, 100])
    async def test_order(self, size: int) -> None:
        """
        Items come in the order of sending, whatever the size, and the stream ends with `close`.
        """
        emitter = Emitter[int](size)

        async def give() -> None:
            for n in range(20):
                await emitter.send(n)
            emitter.close()

        giving = ensure_future(give())
        assert await emitter.stream.map(str).to_list() == [str(n) for n in range(20)]
        await giving

    @pytest.mark.parametrize("size", [0, 1, 4])
    async def test_bounded(self, size: int) -> None:
        """
        Without a consumer it takes as many items as it may hold, and one more as soon as one is asked for.
        """
        emitter = Emitter[int](size)
        sent: list[int] = []

        async def give() -> None:
            for n in range(9):
                await emitter.send(n)
                sent.append(n)

        giving = ensure_future(give())
        await turns()
        assert len(sent) == size
        async with emitter.stream.open() as items:
            for n in range(3):
                assert await anext(items) == n
                await turns()
                assert len(sent) == n + 1 + size
            giving.cancel()
            await asyncio.wait([giving])

    async def test_before_the_loop_asks(self) -> None:
        """
        What is held when it is closed is still given; an error comes after it, and bare.
        """
        emitter = Emitter[int](2)
        emitter.send_nowait(1)
        emitter.send_nowait(2)
        error = OSError("gone")
        emitter.fail(error)
        got: list[int] = []
        with pytest.raises(OSError, match="gone") as caught:
            await emitter.stream.for_each(got.append)
        assert caught.value is error
        assert got == [1, 2]

    async def test_send_nowait(self) -> None:
        """
        It raises where there is no room, an error that is asyncio's own for a full queue too.
        """
        emitter = Emitter[int](1)
        emitter.send_nowait(1)
        with pytest.raises(FullEmitterError, match=r"size=1"):
            emitter.send_nowait(2)
        with pytest.raises(asyncio.QueueFull):
            emitter.send_nowait(2)
        rendezvous = Emitter[int](0)
        with pytest.raises(FullEmitterError):
            rendezvous.send_nowait(1)
        taking = ensure_future(rendezvous.stream.first())
        await turns()
        rendezvous.send_nowait(7)
        assert await taking == 7

    async def test_no_overtaking(self) -> None:
        """
        Who waits for room has it first: not even one that would find room may come before.
        """
        emitter = Emitter[str](1)
        emitter.send_nowait("a")
        waiting = [ensure_future(emitter.send(name)) for name in "bcd"]
        await turns()
        async with emitter.stream.open() as items:
            assert await anext(items) == "a"  # a place is free now, and belongs to b
            with pytest.raises(FullEmitterError, match="others wait for room"):
                emitter.send_nowait("x")
            assert [await anext(items) for _ in range(3)] == ["b", "c", "d"]
            await asyncio.gather(*waiting)

    async def test_cancelled_sender(self) -> None:
        """
        A sender that is cancelled has sent nothing and takes nobody's place, also in the moment it is given one.
        """
        for at_the_moment in (False, True):
            emitter = Emitter[str](1)
            emitter.send_nowait("a")
            lost, kept = ensure_future(emitter.send("lost")), ensure_future(emitter.send("kept"))
            await turns()
            async with emitter.stream.open() as items:
                if not at_the_moment:
                    lost.cancel()
                    await turns()
                assert await anext(items) == "a"
                lost.cancel()
                await asyncio.wait([lost, kept])
                assert lost.cancelled()
                emitter.close()
                assert [item async for item in items] == ["kept"]

    async def test_close_while_sending(self) -> None:
        """
        Closing ends those who wait for room with an error: no item is lost without a word. So does failing.
        """
        for fails in (False, True):
            emitter = Emitter[int](1)
            emitter.send_nowait(1)
            waiting = ensure_future(emitter.send(2))
            await turns()
            if fails:
                emitter.fail(OSError())
            else:
                emitter.close()
            with pytest.raises(ClosedEmitterError, match="was closed"):
                await waiting
            with pytest.raises(ClosedEmitterError):
                await emitter.send(3)
            with pytest.raises(ClosedEmitterError):
                emitter.send_nowait(3)

    async def test_closed_when_room_came(self) -> None:
        """
        A sender whose place came just before the closing has not sent either, and knows.
        """
        emitter = Emitter[int](1)
        emitter.send_nowait(1)
        waiting = ensure_future(emitter.send(2))
        await turns()
        async with emitter.stream.open() as items:
            assert await anext(items) == 1
            emitter.close()
            with pytest.raises(ClosedEmitterError):
                await waiting
            assert [item async for item in items] == []

    async def test_close_again(self) -> None:
        """
        The first ending holds.
        """
        emitter = Emitter[int](0)
        emitter.close()
        emitter.close()
        emitter.fail(OSError("too late"))
        assert await emitter.stream.to_list() == []

    async def test_consumer_leaves(self) -> None:
        """
        Senders learn that the consumer has left, those who wait as well as those who come later.
        """
        emitter = Emitter[int](1)
        emitter.send_nowait(0)
        waiting = [ensure_future(emitter.send(n)) for n in (1, 2, 3)]
        assert await emitter.stream.take(2).to_list() == [0, 1]
        await asyncio.gather(*waiting[:2])  # it was asked for the first, and had a place for the second
        for sending in (waiting[2], ensure_future(emitter.send(4))):
            with pytest.raises(BrokenEmitterError, match="has left"):
                await sending
        with pytest.raises(BrokenEmitterError):
            emitter.send_nowait(5)

    async def test_one_consumer(self) -> None:
        """
        A second run is refused, also of a stream made of it.
        """
        emitter = Emitter[int](1)
        emitter.close()
        assert emitter.stream is emitter.stream
        assert isinstance(emitter.stream, JaypieStream)
        assert await emitter.stream.to_list() == []
        with pytest.raises(StreamConsumedError):
            await emitter.stream.map(str).to_list()

    async def test_borrowed(self) -> None:
        """
        A consumer that borrows it leaves it open for the next.
        """
        emitter = Emitter[int](3)
        for n in range(3):
            emitter.send_nowait(n)
        assert await emitter.stream.borrow().take(2).to_list() == [0, 1]
        emitter.close()
        assert await emitter.stream.to_list() == [2]

    async def test_other_thread(self) -> None:
        """
        The two documented ways from another thread.
        """
        loop = asyncio.get_running_loop()
        emitter = Emitter[int](1)

        def work() -> None:
            loop.call_soon_threadsafe(emitter.send_nowait, 0)
            for n in (1, 2, 3):
                asyncio.run_coroutine_threadsafe(emitter.send(n), loop).result()
            loop.call_soon_threadsafe(emitter.close)

        working = loop.run_in_executor(None, work)
        assert await emitter.stream.to_list() == [0, 1, 2, 3]
        await working

    @pytest.mark.parametrize("call", CALLS)
    async def test_wrong_thread(self, call: Callable[[Emitter[int]], None]) -> None:
        """
        Calling it from another thread is refused, with what to do instead, and changes nothing.
        """
        emitter = Emitter[int](0)
        taking = ensure_future(emitter.stream.to_list())
        await turns()
        with pytest.raises(RuntimeError, match=r"Emitter\(0\).* another event loop or thread.*call_soon_threadsafe"):
            await asyncio.to_thread(call, emitter)
        with pytest.raises(RuntimeError, match="another event loop or thread"):
            await asyncio.to_thread(lambda: asyncio.run(emitter.send(1)))
        emitter.send_nowait(2)
        emitter.close()
        assert await taking == [2]

    async def test_sender_in_another_loop(self) -> None:
        """
        A consumer is refused while a sender waits in another loop that runs.
        """
        emitter = Emitter[int](0)
        other = asyncio.new_event_loop()
        thread = threading.Thread(target=other.run_forever)
        thread.start()
        waiting = asyncio.run_coroutine_threadsafe(emitter.send(1), other)
        asyncio.run_coroutine_threadsafe(turns(), other).result()
        with pytest.raises(RuntimeError, match="another event loop or thread"):
            await emitter.stream.to_list()
        waiting.cancel()
        asyncio.run_coroutine_threadsafe(turns(), other).result()
        other.call_soon_threadsafe(other.stop)
        thread.join()
        other.close()

    def test_one_loop_after_another(self) -> None:
        """
        A loop that is over binds nobody: what follows may run in the next one, or in none.
        """

        async def head() -> list[int]:
            sending = ensure_future(emitter.send(1))
            taken = await emitter.stream.borrow().take(2).to_list()
            await sending
            return taken

        emitter = Emitter[int](2)
        emitter.send_nowait(0)
        assert asyncio.run(head()) == [0, 1]
        emitter.send_nowait(2)
        emitter.close()
        assert asyncio.run(emitter.stream.to_list()) == [2]
        emitter.close()

    async def test_cancellation(self) -> None:
        """
        A consumer that is cancelled at any await ends cancelled, and the sender learns that it has left.
        """

        async def run() -> list[int]:
            emitter = Emitter[int](0)

            async def give() -> None:
                for n in range(3):
                    await emitter.send(n)
                emitter.close()

            giving = ensure_future(give())
            try:
                return await emitter.stream.to_list()
            finally:
                giving.cancel()

        await cancel_at_every_await(run, "native")
        assert await cancel_at_every_await(run, "scope") >= 3

    def test_made_without_a_loop(self) -> None:
        """
        It can be made, filled and closed where no event loop runs.
        """
        emitter = Emitter[int](2)
        emitter.send_nowait(1)
        emitter.close()
        assert repr(emitter) == "Emitter(2)"
        assert asyncio.run(emitter.stream.to_list()) == [1]

    def test_bad_argument(self) -> None:
        """
        A size that is none, and what is no error, are refused.
        """
        wrong: Any = "1"
        with pytest.raises(TypeError, match=r"Emitter\(size=\) expects a whole number, not '1'"):
            Emitter[int](wrong)
        with pytest.raises(ValueError, match=r"Emitter\(size=\) must be at least 0, not -1"):
            Emitter[int](-1)
        with pytest.raises(TypeError, match=r"fail\(\) expects an exception below Exception, not '1'"):
            Emitter[int](0).fail(wrong)
