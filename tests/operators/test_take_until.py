"""
`take_until`, `take_for`, `deadline_from`, in virtual time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream, StreamConsumedError
from jaystream.testing import Probe, cancel_at_every_await, check_operator, run_virtually
from tests.checks import pause
from tests.operators.timed import watch


async def each_second(count: int = 100) -> AsyncIterator[int]:
    """
    Gives 1 after a second, 2 after another one and so on.
    """
    for number in range(1, count + 1):
        await asyncio.sleep(1)
        yield number


def seconds(stream: JaypieStream[Any]) -> list[Any]:
    """
    What it gives, in virtual time.
    """
    return watch(lambda s: s, stream).values


class TestTakeUntil:
    """
    An end that comes from something else.
    """

    async def test_done_before(self) -> None:
        """
        Where a future is done before the run the source is not opened; where it has failed, the stream does.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done.set_result(1)
        probe = Probe(range(3))
        assert await JaypieStream(probe).take_until(done).to_list() == []
        assert probe.opens == 0
        failed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        failed.set_exception(OSError("signal"))
        with pytest.raises(OSError, match="signal"):
            await JaypieStream([1]).concat(JaypieStream[int].never()).take_until(failed).to_list()

    async def test_contract(self) -> None:
        """
        Everything that holds for an operator holds.
        """
        await check_operator(lambda s: s.take_until(JaypieStream.never()), [1, 2, 3], [1, 2, 3], reads_ahead=0)
        await check_operator(lambda s: s.take_until(anyio.Event()), [1], [1], reads_ahead=0)

    @pytest.mark.parametrize("make", [asyncio.Event, anyio.Event])
    def test_event(self, make: Callable[[], Any]) -> None:
        """
        It ends when the event is set: while it waits at once, and the pull is cancelled.
        """

        async def main() -> list[int]:
            event, loop = make(), asyncio.get_running_loop()
            loop.call_at(loop.time() + 2.5, event.set)
            before = loop.time()
            items = await JaypieStream(each_second).take_until(event).to_list()
            assert loop.time() - before == 2.5
            return items

        assert run_virtually(main()) == [1, 2]

    async def test_in_the_body(self) -> None:
        """
        What the consumer does with an item is never cut; the end comes at the next pull, exactly.
        """
        event, probe, seen = asyncio.Event(), Probe([1, 2, 3]), list[int]()
        async with JaypieStream(probe).take_until(event).open() as items:
            async for item in items:
                if item == 2:
                    event.set()
                    await pause()
                seen.append(item)
        assert seen == [1, 2]
        assert probe.reads == 2
        probe.assert_released()

    async def test_set_before(self) -> None:
        """
        An event that is set before the run ends it before the source is opened.
        """
        event, probe = asyncio.Event(), Probe([1])
        event.set()
        assert await JaypieStream(probe).take_until(event).to_list() == []
        assert probe.opens == 0

    def test_stream(self) -> None:
        """
        A stream ends it with its first item, or with its end; a callable makes one for each run.
        """

        async def late(seconds: float, *items: int) -> AsyncIterator[int]:
            await asyncio.sleep(seconds)
            for item in items:
                yield item

        ticks = JaypieStream(each_second)
        assert seconds(ticks.take_until(late(1.5, 7))) == [1]
        assert seconds(ticks.take_until(late(2.5))) == [1, 2]
        again = ticks.take_until(lambda: late(3.5))
        assert seconds(again) == seconds(again) == [1, 2, 3]
        assert seconds(ticks.take_until([])) == seconds(ticks.take_until([1])) == []

    def test_signal_is_closed(self) -> None:
        """
        What ends it is closed with the rest, whichever comes first.
        """
        for source in (each_second(), [1]):
            signal = Probe([1, 2], before=lambda _: asyncio.sleep(1.5))
            seconds(JaypieStream[int](source).take_until(signal))
            signal.assert_released()
            assert signal.given <= 1

    def test_awaitable(self) -> None:
        """
        An awaitable, or a callable that gives one, ends it when it is done, whatever its result.
        """

        async def later() -> None:
            await asyncio.sleep(2.5)

        ticks = JaypieStream(each_second)
        again = ticks.take_until(later)
        assert seconds(again) == seconds(again) == [1, 2]
        once = ticks.take_until(later())
        assert seconds(once) == [1, 2]
        error = watch(lambda s: s, once).error
        assert isinstance(error, StreamConsumedError)

    def test_future(self) -> None:
        """
        A future or task that is done later goes on; one that was cancelled ends the stream, one that failed fails it.
        """

        async def main() -> None:
            event = asyncio.Event()
            task = asyncio.ensure_future(event.wait())
            assert await JaypieStream([1]).take_until(task).to_list() == [1]
            assert not task.done()
            event.set()
            await task
            assert await JaypieStream(each_second).take_until(task).to_list() == []
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            assert await JaypieStream(each_second).take_until(future).to_list() == []
            future = asyncio.get_running_loop().create_future()
            future.set_exception(OSError("failed"))
            with pytest.raises(OSError, match="failed"):
                await JaypieStream(each_second).take_until(future).to_list()

        run_virtually(main())

    def test_errors(self) -> None:
        """
        An error of the source passes after its items; one of what ends it fails the stream.
        """
        seen = watch(lambda s: s.take_until(asyncio.Event()), Probe([1], fail_at=1, error=OSError("above")))
        assert seen.values == [1]
        assert str(seen.error) == "above"
        signal = JaypieStream.never().timeout(first=1.5)
        seen = watch(lambda s: s.take_until(signal), each_second())
        assert seen.values == [1]
        assert isinstance(seen.error, TimeoutError)

    async def test_cancellation(self) -> None:
        """
        A run that is cancelled ends cancelled, with an awaitable too.
        """

        async def run() -> None:
            await JaypieStream(Probe([1, 2], before=lambda _: pause())).take_until(asyncio.Event().wait).drain()

        async def once() -> None:
            await JaypieStream(Probe([1, 2], before=lambda _: pause())).take_until(asyncio.Event().wait()).drain()

        for way in ("native", "scope", "twice"):
            assert await cancel_at_every_await(run, way) > 2
            assert await cancel_at_every_await(once, way) > 2

    def test_media_type(self) -> None:
        """
        A wire format passes.
        """
        assert JaypieStream(["a"]).format_sse().take_until([]).media_type is not None
        assert "take_until" in repr(JaypieStream([1]).take_until([]))

    def test_bad_argument(self) -> None:
        """
        What cannot end it is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"not int \(5\)"):
            JaypieStream([1]).take_until(wrong)
        wrong = threading.Event()
        with pytest.raises(TypeError, match=r"without blocking the event loop; use an asyncio\.Event"):
            JaypieStream([1]).take_until(wrong)


class TestTakeFor:
    """
    An end that comes by the clock.
    """

    async def test_contract(self) -> None:
        """
        Everything that holds for an operator holds.
        """
        await check_operator(lambda s: s.take_for(3600), [1, 2, 3], [1, 2, 3], reads_ahead=0)

    def test_while_it_waits(self) -> None:
        """
        It ends that long after the first pull, and the pull that goes on is cancelled.
        """
        probe = Probe(range(9), before=lambda _: asyncio.sleep(1))
        seen = watch(lambda s: s.take_for(2.5), probe)
        assert (seen.values, seen.end) == ([0, 1], 2.5)
        assert probe.kinds[-3:] == ["cancelled", "close", "closed"]

    def test_in_the_body(self) -> None:
        """
        What the consumer takes counts and is not cut; then nothing more is read.
        """
        probe = Probe(range(9))
        seen = watch(lambda s: s.take_for(2.5), probe, [1, 5])
        assert (seen.values, seen.end, probe.reads) == ([0, 1], 6, 2)

    def test_time_starts_with_the_run(self) -> None:
        """
        Nothing counts before the first pull.
        """

        async def main() -> list[int]:
            async with JaypieStream(each_second).take_for(1.5).open() as items:
                await asyncio.sleep(10)
                return [item async for item in items]

        assert run_virtually(main()) == [1]

    async def test_no_time(self) -> None:
        """
        With no time the source is not opened.
        """
        probe = Probe([1])
        assert await JaypieStream(probe).take_for(0).to_list() == []
        assert probe.opens == 0

    def test_outcome(self) -> None:
        """
        For what stands above it is an early stop, for what stands below an end.
        """
        above: list[Any] = []
        below: list[Any] = []
        stream = JaypieStream(each_second).finalize(above.append).take_for(1.5).finalize(below.append)
        assert seconds(stream.on_end(["bye"])) == [1, "bye"]
        assert [outcome.kind for outcome in (*above, *below)] == ["stopped", "end"]

    def test_bad_argument(self) -> None:
        """
        Seconds are checked where the pipeline is written.
        """
        with pytest.raises(ValueError, match=r"take_for\(seconds=\) must be at least 0 seconds, not -1"):
            JaypieStream([1]).take_for(-1)
        wrong: Any = "1"
        with pytest.raises(TypeError, match=r"take_for\(seconds=\) expects a number of seconds, not '1'"):
            JaypieStream([1]).take_for(wrong)


class Context:
    """
    What AWS Lambda gives a handler; it notes when it was asked.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.asked = 0

    def get_remaining_time_in_millis(self) -> int:
        """
        Give the time that is left.
        """
        self.asked += 1
        return self.left


