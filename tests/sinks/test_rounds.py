"""
Rounds of writes: who writes in them, as which task, and what an interruption leaves.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream._core.plan import Plan
from jaystream._core.waiting import over
from jaystream.formats.ai_sdk import AiSdkEncoder
from jaystream.sinks import rounds
from jaystream.sinks.rounds import Rounds, join
from jaystream.testing import Probe, RecordingSend
from tests.sinks.exchange import answer, begin, scope, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextvars import Context

PLACE: ContextVar[str] = ContextVar("PLACE", default="nowhere")


class Writer:
    """
    Notes when it writes and in which context; fails once where it is told to.
    """

    def __init__(self, name: str, log: list[str], error: BaseException | None = None) -> None:
        self.context: Context = copy_context()
        self.context.run(PLACE.set, name)
        self.waited = False
        self.error = error
        self.log = log

    def send(self, now: float) -> None:
        """
        Write.
        """
        assert now <= asyncio.get_running_loop().time()
        self.log.append(PLACE.get())
        error, self.error = self.error, None
        if error is not None:
            raise error


@asynccontextmanager
async def joined() -> AsyncGenerator[Rounds, None]:
    """
    The rounds of the test's loop.
    """
    found = join()
    yield found
    await over(found.leave(), within=None)
    assert {} == rounds._of


def put(found: Rounds, *writers: Writer) -> None:
    """
    Have them write when the loop turns, as an outbox does.
    """
    for writer in writers:
        if not found.due:
            found.soon()
        found.due.append(writer)


def is_ours(module: str) -> bool:
    return module.startswith("jaystream.") and not module.startswith("jaystream.testing")


def kinds() -> Counter[type[object]]:
    """
    How many objects of each type the garbage collector watches over.
    """
    found: list[object] = gc.get_objects()
    return Counter(map(type, found))


class TestRounds:
    """
    What is due is written when the loop turns.
    """

    async def test_in_order(self) -> None:
        """
        All of them write in one turn, in the order in which they came, each in its own context.
        """
        async with joined() as here:
            log: list[str] = []
            writers = [Writer(name, log) for name in "abc"]
            put(here, *writers)
            assert [] == log
            await turns(1)
            assert (["a", "b", "c"], "nowhere", []) == (log, PLACE.get(), here.due)
            assert all(writer.waited for writer in writers)
            await turns()
            assert 3 == len(log)

    async def test_now(self) -> None:
        """
        Who cannot wait for the turn writes now, in the caller's context, and is not told of a turn.
        """
        async with joined() as here:
            log: list[str] = []
            writer = Writer("a", log)
            here.write(writer)
            assert (["nowhere"], False) == (log, writer.waited)

    async def test_all_have_left(self) -> None:
        """
        A round in which nobody is left makes no task, and writes nothing.
        """
        log: list[str] = []
        async with joined() as here:
            put(here, Writer("a", log))
        await turns()
        assert [] == log
        assert [asyncio.current_task()] == [*asyncio.all_tasks()]

    async def test_interruption(self) -> None:
        """
        An interruption of the program goes up, and what it has kept from the round is written in another.
        """
        async with joined() as here:
            log: list[str] = []
            late = Writer("late", log)

            class Putting(Writer):
                """
                Has another one write, too.
                """

                def send(self, now: float) -> None:
                    if self.error is not None:
                        put(here, late)
                    super().send(now)

            writers = [Writer("a", log), Putting("b", log, KeyboardInterrupt()), Writer("c", log)]
            here.due += writers
            with pytest.raises(KeyboardInterrupt):
                here._turn()
            assert ["a", "b"] == log
            assert not here.on_stage
            await turns(1)
            assert ["a", "b", "b", "c", "late"] == log  # an outbox has nothing to write the second time
            await turns()
            assert [] == here.due

    async def test_no_task_where_nothing_waits(self) -> None:
        """
        Writers that give nothing to wait for cost no task.
        """
        before = asyncio.all_tasks()
        seen: list[set[Any]] = []

        class Stream:
            """
            A response stream whose writes are done when they come back.
            """

            def write(self, data: bytes) -> None:
                """
                Look who is there.
                """
                seen.append(asyncio.all_tasks() - before)

            def end(self) -> None:
                """
                End.
                """

        await JaypieStream(yielding(b"a", b"b")).to_lambda(Stream())
        assert seen
        assert not any(seen)

    async def test_loops_that_were_closed(self) -> None:
        """
        What a loop has left that was closed under its responses goes with the next loop's first.
        """

        def leave() -> None:
            loop = asyncio.new_event_loop()
            loop.run_until_complete(asyncio.wait_for(self._join(), 1))
            loop.close()

        await asyncio.to_thread(leave)
        assert [True] == [each.is_closed() for each in rounds._of]
        found = join()
        assert [asyncio.get_running_loop()] == [*rounds._of]
        await over(found.leave(), within=None)

    @staticmethod
    async def _join() -> None:
        join()


class TestHeld:
    """
    What a response holds while it waits, which may be for hours, and in thousands.
    """

    async def test_objects(self) -> None:
        """
        Nothing of the stream's description, one encoder, and few objects in all; not many coroutines, either.
        """
        count = 50

        async def source() -> Any:
            yield {"type": "text", "content": "a"}
            await asyncio.Event().wait()

        async def one(send: RecordingSend) -> None:
            await JaypieStream(source).format_ai_sdk().to_asgi(scope(), send.receive, send)

        sends = [RecordingSend() for _ in range(count + 1)]
        tasks = [begin(one(sends.pop()))]
        await turns()
        gc.collect()
        before = kinds()
        tasks += [begin(one(send)) for send in sends]
        await turns()
        gc.collect()
        more = kinds() - before
        assert count == sum(bool(send.chunks) for send in sends)
        assert 0 == more[Plan] == more[JaypieStream]
        assert count == more[AiSdkEncoder]
        assert more[CoroutineType] <= 8 * count
        ours = {kind.__qualname__: number for kind, number in more.items() if is_ours(kind.__module__)}
        assert set(ours) <= {"AiSdkEncoder", "Around", "Closer", "Exchange", "Head", "Loop", "Outbox", "Pull", "Run"}
        assert {count} == set(ours.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def test_source_that_runs_once(self) -> None:
        """
        A stream that the response has let go of is still spent.
        """
        stream = JaypieStream(Probe(["a"]).__aiter__())
        await answer(stream, RecordingSend())
        send = RecordingSend()
        await answer(stream, send)
        assert 500 == send.status
