"""
`group_by`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, TypeAlias

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream, Outcome
from jaystream.errors import DetachedError, LimitExceededError, StreamConsumedError
from jaystream.testing import Probe, VirtualClock, run_virtually
from tests.checks import pause
from tests.operators.busy import TIMES, spaced, works

Group: TypeAlias = tuple[int, JaypieStream[int]]


def third(n: int) -> int:
    return n % 3


async def slowly_third(n: int) -> int:
    await pause()
    return n % 3


async def gathered(group: Group) -> list[tuple[int, list[int]]]:
    key, stream = group
    return [(key, await stream.to_list())]


async def drained(stream: JaypieStream[Any], scope: anyio.CancelScope) -> bool:
    """
    Read a stream inside a scope; whether the scope was cancelled.
    """
    with scope:
        await stream.drain()
    return scope.cancelled_caught


async def turns(count: int = 9) -> None:
    for _ in range(count):
        await pause()


class TestGroupBy:
    """
    A stream for each key.
    """

    @pytest.mark.parametrize("key", [third, slowly_third])
    async def test_groups(self, key: Any) -> None:
        """
        Each item comes in the group of its key, in order; the source is read once, in one task.
        """
        probe = Probe(range(8))
        stream = JaypieStream(probe).group_by(key).flat_map(gathered, concurrency=9)
        assert sorted(await stream.to_list()) == [(0, [0, 3, 6]), (1, [1, 4, 7]), (2, [2, 5])]
        probe.assert_released()

    @given(TIMES, TIMES, st.integers(1, 5))
    def test_times(self, gaps: list[int], times: list[int], count: int) -> None:
        """
        Whatever the times, each item comes once, and one at a time: none is pulled before the last was taken.
        """
        seen: dict[int, list[int]] = {}
        held: list[int] = []
        read = 0

        def note(_: int) -> None:
            nonlocal read
            read += 1
            held.append(read - sum(map(len, seen.values())))

        async def slowly(group: tuple[int, JaypieStream[int]]) -> list[int]:
            key, stream = group
            mine = seen.setdefault(key, [])
            busy = works(times)
            async with stream.open() as items:
                async for n in items:
                    mine.append(n)
                    await asyncio.sleep(busy[n])
            return []

        groups = JaypieStream(spaced(gaps)).tap(note).group_by(lambda n: n % count)
        run_virtually(groups.flat_map(slowly, concurrency=9).drain())
        assert seen == {key: list(range(key, 12, count)) for key in range(count)}
        assert max(held) <= 1

    async def test_demand(self) -> None:
        """
        Items are pulled when somebody asks, the stream of groups or a group, and held one at a time.
        """
        probe = Probe([0, 3, 1, 6, 2])
        async with JaypieStream(probe).group_by(third).open() as groups:
            assert not probe.opens
            key, zeros = await anext(groups)
            await turns()
            assert (key, probe.reads) == (0, 1)
            async with zeros.open() as items:
                assert [await anext(items), await anext(items)] == [0, 3]
                pulling = asyncio.ensure_future(anext(items))
                await turns()
                assert (probe.reads, pulling.done()) == (3, False)
                key, ones = await anext(groups)
                assert key == 1
                await turns()
                assert (probe.reads, pulling.done()) == (3, False)
                assert await ones.first() == 1
                assert await pulling == 6
        probe.assert_released()

    async def test_left_early(self) -> None:
        """
        A group that is left early drops its further items, and does not open again.
        """
        firsts = JaypieStream(range(9)).group_by(third).flat_map(lambda group: group[1].take(1), concurrency=9)
        assert await firsts.to_list() == [0, 1, 2]

    async def test_forgotten(self) -> None:
        """
        A group whose stream nobody has holds nobody up.
        """
        assert await JaypieStream(range(9)).group_by(third).map(lambda group: group[0]).to_list() == [0, 1, 2]

    async def test_not_read(self, caplog: pytest.LogCaptureFixture, virtual_clock: VirtualClock) -> None:
        """
        The log names a group that nobody reads while others wait for it.
        """
        kept: list[Group] = []
        with caplog.at_level(logging.WARNING, "jaystream"):
            reading = asyncio.ensure_future(JaypieStream(range(3)).group_by(third).for_each(kept.append))
            await asyncio.sleep(11)
            assert [message.partition(",")[0] for message in caplog.messages] == [
                "the group 0 of group_by() is not read"
            ]
            while not reading.done():
                await kept.pop()[1].first()
                await turns()
        await reading

    async def test_runs_once(self) -> None:
        """
        The stream of a group runs once.
        """
        kept: list[JaypieStream[int]] = []

        async def keep(group: Group) -> list[int]:
            kept.append(group[1])
            return await group[1].to_list()

        await JaypieStream(range(3)).group_by(third).flat_map(keep, concurrency=9).drain()
        with pytest.raises(StreamConsumedError, match=r"the group 0 of group_by\(\)"):
            await kept[0].to_list()

    # bounds -------------------------------------------------------------------------------------------------------

    async def test_max_open(self) -> None:
        """
        More groups than may be open are an error, behind those that are; the source is closed.
        """
        probe = Probe([0, 1, 3, 4, 2, 5])
        seen: list[int] = []

        async def read(group: Group) -> list[int]:
            await group[1].for_each(seen.append)
            return []

        message = r"group_by\(\) of more than 2 open groups; max_open= allows no more"
        with pytest.raises(LimitExceededError, match=message):
            await JaypieStream(probe).group_by(third, max_open=2).flat_map(read, concurrency=9).drain()
        assert seen == [0, 1, 3, 4]
        probe.assert_released()

    async def test_idle(self, virtual_clock: VirtualClock) -> None:
        """
        A group without items ends after *idle* seconds; a later item with its key opens a new one.
        """
        seen: list[tuple[float, str]] = []

        async def read(group: tuple[str, JaypieStream[tuple[str, int]]]) -> list[str]:
            seen.append((virtual_clock.now, f"+{group[0]}"))
            await group[1].drain()
            seen.append((virtual_clock.now, f"-{group[0]}"))
            return []

        async def source() -> Any:
            for key, gap in (("a", 0), ("b", 1), ("a", 1), ("a", 2), ("c", 4), ("b", 1)):
                await asyncio.sleep(gap)
                yield key, gap

        await JaypieStream(source).group_by(lambda x: x[0], idle=3, max_open=2).flat_map(read, concurrency=9).drain()
        assert seen == [(0, "+a"), (1, "+b"), (4, "-b"), (7, "-a"), (8, "+c"), (9, "+b"), (9, "-c"), (9, "-b")]

    async def test_idle_waits(self, virtual_clock: VirtualClock) -> None:
        """
        A group whose item has not been taken is not idle.
        """
        async with JaypieStream([0, 3]).on_end(JaypieStream.never()).group_by(third, idle=2).open() as groups:
            _, zeros = await anext(groups)
            await asyncio.sleep(5)
            async with zeros.open() as items:
                assert [await anext(items), await anext(items)] == [0, 3]
                assert await anext(items, None) is None
                assert virtual_clock.now == 7

    # ends ---------------------------------------------------------------------------------------------------------

    async def test_errors(self) -> None:
        """
        An error of the source or of *key* comes to all groups and comes out once, bare.
        """
        error = OSError("gone")
        seen: list[str] = []

        async def read(group: Group) -> list[int]:
            try:
                return await group[1].to_list()
            except Exception as each:
                seen.append(type(each).__name__)
                raise

        probe = Probe(range(5), fail_at=4, error=error)
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(probe).group_by(third).flat_map(read, concurrency=9).drain()
        assert caught.value is error
        assert seen[:1] == ["OSError"]
        unhashable: Any = lambda n: [n]  # noqa: E731 # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]
        with pytest.raises(TypeError, match="unhashable"):
            await JaypieStream(range(5)).group_by(unhashable).drain()

    async def test_outer_left(self) -> None:
        """
        When the stream of groups is left early, the source is closed and the groups end.
        """
        outcomes: list[Outcome] = []
        kept: list[asyncio.Task[list[int]]] = []
        async with JaypieStream(range(99)).finalize(outcomes.append).group_by(third).open() as groups:
            async for _, group in groups:
                kept.append(asyncio.ensure_future(group.take(9).to_list()))
                if len(kept) == 3:
                    break
        assert [outcome.kind for outcome in outcomes] == ["stopped"]
        results = await asyncio.gather(*kept)
        assert [0 in results[0], 1 in results[1], 2 in results[2]] == [True] * 3

    @pytest.mark.parametrize(("error", "kind"), [(KeyError("below"), KeyError), (None, DetachedError)])
    async def test_outer_fails(self, error: Exception | None, kind: type[Exception]) -> None:
        """
        An error below the stream of groups is the groups' error; a cancellation cuts them off.
        """
        reading: list[asyncio.Task[list[int]]] = []

        async def consume() -> None:
            async with JaypieStream([0]).on_end(JaypieStream.never()).group_by(third).open() as groups:
                _, group = await anext(groups)
                reading.append(asyncio.ensure_future(group.to_list()))
                await turns()
                if error is not None:
                    raise error
                await anext(groups)

        task = asyncio.ensure_future(consume())
        await turns(20)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.wait(reading)
        assert isinstance(reading[0].exception(), kind)
        if error is None:
            assert "the group 0 of group_by() was cut off: the stream of groups was cancelled" in str(
                reading[0].exception()
            )

    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    async def test_cancelled(self, how: str) -> None:
        """
        Cancelled at any moment, nothing is left, and the source was closed once.
        """
        ended: set[bool] = set()
        for moment in range(50):
            probe = Probe(range(4), before=pause, on_close=pause)
            stream = JaypieStream(probe).group_by(third, idle=9).flat_map(gathered, concurrency=9)
            scope = anyio.CancelScope()
            running = asyncio.ensure_future(drained(stream, scope))
            await turns(moment)
            if how == "scope":
                scope.cancel()
            else:
                running.cancel()
                if how == "twice":
                    await pause()
                    running.cancel()
            await asyncio.wait([running])
            ended.add(running.cancelled() or running.result())
            assert probe.opens == probe.closes
            assert not probe.violations
        assert ended == {True, False}

    async def test_format(self) -> None:
        """
        Framed items stay framed in their groups.
        """
        async with JaypieStream.of({"n": 1}).format_ndjson().group_by(len).open() as groups:
            size, group = await anext(groups)
            assert (size, group.media_type) == (8, "application/x-ndjson")

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            ({"key": 3}, TypeError, r"group_by\(\) expects a callable, sync or async, not 3"),
            ({"key": third, "max_open": 0}, ValueError, r"group_by\(max_open=\) must be at least 1, not 0"),
            ({"key": third, "idle": 0}, ValueError, r"group_by\(idle=\) must be above 0 seconds, not 0"),
        ],
    )
    def test_bad_arguments(self, arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
        """
        They fail where the pipeline is written.
        """
        with pytest.raises(kind, match=message):
            JaypieStream([1]).group_by(**arguments)
