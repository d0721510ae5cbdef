"""
The ASGI sink and time: keepalives, the wait for the first item, limits, shutdown. Time is virtual.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.errors import NotFoundError
from jaystream.sinks.spare import KEPT
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import answer, begin, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from jaystream.testing import VirtualClock

PING = b": ping\n\n"


def at(*times: float) -> Callable[[int], Coroutine[Any, Any, None]]:
    """
    For a probe: give item n at the nth of *times*.
    """

    async def before(number: int) -> None:
        if number < len(times):
            loop = asyncio.get_running_loop()
            await asyncio.sleep(times[number] - loop.time())

    return before


def script(send: RecordingSend) -> list[tuple[float, bytes]]:
    """
    What came when.
    """
    return [(round(piece.at, 3), piece.data) for piece in send.pieces]


class TestKeepalive:
    """
    Comments that keep an idle connection open.
    """

    async def test_only_when_idle(self, virtual_clock: VirtualClock) -> None:
        """
        A comment comes after each silence of that length, counted from the last write.
        """
        send = RecordingSend(clock=virtual_clock)
        stream = JaypieStream(Probe("abc", before=at(0, 10, 35)))
        report = await answer(stream, send)
        assert [(0, b"data: a\n\n"), (10, b"data: b\n\n"), (25, PING), (35, b"data: c\n\n")] == script(send)
        assert (3, len(send.body)) == (report.items, report.bytes)

    async def test_again_and_again(self, virtual_clock: VirtualClock) -> None:
        """
        One silence, many comments.
        """
        send = RecordingSend(clock=virtual_clock)
        await answer(JaypieStream(Probe("ab", before=at(0, 10))), send, keepalive=3)
        assert [(3, PING), (6, PING), (9, PING)] == script(send)[1:-1]

    async def test_before_the_first_item(self, virtual_clock: VirtualClock) -> None:
        """
        While the first item lets wait, the headers go out in time, and comments follow.
        """
        send = RecordingSend(clock=virtual_clock)
        task = begin(answer(JaypieStream(Probe("a", before=at(30))), send, keepalive=10))
        await asyncio.sleep(4.9)
        assert send.status is None
        await asyncio.sleep(0.2)
        assert 200 == send.status
        await task
        assert [(15, PING), (25, PING), (30, b"data: a\n\n")] == script(send)

    async def test_off(self, virtual_clock: VirtualClock) -> None:
        """
        None is never.
        """
        send = RecordingSend(clock=virtual_clock)
        await answer(JaypieStream(Probe("ab", before=at(0, 1000))), send, keepalive=None)
        assert [(0, b"data: a\n\n"), (1000, b"data: b\n\n")] == script(send)

    @pytest.mark.parametrize("name", ["format_ndjson", "format_text"])
    async def test_formats_without(self, virtual_clock: VirtualClock, name: str) -> None:
        """
        A format that has no comment gets none.
        """
        send = RecordingSend(clock=virtual_clock)
        await answer(getattr(JaypieStream(Probe("ab", before=at(0, 1000))), name)(), send)
        assert [0, 1000] == [time for time, _ in script(send)]

    async def test_never_inside_an_event(self, virtual_clock: VirtualClock) -> None:
        """
        Bytes framed elsewhere may stop inside an event: no comment comes until that event is whole.
        """
        parts = [b"data: one\n", b"data: two\n", b"\n", b"data: x\n\n"]
        send = RecordingSend(clock=virtual_clock)
        await answer(JaypieStream(Probe(parts, before=at(0, 20, 40, 60))), send)
        assert [(0, parts[0]), (20, parts[1]), (40, parts[2]), (55, PING), (60, parts[3])] == script(send)

    async def test_not_while_a_write_is_held(self, virtual_clock: VirtualClock) -> None:
        """
        A client that does not read gets no comments on top.
        """
        send = RecordingSend(clock=virtual_clock)
        send.hold()
        task = begin(answer(JaypieStream(Probe("a", before=at(0))), send, keepalive=2, send_timeout=None))
        await asyncio.sleep(21)
        send.release()
        await task
        assert [b"data: a\n\n"] == send.chunks

    async def test_idle_streams_have_one_task_each(self, virtual_clock: VirtualClock) -> None:
        """
        A stream that waits costs its watcher, and all of them together a few that may write.
        """
        before = asyncio.all_tasks()
        sends = [RecordingSend(clock=virtual_clock) for _ in range(50)]
        tasks = [begin(answer(JaypieStream(Probe("ab", before=at(0, 100))), send)) for send in sends]
        await asyncio.sleep(50)
        assert 50 + 50 + 1 + KEPT >= len(asyncio.all_tasks() - before)
        await asyncio.gather(*tasks)


class TestEagerFirst:
    """
    The headers wait for the first item, for a while.
    """

    async def test_failure_in_time_has_a_status(self, virtual_clock: VirtualClock) -> None:
        """
        A failure before the limit is the answer.
        """
        send = RecordingSend(clock=virtual_clock)
        await answer(JaypieStream(Probe("", fail_at=0, error=NotFoundError("x"), before=at(4.9))), send)
        assert 404 == send.status

    async def test_failure_too_late(self, virtual_clock: VirtualClock) -> None:
        """
        After it the headers are out, and the failure is an event; the pull was not cancelled for it.
        """
        send = RecordingSend(clock=virtual_clock)
        probe = Probe("", fail_at=0, error=NotFoundError("x"), before=at(5.1))
        await answer(JaypieStream(probe), send)
        assert 200 == send.status
        assert send.body.startswith(b"event: error\n")
        assert ["open", "pull", "error", "close", "closed"] == probe.kinds

    async def test_zero(self, virtual_clock: VirtualClock) -> None:
        """
        Zero sends the headers at once.
        """
        send = RecordingSend()
        task = begin(answer(JaypieStream(Probe("a", before=at(1))), send, eager_first=0))
        await turns()
        assert 200 == send.status
        await task

    async def test_without_limit(self, virtual_clock: VirtualClock) -> None:
        """
        None waits as long as it takes, without comments.
        """
        send = RecordingSend(clock=virtual_clock)
        probe = Probe("", fail_at=0, error=NotFoundError("x"), before=at(10_000))
        await answer(JaypieStream(probe), send, eager_first=None)
        assert (404, 1) == (send.status, len(send.pieces))


class TestLimits:
    """
    What ends a stream from outside, and how.
    """

    async def test_send_timeout(self, virtual_clock: VirtualClock) -> None:
        """
        A client that does not take a write in time counts as gone.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe("abc", before=lambda _: turns())
        send.hold()
        report = await answer(JaypieStream(probe), send, send_timeout=7)
        assert 7 == round(virtual_clock.now, 3)
        assert ("send_timeout", b"") == (report.ended, send.body)
        probe.assert_released()

    async def test_send_timeout_counts_from_the_write(self, virtual_clock: VirtualClock) -> None:
        """
        It is the time of one write, whenever that began.
        """
        send = RecordingSend(clock=virtual_clock)
        task = begin(answer(JaypieStream(Probe("ab", before=at(0, 100.5))), send, send_timeout=7))
        await asyncio.sleep(100.1)
        send.hold()
        report = await task
        assert 107.5 == round(virtual_clock.now, 3)
        assert ("send_timeout", [b"data: a\n\n"]) == (
            report.ended,
            [piece for piece in send.chunks if piece != PING][:1],
        )

    async def test_send_timeout_at_the_end(self, virtual_clock: VirtualClock) -> None:
        """
        The last message has the same limit.
        """
        send = RecordingSend(clock=virtual_clock)
        task = begin(answer(JaypieStream(Probe("a", before=at(0, 5))), send))
        await asyncio.sleep(1)
        send.hold()
        assert "send_timeout" == (await task).ended
        assert 65 == round(virtual_clock.now, 3)

    @pytest.mark.parametrize("items", ["", "a"])
    async def test_max_duration(self, virtual_clock: VirtualClock, items: str) -> None:
        """
        When the time is over the stream ends well: the source is closed, the body has its end.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe(items, before=at(*[0] * len(items), 1000))
        report = await answer(JaypieStream(probe), send, max_duration=20, keepalive=None)
        assert 20 == round(virtual_clock.now, 3)
        assert ("max_duration", 200, True) == (report.ended, send.status, send.ended)
        assert items == send.body.decode().removeprefix("data: ").rstrip("\n")
        probe.assert_released()

    async def test_max_duration_while_closing(self, virtual_clock: VirtualClock) -> None:
        """
        What is being closed is closed, and its time does not spin.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe("a", on_close=lambda: asyncio.sleep(5))
        report = await answer(JaypieStream(probe), send, max_duration=2)
        assert 5 == round(virtual_clock.now, 3)
        assert (True, True) == (probe.closed, send.ended)
        assert "end" == report.ended

    @pytest.mark.parametrize("make", [asyncio.Event, anyio.Event])
    async def test_shutdown(self, virtual_clock: VirtualClock, make: Callable[[], Any]) -> None:
        """
        At shutdown the stream ends well.
        """
        send, probe, event = RecordingSend(clock=virtual_clock), Probe("ab", before=at(0, 1000)), make()
        task = begin(answer(JaypieStream(probe), send, shutdown=event, keepalive=None))
        await asyncio.sleep(3)
        event.set()
        report = await task
        assert 3 == round(virtual_clock.now, 3)
        assert ("shutdown", b"data: a\n\n", True) == (report.ended, send.body, send.ended)
        probe.assert_released()

    async def test_shutdown_already(self, virtual_clock: VirtualClock) -> None:
        """
        A server that is going down already answers with an empty body.
        """
        event, send = asyncio.Event(), RecordingSend()
        event.set()
        probe = Probe("ab", before=at(1000))
        report = await answer(JaypieStream(probe), send, shutdown=event)
        assert ("shutdown", 200, b"", True) == (report.ended, send.status, send.body, send.ended)
        probe.assert_released()

    async def test_shutdown_event_that_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        An event that cannot be waited for is told to the log; the stream goes on.
        """

        class Broken:
            async def wait(self) -> None:
                raise RuntimeError("no event")

        send = RecordingSend()
        report = await answer(JaypieStream(Probe("a", before=lambda _: turns())), send, shutdown=Broken())
        assert ("end", True) == (report.ended, "no event" in caplog.text)

    async def test_client_leaves_after_a_limit(self, virtual_clock: VirtualClock) -> None:
        """
        A client that leaves while the end of a stream that was cut is written is not what ended it.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe("ab", before=at(0, 1000))
        task = begin(answer(JaypieStream(probe), send, max_duration=20, keepalive=None))
        await asyncio.sleep(10)
        send.hold()
        await asyncio.sleep(20)
        send.disconnect()
        assert ("max_duration", b"data: a\n\n", False) == ((await task).ended, send.body, send.ended)
        assert 30 == round(virtual_clock.now, 3)
        probe.assert_released()

    async def test_client_leaves_after_a_limit_that_cut_nothing(self, virtual_clock: VirtualClock) -> None:
        """
        Where the stream had ended by itself when its time was over, the client that leaves then is what ended it.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe("a", on_close=lambda: asyncio.sleep(5))
        task = begin(answer(JaypieStream(probe), send, max_duration=2))
        await asyncio.sleep(3)
        send.hold()
        await asyncio.sleep(4)
        send.disconnect()
        assert ("disconnected", b"data: a\n\n", False) == ((await task).ended, send.body, send.ended)
        assert probe.closed

    async def test_max_duration_ends_a_drain(self, virtual_clock: VirtualClock) -> None:
        """
        A run that goes on for its side effects after the client left has its limit, too.
        """
        send, probe = RecordingSend(clock=virtual_clock), Probe("abc", before=at(0, 10, 1000))
        task = begin(answer(JaypieStream(probe), send, on_disconnect="drain", max_duration=20))
        await asyncio.sleep(5)
        send.disconnect()
        report = await task
        assert 20 == round(virtual_clock.now, 3)
        assert ("disconnected", 2, [b"data: a\n\n"]) == (report.ended, report.items, send.chunks)
        probe.assert_released()

    async def test_max_duration_at_the_end(self, virtual_clock: VirtualClock) -> None:
        """
        Where the stream has ended by itself the last write has its own limit only.
        """
        send = RecordingSend(clock=virtual_clock)
        task = begin(answer(JaypieStream(Probe("a", before=at(0, 5))), send, max_duration=20))
        await asyncio.sleep(1)
        send.hold()
        await asyncio.sleep(29)
        send.release()
        assert "end" == (await task).ended
        assert 30 == round(virtual_clock.now, 3)
        assert (b"data: a\n\n", True) == (send.body, send.ended)

    async def test_none(self, virtual_clock: VirtualClock) -> None:
        """
        Without any limit there is nothing to wait for but the stream.
        """
        send = RecordingSend(clock=virtual_clock)
        stream = JaypieStream(Probe("ab", before=at(1000, 5000)))
        report = await answer(stream, send, keepalive=None, eager_first=None, send_timeout=None)
        assert ("end", [(1000, b"data: a\n\n"), (5000, b"data: b\n\n")]) == (report.ended, script(send))
