"""
Where the pull, the outbox, the event loop and whoever writes by hand meet: nothing is lost, late, turned round, or told
to somebody else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream
from jaystream.errors import ResponseStartedError
from jaystream.handlers.asgi import asgi_stream_handler
from jaystream.sinks.outbox import JOIN
from jaystream.testing import RecordingSend
from tests.checks import pause
from tests.sinks.exchange import answer, begin, scope, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Gated(RecordingSend):
    """
    Holds the first piece of body until the gate opens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()

    async def __call__(self, message: Any) -> None:
        """
        Take one message.
        """
        await super().__call__(message)
        if message.get("body") and len(self.chunks) == 1:
            await self.opened.wait()


async def gone(_message: Any) -> None:
    raise OSError("gone")


class TestJoining:
    """
    How much goes out at once.
    """

    @pytest.mark.parametrize("turn", [0, 1])
    async def test_source_that_never_waits(self, turn: int) -> None:
        """
        Writes are as full as they can be.
        """

        class Send(RecordingSend):
            """
            Waits so many turns.
            """

            async def __call__(self, message: Any) -> None:
                await turns(turn)
                await super().__call__(message)

        send = Send()
        await answer(JaypieStream([b"x" * 1000] * 1000), send)
        sizes = [len(chunk) for chunk in send.chunks if chunk]
        assert (1_000_000, 16) == (sum(sizes), len(sizes))

    async def test_pieces_by_hand_before_the_items(self) -> None:
        """
        What was written by hand while a write was under way counts for the limit of the next one.
        """
        send = Gated()

        @asgi_stream_handler
        async def handler(_request: Any, response: Any) -> Any:
            response.write(b"h")
            await pause()
            for _ in range(6):
                response.write(b"p" * 10_000)

            async def items() -> AsyncIterator[bytes]:
                send.opened.set()
                await pause()
                for _ in range(6):
                    yield b"i" * 10_000

            return JaypieStream(items)

        await handler(scope(), send.receive, send)
        assert b"h" + b"p" * 60_000 + b"i" * 60_000 == send.body
        assert max(map(len, send.chunks)) <= JOIN

    async def test_order(self) -> None:
        """
        What is written by hand while a write is under way goes in front of the item that comes behind it.
        """
        send = Gated()

        @asgi_stream_handler
        async def handler(_request: Any, response: Any) -> AsyncIterator[bytes]:
            yield b"1,"
            await turns(3)
            response.write(b"2,")
            asyncio.get_running_loop().call_later(0.01, send.opened.set)
            yield b"3,"
            response.write(b"4,")

        await handler(scope(), send.receive, send)
        assert b"1,2,3,4," == send.body


class TestEnding:
    """
    What comes at the end, and when.
    """

    async def test_held_item_does_not_wait_for_the_closing(self) -> None:
        """
        An item that waited for room when the pull was stopped goes out as soon as there is room.
        """
        shutdown, closing, send = asyncio.Event(), asyncio.Event(), Gated()

        async def source() -> AsyncIterator[bytes]:
            try:
                yield b"a"
                await pause()
                yield b"b"
            finally:
                await closing.wait()

        task = begin(answer(JaypieStream(source), send, shutdown=shutdown))
        await turns()
        shutdown.set()
        await turns()
        send.opened.set()
        await turns()
        assert (b"ab", False) == (send.body, task.done())
        closing.set()
        assert "shutdown" == (await task).ended

    async def test_end_is_at_the_call(self) -> None:
        """
        A handler that ends the body has begun the response with that.
        """
        send, started = RecordingSend(), list[bool]()

        @asgi_stream_handler
        async def handler(_request: Any, response: Any) -> None:
            await pause()
            response.end()
            started.append(response.started)
            with pytest.raises(ResponseStartedError):
                response.status = 404

        await handler(scope(), send.receive, send)
        assert ([True], 200, b"") == (started, send.status, send.body)

    async def test_scope_that_a_source_left_open(self) -> None:
        """
        It is a failure like any other: the client is told, and no cancellation is left over.
        """

        class Source:
            """
            Enters a scope, and never leaves it.
            """

            def __init__(self) -> None:
                self.items = 0

            def __aiter__(self) -> Source:
                return self

            async def __anext__(self) -> str:
                if not self.items:
                    anyio.CancelScope().__enter__()
                self.items += 1
                await pause()
                if self.items > 2:
                    await asyncio.Event().wait()
                return "x"

        async def respond(send: RecordingSend) -> tuple[str, int]:
            outer = anyio.CancelScope()
            outer.__enter__()  # never left: that would fail, too
            report = await answer(JaypieStream(Source()), send, max_duration=0.05)
            task = asyncio.current_task()
            assert task is not None
            return report.ended, task.cancelling()

        send = RecordingSend()
        assert ("error", 0) == await begin(respond(send))
        assert send.ended
        assert b"event: error" in send.body

    @pytest.mark.parametrize("waits", [False, True])
    async def test_write_that_fails_at_once(self, waits: bool) -> None:
        """
        A handler whose write fails at the call ends as one whose client has left, with no cancellation left over.
        """

        @asgi_stream_handler
        async def handler(_request: Any, response: Any) -> Any:
            written = response.write(b"x")
            if waits:
                await written
            return JaypieStream(yielding("a", "b"))

        await handler(scope(), RecordingSend().receive, gone)
        await pause()
        task = asyncio.current_task()
        assert task is not None
        assert 0 == task.cancelling()


class TestPlace:
    """
    Who the writes of many responses see around them.
    """

    async def test_status_of_another_type(self) -> None:
        """
        An argument that equals the default is checked like any other.
        """
        with pytest.raises(TypeError, match="whole number"):
            await answer(JaypieStream.of("a"), RecordingSend(), status=200.0)

    async def test_plain_function_as_send(self) -> None:
        """
        What a send that is no coroutine function does at the call, it does in a task.
        """
        seen, send = list[object](), RecordingSend()

        def plain(message: Any) -> Any:
            seen.append(asyncio.current_task())
            return send(message)

        await JaypieStream(yielding("a", "b")).to_asgi(scope(), send.receive, plain)
        assert b"data: a\n\ndata: b\n\n" == send.body
        assert seen
        assert None not in seen
