"""
`merge`, the method and the function.
"""

from __future__ import annotations

import asyncio
from asyncio import Event, sleep
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import pytest

from jaystream import JaypieStream, merge
from jaystream.errors import StreamConsumedError
from jaystream.testing import ManagedProbe, Probe, RecordingSend, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated
from tests.sinks.exchange import answer


async def endless(name: str) -> AsyncGenerator[str, None]:
    while True:
        yield name


class TestMerge:
    """
    Several sources at once.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        With others that give nothing it is the identity, under every contract.
        """
        await check_operator(lambda s: s.merge(), [1, 2], [1, 2], reads_ahead=1)
        await check_operator(lambda s: s.merge([], ()), [1, 2], [1, 2], reads_ahead=1)
        await check_operator(lambda s: s.merge([], prefetch=2), [1, 2, 3, 4], [1, 2, 3, 4], reads_ahead=2)
        await check_operator(lambda s: s.merge(JaypieStream.never(), halt="left"), [1, 2], [1, 2], reads_ahead=1)

    async def test_as_they_come(self, virtual_clock: VirtualClock) -> None:
        """
        Items are given at the time at which they come.
        """
        stream = JaypieStream(at((1, "a"), (4, "b"))).merge(at((2, "c"), (3, "d")), at((5, "e")))
        assert await dated(stream) == [(1, "a"), (2, "c"), (3, "d"), (4, "b"), (5, "e")]

    async def test_all_items(self) -> None:
        """
        A hundred sources give all their items, each in its own order.
        """
        for prefetch in (0, 3):
            sources = [[(n, k) for k in range(7)] for n in range(100)]
            found = await merge(*sources, prefetch=prefetch).to_list()
            assert len(found) == 700
            for n in range(100):
                assert [each for each in found if each[0] == n] == sources[n]

    async def test_slow_consumer(self, virtual_clock: VirtualClock) -> None:
        """
        While the consumer works each source gives one item, which waits.
        """
        one, other = (Probe(range(9), before=lambda _: sleep(1)) for _ in range(2))
        async with JaypieStream(one).merge(other).open() as items:
            await anext(items)
            await sleep(60)
            assert [probe.reads for probe in (one, other)] == [2, 1]
            for _ in range(3):
                await anext(items)

    async def test_one_shot(self) -> None:
        """
        A source that runs once cannot be two of them.
        """
        once = JaypieStream(at((0, 1)))
        with pytest.raises(StreamConsumedError, match="this stream has run already"):
            await once.merge(once).to_list()
        again = JaypieStream([1, 2])
        stream = again.merge(again)
        assert sorted(await stream.to_list()) == sorted(await stream.to_list()) == [1, 1, 2, 2]

    def test_bad_argument(self) -> None:
        """
        What is no source, no such policy and no number is refused where the pipeline is written.
        """
        wrong: Any = 5
        half: Any = 0.5
        for call in (JaypieStream([1]).merge, merge):
            with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
                call(wrong)
            with pytest.raises(ValueError, match=r'merge\(halt=\) is "all", "first" or "left", not 5'):
                call([1], halt=wrong)
            with pytest.raises(ValueError, match=r"merge\(prefetch=\) must be at least 0, not -1"):
                call([1], prefetch=-1)
            with pytest.raises(TypeError, match=r"merge\(prefetch=\) expects a whole number, not 0.5"):
                call([1], prefetch=half)


class TestFunction:
    """
    `jaystream.merge`.
    """

    async def test_sources(self) -> None:
        """
        Any sources, a stream among them; none give an empty stream.
        """
        assert await merge().to_list() == []
        assert await merge([1]).to_list() == [1]
        assert await merge([1, 2], JaypieStream([10, 20])).to_list() == [1, 10, 2, 20]
        assert await merge(JaypieStream([1]).map(str), lambda: [2]).to_list() == ["1", 2]

    async def test_left(self) -> None:
        """
        The first source is the left one.
        """
        assert await merge([1], JaypieStream.never(), halt="left").to_list() == [1]
        assert merge([1]).media_type is None
        assert merge(JaypieStream(["a"]).format_sse()).media_type == "text/event-stream"


