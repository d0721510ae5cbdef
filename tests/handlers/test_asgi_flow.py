"""
ASGI handlers in time, and clients that leave or do not read.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jaystream import JaypieStream, ResponseStream, asgi_stream_handler
from jaystream.errors import ResponseEndedError
from jaystream.testing import Probe, RecordingSend, StreamTestClient
from tests.handlers.asking import ask, told
from tests.sinks.exchange import begin, scope, turns, yielding


class TestTime:
    """
    The sink's options, in virtual time.
    """

    async def test_headers_wait_for_the_handler(self, virtual_clock: Any) -> None:
        """
        Until the handler gives its stream they wait without limit, then for eager_first, and then comments go out.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow() -> Any:
            await asyncio.sleep(30)
            return JaypieStream[str].never()

        serving = begin(asgi_stream_handler(slow, eager_first=2, keepalive=10)(scope(), send.receive, send))
        statuses: list[int | None] = []
        for seconds in (31, 1.5):
            await asyncio.sleep(seconds)
            statuses.append(send.status)
        assert ([None, 200], b"") == (statuses, send.body)
        await asyncio.sleep(10)
        assert send.body.startswith(b":")
        send.disconnect()
        await serving

    async def test_by_hand(self, virtual_clock: Any) -> None:
        """
        A response by hand has its head until its first byte; an empty one sends the head alone, and comments follow.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow(request: Any, response: ResponseStream) -> None:
            await asyncio.sleep(60)
            response.status = 202
            await response.write("")
            await asyncio.sleep(16)
            await response.send("x")

        await asgi_stream_handler(slow)(scope(), send.receive, send)
        assert (202, True) == (send.status, send.body.endswith(b"data: x\n\n"))
        assert send.body.startswith(b":")

    async def test_no_comments_in_a_body_of_ones_own(self, virtual_clock: Any) -> None:
        """
        Nobody writes into a CSV.
        """
        send = RecordingSend(clock=virtual_clock)

        async def slow(request: Any, response: ResponseStream) -> None:
            response.set_content_type("text/csv")
            await response.write("a,")
            await asyncio.sleep(60)
            await response.write("b")

        await asgi_stream_handler(slow)(scope(), send.receive, send)
        assert b"a,b" == send.body

    async def test_max_duration(self, virtual_clock: Any) -> None:
        """
        It counts from the request on, and ends well.
        """
        send = RecordingSend(clock=virtual_clock)
        await asgi_stream_handler(JaypieStream[str].never, max_duration=30)(scope(), send.receive, send)
        assert (200, True, 30) == (send.status, send.ended, virtual_clock())

    async def test_shutdown(self) -> None:
        """
        An event ends the response well, also one by hand.
        """
        send, event = RecordingSend(), asyncio.Event()

        async def slow(request: Any, response: ResponseStream) -> None:
            await response.send("a")
            event.set()
            await asyncio.Event().wait()

        await asgi_stream_handler(slow, shutdown=event)(scope(), send.receive, send)
        assert (b"data: a\n\n", True) == (send.body, send.ended)

    async def test_send_timeout(self, virtual_clock: Any) -> None:
        """
        A client that does not read is given up; the handler is stopped.
        """
        send, stopped = RecordingSend(clock=virtual_clock), asyncio.Event()

        async def write(request: Any, response: ResponseStream) -> None:
            try:
                send.hold()
                while True:
                    await response.write(b"x" * 1000)
            finally:
                stopped.set()

        serving = begin(asgi_stream_handler(write, send_timeout=20)(scope(), send.receive, send))
        await asyncio.sleep(25)
        assert stopped.is_set()
        send.release()
        await serving
        assert 1000 >= len(send.body)


class TestLeaving:
    """
    Clients that leave.
    """

    async def test_drain(self) -> None:
        """
        With "drain" the handler runs to its end without a client.
        """
        saved: list[str] = []

        async def save(stream: JaypieStream[str]) -> None:
            saved.extend(await stream.to_list())

        async def answer(request: Any, response: Any) -> JaypieStream[str]:
            return JaypieStream(yielding("a", "b", "c", "d")).also_to(save)

        app = asgi_stream_handler(answer, on_disconnect="drain")
        async with StreamTestClient(app).stream("GET", "/") as response:
            await response.next_event()
            response.disconnect()
        assert ["a", "b", "c", "d"] == saved

    async def test_drain_by_hand(self) -> None:
        """
        Also where it writes by itself.
        """
        written: list[int] = []

        async def write(request: Any, response: ResponseStream) -> None:
            for number in range(30):
                await response.send(str(number))
                await turns(1)
                written.append(number)

        async with StreamTestClient(asgi_stream_handler(write, on_disconnect="drain")).stream("GET", "/") as response:
            await response.next_event()
            response.disconnect()
        assert list(range(30)) == written

    async def test_gone_before_the_handler(self) -> None:
        """
        A client that is gone at once leaves nothing behind.
        """
        send, probe = RecordingSend(disconnect_after=0), Probe("a")
        await asgi_stream_handler(lambda: probe)(scope(), send.receive, send)
        assert b"" == send.body
        probe.assert_released()

    async def test_background_after_the_end(self) -> None:
        """
        A client that leaves after the end of its answer, as all do, stops nothing.
        """
        send, done = RecordingSend(), asyncio.Event()

        async def answer(request: Any, response: ResponseStream) -> None:
            await response.send("a")
            await response.end()
            send.disconnect()
            await turns()
            done.set()

        await asgi_stream_handler(answer)(scope(), send.receive, send)
        assert (True, True, []) == (done.is_set(), send.ended, send.violations)

    async def test_a_million_small_writes_let_others_run(self) -> None:
        """
        A handler that writes on and on to a client that always reads keeps nobody from their turn.
        """
        send, others = RecordingSend(), 0

        async def count() -> None:
            nonlocal others
            while True:
                await asyncio.sleep(0)
                others += 1

        async def write(request: Any, response: ResponseStream) -> None:
            loop = asyncio.get_running_loop()
            until = loop.time() + 0.05
            while loop.time() < until:
                await response.write(b"x")

        counting = begin(count())
        await asgi_stream_handler(write)(scope(), send.receive, send)
        counting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await counting
        assert others >= 3


class TestAfterTheEnd:
    """
    A response that the handler has ended, and goes on to yield, or whose handler is done.
    """

    @pytest.mark.parametrize("fails", [False, True])
    async def test_a_task_that_stays_behind(self, fails: bool) -> None:
        """
        Who writes when the handler is done is told that nobody gets it.
        """
        kept: list[ResponseStream] = []

        async def keeping(request: Any, response: ResponseStream) -> Any:
            kept.append(response)
            yield "one"
            if fails:
                raise ValueError

        def clean(request: Any, response: ResponseStream) -> None:
            response.write("\n")

        await ask(asgi_stream_handler(keeping, teardown=clean))
        with pytest.raises(ResponseEndedError):
            kept[0].write("late")
        assert kept[0].ended

    @pytest.mark.parametrize("first", [0, 1])
    async def test_a_chunk_more(self, first: int, caplog: pytest.LogCaptureFixture) -> None:
        """
        It is an error of the handler's: in the log, once, and nothing goes out behind the last message.
        """
        closed: list[str] = []

        async def gushing(request: Any, response: ResponseStream) -> Any:
            try:
                for number in range(first):
                    yield number
                await response.end()
                yield "more"
                closed.append("went on")
            finally:
                closed.append("closed")

        answer = await ask(asgi_stream_handler(gushing))
        assert (200, b"data: 0\n\n" * first, ["closed"]) == (answer.status, answer.body, closed)
        assert ["ResponseEndedError"] == [type((each.exc_info or (None, None))[1]).__name__ for each in told(caplog)]
