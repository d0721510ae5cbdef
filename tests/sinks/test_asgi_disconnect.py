"""
The ASGI sink when the client leaves: at every moment the source is closed, and nothing is sent any more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe, RecordingSend
from tests.sinks.exchange import answer, begin, scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jaystream.sinks.report import SinkReport


def nothing_after_disconnect(send: RecordingSend) -> None:
    """
    Check that the recorder dropped nothing: what it took and what it was sent are the same.
    """
    assert [] == send.violations
    assert send.chunks == [message["body"] for message in send.messages if message.get("body")]


class TestMoments:
    """
    When the client leaves.
    """

    async def test_before_start(self) -> None:
        """
        Gone before anything was read: nothing is sent.
        """
        send, probe = RecordingSend(disconnect_after=0), Probe("ab", before=lambda _: turns())
        report = await answer(JaypieStream(probe), send)
        assert ("disconnected", []) == (report.ended, send.messages)
        probe.assert_released()

    async def test_while_pulling(self) -> None:
        """
        The pull is cancelled, in the request's own task, and the source closed there.
        """
        never = asyncio.Event()
        send, probe = RecordingSend(), ManagedProbe("ab", before={1: lambda _: never.wait()})
        task = begin(answer(JaypieStream(probe), send))
        await send.wait_for(1)
        send.disconnect()
        report = await task
        assert ("disconnected", [b"data: a\n\n"], False) == (report.ended, send.chunks, send.ended)
        assert {task} == probe.tasks
        probe.assert_released()
        nothing_after_disconnect(send)

    async def test_while_sending(self) -> None:
        """
        A send that hangs in a client that has left does not hold the run.
        """
        send, probe = RecordingSend(), Probe("abc", before=lambda _: turns(2))
        stuck = asyncio.Event()

        async def hanging(message: Any) -> None:
            if message.get("body") == b"data: b\n\n":
                await stuck.wait()
            await send(message)

        task = begin(JaypieStream(probe).to_asgi(scope(), send.receive, hanging))
        await turns(40)
        send.disconnect()
        assert "disconnected" == (await task).ended
        assert [b"data: a\n\n"] == send.chunks
        probe.assert_released()

    async def test_while_closing(self) -> None:
        """
        What is being closed is closed to its end.
        """
        send, gate = RecordingSend(), asyncio.Event()
        probe = Probe("a", on_close=gate.wait)
        task = begin(answer(JaypieStream(probe), send))
        await send.wait_for(1)
        send.disconnect()
        await turns()
        assert not probe.closed
        gate.set()
        assert "disconnected" == (await task).ended
        probe.assert_released()

    async def test_while_an_inner_source_is_closed(self) -> None:
        """
        The pull is cancelled once that inner source is closed, not in the middle of it.
        """
        gate, never = asyncio.Event(), asyncio.Event()
        send, inner = RecordingSend(), Probe("a", on_close=gate.wait)
        outer = Probe([inner, inner], before={1: lambda _: never.wait()})
        task = begin(answer(JaypieStream(outer).flat_map(lambda probe: probe), send))
        await send.wait_for(1)
        send.disconnect()
        await turns()
        assert not inner.closed
        gate.set()
        assert "disconnected" == (await task).ended
        inner.assert_released()
        assert (1, True) == (outer.closes, outer.closed)

    async def test_after_the_end(self) -> None:
        """
        A client that leaves with the last piece has cost nothing.
        """
        send, probe = RecordingSend(disconnect_after=1), Probe("a")
        report = await answer(JaypieStream(probe), send)
        assert (b"data: a\n\n", 1) == (send.body, report.items)
        probe.assert_released()

    @pytest.mark.parametrize("refuse", [True, False])
    @pytest.mark.parametrize("pieces", range(6))
    async def test_after_each_piece(self, pieces: int, refuse: bool) -> None:
        """
        After any piece, with servers that raise and with servers that keep quiet.
        """
        send = RecordingSend(disconnect_after=pieces, refuse=refuse)
        probe = Probe("abcde", before=lambda _: turns(3))
        report = await answer(JaypieStream(probe), send)
        assert ("disconnected", pieces) == (report.ended, len(send.pieces))
        assert report.items <= pieces + 1
        probe.assert_released()

    @pytest.mark.parametrize("turn", range(40))
    async def test_at_each_turn(self, turn: int) -> None:
        """
        At any turn of the loop: closed once, by the task that opened it, and nothing is sent out of order.
        """
        send, probe = RecordingSend(), ManagedProbe("abc", before=lambda _: turns(2), on_close=lambda: turns(3))
        task = begin(answer(JaypieStream(probe), send))
        await turns(turn)
        send.disconnect()
        report = await task
        assert report.ended in {"end", "disconnected"}
        probe.assert_released()
        assert [] == send.violations
        assert 0 == task.cancelling()

    @pytest.mark.parametrize("turn", range(40))
    async def test_at_each_turn_of_sends_that_wait(self, turn: int) -> None:
        """
        The same with a server whose every send waits: the one under way is cancelled, and no other begins.
        """
        send, probe = RecordingSend(), Probe("abcd", before=lambda _: turns(3))
        loop, ends = asyncio.get_running_loop(), list[str]()

        async def waiting(message: Any) -> None:
            ends.append("cut")
            taken = asyncio.Event()
            loop.call_soon(taken.set)
            await taken.wait()
            ends[-1] = "sent"
            await send(message)

        task = begin(JaypieStream(probe).to_asgi(scope(), send.receive, waiting))
        await turns(turn)
        send.disconnect()
        report = await task
        assert report.ended in {"end", "disconnected"}
        assert {"sent"} >= set(ends[:-1])
        assert [] == send.violations
        assert 0 == task.cancelling()
        probe.assert_released()


class TestWhileTelling:
    """
    The client leaves while it is told of a failure.
    """

    async def test_error_event_is_held(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        The failure is logged, and the report says that nobody was there to hear of it.
        """
        send, let_go = RecordingSend(), asyncio.Event()

        async def before(number: int) -> None:
            if number == 1:
                await let_go.wait()

        error = ValueError("planted")
        task = begin(answer(JaypieStream(Probe("a", fail_at=1, error=error, before=before)), send))
        await send.wait_for(1)
        send.hold()
        let_go.set()
        await turns()
        send.disconnect()
        report = await task
        assert ("disconnected", error, False) == (report.ended, report.error, send.ended)
        assert "planted" in caplog.text