class TestFairness:
    """
    Sources that always have an item advance within one item of each other.
    """

    @pytest.mark.parametrize("prefetch", [0, 1, 8])
    @pytest.mark.parametrize("count", [2, 3, 10])
    async def test_always_ready(self, count: int, prefetch: int) -> None:
        """
        At each moment no source has given two items more than another, for plain and async sources.
        """
        for sources in (
            [[name] * 50 for name in "abcdefghij"[:count]],
            [endless(name) for name in "abcdefghij"[:count]],
        ):
            given: Counter[str] = Counter(dict.fromkeys("abcdefghij"[:count], 0))
            async with merge(*sources, prefetch=prefetch).open() as items:
                for _ in range(50 * count):
                    given[await anext(items)] += 1
                    assert max(given.values()) - min(given.values()) <= 1

    async def test_waiting_consumer(self) -> None:
        """
        So they do where the consumer waits at each item.
        """
        given: Counter[str] = Counter(a=0, b=0, c=0)
        async with merge(endless("a"), endless("b"), ["c"] * 99, prefetch=4).open() as items:
            for turns in range(99):
                given[await anext(items)] += 1
                for _ in range(turns % 4):
                    await sleep(0)
                assert max(given.values()) - min(given.values()) <= 1

    async def test_busy_one_first(self) -> None:
        """
        A busy source that stands first holds up nobody.
        """
        ticks = JaypieStream(Probe(range(3), before=pause)).map(str)
        found: list[str] = []
        async with JaypieStream(endless("busy")).merge(ticks, prefetch=64).open() as items:
            async for item in items:
                found.append(item)
                if item == "2":
                    break
        assert len(found) < 500


class TestHalt:
    """
    When the stream ends.
    """

    async def test_policies(self, virtual_clock: VirtualClock) -> None:
        """
        With all of them, with the first that ends, or with the left one; the others are closed before.
        """
        expected: dict[Any, list[Any]] = {
            "all": [(1, "b"), (2, "a"), (3, "c"), (5, "d")],
            "first": [(1, "b")],
            "left": [(1, "b"), (2, "a"), (3, "c")],
        }
        start = virtual_clock.now
        for halt, items in expected.items():
            log: list[str] = []
            start = virtual_clock.now
            left = at((start + 2, "a"), (start + 3, "c"), log=log, name="left")
            stream = JaypieStream(left).merge(
                at((start + 1, "b"), log=log, name="short"), at((start + 5, "d"), log=log, name="long"), halt=halt
            )
            assert await dated(stream) == [(start + when, item) for when, item in items]
            assert sorted(log) == ["left", "long", "short"]

    async def test_what_is_held(self) -> None:
        """
        What a source gave before it ended is given first.
        """
        assert await JaypieStream(["a", "b"]).merge(JaypieStream.never(), halt="first", prefetch=9).to_list() == [
            "a",
            "b",
        ]

    async def test_empty(self) -> None:
        """
        A source without items ends the stream too, if any does.
        """
        assert await JaypieStream.never().merge([], halt="first").to_list() == []
        assert await JaypieStream([]).merge(JaypieStream.never(), halt="left").to_list() == []


class TestDemand:
    """
    What is read ahead.
    """

    @pytest.mark.parametrize("prefetch", [0, 1, 2, 5])
    async def test_at_most(self, prefetch: int) -> None:
        """
        To give k items at most k and one of each source, or *prefetch* of each, are read.
        """
        for wanted in range(10):
            probes = [Probe(range(20)) for _ in range(3)]
            async with merge(*probes, prefetch=prefetch).open() as items:
                for _ in range(wanted):
                    await anext(items)
                for _ in range(10):
                    await sleep(0)
                reads = sum(probe.reads for probe in probes)
                assert reads <= wanted + 3 * max(1, prefetch)
            assert sum(probe.reads for probe in probes) == reads
            if not wanted:
                assert [probe.events for probe in probes] == [[], [], []]


