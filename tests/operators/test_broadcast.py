"""
`broadcast`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream
from jaystream.errors import DetachedError, StreamConsumedError
from jaystream.testing import DeadlockError, Probe, VirtualClock, run_virtually
from tests.checks import pause
from tests.operators.busy import TIMES, spaced, work_at, works


async def turns(count: int = 9) -> None:
    for _ in range(count):
        await pause()


class TestBroadcast:
    """
    Several streams over one run.
    """

    @pytest.mark.parametrize("n", [1, 2, 5])
    @pytest.mark.parametrize("on_slow", ["wait", "drop", "detach"])
    async def test_all_get_all(self, n: int, on_slow: Any) -> None:
        """
        Each stream has all items; the source is read once, in one task, and closed there.
        """
        probe = Probe(range(50))
        parts = JaypieStream(probe).broadcast(n, on_slow=on_slow)
        assert not probe.kinds
        assert [*await asyncio.gather(*(part.to_list() for part in parts))] == [list(range(50))] * n
        assert (probe.opens, probe.reads) == (1, 50)
        probe.assert_released()
        assert len({event.task for event in probe.events}) == 1

    @given(st.lists(TIMES, min_size=1, max_size=3), TIMES, st.integers(0, 3))
    def test_wait(self, times: list[list[int]], gaps: list[int], ahead: int) -> None:
        """
        L29: under "wait" each sees all, whatever their times, and none is more than *buffer* and one item ahead.
        """
        seen: list[list[int]] = [[] for _ in times]
        lead: list[int] = []

        def note(_: object) -> None:
            lead.append(max(map(len, seen)) - min(map(len, seen)))

        async def main() -> None:
            parts = JaypieStream(spaced(gaps)).tap(note).broadcast(len(times), buffer=ahead)
            await asyncio.gather(*(work_at(part, works(t), s) for part, t, s in zip(parts, times, seen, strict=True)))

        run_virtually(main())
        assert seen == [list(range(12))] * len(times)
        assert max(lead) <= ahead + 1

    @given(TIMES, TIMES, st.integers(0, 3))
    def test_drop(self, times: list[int], gaps: list[int], ahead: int) -> None:
        """
        L29: under "drop" one that is ready has each item when it comes, and a slow one the newest that fit.
        """
        slow: list[int] = []
        ready: list[tuple[float, int]] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            one, other = JaypieStream(spaced(gaps)).broadcast(2, buffer=ahead, on_slow="drop")
            await asyncio.gather(
                work_at(one, works(times), slow), other.for_each(lambda n: ready.append((loop.time(), n)))
            )

        run_virtually(main())
        assert ready == [(sum(gaps[: n + 1]), n) for n in range(12)]
        assert slow == sorted(set(slow))
        assert slow[-ahead - 1 :] == list(range(12))[-min(len(slow), ahead + 1) :]

    @given(TIMES, st.integers(0, 3))
    def test_detach(self, times: list[int], ahead: int) -> None:
        """
        L29: under "detach" a slow one has the items up to where it was too slow, then an error that names it.
        """
        slow: list[int] = []
        errors: list[DetachedError] = []

        async def reads(stream: JaypieStream[int]) -> None:
            try:
                await work_at(stream, works([time + 2 for time in times]), slow)
            except DetachedError as error:
                errors.append(error)

        async def main() -> list[int]:
            one, other = JaypieStream(spaced([1] * 12)).broadcast(2, buffer=ahead, on_slow="detach")
            return (await asyncio.gather(reads(one), other.to_list()))[1]

        assert run_virtually(main()) == list(range(12))
        assert slow == list(range(len(slow)))
        assert [str(error).partition(":")[0] for error in errors] == ["stream 1 of broadcast(2) was cut off"] * bool(
            errors
        )
        assert errors or len(slow) == 12

    async def test_demand(self) -> None:
        """
        An item is pulled when one asks and nobody has more than fits; nothing is opened before.
        """
        probe = Probe(range(9))
        one, other = JaypieStream(probe).broadcast(2, buffer=1)
        async with one.open() as ones, other.open() as others:
            await turns()
            assert not probe.opens
            assert [await anext(ones), await anext(ones)] == [0, 1]
            pulling = asyncio.ensure_future(anext(ones))
            await turns()
            assert (probe.reads, pulling.done()) == (2, False)
            assert await anext(others) == 0
            assert await pulling == 2
            await turns()
            assert probe.reads == 3
        probe.assert_released()

    async def test_late(self) -> None:
        """
        One that begins late has all items from the first.
        """
        one, other = JaypieStream(range(4)).broadcast(2)
        reading = asyncio.ensure_future(one.to_list())
        await turns()
        assert await other.to_list() == [0, 1, 2, 3]
        assert await reading == [0, 1, 2, 3]

    async def test_same_task(self) -> None:
        """
        One task may read all of them in turn, item by item.
        """
        one, other = JaypieStream(Probe(range(4))).broadcast(2)
        assert await one.zip(other).to_list() == [(n, n) for n in range(4)]

    async def test_turns(self) -> None:
        """
        One that has a lot to catch up on lets the event loop run meanwhile.
        """
        one, other = JaypieStream(range(1000)).broadcast(2, buffer=1000)
        assert await one.count() == 1000
        turned: list[int] = []
        asyncio.get_running_loop().call_soon(turned.append, 1)

        def work(n: int) -> bool:
            until = time.perf_counter() + 0.0001
            while time.perf_counter() < until:
                pass
            return bool(turned)

        assert sum(await other.map(work).to_list()) > 500

    async def test_derived(self) -> None:
        """
        The parts are streams like others: operators fuse, formats are known, a loop can be looked at.
        """
        one, other = JaypieStream.of({"n": 1}).format_ndjson().broadcast(2)
        assert one.media_type == other.media_type == "application/x-ndjson"
        assert (
            one.map(len)
            .explain()
            .startswith(
                "# source: stream 1 of broadcast(2)\n# 1: part\n# 2: map(len)\n\n"
                "# part: an async generator of its own, over a port of a run that others have a part in\n\n"
                "async def fused(loop, values):\n"
            )
        )
        assert [*await asyncio.gather(one.map(len).to_list(), other.count())] == [[8], 1]

    async def test_runs_once(self) -> None:
        """
        Each runs once, whichever pipeline it is read by.
        """
        one, other = JaypieStream([1]).broadcast(2)
        await asyncio.gather(one.to_list(), other.to_list())
        for stream in (one, other.map(str)):
            with pytest.raises(StreamConsumedError, match=r"stream \d of broadcast\(2\)"):
                await stream.to_list()

    async def test_no_second_attempt(self) -> None:
        """
        Nothing goes on where a part has stopped, so it can be neither tried again nor borrowed.
        """
        one, other = JaypieStream([1]).broadcast(2)
        with pytest.raises(TypeError, match=r"stream 1 of broadcast\(2\) can run only once"):
            one.retry(partial="restart")
        with pytest.raises(TypeError, match=r"borrow\(\) is for .* stream 2 of broadcast\(2\) is none"):
            other.borrow()

    # errors -------------------------------------------------------------------------------------------------------

    async def test_source_fails(self) -> None:
        """
        An error of the source comes to all of them, after the items before it.
        """
        error = OSError("gone")
        probe = Probe(range(5), fail_at=3, error=error)
        seen: list[list[int]] = [[], [], []]
        parts = JaypieStream(probe).broadcast(3)
        failures = await asyncio.gather(
            *(part.for_each(into.append) for part, into in zip(parts, seen, strict=True)), return_exceptions=True
        )
        assert failures == [error] * 3
        assert seen == [[0, 1, 2]] * 3
        probe.assert_released()

    async def test_closing_fails(self) -> None:
        """
        An error of closing is raised by the one that is last.
        """

        async def fail() -> None:
            raise OSError("closing")

        one, other = JaypieStream(Probe(range(9), on_close=fail)).broadcast(2)
        first, last = await asyncio.gather(one.take(1).to_list(), other.take(3).to_list(), return_exceptions=True)
        assert first == [0]
        assert isinstance(last, OSError)
        assert str(last) == "closing"

    async def test_consumed(self) -> None:
        """
        A source that has run is an error in all of them.
        """
        stream = JaypieStream(iter([1]))
        await stream.drain()
        failures = await asyncio.gather(*(part.drain() for part in stream.broadcast(2)), return_exceptions=True)
        assert [type(failure) for failure in failures] == [StreamConsumedError] * 2

    def test_other_loop(self) -> None:
        """
        A part that is read in another event loop says so.
        """
        one, other = JaypieStream(range(3)).broadcast(2)
        assert asyncio.run(one.first()) == 0
        with pytest.raises(RuntimeError, match=r"stream 2 of broadcast\(2\) is read in another event loop"):
            asyncio.run(other.first())

    async def test_waiting_for_nobody(self, caplog: pytest.LogCaptureFixture, virtual_clock: VirtualClock) -> None:
        """
        The log names a stream that nobody reads while another waits for it.
        """
        one, other = JaypieStream(range(3)).broadcast(2)
        with caplog.at_level(logging.WARNING, "jaystream"):
            reading = asyncio.ensure_future(one.to_list())
            await asyncio.sleep(9)
            assert not caplog.messages
            await asyncio.sleep(2)
            assert [message.partition(",")[0] for message in caplog.messages] == [
                "stream 2 of broadcast(2) is not read"
            ]
            assert await other.to_list() == await reading

    def test_one_after_the_other(self) -> None:
        """
        Reading one to its end before the other waits for ever, as the description says.
        """

        async def main() -> None:
            one, other = JaypieStream(range(3)).broadcast(2)
            await one.to_list()
            await other.to_list()

        with pytest.raises(DeadlockError):
            run_virtually(main())

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            ({"n": 0}, ValueError, r"broadcast\(n=\) must be at least 1, not 0"),
            ({"n": "2"}, TypeError, r"broadcast\(n=\) expects a whole number, not '2'"),
            ({"n": 2, "buffer": -1}, ValueError, r"broadcast\(buffer=\) must be at least 0, not -1"),
            ({"n": 2, "on_slow": "die"}, ValueError, r"broadcast\(on_slow=\) is .* not 'die'"),
        ],
    )
    def test_bad_arguments(self, arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
        """
        They fail where the pipeline is written.
        """
        with pytest.raises(kind, match=message):
            JaypieStream([1]).broadcast(**arguments)
