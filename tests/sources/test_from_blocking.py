"""
`from_blocking`. Threads that wait are held by events, never by time.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jaystream import JaypieStream, StreamConsumedError
from jaystream.testing import Probe
from tests.checks import pause
from tests.sources.rows import Managed, Rows, ours

setting: contextvars.ContextVar[str] = contextvars.ContextVar("setting", default="none")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """
    After each test its threads end.
    """
    yield
    for thread in ours():
        thread.join(5)
        assert not thread.is_alive()


class TestFromBlocking:
    """
    One thread that does all of it.
    """

    @pytest.mark.parametrize(
        "source",
        [[1, 2], range(1, 3), lambda: [1, 2], lambda: iter([1, 2]), lambda: (n for n in (1, 2)), {1: 0, 2: 0}.keys()],
    )
    async def test_kinds(self, source: Any) -> None:
        """
        Iterables and callables that give one can run again.
        """
        stream = JaypieStream.from_blocking(source)
        assert await stream.to_list() == await stream.to_list() == [1, 2]

    async def test_nothing(self) -> None:
        """
        A source without items gives none.
        """
        assert await JaypieStream.from_blocking(list[int]()).to_list() == []

    async def test_one_thread(self) -> None:
        """
        The call, the iteration and the closing are in one thread, which is not the event loop's, and ends with the run.
        """
        rows, called = Rows(1, 2), list[threading.Thread]()

        def ask() -> Rows:
            called.append(threading.current_thread())
            return rows

        assert await JaypieStream.from_blocking(ask).to_list() == [1, 2]
        assert set(called) == rows.threads
        assert len(rows.threads) == 1
        assert threading.current_thread() not in rows.threads
        assert rows.closed == 1

    async def test_lazy(self) -> None:
        """
        Describing and opening start no thread.
        """
        rows = Rows(1)
        async with JaypieStream.from_blocking(rows).open():
            pass
        assert (rows.reads, rows.closed, ours()) == (0, 0, [])

    async def test_no_reading_ahead(self) -> None:
        """
        The next item is asked for when the consumer asks.
        """
        rows = Rows(1, 2, 3)
        async with JaypieStream.from_blocking(rows).open() as items:
            assert await anext(items) == 1
            await pause()
            assert rows.reads == 1
        assert (rows.reads, rows.closed) == (1, 1)

    async def test_event_loop_goes_on(self) -> None:
        """
        While the thread waits, everything else runs.
        """
        gate = threading.Event()
        rows = Rows(1, 2, gate=gate)
        task = asyncio.ensure_future(JaypieStream.from_blocking(rows).to_list())
        while not rows.waiting.is_set():
            await pause()
        gate.set()
        assert await task == [1, 2]

    async def test_context(self) -> None:
        """
        Context variables are those of where the run began, kept from item to item, and what is set stays inside.
        """

        def rows() -> Generator[str]:
            for number in itertools.count(1):
                yield setting.get()
                setting.set(str(number))

        setting.set("outside")
        assert await JaypieStream.from_blocking(rows).take(3).to_list() == ["outside", "1", "2"]
        assert setting.get() == "outside"

    async def test_context_manager(self) -> None:
        """
        A context manager is entered and left, with the error where its iterator failed; it need not be iterable.
        """
        managed = Managed(1, 2)
        assert await JaypieStream.from_blocking(lambda: managed).to_list() == [1, 2]
        assert (managed.left, len(managed.threads), managed.closed) == ([None], 1, 0)
        managed = Managed(1, fail=True)
        with pytest.raises(OSError, match="gone"):
            await JaypieStream.from_blocking(managed).drain()
        assert managed.left == [OSError]

        @contextmanager
        def rows() -> Generator[list[int]]:
            yield [1, 2]

        assert await JaypieStream.from_blocking(rows).to_list() == [1, 2]
        assert await JaypieStream.from_blocking(rows()).to_list() == [1, 2]


class TestFromBlockingArguments:
    """
    What runs once, and what is refused.
    """

    @pytest.mark.parametrize("make", [lambda: Rows(1), lambda: iter([1]), lambda: Managed(1)])
    async def test_runs_once(self, make: Any) -> None:
        """
        What was closed is spent.
        """
        stream = JaypieStream.from_blocking(make())
        assert await stream.to_list() == [1]
        with pytest.raises(StreamConsumedError, match="can run only once"):
            await stream.to_list()

    async def test_bad_argument(self) -> None:
        """
        What does not block, or is no iterable, is refused where the stream is written.
        """

        async def later() -> list[int]:
            return [1]

        async def items() -> Any:
            yield 1

        for wrong in (later, items, items(), Probe([1])):
            with pytest.raises(TypeError, match=r"async.*give it to JaypieStream\(\) as it is"):
                JaypieStream.from_blocking(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        wrong = 5
        with pytest.raises(TypeError, match="not 5, which is no iterable"):
            JaypieStream.from_blocking(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        for wrong in ("text", b"bytes", {1: 2}):
            with pytest.raises(TypeError, match="a source of items is expected, not a"):
                JaypieStream.from_blocking(wrong)

    async def test_bad_result(self) -> None:
        """
        What the callable gives is looked at in the run.
        """

        async def later() -> list[int]:
            return [1]

        number: Any = 5
        with pytest.raises(TypeError, match=r"the callable of from_blocking\(\) gave 5, which is no iterable"):
            await JaypieStream.from_blocking(lambda: number).drain()

        def hidden() -> Any:
            return later()

        with pytest.raises(TypeError, match=r"from_blocking\(\) gave <coroutine .* is async and needs no thread"):
            await JaypieStream.from_blocking(hidden).drain()

    def test_repr(self) -> None:
        """
        It says what it reads.
        """
        assert repr(JaypieStream.from_blocking([1])) == "JaypieStream(from_blocking([1]))"
