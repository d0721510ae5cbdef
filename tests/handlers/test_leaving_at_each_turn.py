"""
Handlers that are cancelled, or left by their client, at each turn of the loop from the first to the last.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.testing import AsyncRecordingResponseStream, ManagedProbe, RecordingSend
from tests.sinks.exchange import begin, scope, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jaystream import ResponseStream

TURNS = range(32)


class Handled:
    """
    A handler in one of its shapes, over a source that notes what becomes of it, and what was called round it.
    """

    def __init__(self, shape: str) -> None:
        self.probe: ManagedProbe[str] = ManagedProbe("abc", before=lambda _: turns(2), on_close=lambda: turns(2))
        self.called: list[str] = []
        self.handler: Callable[..., Any] = getattr(self, shape)

    def options(self) -> dict[str, Any]:
        """
        Set-up and teardown that wait.
        """

        async def step(name: str) -> None:
            self.called.append(name)
            await turns(1)

        return {"setup": lambda: step("setup"), "teardown": [lambda: step("first"), lambda: step("second")]}

    async def generate(self) -> AsyncIterator[str]:
        """
        An async generator.
        """
        async with JaypieStream(self.probe).open() as items:
            async for item in items:
                yield item

    def stream(self) -> JaypieStream[str]:
        """
        A stream.
        """
        return JaypieStream(self.probe)

    async def write(self, request: Any, response: Any) -> None:
        """
        A coroutine that writes.
        """
        target: ResponseStream = getattr(response, "response_stream", response)
        async with JaypieStream(self.probe).open() as items:
            async for item in items:
                await target.send(item)

    async def relay(self, request: Any, response: Any) -> None:
        """
        A coroutine that has a sink write.
        """
        await JaypieStream(self.probe).to_lambda(getattr(response, "response_stream", response))

    def check(self, *, interrupted: bool) -> None:
        """
        What was opened is closed, if need be by a close that a cancellation of the task has interrupted; teardown ran,
        whole and in order, if set-up had begun.
        """
        if interrupted:
            assert self.probe.opens == self.probe.kinds.count("close")
        else:
            self.probe.assert_released()
        torn = self.called[-2:] if self.called[-1:] == ["second"] else []
        assert self.called in (["setup", *torn], torn)
        assert not self.called or torn == ["first", "second"]


SHAPES = ["generate", "stream", "write", "relay"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("turn", TURNS)
class TestEachTurn:
    """
    In each shape.
    """

    async def test_asgi_cancelled(self, shape: str, turn: int) -> None:
        """
        A request whose task is cancelled ends cancelled.
        """
        handled, send = Handled(shape), RecordingSend()
        app = asgi_stream_handler(handled.handler, **handled.options())
        task = begin(app(scope(), send.receive, send))
        await turns(turn)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        handled.check(interrupted=True)
        assert [] == send.violations

    async def test_asgi_left(self, shape: str, turn: int) -> None:
        """
        A request whose client leaves ends without an error.
        """
        handled, send = Handled(shape), RecordingSend()
        app = asgi_stream_handler(handled.handler, **handled.options())
        task = begin(app(scope(), send.receive, send))
        await turns(turn)
        send.disconnect()
        await task
        handled.check(interrupted=False)
        assert [] == send.violations

    async def test_lambda_cancelled(self, shape: str, turn: int) -> None:
        """
        An invocation that is cancelled ends cancelled, and its writer is ended.
        """
        handled, writer = Handled(shape), AsyncRecordingResponseStream()
        handler = lambda_stream_handler(handled.handler, **handled.options())
        task = begin(handler({}, {"response_stream": writer}))
        await turns(turn)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        handled.check(interrupted=True)
        began = turn > 0 or bool(handled.called)  # with eager tasks it has, before the first turn
        assert ([], began) == (writer.violations, writer.ended)