class TestErrors:
    """
    What a failure of one does.
    """

    async def test_after_its_items(self) -> None:
        """
        The items that it gave before come first, whatever the others have.
        """
        for prefetch in (0, 9):
            failing, other = Probe([1, 2, 3], fail_at=3, error=OSError("gone")), Probe(range(100, 200))
            got: list[int] = []
            with pytest.raises(OSError, match="gone"):
                await merge(failing, other, prefetch=prefetch).for_each(got.append)
            assert [item for item in got if item < 100] == [1, 2, 3]
            failing.assert_released()
            other.assert_released()

    async def test_some_of_many(self) -> None:
        """
        Two of three that fail at once make a group; the third is closed first.
        """
        probes: list[Probe[int]] = [
            Probe([1], fail_at=1, error=ValueError("a")),
            Probe([2], before={1: lambda _: Event().wait()}, on_close=pause),
            Probe([3], fail_at=1, error=KeyError("b")),
        ]
        with pytest.raises(ExceptionGroup, match="several sources failed") as found:
            await merge(*probes).to_list()
        assert [str(error) for error in found.value.exceptions] == ["a", "'b'"]
        for probe in probes:
            probe.assert_released()

    async def test_inside_another_merge(self) -> None:
        """
        An error of a merge inside a merge comes out bare, and closes the sources of both.
        """
        probes = [Probe(range(99), before=pause, on_close=pause) for _ in range(3)]
        failing = Probe([1], fail_at=1, error=OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await merge(probes[0], merge(probes[1], merge(failing, probes[2]))).to_list()
        for probe in (*probes, failing):
            probe.assert_released()

    async def test_caught(self) -> None:
        """
        `catch` below goes on when all sources are closed, and a source that has a `catch` of its own harms nobody.
        """
        failing, other = Probe([1], fail_at=1, error=OSError("gone")), Probe(range(9), on_close=pause)

        def rest(_: Exception) -> list[str]:
            failing.assert_released()
            other.assert_released()
            return ["rest"]

        found = await merge(failing, other).catch(OSError, rest).to_list()
        assert found[-1] == "rest"
        again = JaypieStream(Probe([1], fail_at=1, error=OSError("gone"))).catch(OSError, lambda _: [2])
        assert sorted(await again.merge([3]).to_list()) == [1, 2, 3]

    async def test_opening(self) -> None:
        """
        A source that cannot even be opened ends the stream.
        """

        def refuse() -> list[int]:
            raise ConnectionError("no")

        probe = Probe([1], before=lambda _: Event().wait())
        with pytest.raises(ConnectionError, match="no"):
            await JaypieStream(probe).merge(refuse).to_list()
        probe.assert_released()

    @pytest.mark.parametrize("prefetch", [0, 2])
    async def test_cancellation(self, prefetch: int) -> None:
        """
        Cancelled at any await, all are closed and the run ends cancelled, also with items read ahead.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[int]]:
            pair: list[Probe[int]] = [ManagedProbe(range(3), before=pause, on_close=pause), Probe(range(2))]
            probes.extend(pair)
            return in_open(merge(*pair, prefetch=prefetch))

        assert await cancel_at_every_await(run, "scope") > 3
        for probe in probes:
            probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_swallowed_cancellation_that_ends(self) -> None:
        """
        A source that takes the cancellation of its task for its end is no obstacle.
        """
        log: list[str] = []

        async def quiet() -> AsyncGenerator[int, None]:
            try:
                await Event().wait()
                yield 1
            except asyncio.CancelledError:
                log.append("ended")

        assert await JaypieStream([1]).merge(quiet, halt="left").to_list() == [1]
        assert log == ["ended"]


class TestWire:
    """
    Bytes of one format stay in it.
    """

    async def test_one_format(self) -> None:
        """
        Sources in one format make a stream in that format, which a response has.
        """
        stream = JaypieStream([{"a": 1}]).format_ndjson().merge(JaypieStream([{"b": 2}]).format_ndjson())
        assert stream.media_type == "application/x-ndjson"
        send = RecordingSend()
        await answer(stream, send)
        assert send.headers["content-type"] == "application/x-ndjson"
        assert sorted(send.body.splitlines()) == [b'{"a":1}', b'{"b":2}']

    async def test_several_formats(self) -> None:
        """
        Sources in several formats, or in none, are in none: what is no bytes is framed by the sink, as events.
        """
        framed: JaypieStream[Any] = JaypieStream([{"a": 1}]).format_ndjson()
        for others in ([JaypieStream(["b"]).format_sse()], [[{"b": 2}]], [framed, [b""]]):
            assert framed.merge(*others).media_type is None
            assert JaypieStream([{"b": 2}]).merge(framed).media_type is None
        send = RecordingSend()
        await answer(JaypieStream(["b"]).merge(JaypieStream(["a"]).format_sse()), send)
        assert send.headers["content-type"].startswith("text/event-stream")
        assert sorted(send.body.split(b"\n\n")) == [b"", b"data: a", b"data: b"]

    async def test_error_event(self) -> None:
        """
        A failure after the first byte is told in the format of the response, though it was encoded in other tasks.
        """
        failing = Probe([{"b": 2}], fail_at=1, error=OSError("gone"), before={1: lambda _: turns()})
        stream = JaypieStream([{"a": 1}]).format_ndjson().merge(JaypieStream(failing).format_ndjson())
        send = RecordingSend()
        report = await answer(stream, send)
        assert report.ended == "error"
        lines = send.body.splitlines()
        assert sorted(lines[:2]) == [b'{"a":1}', b'{"b":2}']
        assert lines[2].startswith(b'{"error":')
        assert len(lines) == 3

    async def test_error_event_of_a_mixture(self) -> None:
        """
        Where the sink frames itself, the format of one of the sources says nothing.
        """
        failing = Probe(["b"], fail_at=1, error=OSError("gone"), before={1: lambda _: turns()})
        send = RecordingSend()
        await answer(JaypieStream([{"a": 1}]).format_ndjson().merge(failing), send)
        assert send.headers["content-type"].startswith("text/event-stream")
        assert b"event: error" in send.body


class TestStats:
    """
    `stats` below.
    """

    @pytest.mark.parametrize("prefetch", [0, 5])
    async def test_counts(self, prefetch: int) -> None:
        """
        It counts the stages above the pumps and those between the merge and itself; the others count for themselves.
        """
        got: list[Any] = []
        inner: list[Any] = []
        other = JaypieStream(range(10, 13)).map(abs).stats(inner.append).filter(lambda n: n > 10)
        stream = JaypieStream(range(6)).filter(lambda n: n % 2).merge(other, prefetch=prefetch).map(str)
        assert len(await stream.stats(got.append).to_list()) == 5
        assert [(stage.name, stage.items_in, stage.items_out) for stage in got[0].stages] == [
            ("filter", 6, 3),
            ("map", 5, 5),
        ]
        assert (got[0].items, got[0].outcome) == (5, "end")
        assert [(stage.name, stage.items_in, stage.items_out) for stage in inner[0].stages] == [("map", 3, 3)]

    async def test_above_another(self) -> None:
        """
        Two boundaries above one another are counted in order.
        """
        got: list[Any] = []
        stream = JaypieStream(range(4)).map(abs).merge().filter(lambda n: n).merge().skip(1).stats(got.append)
        assert await stream.to_list() == [2, 3]
        assert [(stage.name, stage.items_in, stage.items_out) for stage in got[0].stages] == [
            ("map", 4, 4),
            ("filter", 4, 3),
            ("skip", 3, 2),
        ]


async def turns(count: int = 12) -> None:
    for _ in range(count):
        await sleep(0)
