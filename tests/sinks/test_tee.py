"""
`tee`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe
from tests.checks import check_terminal, pause

if TYPE_CHECKING:
    from pathlib import Path


class Log:
    """
    A sink that writes down its items, and how its stream ended.
    """

    def __init__(self, take: int | None = None) -> None:
        """
        Take all, or the first so many.
        """
        self.items: list[Any] = []
        self.ended = ""
        self._take = take

    async def __call__(self, stream: JaypieStream[Any]) -> int:
        """
        Run; give the number of items.
        """
        try:
            await (stream if self._take is None else stream.take(self._take)).for_each(self.items.append)
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        self.ended = "end"
        return len(self.items)


def no_sink(stream: object) -> int:
    return 3


class TestTee:
    """
    One stream, several sinks.
    """

    async def test_results(self) -> None:
        """
        Each sink gets all items in order; what they give comes back in their order.
        """
        probe = Probe([1, 2, 3])
        assert await JaypieStream(probe).tee(
            JaypieStream[int].to_list, lambda s: s.map(str).to_list(), JaypieStream[int].count
        ) == ([1, 2, 3], ["1", "2", "3"], 3)
        probe.assert_released()
        assert await JaypieStream(list[int]()).tee(JaypieStream[int].count) == (0,)

    async def test_keeps_the_contracts(self) -> None:
        """
        An error comes out bare, a cancellation at any await ends it cancelled; all is closed.
        """
        await check_terminal(lambda s: s.tee(JaypieStream[int].to_list, JaypieStream[int].count), [1, 2, 3])
        await check_terminal(lambda s: s.tee(JaypieStream[int].to_list), [1, 2, 3])

    async def test_slowest_sets_the_pace(self) -> None:
        """
        An item is pulled when every sink asks for it, and not before.
        """
        probe = Probe(range(4))
        gate = asyncio.Semaphore(0)

        async def slow(stream: JaypieStream[int]) -> None:
            await gate.acquire()
            async for _ in stream:
                await gate.acquire()

        log = Log()
        running = asyncio.ensure_future(JaypieStream(probe).tee(log, slow))
        for n in range(5):
            for _ in range(20):
                await pause()
            assert [probe.reads, log.items] == [n, list(range(n))]
            gate.release()
        await running
        assert log.ended == "end"

    async def test_early_leavers(self) -> None:
        """
        A sink that leaves is not waited for; when all have left, the source is closed and not asked for more.
        """
        probe, logs = Probe(range(9)), (Log(2), Log(4), Log(0))
        assert await JaypieStream(probe).tee(*logs) == (2, 4, 0)
        assert probe.reads == 4
        probe.assert_released()
        unread = Probe([1])
        assert await JaypieStream(unread).tee(Log(0), Log(0)) == (0, 0)
        assert unread.events == []

    async def test_all_leave_while_waiting(self) -> None:
        """
        Sinks that leave while the source takes its time end the wait for it.
        """
        asked = asyncio.Event()

        async def hang(n: int) -> None:
            if n == 1:
                asked.set()
                await asyncio.Event().wait()

        async def until_asked(stream: JaypieStream[int]) -> str:
            with anyio.CancelScope() as scope:
                stop = asyncio.ensure_future(asked.wait())
                stop.add_done_callback(lambda _: scope.cancel())
                await stream.drain()
            for _ in range(5):
                await pause()
            return "left"

        probe = Probe(range(3), before=hang)
        assert await JaypieStream(probe).tee(until_asked, Log(1)) == ("left", 1)
        probe.assert_released()

    async def test_source_fails(self) -> None:
        """
        Every sink sees the error after the items before it, and it comes out once, bare.
        """
        logs, error = (Log(), Log()), OSError("gone")
        probe = Probe([1, 2], fail_at=2, error=error)
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(probe).tee(*logs)
        assert caught.value is error
        assert [([1, 2], "OSError")] * 2 == [(log.items, log.ended) for log in logs]
        probe.assert_released()

    async def test_sinks_handle_the_error(self) -> None:
        """
        An error that every sink has dealt with is dealt with; one that none has seen is raised.
        """

        async def calm(stream: JaypieStream[int]) -> str:
            with suppress(OSError):
                await stream.drain()
            return "calm"

        def failing() -> Probe[int]:
            return Probe([1], fail_at=1, error=OSError("gone"))

        assert await JaypieStream(failing()).tee(calm, calm) == ("calm", "calm")
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(failing()).tee(calm, Log())

        async def fail() -> None:
            raise OSError("closing")

        with pytest.raises(OSError, match="closing"):
            await JaypieStream(Probe([1, 2], on_close=fail)).tee(Log(1), Log(1))

    async def test_sink_fails(self) -> None:
        """
        An error of one sink is raised bare; the others are cancelled and have ended before, and so has the source.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.take(2).drain()
            raise KeyError("sink")

        async def hang(n: int) -> None:
            if n == 2:
                await asyncio.Event().wait()

        log, probe = Log(), Probe(range(9), before=hang)
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream(probe).tee(log, fail)
        assert [log.items, log.ended] == [[0, 1], "CancelledError"]
        probe.assert_released()

    async def test_fails_before_the_first_item(self) -> None:
        """
        A sink that fails before it asks for anything: the source is never opened.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            raise KeyError("sink")

        async def numbers() -> list[int]:
            return [1]

        probe = Probe([1])
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream(probe).tee(fail, Log())
        assert probe.events == []
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream(numbers()).tee(fail)

    async def test_several_fail(self) -> None:
        """
        Several failures, each with its own reason, come out together; after the end nobody is cancelled.
        """

        async def fail(stream: JaypieStream[int], error: Exception) -> None:
            await stream.drain()
            await pause()
            raise error

        async def late(stream: JaypieStream[int]) -> None:
            await stream.drain()
            for _ in range(9):
                await pause()
            done.append(1)

        done: list[int] = []
        errors = KeyError("a"), OSError("b")
        with pytest.raises(ExceptionGroup, match="several sinks failed") as caught:
            await JaypieStream([1]).tee(partial(fail, error=errors[0]), late, partial(fail, error=errors[1]))
        assert caught.value.exceptions == errors
        with pytest.raises(KeyError):
            await JaypieStream([1]).tee(partial(fail, error=errors[0]), late)
        assert done == [1, 1]

    async def test_tasks(self) -> None:
        """
        The source is read in the task that called; each sink has one of its own.
        """
        tasks: list[object] = []

        async def look(stream: JaypieStream[int]) -> None:
            tasks.append(asyncio.current_task())
            await stream.drain()

        probe = Probe([1, 2])
        await JaypieStream(probe).tee(look, look)
        current = asyncio.current_task()
        assert {event.task for event in probe.events} == {current}
        assert len({current, *tasks}) == 3

    async def test_files(self, tmp_path: Path) -> None:
        """
        Real sinks: two files, both whole; neither is there when the source fails.
        """

        def to(name: str, *, atomic: bool = True) -> Callable[[JaypieStream[Any]], Coroutine[Any, Any, Any]]:
            return lambda s: s.to_file(tmp_path / name, atomic=atomic)

        pieces = JaypieStream([b"one ", b"two"])
        reports = await pieces.tee(to("a"), to("b", atomic=False))
        assert [report.bytes for report in reports] == [7, 7]
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"one two"
        with pytest.raises(OSError, match="gone"):
            await pieces.concat(JaypieStream.fail(OSError("gone"))).tee(to("c"), to("d"))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]

    async def test_format(self) -> None:
        """
        What is framed stays framed.
        """
        seen: list[str | None] = []

        async def look(stream: JaypieStream[bytes]) -> None:
            seen.append(stream.media_type)
            await stream.drain()

        await JaypieStream.of({"n": 1}).format_ndjson().tee(look)
        assert seen == ["application/x-ndjson"]

    async def test_bad_sink(self) -> None:
        """
        What cannot be called, no sink at all, and one that gives nothing to await are refused; nothing is read.
        """
        probe = Probe([1])
        not_callable: Any = 3
        lazy: Any = no_sink
        with pytest.raises(TypeError, match=r"tee\(\) expects a callable, sync or async, not 3"):
            await JaypieStream(probe).tee(not_callable)
        with pytest.raises(TypeError, match=r"tee\(\) expects at least one sink"):
            await JaypieStream(probe).tee()
        with pytest.raises(TypeError, match="a sink is a callable that takes a stream and gives a coroutine"):
            await JaypieStream(probe).tee(lazy)
        assert probe.events == []
