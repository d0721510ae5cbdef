"""
Contract 9: errors keep their type and traceback, come after the items before them, and closing never hides them.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

from jaystream import JaypieStream, Outcome
from jaystream.testing import Probe
from tests.checks import WAYS

Way = Callable[[JaypieStream[Any]], Coroutine[Any, Any, list[Any]]]


def planted_failure(n: int) -> float:
    return 1 / n


def fail_with(message: str) -> Callable[[], Coroutine[Any, Any, None]]:
    async def fail() -> None:
        raise OSError(message)

    return fail


class TestErrors:
    """
    What comes out when something fails.
    """

    @pytest.mark.parametrize("way", WAYS)
    async def test_bare_with_its_traceback(self, way: Way) -> None:
        """
        An error of a callable is the same object, and its traceback shows the callable and the generated line.
        """
        with pytest.raises(ZeroDivisionError) as caught:
            await way(JaypieStream([1, 0]).map(planted_failure).catch(OSError, []))
        shown = "".join(traceback.format_exception(caught.value))
        assert "in planted_failure" in shown
        assert "x = f1(x)  # map" in shown

    @pytest.mark.parametrize(
        "error", [OSError("x"), KeyError(1), ExceptionGroup("g", [OSError()]), KeyboardInterrupt()]
    )
    async def test_any_type(self, error: BaseException) -> None:
        """
        Whatever the source raises goes through every kind of stage untouched.
        """
        probe = Probe([1], fail_at=1, error=error)
        stream = JaypieStream(probe).flat_map(lambda n: [n]).chunk(2).concat([]).catch(ArithmeticError, []).tap(print)
        with pytest.raises(type(error)) as caught:
            await stream.drain()
        assert caught.value is error
        assert probe.closed

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_failing_close_after_success(self, way: Way) -> None:
        """
        A failing close of a run that went well is its error, raised when everything else is closed.
        """
        outer, inner = Probe([1], on_close=fail_with("outer")), Probe([2], on_close=fail_with("inner"))
        with pytest.raises(OSError, match="inner"):
            await way(JaypieStream(outer).flat_map(lambda _: inner))
        assert (outer.closes, inner.closes) == (1, 1)

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_failing_close_is_told(self, way: Way) -> None:
        """
        What is closed after it learns of it, as in nested `async with` blocks.
        """

        async def numbers() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                await fail_with("inner")()

        @contextlib.asynccontextmanager
        async def manager() -> AsyncGenerator[AsyncGenerator[int, None], None]:
            try:
                yield numbers()
            except OSError as error:
                seen.append(str(error))
                raise

        seen: list[str] = []
        outcomes: list[Outcome] = []
        with pytest.raises(OSError, match="inner"):
            await way(JaypieStream(manager).map(str).finalize(outcomes.append).take(1))
        assert [seen, [repr(outcome) for outcome in outcomes]] == [["inner"], ["Outcome('error', OSError('inner'))"]]

    async def test_several_failing_closes(self) -> None:
        """
        Several of them at one end are a group.
        """
        probes = [Probe([1], on_close=fail_with(str(n))) for n in range(2)]
        with pytest.raises(ExceptionGroup, match="several sources failed to close") as caught:
            async with JaypieStream(probes[0]).flat_map(lambda _: probes[1]).open() as items:
                await anext(items)
        assert [str(each) for each in caught.value.exceptions] == ["1", "0"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_an_inner_source_that_fails_to_close(self, way: Way) -> None:
        """
        An inner source that has ended and fails to close is a failure of the run, of which the next is a note.
        """
        probes = [Probe([1, 2], on_close=fail_with(str(n))) for n in range(2)]
        with pytest.raises(OSError, match="1") as caught:
            await way(JaypieStream(probes[0]).flat_map(lambda _: probes[1]).take(2))
        assert caught.value.__notes__ == ["while closing: OSError: 0"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_failing_close_after_a_failure(self, way: Way) -> None:
        """
        Where the run had failed, a failing close is a note on its error.
        """
        probe = Probe([1, 0], on_close=fail_with("reset"))
        with pytest.raises(ZeroDivisionError) as caught:
            await way(JaypieStream(probe).map(planted_failure))
        assert caught.value.__notes__ == ["while closing: OSError: reset"]

    async def test_a_failing_close_after_an_error_in_the_body(self) -> None:
        """
        The same for an error in the body of `open()`.
        """
        probe = Probe([1], on_close=fail_with("reset"))
        with pytest.raises(LookupError) as caught:
            async with JaypieStream(probe).open() as items:
                async for _ in items:
                    raise LookupError
        assert caught.value.__notes__ == ["while closing: OSError: reset"]

    async def test_items_before_it_come_first(self) -> None:
        """
        What stages hold goes out before an error from above, through stages that hold and fail too.
        """
        error = OSError("gone")
        got: list[Any] = []
        probe = Probe(range(5), fail_at=5, error=error)
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(probe).chunk(2).chunk(2).for_each(got.append)
        assert got == [((0, 1), (2, 3)), ((4,),)]
        assert caught.value is error

    async def test_an_error_on_the_way_out(self) -> None:
        """
        When giving what was held fails, that error comes out with the first as its context.
        """
        first = OSError("first")

        def second(item: tuple[int, ...]) -> int:
            raise KeyError(item)

        with pytest.raises(KeyError) as caught:
            await JaypieStream(Probe([1], fail_at=1, error=first)).chunk(2).map(second).chunk(2).drain()
        assert caught.value.__context__ is first

    async def test_a_context_of_its_own_stays(self) -> None:
        """
        Where that error has a context already, this one is kept.
        """
        cause = LookupError("its own")

        def second(item: tuple[int, ...]) -> int:
            try:
                raise cause
            except LookupError:
                raise KeyError(item) from None

        probe = Probe([1], fail_at=1, error=OSError("first"))
        with pytest.raises(KeyError) as caught:
            await JaypieStream(probe).chunk(2).map(second).chunk(2).drain()
        assert caught.value.__context__ is cause

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_close_that_raises_the_same_error(self, way: Way) -> None:
        """
        A context manager that raises what it was left with adds nothing to it.
        """

        @contextlib.asynccontextmanager
        async def plain() -> AsyncGenerator[list[int], None]:
            yield [1, 0]

        class Manager:
            async def __aenter__(self) -> list[int]:
                return [1, 0]

            async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
                if error is not None:
                    raise error

        for source in (plain, Manager):
            with pytest.raises(ZeroDivisionError) as caught:
                await way(JaypieStream[int](source).map(planted_failure))
            assert not hasattr(caught.value, "__notes__")

    async def test_what_is_held_below_a_head_that_fails(self) -> None:
        """
        The items before an error come out even where nothing has been opened yet.
        """
        got: list[Any] = []
        stream = JaypieStream([1]).scan(lambda a, b: a + b, 0).map(planted_failure).scan(lambda a, b: a, 5.0).chunk(3)
        with pytest.raises(ZeroDivisionError):
            await stream.for_each(got.append)
        assert got == [(5.0,)]

    async def test_nothing_after_it(self) -> None:
        """
        After an error nothing is pulled and nothing is added.
        """
        probe = Probe(range(4))
        with pytest.raises(ZeroDivisionError):
            await JaypieStream(probe).map(lambda n: 1 // n).on_end([9]).tap(on_end=lambda: None).drain()
        assert probe.reads == 1

    async def test_error_of_a_nested_on_end(self) -> None:
        """
        An error in what `on_end` adds passes the stages below that hold items.
        """
        failing = Probe([1], fail_at=1, error=OSError("late"))
        got: list[Any] = []
        with pytest.raises(OSError, match="late"):
            await JaypieStream([0]).on_end(failing).chunk(5).for_each(got.append)
        assert got == [(0, 1)]
        failing.assert_released()
