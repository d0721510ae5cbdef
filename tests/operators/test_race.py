"""
`race`.
"""

from __future__ import annotations

from asyncio import CancelledError, Event, sleep
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream, Outcome
from jaystream.testing import ManagedProbe, Probe, RecordingSend, VirtualClock
from tests.checks import cancel_at_every_await, check_operator, in_open, pause
from tests.schedules import at, dated
from tests.sinks.exchange import answer


class TestRace:
    """
    The first that comes up with something.
    """

    async def test_keeps_the_contracts(self) -> None:
        """
        Alone, and against one that fails, it is the identity, under every contract.
        """
        await check_operator(lambda s: s.race(), [1, 2], [1, 2], reads_ahead=1)
        stream = JaypieStream([1, 2]).race(JaypieStream.fail(OSError("down")))
        assert await stream.to_list() == [1, 2]

    async def test_first_item_wins(self, virtual_clock: VirtualClock) -> None:
        """
        The first that gives an item wins, whichever place it has, and the items after that are all its.
        """
        for place in range(3):
            start = virtual_clock.now
            sources = [at((start + 3 + n, f"late {n}")) for n in range(2)]
            sources.insert(place, at((start + 1, "a"), (start + 9, "b")))
            stream = JaypieStream(sources[0]).race(*sources[1:])
            assert await dated(stream) == [(start + 1, "a"), (start + 9, "b")]

    async def test_first_end_wins(self, virtual_clock: VirtualClock) -> None:
        """
        One that ends without an item wins too.
        """
        assert await JaypieStream(at((5, "a"))).race([]).to_list() == []
        assert virtual_clock.now == 0

    async def test_losers_are_closed_first(self, virtual_clock: VirtualClock) -> None:
        """
        When the winner's first item is given, the losers are closed; for them it is an early stop.
        """
        outcomes: list[Outcome] = []
        waiting: Probe[str] = Probe(before=lambda _: Event().wait(), on_close=lambda: sleep(2))
        ready = Probe(range(9), before=lambda _: sleep(1), on_close=pause)
        stream = JaypieStream(waiting).finalize(outcomes.append).race(at((1, "a"), (4, "b")), ready)
        async with stream.open() as items:
            assert await anext(items) == "a"
            assert virtual_clock.now == 3
            waiting.assert_released()
            ready.assert_released()
            assert ready.reads == 1
            assert [outcome.kind for outcome in outcomes] == ["stopped"]
            assert [item async for item in items] == ["b"]

    async def test_tie(self) -> None:
        """
        Of several that have an item at once the first in order wins; ends and errors of that moment do no harm.
        """
        assert await JaypieStream([1, 2]).race([3, 4]).to_list() == [1, 2]
        assert await JaypieStream([1, 2]).race([], JaypieStream.fail(OSError)).to_list() == [1, 2]
        assert await JaypieStream.fail(OSError).race([1, 2], []).to_list() == [1, 2]
        for turns in range(4):
            # each at another moment of the closing of the losers

            async def ending(turns: int = turns) -> AsyncGenerator[int, None]:
                for _ in range(turns):
                    await sleep(0)
                return
                yield 1

            async def failing(turns: int = turns) -> AsyncGenerator[int, None]:
                for _ in range(turns):
                    await sleep(0)
                raise OSError("late")
                yield 1

            winner = Probe([1, 2], before=pause)
            found = await JaypieStream(winner).race(ending, failing).to_list()
            assert found in ([1, 2], [])
            assert await JaypieStream([1, 2]).race(ending, failing).to_list() == [1, 2]

    async def test_failures_drop_out(self, virtual_clock: VirtualClock) -> None:
        """
        One that fails before there is a winner drops out.
        """
        stream = JaypieStream(at((1, OSError("one")))).race(at((3, "a")), at((2, OSError("two"))))
        assert await dated(stream) == [(3, "a")]

    async def test_all_fail(self, virtual_clock: VirtualClock) -> None:
        """
        If all fail their errors come together, in the order of the sources; one alone comes as it is.
        """
        stream = JaypieStream(at((2, OSError("one")))).race(at((1, KeyError("two"))))
        with pytest.raises(ExceptionGroup, match="every source of a race failed") as found:
            await stream.to_list()
        assert [type(error) for error in found.value.exceptions] == [OSError, KeyError]
        assert virtual_clock.now == 2
        with pytest.raises(OSError, match="alone"):
            await JaypieStream.fail(OSError("alone")).race().to_list()

    async def test_winner_fails(self) -> None:
        """
        An error of the winner, behind its first item, ends the stream: nobody is left to go on.
        """
        other = Probe([1], before=lambda _: Event().wait())
        got: list[Any] = []
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(Probe(["a"], fail_at=1, error=OSError("gone"))).race(other).for_each(got.append)
        assert got == ["a"]
        other.assert_released()

    async def test_error_of_closing(self) -> None:
        """
        An error of a loser's closing ends the stream, and the winner is closed.
        """

        async def refuse() -> None:
            raise OSError("close")

        winner = Probe([1, 2], on_close=pause)
        loser = Probe([3], before=lambda _: Event().wait(), on_close=refuse)
        with pytest.raises(OSError, match="close"):
            await JaypieStream(winner).race(loser).to_list()
        winner.assert_released()

    async def test_cancelled_by_itself(self) -> None:
        """
        A source that ends cancelled, for reasons of its own, is no failure that drops out.
        """

        async def source() -> AsyncGenerator[int, None]:
            raise CancelledError
            yield 1

        with pytest.raises(CancelledError):
            await JaypieStream(source).race(JaypieStream.never()).to_list()

    async def test_stubborn_loser(self) -> None:
        """
        A loser that swallows its cancellation and gives an item is closed all the same.
        """
        log: list[str] = []

        async def stubborn() -> AsyncGenerator[int, None]:
            try:
                try:
                    await Event().wait()
                except CancelledError:
                    log.append("swallowed")
                yield 1
            finally:
                log.append("closed")

        assert await JaypieStream([1, 2]).race(stubborn).to_list() == [1, 2]
        assert log == ["swallowed", "closed"]

    async def test_scopes(self) -> None:
        """
        Sources that hold cancel scopes work, as winners and as losers.
        """

        async def scoped(name: str, turns: int) -> AsyncGenerator[str, None]:
            with anyio.fail_after(60):
                for n in range(2):
                    for _ in range(turns):
                        await sleep(0)
                    yield f"{name}{n}"

        stream = JaypieStream(lambda: scoped("a", 9)).race(lambda: scoped("b", 1), lambda: scoped("c", 5))
        assert await stream.to_list() == ["b0", "b1"]

    async def test_many(self) -> None:
        """
        A hundred sources.
        """
        probes = [Probe([n], before=(lambda _: Event().wait()) if n != 70 else pause) for n in range(100)]
        assert await JaypieStream(probes[0]).race(*probes[1:]).to_list() == [70]
        for probe in probes:
            probe.assert_released()

    async def test_cancellation(self) -> None:
        """
        A cancellation at any await, that of the losers' closing too, closes all and ends the run cancelled.
        """
        probes: list[Probe[int]] = []

        def run() -> Coroutine[Any, Any, list[Any]]:
            trio: list[Probe[int]] = [
                ManagedProbe(range(2), before=pause, on_close=pause),
                Probe(range(2), before=lambda _: Event().wait(), on_close=pause),
                Probe(fail_at=0, error=OSError("down"), on_close=pause),
            ]
            probes.extend(trio)
            return in_open(JaypieStream(trio[0]).race(*trio[1:]))

        assert await cancel_at_every_await(run, "scope") >= 3
        for probe in probes:
            if probe.opens:
                probe.assert_released()
        probes.clear()
        await cancel_at_every_await(run, "native")
        await cancel_at_every_await(run, "twice")
        assert all(probe.opens == probe.closes for probe in probes)

    async def test_wire(self) -> None:
        """
        Bytes in one format stay in it.
        """
        fast, slow = JaypieStream([{"a": 1}]), JaypieStream.never().map(dict[str, int])
        stream = slow.format_ndjson().race(fast.format_ndjson())
        assert stream.media_type == "application/x-ndjson"
        send = RecordingSend()
        await answer(stream, send)
        assert send.body == b'{"a":1}\n'
        assert fast.race(fast.format_ndjson()).media_type is None

    def test_bad_argument(self) -> None:
        """
        What is no source is refused where the pipeline is written.
        """
        wrong: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream.*not int \(5\)"):
            JaypieStream([1]).race(wrong)
        assert "race(1 more)" in repr(JaypieStream([1]).race([1]))