class TestDrain:
    """
    on_disconnect="drain" runs the stream to its end.
    """

    @pytest.mark.parametrize("refuse", [True, False])
    async def test_runs_on(self, refuse: bool) -> None:
        """
        Everything is read for its side effects, nothing more is sent, whatever the server says to a send.
        """
        seen: list[str] = []
        send = RecordingSend(disconnect_after=2, refuse=refuse)
        probe = Probe("abcdef", before=lambda _: turns(3))
        report = await answer(JaypieStream(probe).tap(seen.append), send, on_disconnect="drain")
        assert (list("abcdef"), 2) == (seen, len(send.pieces))
        assert ("disconnected", 6) == (report.ended, report.items)
        probe.assert_released()

    async def test_held_send_lets_go(self) -> None:
        """
        A run that waited for the client goes on without it.
        """
        send, stuck = RecordingSend(), asyncio.Event()

        async def hanging(message: Any) -> None:
            await stuck.wait()

        probe = Probe("abcdef", before=lambda _: turns(2))
        task = begin(JaypieStream(probe).to_asgi(scope(), send.receive, hanging, on_disconnect="drain"))
        await turns(30)
        assert 2 == probe.reads
        send.disconnect()
        report = await task
        assert ("disconnected", 6, True) == (report.ended, report.items, probe.ended)

    async def test_failure_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A failure that nobody can be told of any more goes to the log.
        """
        send = RecordingSend(disconnect_after=1)
        probe = Probe("ab", fail_at=1, error=ValueError("late"), before=lambda _: turns())
        report = await answer(JaypieStream(probe), send, on_disconnect="drain")
        assert ("disconnected", "late") == (report.ended, str(report.error))
        assert "after the client had left" in caplog.text


class TestStubbornSource:
    """
    Sources that keep the cancellation of their pull to themselves.
    """

    async def test_ended_at_its_next_item(self) -> None:
        """
        The run ends when such a source gives its next item, and not later.
        """
        never, caught = asyncio.Event(), 0

        async def stubborn() -> AsyncIterator[str]:
            nonlocal caught
            yield "a"
            while True:
                try:
                    await never.wait()
                except asyncio.CancelledError:
                    caught += 1
                yield "more"

        send = RecordingSend()
        task = begin(answer(JaypieStream(stubborn), send))
        await send.wait_for(1)
        send.disconnect()
        report = await task
        assert (1, "disconnected", [b"data: a\n\n"]) == (caught, report.ended, send.chunks)

    async def test_fails_instead(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        One that turns the cancellation into an error has that error in the log.
        """
        never = asyncio.Event()

        async def wrapping() -> AsyncIterator[str]:
            yield "a"
            try:
                await never.wait()
            except asyncio.CancelledError:
                raise RuntimeError("interrupted") from None

        send = RecordingSend()
        task = begin(answer(JaypieStream(wrapping), send))
        await send.wait_for(1)
        send.disconnect()
        assert "disconnected" == (await task).ended
        assert "interrupted" in caplog.text

    async def test_own_timeouts_still_work(self) -> None:
        """
        A source's own scopes and timeouts tell their cancellation from ours.
        """
        never = asyncio.Event()

        async def careful() -> AsyncIterator[str]:
            with anyio.move_on_after(0):
                await never.wait()
            try:
                async with asyncio.timeout(0):
                    await never.wait()
            except TimeoutError:
                yield "a"
            async with asyncio.timeout(1000):
                await never.wait()

        send = RecordingSend()
        task = begin(answer(JaypieStream(careful), send))
        await send.wait_for(1)
        send.disconnect()
        assert "disconnected" == (await task).ended


