"""
`from_blocking`: the ways out. Threads that wait are held by events, never by time.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import traceback
from collections.abc import Generator, Iterator

import pytest

from jaystream import CleanupTimeoutError, JaypieStream
from jaystream._core import closing
from jaystream.testing import cancel_at_every_await
from tests.checks import pause
from tests.sources.rows import Rows, ours


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """
    After each test its threads end.
    """
    yield
    for thread in ours():
        thread.join(5)
        assert not thread.is_alive()


class TestFromBlockingEnds:
    """
    The ways out.
    """

    async def test_error(self) -> None:
        """
        An error passes after the items before it, with its traceback into the thread.
        """
        rows, got = Rows(1, 2, fail=True), list[int]()
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream.from_blocking(rows).for_each(got.append)
        assert got == [1, 2]
        assert rows.closed == 1
        assert traceback.extract_tb(caught.value.__traceback__)[-1].line == 'raise OSError("gone")'

    async def test_failing_call(self) -> None:
        """
        So does an error of the call.
        """

        def ask() -> list[int]:
            raise OSError("refused")

        with pytest.raises(OSError, match="refused"):
            await JaypieStream.from_blocking(ask).drain()

    @pytest.mark.parametrize("error", [StopIteration, asyncio.CancelledError])
    async def test_errors_with_a_meaning(self, error: type[BaseException]) -> None:
        """
        A `StopIteration` of the call, or a cancellation from the thread, would mean something else here.
        """

        def ask() -> list[int]:
            raise error

        with pytest.raises(RuntimeError, match=f"a blocking source raised {error.__name__}") as caught:
            await JaypieStream.from_blocking(ask).drain()
        assert type(caught.value.__cause__) is error

    async def test_generator(self) -> None:
        """
        A generator is closed in its thread, on an early stop too; what runs in its `finally` may block.
        """
        closed: list[threading.Thread] = []

        def rows() -> Generator[int]:
            try:
                yield from itertools.count()
            finally:
                closed.append(threading.current_thread())

        assert await JaypieStream.from_blocking(rows).take(2).to_list() == [0, 1]
        assert await JaypieStream.from_blocking(rows()).take(2).to_list() == [0, 1]
        assert len(closed) == 2
        assert threading.current_thread() not in closed

    async def test_failing_close(self) -> None:
        """
        An error of the closing is raised where the run had gone well, and a note where it had failed.
        """

        class Bad(Rows):
            def close(self) -> None:
                raise KeyError("close")

        with pytest.raises(KeyError, match="close"):
            await JaypieStream.from_blocking(Bad(1)).drain()
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream.from_blocking(Bad(1, fail=True)).drain()
        assert caught.value.__notes__ == ["while closing: KeyError: 'close'"]

    async def test_cancelled_at_every_await(self) -> None:
        """
        A run that is cancelled at any await ends cancelled, and has closed what it opened.
        """
        made: list[Rows] = []

        def ask() -> Rows:
            made.append(Rows(1, 2))
            return made[-1]

        for way in ("native", "scope"):
            assert await cancel_at_every_await(JaypieStream.from_blocking(ask).to_list, way) >= 4
        assert [rows.closed for rows in made] == [1] * len(made)

    async def test_cancelled_while_it_waits(self) -> None:
        """
        A cancellation waits for the thread, which closes; then it goes on.
        """
        gate = threading.Event()
        rows = Rows(1, 2, gate=gate)
        task = asyncio.ensure_future(JaypieStream.from_blocking(rows).drain())
        while not rows.waiting.is_set():
            await pause()
        task.cancel()
        await pause()
        assert not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert rows.closed == 1

    async def test_thread_does_not_come_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The run waits for so long only, and says so; the thread closes all the same when it comes back.
        """
        monkeypatch.setattr(closing, "GRACE", 0.01)
        gate = threading.Event()
        rows = Rows(1, 2, gate=gate)

        async def fail() -> None:
            await asyncio.to_thread(rows.waiting.wait)
            raise OSError("meanwhile")

        with pytest.raises(OSError, match="meanwhile") as caught:
            await JaypieStream.from_blocking(rows).take_until(fail).drain()
        assert any("whose thread has not come back took longer than 0.01 seconds" in n for n in caught.value.__notes__)
        assert rows.closed == 0
        (thread,) = ours()
        assert thread.daemon
        gate.set()
        thread.join(5)
        assert rows.closed == 1

    async def test_does_not_come_back_at_an_early_stop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the run had gone well, that is its error.
        """
        monkeypatch.setattr(closing, "GRACE", 0.01)
        gate = threading.Event()
        rows = Rows(1, 2, gate=gate)
        with pytest.raises(
            CleanupTimeoutError, match=r"closing from_blocking.*, whose thread has not come back took longer"
        ):
            await JaypieStream.from_blocking(rows).take_until(lambda: asyncio.to_thread(rows.waiting.wait)).drain()
        gate.set()

    async def test_in_pumps(self) -> None:
        """
        Several of them at once, each in a thread of its own.
        """
        one, two = Rows(1, 2, 3), Rows(4, 5, 6)
        merged = JaypieStream.from_blocking(one).merge(JaypieStream.from_blocking(two))
        assert sorted(await merged.to_list()) == [1, 2, 3, 4, 5, 6]
        assert (one.closed, two.closed, len(one.threads | two.threads)) == (1, 1, 2)
