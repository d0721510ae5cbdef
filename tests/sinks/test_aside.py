"""
Coroutines run aside: what they can tell of the place they run in, and how they go on and end.
"""

from __future__ import annotations

import asyncio
import inspect
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream.sinks import rounds
from tests.sinks.exchange import begin, turns
from tests.sinks.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

PLACE: ContextVar[str] = ContextVar("PLACE", default="nowhere")


class Plain:
    """
    Something to await that is no coroutine.
    """

    def __init__(self, future: asyncio.Future[None]) -> None:
        self.future = future

    def __await__(self) -> Generator[Any, Any, None]:
        """
        Wait for the future.
        """
        return self.future.__await__()


class Bare:
    """
    Something to await as servers written in other languages give it: there is nothing but a next step.
    """

    def __init__(self, count: int) -> None:
        self.left = count

    def __await__(self) -> Any:
        """
        Take the steps.
        """
        return self

    def __iter__(self) -> Any:
        """
        Take the steps.
        """
        return self

    def __next__(self) -> None:
        """
        Let the loop turn.
        """
        if not self.left:
            raise StopIteration
        self.left -= 1


class TestPlace:
    """
    A coroutine cannot tell where its first portion runs.
    """

    async def test_one_task(self) -> None:
        """
        Before and after it has waited it is in the same task, which is not the caller's; the caller is in its own.
        """
        async with Runs() as runs:
            gate, seen = asyncio.Event(), list[object]()

            async def look() -> None:
                seen.append(asyncio.current_task())
                await gate.wait()
                seen.append(asyncio.current_task())

            here = asyncio.current_task()
            assert runs.begin(look())
            assert here is asyncio.current_task()
            (task,) = runs.tasks()
            gate.set()
            await turns()
            assert [task, task] == seen
            assert here not in seen
            assert [None] == runs.ended

    async def test_in_the_documented_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The same where the event loop is told in the words that Python documents; from a task, and from a callback.
        """
        monkeypatch.setattr(rounds, "_current", rounds._Current())
        async with Runs() as runs:
            here, seen = asyncio.current_task(), list[object]()

            async def look() -> None:
                seen.append(asyncio.current_task())

            assert not runs.begin(look())
            assert here is asyncio.current_task()
            asyncio.get_running_loop().call_soon(lambda: runs.begin(look()))
            asyncio.get_running_loop().call_soon(lambda: seen.append(asyncio.current_task()))
            await turns(2)
            first, second, none = seen
            assert isinstance(first, asyncio.Task)
            assert (first, None) == (second, none)
            assert first is not here

    async def test_one_context(self) -> None:
        """
        A context variable that is set before the wait can be taken back after it, and the caller sees nothing of it.
        """
        async with Runs() as runs:
            gate, seen = asyncio.Event(), list[str]()

            async def mark() -> None:
                token = PLACE.set("aside")
                await gate.wait()
                seen.append(PLACE.get())
                PLACE.reset(token)
                seen.append(PLACE.get())

            assert runs.begin(mark())
            assert "nowhere" == PLACE.get()
            gate.set()
            await turns()
            assert (["aside", "nowhere"], [None]) == (seen, runs.ended)

    async def test_scopes_of_the_caller(self) -> None:
        """
        The scopes and timeouts of what runs aside do not nest in the caller's, whichever is left first.
        """
        async with Runs() as runs:
            gate, seen = asyncio.Event(), list[object]()

            async def limited() -> None:
                with anyio.move_on_after(1000) as scope:
                    seen.append(anyio.current_effective_deadline() == scope.deadline)
                    async with asyncio.timeout(1000):
                        await gate.wait()

            with anyio.move_on_after(0) as outer:
                assert runs.begin(limited())
                await asyncio.Event().wait()
            assert outer.cancelled_caught
            assert [] == runs.ended
            gate.set()
            await turns()
            assert ([True], [None]) == (seen, runs.ended)

    async def test_error_leaves_the_caller_where_it_was(self) -> None:
        """
        What is raised at once is raised at the call, also KeyboardInterrupt, and the caller is in its task again.
        """
        async with Runs() as runs:

            async def fail(error: BaseException) -> None:
                raise error

            here = asyncio.current_task()
            for error in (ValueError("no"), asyncio.CancelledError(), KeyboardInterrupt()):
                with pytest.raises(type(error)):
                    runs.begin(fail(error))
                assert here is asyncio.current_task()
            assert not runs.begin(turns(0))
            assert [] == runs.ended


class TestGoingOn:
    """
    What waits goes on in the task.
    """

    async def test_each_way_of_waiting(self) -> None:
        """
        A future, a turn of the loop, a task, and things that are no coroutines.
        """
        async with Runs() as runs:
            loop = asyncio.get_running_loop()
            ready: asyncio.Future[None] = loop.create_future()
            loop.call_soon(ready.set_result, None)

            async def all_of_it() -> None:
                await ready
                await asyncio.sleep(0)
                await begin(turns(2))
                await asyncio.gather(turns(1), turns(2))

            makes: list[Callable[[], Awaitable[object]]] = [all_of_it, partial(turns, 3), lambda: Bare(3)]
            makes += [lambda: begin(turns(2)), lambda: Plain(begin(turns(2)))]
            for count, make in enumerate(makes, 1):
                assert runs.begin(make())
                await turns()
                assert [None] * count == runs.ended

    async def test_future_with_several_that_wait(self) -> None:
        """
        Somebody else may begin to wait for the same future before the task does.
        """
        async with Runs() as runs:
            shared: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            async def wait() -> None:
                await shared

            others = [begin(wait()) for _ in range(2)]
            await turns(1)
            assert runs.begin(wait())
            others.append(begin(wait()))
            await turns(3)
            shared.set_result(None)
            await asyncio.gather(*others)
            await turns(2)
            assert [None] == runs.ended

    async def test_future_that_is_done_by_then(self) -> None:
        """
        What it waits for may be there before the task has begun to wait.
        """
        async with Runs() as runs:
            for outcome in ("result", "error"):
                future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

                async def wait(future: asyncio.Future[str] = future) -> None:
                    await future

                assert runs.begin(wait())
                if outcome == "result":
                    future.set_result("")
                else:
                    future.set_exception(ValueError("late"))
                await turns(3)
            assert [None, "late"] == [error and str(error) for error in runs.ended]

    async def test_one_after_another(self) -> None:
        """
        The same task serves for all of them.
        """
        async with Runs() as runs:
            seen = set[object]()

            async def look(count: int) -> None:
                seen.add(asyncio.current_task())
                await turns(count)

            for _ in range(3):
                assert runs.begin(look(2))
                await turns(6)
                assert not runs.begin(look(0))
                assert [] == runs.tasks()
            assert ([None] * 3, 1) == (runs.ended, len(seen))


class TestEnding:
    """
    What is cut, and what becomes of the task.
    """

    @pytest.mark.parametrize("turn", range(4))
    async def test_cut(self, turn: int) -> None:
        """
        What is being run is cancelled wherever it stands, with what it waits for, and the task goes.
        """
        async with Runs() as runs:
            inner = begin(asyncio.Event().wait())

            async def wait() -> None:
                await inner

            assert runs.begin(wait())
            await turns(turn)
            runs.cut()
            await turns()
            assert [asyncio.CancelledError] == [type(error) for error in runs.ended]
            assert [] == runs.tasks()
            assert inner.cancelled()
            await runs.settle()

    async def test_cut_during_a_turn(self) -> None:
        """
        The same where it waits for nothing but the loop to turn.
        """
        async with Runs() as runs:
            assert runs.begin(turns(100))
            runs.cut()
            await turns()
            assert [asyncio.CancelledError] == [type(error) for error in runs.ended]

    async def test_cut_without_a_throw(self) -> None:
        """
        The same where there is no way to say so: it is left where it is.
        """
        async with Runs() as runs:
            assert runs.begin(Bare(3))
            runs.cut()
            await turns()
            assert [asyncio.CancelledError] == [type(error) for error in runs.ended]

    async def test_cut_before_the_task_began(self) -> None:
        """
        A task that has not begun cancels what it was given all the same.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for work in (turns(1), Bare(1), Plain(future)):
            runs = Runs()
            assert runs.begin(work)
            runs.cut()
            await turns()
            assert [asyncio.CancelledError] == [type(error) for error in runs.ended]
            assert [] == runs.tasks()
            runs.leave()
        assert future.cancelled()

    async def test_ended_by_somebody_else(self) -> None:
        """
        A loop that shuts down cancels a task that sleeps: what comes in the same turn ends with it, what comes later
        has another.
        """
        async with Runs() as runs:
            for late in (False, True):
                idle = runs.rounds.spares.first
                assert idle is not None
                idle.task.cancel()
                if late:
                    assert runs.begin(turns(1))
                await turns()
                assert [asyncio.CancelledError] * late == [type(error) for error in runs.ended]
                await runs.settle()

    async def test_ended_before_it_began(self) -> None:
        """
        The same before the task has begun: what it was given is closed, and its end is told.
        """
        runs, work = Runs(), turns(1)
        assert runs.begin(work)
        (task,) = runs.tasks()
        task.cancel()
        await turns()
        assert [ConnectionAbortedError] == [type(error) for error in runs.ended]
        assert inspect.CORO_CLOSED == inspect.getcoroutinestate(work)
        runs.leave()

    @pytest.mark.parametrize("turn", range(4))
    async def test_leave(self, turn: int) -> None:
        """
        The task goes, and there is one again for what comes next, also in the turns in which it is going.
        """
        async with Runs() as runs:
            runs.leave()
            await turns(turn)
            assert runs.begin(turns(1))
            await turns(4)
            assert [None] == runs.ended
            runs.leave()
            await turns(3)
            assert all(task.done() for task in runs.tasks())