class TestReceive:
    """
    What `receive` may do.
    """

    async def test_request_body_is_dropped(self) -> None:
        """
        Pieces of the request body do not count as leaving.
        """
        rest = [{"type": "http.request", "body": b"x", "more_body": True}] * 20

        async def receive() -> Any:
            return rest.pop() if rest else await asyncio.get_running_loop().create_future()

        send = RecordingSend()
        report = await JaypieStream(Probe("ab", before=lambda _: turns(30))).to_asgi(scope(), receive, send)
        assert ("end", []) == (report.ended, rest)

    async def test_oserror(self) -> None:
        """
        A broken connection is a client that left.
        """

        async def receive() -> Any:
            await turns(3)
            raise ConnectionResetError

        probe = Probe("a", before=lambda _: asyncio.get_running_loop().create_future())
        report = await JaypieStream(probe).to_asgi(scope(), receive, RecordingSend())
        assert "disconnected" == report.ended
        probe.assert_released()

    async def test_other_errors(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A receive that is broken otherwise is told to the log, and the stream goes on.
        """

        async def receive() -> Any:
            raise RuntimeError("no receive")

        send = RecordingSend()
        report = await JaypieStream(Probe("ab", before=lambda _: turns())).to_asgi(scope(), receive, send)
        assert ("end", True) == (report.ended, send.ended)
        assert "no receive" in caplog.text

    async def test_always_ready(self) -> None:
        """
        A receive that gives the request for ever does not starve the loop.
        """

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        report: SinkReport = await JaypieStream.of("a").to_asgi(scope(), receive, RecordingSend())
        assert "end" == report.ended

    async def test_refused_send_before(self) -> None:
        """
        A send that was refused has told already; the receive that tells it again changes nothing.
        """
        recorder = RecordingSend()

        async def before(number: int) -> None:
            await turns()
            if number == 2:
                recorder.disconnect()
                await turns()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise OSError("gone")
            await recorder(message)

        probe = Probe("abc", before=before)
        report = await JaypieStream(probe).to_asgi(scope(), recorder.receive, send, on_disconnect="drain")
        assert ("disconnected", 3, b"") == (report.ended, report.items, recorder.body)
        probe.assert_released()
