"""
`buffer`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream import JaypieStream, Outcome
from jaystream.errors import BufferOverflowError
from jaystream.testing import Probe, check_operator, run_virtually
from tests.checks import pause
from tests.operators.busy import TIMES, spaced, work_at, works

OVERFLOWS: list[Any] = ["suspend", "drop_oldest", "drop_newest", "error"]


def played(gaps: Sequence[int], busy: Sequence[float], size: int, overflow: str) -> tuple[list[int], list[int], bool]:
    """
    What a consumer gets, what is dropped, and whether there is no room once: by the times alone.
    """
    held: deque[int] = deque()
    out: list[int] = []
    dropped: list[int] = []
    now, free = 0.0, 0.0
    for n in range(12):
        now += gaps[n]
        while held and free <= now:
            out.append(held.popleft())
            free += busy[len(out) - 1]
        if free <= now:
            out.append(n)
            free = now + busy[len(out) - 1]
        elif len(held) < size:
            held.append(n)
        elif overflow == "drop_oldest":
            dropped.append(held.popleft())
            held.append(n)
        elif overflow == "drop_newest":
            dropped.append(n)
        else:
            return [*out, *held], dropped, True
    return [*out, *held], dropped, False


class TestBuffer:
    """
    A source ahead of its consumer.
    """

    @pytest.mark.parametrize("overflow", OVERFLOWS)
    @pytest.mark.parametrize("size", [1, 2, 9])
    async def test_ready_consumer(self, size: int, overflow: Any) -> None:
        """
        A consumer that always asks gets everything, from a source that never waits too.
        """
        assert await JaypieStream(range(100)).buffer(size, overflow=overflow).to_list() == list(range(100))
        assert await JaypieStream(Probe(range(100))).buffer(size, overflow=overflow).to_list() == list(range(100))
        await check_operator(lambda s: s.buffer(size, overflow=overflow), [1, 2], [1, 2])

    @given(TIMES, TIMES, st.integers(1, 4), st.sampled_from(OVERFLOWS[1:]))
    def test_overflow(self, gaps: list[int], times: list[int], size: int, overflow: Any) -> None:
        """
        L28: what is given and what is dropped follow from the times alone; together they are all there was.
        """
        seen: list[int] = []
        dropped: list[int] = []
        note = None if overflow == "error" else dropped.append
        stream = JaypieStream(spaced(gaps)).buffer(size, overflow=overflow, on_drop=note)
        expected = played(gaps, works(times), size, overflow)
        failed = False
        try:
            run_virtually(work_at(stream, works(times), seen))
        except BufferOverflowError:
            failed = True
        assert (seen, dropped, failed) == expected
        if not failed:
            assert sorted([*seen, *dropped]) == list(range(12))

    @given(TIMES, TIMES, st.integers(1, 4))
    def test_suspend(self, gaps: list[int], times: list[int], size: int) -> None:
        """
        L28: when the source waits, everything passes, and it is never more than *size* items ahead.
        """
        seen: list[int] = []
        ahead: list[int] = []
        read = 0

        def note(_: int) -> None:
            nonlocal read
            read += 1
            ahead.append(read - len(seen))

        stream = JaypieStream(spaced(gaps)).tap(note).buffer(size)
        run_virtually(work_at(stream, works(times), seen))
        assert seen == list(range(12))
        assert max(ahead) <= size + 1  # the one that the consumer is just being given

    async def test_demand(self) -> None:
        """
        It reads nothing before the first pull, then *size* items ahead and no more.
        """
        probe = Probe(range(99))
        async with JaypieStream(probe).buffer(3).open() as items:
            assert not probe.opens
            assert await anext(items) == 0
            for _ in range(9):
                await pause()
            assert probe.reads == 4
            assert await anext(items) == 1
            for _ in range(9):
                await pause()
            assert probe.reads == 5
        probe.assert_released()

    @pytest.mark.parametrize(("overflow", "expected"), [("drop_oldest", [0, 97, 98]), ("drop_newest", [0, 1, 2])])
    async def test_keeps(self, overflow: Any, expected: list[int]) -> None:
        """
        While the consumer is busy, the last or the first items are kept, of a source that never waits.
        """
        dropped: list[int] = []
        async with JaypieStream(range(99)).buffer(2, overflow=overflow, on_drop=dropped.append).open() as items:
            got = [await anext(items)]
            while len(dropped) < 96:
                await pause()
            got += [item async for item in items]
        assert got == expected
        assert len(dropped) == 96

    async def test_overflow_error(self) -> None:
        """
        The error comes after the items that were held, says what to do, and the source is closed for it.
        """
        probe = Probe(range(9))
        outcomes: list[Outcome] = []
        async with JaypieStream(probe).finalize(outcomes.append).buffer(2, overflow="error").open() as items:
            got = [await anext(items)]
            while not outcomes:
                await pause()
            got += [await anext(items), await anext(items)]
            assert got == [0, 1, 2]
            with pytest.raises(BufferOverflowError, match=r"buffer\(size=2, overflow=\"error\"\) was full") as caught:
                await anext(items)
        assert caught.value.size == 2
        assert outcomes[0].error is caught.value
        probe.assert_released()

    @pytest.mark.parametrize("overflow", OVERFLOWS)
    async def test_turns(self, overflow: Any) -> None:
        """
        A source without end that never waits leaves its turns to others.
        """

        def endless() -> Generator[int, None, None]:
            while True:
                yield 1

        async with JaypieStream(endless).buffer(1, overflow=overflow).open() as items:
            await anext(items)
            for _ in range(99):
                await pause()
            if overflow != "error":
                assert await anext(items) == 1

    async def test_consumer_turns(self) -> None:
        """
        A consumer that finds a lot to take lets the event loop run meanwhile.
        """
        turned: list[int] = []

        def work(_: int) -> bool:
            until = time.perf_counter() + 0.0001
            while time.perf_counter() < until:
                pass
            return bool(turned)

        async with JaypieStream(range(1000)).buffer(1000).map(work).open() as items:
            await anext(items)
            asyncio.get_running_loop().call_soon(turned.append, 1)
            assert sum([item async for item in items]) > 500

    async def test_source_fails(self) -> None:
        """
        An error of the source comes after the items before it, one of *on_drop* as one of the source.
        """
        probe = Probe(range(5), fail_at=3, error=OSError("gone"))
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(probe).buffer(9).for_each(got.append)
        assert got == [0, 1, 2]

        def fail(_: int) -> None:
            raise KeyError("dropped")

        probe = Probe(range(9))
        async with JaypieStream(probe).buffer(1, overflow="drop_newest", on_drop=fail).open() as items:
            await anext(items)
            while not probe.closes:
                await pause()
            assert await anext(items) == 1
            with pytest.raises(KeyError, match="dropped"):
                await anext(items)

    async def test_format(self) -> None:
        """
        What is framed stays framed.
        """
        stream = JaypieStream.of({"n": 1}).format_ndjson().buffer(2)
        assert stream.media_type == "application/x-ndjson"

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            ({"size": 0}, ValueError, r"buffer\(size=\) must be at least 1, not 0"),
            ({"size": 1.5}, TypeError, r"buffer\(size=\) expects a whole number, not 1\.5"),
            ({"size": 1, "overflow": "grow"}, ValueError, r"buffer\(overflow=\) is .* not 'grow'"),
            ({"size": 1, "on_drop": print}, ValueError, r"overflow='suspend' drops nothing"),
            ({"size": 1, "overflow": "drop_oldest", "on_drop": 3}, TypeError, r"expects a callable.* not 3"),
            ({"size": 1, "overflow": "drop_oldest", "on_drop": pause}, TypeError, r"plain callable .* an item"),
        ],
    )
    def test_bad_arguments(self, arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
        """
        They fail where the pipeline is written.
        """
        with pytest.raises(kind, match=message):
            JaypieStream([1]).buffer(**arguments)

    async def test_cancelled(self) -> None:
        """
        A cancellation while the consumer is busy closes the source.
        """
        probe = Probe(range(99), on_close=pause)

        async def consume() -> None:
            async with JaypieStream(probe).buffer(2).open() as items:
                await anext(items)
                await asyncio.Event().wait()

        task = asyncio.ensure_future(consume())
        for _ in range(5):
            await pause()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        probe.assert_released()
