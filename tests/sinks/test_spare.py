"""
Spare tasks: how many there are, who gets them, and that none is left.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import ContextVar
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream._core.waiting import over
from jaystream.sinks import pull, rounds, spare
from jaystream.testing import RecordingSend
from tests.sinks.exchange import answer, begin, scope, turns, yielding
from tests.sinks.runs import Runs

NAME: ContextVar[str] = ContextVar("NAME", default="nobody")


async def end(*asides: Runs) -> None:
    """
    Have them leave, and see that no task is left.
    """
    tasks: list[asyncio.Task[Any]] = []
    for aside in asides:
        aside.leave()
        tasks += aside.tasks()
    await over(tasks, within=None)
    assert {} == rounds._of
    assert [asyncio.current_task()] == [*asyncio.all_tasks()]


class TestSpareTasks:
    """
    Tasks that the responses of an event loop share.
    """

    async def test_shared(self) -> None:
        """
        What does not wait at the same time has the same task, each in a context of its own.
        """
        seen: list[tuple[object, str]] = []

        async def look(name: str) -> None:
            NAME.set(name)
            await asyncio.sleep(0)
            seen.append((asyncio.current_task(), NAME.get()))

        asides = [Runs() for _ in range(3)]
        for number, aside in enumerate(asides):
            assert aside.begin(look(str(number)))
            await turns(4)
        assert ["0", "1", "2"] == [name for _, name in seen]
        assert 1 == len({task for task, _ in seen})
        assert "nobody" == NAME.get()
        await end(*asides)

    async def test_one_for_each_that_waits(self) -> None:
        """
        What waits at the same time has a task each; of these a few stay.
        """
        gate = asyncio.Event()
        asides = [Runs() for _ in range(spare.KEPT + 5)]
        for aside in asides:
            assert aside.begin(begin(gate.wait()))
        tasks = {task for aside in asides for task in aside.tasks()}
        assert len(asides) == len(tasks)
        gate.set()
        await turns()
        assert 1 + spare.KEPT == sum(not task.done() for task in tasks)
        await end(*asides)

    async def test_the_last_takes_them_along(self) -> None:
        """
        They stay as long as anyone needs them.
        """
        asides = [Runs() for _ in range(2)]
        for aside in asides:
            assert aside.begin(turns(1))
            await turns(4)
        asides[0].leave()
        await turns()
        assert [] == asides[0].tasks()
        assert not asides[1].begin(turns(0))
        await end(asides[1])

    async def test_keeps_nothing_of_a_response(self) -> None:
        """
        What the response that a task was made for had in its context is gone with that response.
        """

        class Request:
            """
            Something that a framework keeps in a context variable.
            """

        variable = ContextVar[Request]("variable")
        stays, gate = Runs(), asyncio.Event()
        assert stays.begin(begin(gate.wait()))
        (first,) = stays.tasks()

        async def respond() -> weakref.ref[Request]:
            request = Request()
            variable.set(request)
            aside = Runs()
            assert aside.begin(turns(1))  # the other task is not free, so this makes one
            assert [first] != aside.tasks()
            await turns(4)
            aside.leave()
            return weakref.ref(request)

        kept = await begin(respond())
        await turns()
        gc.collect()
        assert kept() is None
        gate.set()
        await turns()
        await end(stays)

    @pytest.mark.parametrize("waits", [True, False])
    @pytest.mark.parametrize("few", [pull.FEW, 0])
    async def test_inside_one_another(self, few: int, waits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A response that is sent inside the `send` of another one gets another task; also where it is sent before the
        outer `send` has waited for anything.
        """
        sent, tasks = RecordingSend(), list[tuple[object, object]]()

        async def send(message: Any) -> None:
            outer = asyncio.current_task()
            if message.get("body"):
                inner = RecordingSend()

                async def send_inside(message: Any) -> None:
                    tasks.append((outer, asyncio.current_task()))
                    await turns(int(waits))
                    await inner(message)

                stream = JaypieStream(yielding("in")) if waits else JaypieStream.of("in")
                await stream.to_asgi(scope(), inner.receive, send_inside)
                assert outer is asyncio.current_task()
                message = {**message, "body": message["body"] + inner.body}
            await sent(message)

        monkeypatch.setattr(pull, "FEW", few)
        report = await JaypieStream(yielding("a", "b")).to_asgi(scope(), sent.receive, send)
        assert b"data: a\n\ndata: in\n\ndata: b\n\ndata: in\n\n" == sent.body
        assert ("end", 2) == (report.ended, report.items)
        assert tasks
        assert all(outer is not inner for outer, inner in tasks)
        await end()

    async def test_responses_at_once(self) -> None:
        """
        Many responses at once, whose writes wait now and then: each is whole, and nothing is left.
        """

        class Slow(RecordingSend):
            """
            Waits with every third message.
            """

            async def __call__(self, message: Any) -> None:
                if len(self.messages) % 3 == 0:
                    await turns(3)
                await super().__call__(message)

        sends = [Slow() for _ in range(20)]
        streams = [JaypieStream(yielding(*range(number))) for number in range(20)]
        await asyncio.gather(*(answer(stream, send) for stream, send in zip(streams, sends, strict=True)))
        for number, send in enumerate(sends):
            assert b"".join(b"data: %d\n\n" % each for each in range(number)) == send.body
        await end()