class TestDeadlineFrom:
    """
    An end before a deadline.
    """

    async def test_contract(self) -> None:
        """
        Everything that holds for an operator holds.
        """
        context = Context(3_600_000)
        await check_operator(lambda s: s.deadline_from(context), [1, 2, 3], [1, 2, 3], reads_ahead=0)

    def test_reserve(self) -> None:
        """
        It ends the reserve before the deadline; the context is asked once, when the run begins.
        """
        context = Context(6500)
        stream = JaypieStream(each_second).deadline_from(context)
        assert context.asked == 0
        seen = watch(lambda s: s, stream)
        assert (seen.values, seen.end, context.asked) == ([1, 2, 3, 4], 4.5, 1)
        assert seconds(JaypieStream(each_second).deadline_from(context, reserve=5)) == [1]

    async def test_nothing_left(self) -> None:
        """
        Where nothing but the reserve is left, the source is not opened.
        """
        probe = Probe([1])
        assert await JaypieStream(probe).deadline_from(Context(1500)).to_list() == []
        assert probe.opens == 0

    def test_bad_argument(self) -> None:
        """
        A context without the method, and a reserve that is none, are refused where the pipeline is written.
        """
        wrong: Any = {"remaining": 5}
        with pytest.raises(TypeError, match=r"get_remaining_time_in_millis\(\), not \{'remaining': 5\}"):
            JaypieStream([1]).deadline_from(wrong)
        with pytest.raises(ValueError, match=r"deadline_from\(reserve=\) must be at least 0 seconds, not -1"):
            JaypieStream([1]).deadline_from(Context(1), reserve=-1)
