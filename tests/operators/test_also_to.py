"""
`also_to`.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import pytest

from jaystream import JaypieStream
from jaystream.errors import CleanupTimeoutError
from jaystream.testing import Probe
from tests.checks import cancel_at_every_await, check_operator, in_open, pause


class Log:
    """
    A side sink that writes down its items, and how its stream ended.
    """

    def __init__(self, take: int | None = None) -> None:
        """
        Take all, or the first so many.
        """
        self.items: list[Any] = []
        self.ended = ""
        self._take = take

    async def __call__(self, stream: JaypieStream[Any]) -> None:
        """
        Run.
        """
        try:
            async with (stream if self._take is None else stream.take(self._take)).open() as items:
                async for item in items:
                    self.items.append(item)
                    await pause()
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        self.ended = "end"


Run: TypeAlias = Callable[[JaypieStream[int]], Coroutine[Any, Any, object]]

ENDS: list[tuple[Run, str]] = [
    (lambda s: s.drain(), "end"),
    (lambda s: s.take(2).drain(), "end"),
    (lambda s: s.map(lambda n: 1 // (1 - n)).drain(), "ZeroDivisionError"),
    (lambda s: s.take(1).concat(JaypieStream.fail(OSError)).drain(), "end"),
]


def no_sink(stream: object) -> int:
    return 3


class TestAlsoTo:
    """
    A sink beside the stream.
    """

    async def test_passes_items(self) -> None:
        """
        Items pass unchanged, under every contract, whatever the sink takes of them.
        """
        for take in (None, 0, 1, 2):
            await check_operator(lambda s, take=take: s.also_to(Log(take)), [1, 2, 3], [1, 2, 3], reads_ahead=0)  # type: ignore[misc]  # mypy infers nothing of a default

    async def test_sink_sees_all(self) -> None:
        """
        The sink gets each item, its stream ends, and the run waits for it; other arguments are handed on.
        """

        async def late(stream: JaypieStream[int], name: str, *, plus: int) -> None:
            total = await stream.reduce(lambda a, b: a + b, plus)
            for _ in range(5):
                await pause()
            done.append((name, total))

        done: list[tuple[str, int]] = []
        assert await JaypieStream([1, 2, 3]).also_to(late, "sum", plus=10).count() == 3
        assert done == [("sum", 16)]

    async def test_several(self) -> None:
        """
        Several stand behind one another, and each sees what comes to it.
        """
        above, below = Log(), Log()
        stream = JaypieStream([1, 2, 3]).also_to(above).filter(lambda n: n > 1).also_to(below)
        assert await stream.to_list() == [2, 3]
        assert [above.items, below.items] == [[1, 2, 3], [2, 3]]
        assert await stream.to_list() == [2, 3]
        assert above.items == [1, 2, 3] * 2

    async def test_pace(self) -> None:
        """
        No item is pulled before both ask for it: a sink that takes its time holds the stream, and the other way round.
        """
        probe = Probe(range(9))
        gate = asyncio.Semaphore(0)

        async def slow(stream: JaypieStream[int]) -> None:
            async with stream.open() as items:
                await gate.acquire()
                async for _ in items:
                    await gate.acquire()

        async with JaypieStream(probe).also_to(slow).open() as items:
            for n in range(3):
                pulling = asyncio.ensure_future(anext(items))
                for _ in range(9):
                    await pause()
                assert probe.reads == n, "the sink does not ask yet"
                gate.release()
                assert await pulling == n
                for _ in range(9):
                    await pause()
                assert probe.reads == n + 1, "the stream does not ask yet"
            gate.release()

    @pytest.mark.parametrize(("run", "ended"), ENDS)
    async def test_its_end(self, run: Run, ended: str) -> None:
        """
        It sees the end when the stream ends or stops early, and an error from below as an error.
        """
        log, probe = Log(), Probe(range(3))
        with suppress(ZeroDivisionError, OSError):
            await run(JaypieStream(probe).also_to(log))
        assert log.ended == ended
        assert list(range(len(log.items))) == log.items
        probe.assert_released()

    async def test_consumer_fails(self) -> None:
        """
        What goes wrong inside an `open()` block is the sink's error as well.
        """
        log = Log()
        with pytest.raises(KeyError):
            async with JaypieStream([1, 2]).also_to(log).open() as items:
                await anext(items)
                raise KeyError
        assert log.ended == "KeyError"

    async def test_source_fails(self) -> None:
        """
        An error from above comes to the sink after the items before it, and out of the stream bare.
        """
        log, error = Log(), OSError("gone")
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(Probe([1, 2], fail_at=2, error=error)).also_to(log).drain()
        assert caught.value is error
        assert not hasattr(error, "__notes__")
        assert [log.items, log.ended] == [[1, 2], "OSError"]

    async def test_sink_fails(self) -> None:
        """
        An error of the sink ends the stream bare with the next item, and the source is closed.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            await stream.take(2).drain()
            raise KeyError("sink")

        probe = Probe(range(9))
        got: list[int] = []
        with pytest.raises(KeyError, match="sink") as caught:
            await JaypieStream(probe).also_to(fail).for_each(got.append)
        assert got == list(range(len(got)))
        assert 2 <= len(got) <= 3
        assert not hasattr(caught.value, "__notes__")
        probe.assert_released()

    async def test_sink_fails_at_the_end(self) -> None:
        """
        An error of the sink at its end is raised where the stream went well, and is a note where it had failed.
        """

        async def fail(stream: JaypieStream[int]) -> None:
            with suppress(OSError):
                await stream.drain()
            raise KeyError("sink")

        with pytest.raises(KeyError, match="sink"):
            await JaypieStream([1]).also_to(fail).drain()
        with pytest.raises(KeyError, match="sink"):
            await JaypieStream([1, 2]).also_to(fail).take(1).drain()
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(Probe([1], fail_at=1, error=OSError("gone"))).also_to(fail).drain()
        assert caught.value.__notes__ == ["while closing: KeyError: 'sink'"]

    async def test_sink_cancels_itself(self) -> None:
        """
        A sink that ends cancelled by itself does not pass for one that is done.
        """

        async def cancelled(stream: JaypieStream[int]) -> None:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await JaypieStream([1, 2]).also_to(cancelled).drain()

    async def test_sink_cancelled_at_its_start(self) -> None:
        """
        A sink that somebody cancels before it has begun is not waited for.
        """

        def cancel_others() -> None:
            for task in asyncio.all_tasks() - {current}:
                task.cancel()

        current = asyncio.current_task()
        probe = Probe([1])
        asyncio.get_running_loop().call_soon(cancel_others)
        with pytest.raises(asyncio.CancelledError):
            await JaypieStream(probe).also_to(Log()).drain()
        probe.assert_released()

    async def test_cancellation(self) -> None:
        """
        At any await a cancellation cancels the sink, waits for it, and is not lost.
        """
        logs: list[Log] = []
        probes: list[Probe[int]] = []

        def run(gather: Run) -> Coroutine[Any, Any, object]:
            logs.append(Log())
            probes.append(Probe(range(3), before=pause, on_close=pause))
            return gather(JaypieStream(probes[-1]).also_to(logs[-1]))

        for gather in (JaypieStream[int].to_list, in_open):
            assert await cancel_at_every_await(partial(run, gather), "native") > 6
            assert await cancel_at_every_await(partial(run, gather), "scope") > 6
        assert {"", "end", "CancelledError"} >= {log.ended for log in logs}
        assert {"end", "CancelledError"} <= {log.ended for log in logs}
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_sink_hides_cancellation(self) -> None:
        """
        A cancelled run ends cancelled, even if the sink makes an error of it.
        """
        waiting = asyncio.Event()

        async def hide(stream: JaypieStream[int]) -> None:
            try:
                waiting.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise KeyError("hidden") from None

        task = asyncio.ensure_future(JaypieStream([1]).also_to(hide).drain())
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__notes__ == ["while closing: KeyError: 'hidden'"]

    async def test_second_cancellation(self) -> None:
        """
        One that lands while the run waits for a sink's end cancels the sink and ends the run cancelled.
        """
        closing, seen = asyncio.Event(), list[str]()

        async def slow_end(stream: JaypieStream[int]) -> None:
            try:
                await stream.drain()
                closing.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                for _ in range(9):
                    await pause()
                seen.append("cancelled")
                raise

        for stop in (0, 1):
            stream = JaypieStream([1, 2]).also_to(slow_end)
            task = asyncio.ensure_future(stream.take(1).to_list() if stop else stream.to_list())
            await closing.wait()
            closing.clear()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert seen == ["cancelled"] * (stop + 1)

    async def test_grace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        After an early stop a sink has its grace and no more; after a whole stream it has all the time it takes.
        """
        monkeypatch.setattr("jaystream._core.side.GRACE", 0.01)
        ended: list[str] = []

        async def late(stream: JaypieStream[int], seconds: float) -> None:
            try:
                await stream.drain()
                await asyncio.sleep(seconds)
                ended.append("end")
            except asyncio.CancelledError:
                ended.append("cut")
                raise

        with pytest.raises(CleanupTimeoutError, match=r"took longer than 0\.01 seconds"):
            await JaypieStream([1, 2]).also_to(late, 60).take(1).drain()
        assert await JaypieStream([1, 2]).also_to(late, 0.05).count() == 2
        assert ended == ["cut", "end"]

    async def test_context_and_task(self) -> None:
        """
        The sink runs in one task of its own, in a copy of the run's context.
        """
        variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
        seen: list[Any] = []

        async def look(stream: JaypieStream[int]) -> None:
            seen.extend([variable.get(), asyncio.current_task()])
            variable.set("changed")
            await stream.drain()

        variable.set("mine")
        await JaypieStream([1]).also_to(look).drain()
        assert [variable.get(), seen[0]] == ["mine", "mine"]
        assert seen[1] is not asyncio.current_task()

    async def test_read_by_somebody_else(self) -> None:
        """
        A stream that is read on when its sink has returned does not pass for one that has ended.
        """
        readers: list[asyncio.Task[list[int]]] = []
        kept: list[JaypieStream[int]] = []

        async def hand_on(stream: JaypieStream[int]) -> None:
            readers.append(asyncio.ensure_future(stream.to_list()))
            await pause()

        async def keep(stream: JaypieStream[int]) -> None:
            kept.append(stream)

        assert await JaypieStream([1, 2, 3]).also_to(hand_on).also_to(keep).to_list() == [1, 2, 3]
        with pytest.raises(RuntimeError, match="can be read until the sink returns"):
            await readers[0]
        with pytest.raises(RuntimeError, match="can be read until the sink returns"):
            await kept[0].to_list()

    async def test_never_pulled(self) -> None:
        """
        A run that was never pulled starts no sink.
        """
        log = Log()
        async with JaypieStream([1]).also_to(log).open():
            pass
        assert log.ended == ""

    async def test_format(self) -> None:
        """
        What is framed stays framed, on both ways.
        """
        seen: list[str | None] = []

        async def look(stream: JaypieStream[bytes]) -> None:
            seen.append(stream.media_type)
            await stream.drain()

        stream = JaypieStream.of({"n": 1}).format_ndjson().also_to(look)
        await stream.drain()
        assert [stream.media_type, *seen] == ["application/x-ndjson"] * 2

    async def test_bad_sink(self) -> None:
        """
        What cannot be called is refused where the pipeline is written; what gives nothing to await, in the run.
        """
        wrong: Any = 3
        with pytest.raises(TypeError, match=r"also_to\(\) expects a callable, sync or async, not 3"):
            JaypieStream([1]).also_to(wrong)
        lazy: Any = no_sink
        with pytest.raises(TypeError, match=r"a sink is a callable that takes a stream and gives a coroutine"):
            await JaypieStream([1]).also_to(lazy).drain()

    async def test_error_of_closing(self) -> None:
        """
        The run's own error, which the sink was given, does not count as an error of closing; that of a source does.
        """
        error = ArithmeticError("below")

        async def fails() -> None:
            raise ValueError("in the closing")

        def fail(_: int) -> int:
            raise error

        probe = Probe([1], on_close=fails)
        with pytest.raises(ArithmeticError) as caught:
            await JaypieStream(probe).also_to(JaypieStream[int].drain).map(fail).drain()
        assert caught.value is error
        assert error.__notes__ == ["while closing: ValueError: in the closing"]
