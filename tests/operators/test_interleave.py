"""
`interleave`.
"""

from __future__ import annotations

from asyncio import current_task
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests.checks import cancel_at_every_await, check_operator, in_open, pause


class TestInterleave:
    """
    One of each in turn.
    """

    async def test_turns(self) -> None:
        """
        Exactly one of each, this stream first; what has ended is left out.
        """
        await check_operator(
            lambda s: s.interleave([10], [20, 21]),
            [1, 2, 3],
            [1, 10, 20, 2, 21, 3],
            before_error=[
                1,
                10,
                20,
                2,
                21,
                3,
            ],
            reads_ahead=0,
        )
        await check_operator(lambda s: s.interleave(), [1, 2], [1, 2], reads_ahead=0)
        assert await JaypieStream(list[int]()).interleave([10, 11], []).to_list() == [10, 11]

    async def test_demand(self) -> None:
        """
        Each is asked at its turn only, and opened at its first; what has ended is asked no more.
        """
        one, other = Probe([1], strict_end=True), Probe([10, 11, 12], strict_end=True)
        async with JaypieStream(one).interleave(other).open() as items:
            assert (one.opens, other.opens) == (0, 0)
            assert await anext(items) == 1
            assert (one.reads, other.opens) == (1, 0)
            assert await anext(items) == 10
            assert (one.reads, other.reads) == (1, 1)
            assert [item async for item in items] == [11, 12]
        for probe in (one, other):
            probe.assert_released()
            (task,) = {event.task for event in probe.events}
            assert task is not current_task()

    async def test_scopes(self) -> None:
        """
        Sources that hold cancel scopes across their items work, whichever ends first.
        """

        async def scoped(size: int) -> AsyncGenerator[int, None]:
            with anyio.fail_after(60):
                for n in range(size):
                    yield n

        assert await JaypieStream(lambda: scoped(1)).interleave(lambda: scoped(3)).to_list() == [0, 0, 1, 2]
        assert await JaypieStream(lambda: scoped(3)).interleave(lambda: scoped(1)).take(3).to_list() == [0, 0, 1]

    async def test_closing(self) -> None:
        """
        The last opened is closed first.
        """
        order: list[str] = []

        def note(name: str) -> Any:
            async def closed() -> None:
                order.append(name)

            return closed

        probes = [Probe([1, 2], on_close=note(name)) for name in "abc"]
        await JaypieStream(probes[0]).interleave(*probes[1:]).take(3).drain()
        assert order == ["c", "b", "a"]

    async def test_errors(self) -> None:
        """
        An error of one comes bare after the items before it, and closes all.
        """
        probe, failing = Probe(range(5)), Probe([10], fail_at=1, error=OSError("gone"))
        got: list[int] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(probe).interleave(failing).for_each(got.append)
        assert got == [0, 10, 1]
        probe.assert_released()
        failing.assert_released()

    async def test_cancellation(self) -> None:
        """
        A cancellation at any await closes all and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            pair: list[Probe[int]] = [ManagedProbe(range(2), before=pause, on_close=pause) for _ in range(2)]
            probes.extend(pair)
            return in_open(JaypieStream(pair[0]).interleave(pair[1]))

        assert await cancel_at_every_await(run, "scope") >= 4
        for probe in probes:
            if probe.opens:
                probe.assert_released()

    def test_wire(self) -> None:
        """
        Bytes in one format stay in it, others are in none.
        """
        one, other = JaypieStream(["a"]).format_sse(), JaypieStream(["b"]).format_ndjson()
        assert one.interleave(one).media_type == "text/event-stream"
        assert one.interleave(other).media_type is None
        assert other.interleave([b""]).media_type is None
        assert "interleave(1 more)" in repr(one.interleave(one))

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).interleave(wrong)
