"""
Contract 1: what is a source, in which order it is read, and what a second run does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from functools import partial
from typing import Any, Self

import pytest

from jaystream import JaypieStream
from jaystream.errors import StreamConsumedError
from jaystream.testing import ManagedProbe, Probe


async def count_up() -> AsyncIterator[int]:
    yield 1
    yield 2


@contextlib.asynccontextmanager
async def managed(log: list[str]) -> AsyncGenerator[list[int], None]:
    log.append("enter")
    yield [1, 2]
    log.append("exit")


async def give_list() -> list[int]:
    return [1, 2]


def give_back(source: Any) -> Any:
    return source


def double(n: int) -> int:
    return 2 * n


class Awaitable:
    """
    Awaitable, and nothing else.
    """

    def __await__(self) -> Generator[Any, Any, list[int]]:
        return give_list().__await__()


class ManyFaced(Awaitable):
    """
    Everything a source can be at once: the order of the contract decides.
    """

    async def __aenter__(self) -> list[str]:
        return ["context"]

    async def __aexit__(self, *error: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[str]:
        yield "async"

    def __iter__(self) -> Iterator[str]:
        return iter(["sync"])

    def __call__(self) -> list[str]:
        return ["callable"]


class Restartable:
    """
    An iterable that is asked again for each run.
    """

    def __aiter__(self) -> AsyncIterator[int]:
        return count_up()


SOURCES: dict[str, Callable[[], Any]] = {
    "stream": lambda: JaypieStream([1, 2]),
    "async context manager": lambda: managed([]),
    "async context manager that gives itself": lambda: ManagedProbe([1, 2]),
    "async generator": count_up,
    "async iterator": lambda: Probe([1, 2]),
    "async iterable": Restartable,
    "list": lambda: [1, 2],
    "range": lambda: range(1, 3),
    "generator": lambda: (n for n in (1, 2)),
    "dict view": {1: 0, 2: 0}.keys,
    "awaitable": Awaitable,
    "callable giving a list": lambda: lambda: [1, 2],
    "callable giving a stream": lambda: lambda: JaypieStream([1, 2]).map(lambda n: n),
    "callable giving a callable": lambda: lambda: lambda: [1, 2],
    "async generator function": lambda: count_up,
    "coroutine function": lambda: give_list,
    "callable giving a context manager": lambda: lambda: managed([]),
    "awaitable giving a stream": lambda: done(JaypieStream([1, 2])),
    "future": lambda: done([1, 2]),
}


def done(result: Any) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future


class TestSources:
    """
    What a stream can be made from.
    """

    @pytest.mark.parametrize("kind", SOURCES)
    async def test_every_kind_in_every_place(self, kind: str) -> None:
        """
        A source of any kind is read as the source itself, by `flat_map`, `concat`, `on_end` and `catch`.
        """
        make = SOURCES[kind]
        assert await JaypieStream(make()).to_list() == [1, 2]
        assert await JaypieStream(make()).take(1).to_list() == [1]
        assert [n async for n in JaypieStream(make())] == [1, 2]
        assert await JaypieStream([make()]).flatten().to_list() == [1, 2]
        assert await JaypieStream([make()]).flatten().take(1).to_list() == [1]
        assert await JaypieStream([0]).concat(make()).to_list() == [0, 1, 2]
        assert await JaypieStream([0]).on_end(make()).to_list() == [0, 1, 2]
        failing = JaypieStream([0]).map(lambda n: 1 // n)
        if not kind.startswith(("async generator function", "coroutine", "callable")):  # those would be handlers
            assert await failing.catch(ZeroDivisionError, make()).to_list() == [1, 2]
        assert await failing.catch(ZeroDivisionError, lambda error: make()).to_list() == [1, 2]

    async def test_order_of_the_kinds(self) -> None:
        """
        A context manager is entered before an iterable is iterated, and so on down the list.
        """
        assert await JaypieStream[Any](ManyFaced()).to_list() == ["context"]

        def without(*names: str) -> Any:
            members = {
                name: vars(ManyFaced)[name] for name in ("__aiter__", "__iter__", "__call__") if name not in names
            }
            return type("Fewer", (Awaitable,), members)()

        assert await JaypieStream[Any](without()).to_list() == ["async"]
        assert await JaypieStream[Any](without("__aiter__")).to_list() == ["sync"]
        assert await JaypieStream[Any](without("__aiter__", "__iter__")).to_list() == [1, 2]

    async def test_on_end_reads_its_callables_result_in_the_same_order(self) -> None:
        """
        What is awaitable and a context manager too is entered, wherever it comes from.
        """
        many: Any = ManyFaced()
        for stream in (
            JaypieStream([0]).on_end(lambda: many),
            JaypieStream([0]).flat_map(lambda _: many).concat([0]),
            JaypieStream([0]).map(lambda n: 1 // n).catch(ZeroDivisionError, lambda _: many),
        ):
            assert "context" in await stream.to_list()

    async def test_tasks_and_futures_are_awaited(self) -> None:
        """
        A task is a source by what it gives, though it is iterable in an old sense.
        """
        task: Any = asyncio.ensure_future(give_list())
        assert await JaypieStream[int](task).to_list() == [1, 2]

    async def test_aiostream_objects(self) -> None:
        """
        A stream of aiostream is opened as the context manager that it gives.
        """
        aiostream = pytest.importorskip("aiostream")
        source: Any = aiostream.stream.iterate([1, 2, 3])
        assert await JaypieStream[int](source).take(2).to_list() == [1, 2]
        piped: Any = JaypieStream([1, 2]) | aiostream.pipe.map(double)
        assert await piped.to_list() == [2, 4]

    @pytest.mark.parametrize("refused", ["text", b"bytes", bytearray(b"x"), memoryview(b"x"), {"a": 1}])
    def test_refuses_what_is_rarely_meant(self, refused: Any) -> None:
        """
        `str`, `bytes` and mappings are refused with a hint, wherever a source is written down.
        """
        stream = JaypieStream([1])
        attempts: list[Any] = [JaypieStream[Any], stream.concat, stream.on_end, partial(stream.catch, ValueError)]
        for attempt in attempts:
            with pytest.raises(TypeError, match=r"a source of items is expected, not a .*put it in a list or use"):
                attempt(refused)

    def test_refuses_what_is_no_source(self) -> None:
        """
        A number is no source, and the message says what is one.
        """
        number: Any = 5
        with pytest.raises(TypeError, match=r"a source is a JaypieStream, an async context manager.*not int \(5\)"):
            JaypieStream(number)

    async def test_refuses_in_the_run_what_a_callable_gives(self) -> None:
        """
        A callable's result is looked at when it comes.
        """
        wrong: Any = lambda: "text"  # noqa: E731 - a value, to be passed untyped
        with pytest.raises(TypeError, match="a source of items is expected, not a str"):
            await JaypieStream(wrong).to_list()

    async def test_a_manager_that_gives_itself(self) -> None:
        """
        Once entered it is read as what it is else, and refused in the run if that is nothing.
        """

        class Manager:
            async def __aenter__(self) -> Self:
                return self

            async def __aexit__(self, *error: object) -> None:
                left.append(True)

        class Plain(Manager):
            def __iter__(self) -> Iterator[int]:
                return iter([1, 2])

        left: list[bool] = []
        plain: Any = Plain()
        assert await JaypieStream[int](plain).to_list() == [1, 2]
        assert left == [True]
        nothing: Any = Manager()
        with pytest.raises(TypeError, match="gives itself, and is neither an async iterable nor an iterable"):
            await JaypieStream[int](nothing).to_list()
        assert left == [True, True]

    async def test_building_opens_nothing(self) -> None:
        """
        A long description reads nothing and calls nothing.
        """
        probe = Probe([1])
        calls: list[Any] = []
        stream = JaypieStream(probe).map(calls.append).chunk(2).concat([1]).catch(ValueError, []).on_end([2]).take(3)
        assert "map" in stream.explain()
        assert repr(stream)
        assert probe.events == []
        assert calls == []

    async def test_take_nothing_opens_nothing(self) -> None:
        """
        `take(0)` does not open the source, nor spend it.
        """
        probe = Probe([1])
        assert await JaypieStream(probe).take(0).to_list() == []
        assert probe.events == []
        assert await JaypieStream(probe).to_list() == [1]


class TestSecondRun:
    """
    What can run once says so; what can run again does.
    """

    @pytest.mark.parametrize(
        "make",
        [count_up, lambda: iter([1, 2]), lambda: (n for n in [1]), lambda: Probe([1]), lambda: managed([]), Awaitable],
        ids=["async generator", "iterator", "generator", "probe", "context manager", "awaitable"],
    )
    async def test_one_shot_sources(self, make: Callable[[], Any]) -> None:
        """
        A second run raises; it never yields nothing. Streams that were derived from one another share the source.
        """
        stream = JaypieStream[Any](make())
        derived = stream.map(lambda n: n)
        assert await derived.to_list()
        for again in (stream, derived, JaypieStream(stream), stream.concat([1])):
            with pytest.raises(StreamConsumedError, match=r"has run already, and its source .* can run only once"):
                await again.to_list()
            with pytest.raises(StreamConsumedError):
                async for _ in again:
                    pass

    @pytest.mark.parametrize(
        "source",
        [[1, 2], range(1, 3), Restartable(), count_up, give_list, lambda: iter([1, 2]), lambda: managed([])],
        ids=["list", "range", "async iterable", "async generator function", "coroutine function", "iter", "manager"],
    )
    async def test_sources_that_run_again(self, source: Any) -> None:
        """
        Re-iterables and callables run as often as they are asked to, also at the same time.
        """
        stream = JaypieStream[int](source)
        assert await stream.to_list() == [1, 2]
        assert await stream.to_list() == [1, 2]
        both: list[list[int]] = list(await asyncio.gather(stream.to_list(), stream.to_list()))
        assert both == [[1, 2], [1, 2]]

    async def test_a_callable_that_gives_the_same_iterator(self) -> None:
        """
        A callable must give another iterator each time; one that does not is caught, and does not yield nothing.
        """
        for one in (count_up(), iter([1, 2]), Probe([1, 2])):
            same: Any = one
            stream = JaypieStream[int](partial(give_back, same))
            assert await stream.to_list() == [1, 2]
            with pytest.raises(StreamConsumedError):
                await stream.to_list()

    async def test_inner_sources_of_a_stream_that_runs_again(self) -> None:
        """
        A one-shot source in `on_end` or `concat` is spent by the first run that opens it.
        """
        for stream in (JaypieStream([1]).on_end(iter([2])), JaypieStream([1]).concat(iter([2]))):
            assert await stream.to_list() == [1, 2]
            with pytest.raises(StreamConsumedError):
                await stream.to_list()
