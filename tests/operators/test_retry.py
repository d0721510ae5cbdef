"""
`retry`: running it again.
"""

from __future__ import annotations

import asyncio
import operator
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from jaystream import JaypieStream, StreamConsumedError, StreamTimeoutError
from jaystream.testing import Probe, check_operator, run_virtually
from tests.checks import pause
from tests.operators.runs import BusyError, failing


class TestRetry:
    """
    Running it again.
    """

    async def test_nothing_to_retry(self) -> None:
        """
        Without an error items pass unchanged, and everything that holds for an operator holds.
        """
        await check_operator(lambda s: JaypieStream[Any](lambda: s).retry(on=KeyError), [1, 2], [1, 2], reads_ahead=0)

    async def test_runs_again(self) -> None:
        """
        A source that fails before its first item is run again, each run closed before the next.
        """
        make, probes = failing([], [], [1, 2])
        assert await JaypieStream(make).retry(wait=0).to_list() == [1, 2]
        assert len(probes) == 3
        for probe in probes:
            probe.assert_released()

    async def test_attempts(self) -> None:
        """
        The number counts runs in all; the last error goes on as it is, with those before as notes.
        """
        errors = [OSError("one"), ValueError("two"), OSError("three")]
        left = iter(errors)
        with pytest.raises(OSError, match="three") as caught:
            await JaypieStream(lambda: JaypieStream.fail(next(left))).retry(3, wait=0).drain()
        assert caught.value is errors[-1]
        assert caught.value.__notes__ == [
            "retry(): run 1 of 3 failed with OSError: one",
            "retry(): run 2 of 3 failed with ValueError: two",
        ]
        assert caught.value.__context__ is None

    async def test_same_error_again(self) -> None:
        """
        An error object that comes again and again has each note once.
        """
        error = OSError("the same")
        stream = JaypieStream(lambda: JaypieStream.fail(error)).retry(2, wait=0)
        for _ in range(2):
            with pytest.raises(OSError, match="the same"):
                await stream.drain()
        assert error.__notes__ == ["retry(): run 1 of 2 failed with OSError: the same"]

    async def test_one_attempt(self) -> None:
        """
        One run in all is no retry, and its source may be one that runs once.
        """
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(Probe([1], fail_at=0, error=OSError("gone"))).retry(1).drain()
        assert not hasattr(caught.value, "__notes__")

    async def test_stages_are_run_anew(self) -> None:
        """
        Every stage above begins anew, with a state of its own, concurrent ones too.
        """
        left = iter([[1, 2, 0], [1, 2, 3]])
        nothing: list[int] = []
        stream = (
            JaypieStream(lambda: next(left))
            .enumerate()
            .map(lambda pair: (pair[0], 6 // pair[1]))
            .chunk(2)
            .map(lambda group: group)
            .merge(JaypieStream(nothing).map(str))
            .take_last(5)
        )
        assert await stream.retry(on=ZeroDivisionError, wait=0).to_list() == [((0, 6), (1, 3)), ((2, 2),)]

    async def test_stages_below(self) -> None:
        """
        Errors of the stages below and of the consumer never come here.
        """
        make, probes = failing([0])
        with pytest.raises(ZeroDivisionError):
            await JaypieStream(make).retry().map(lambda n: 1 // n).drain()
        make, more = failing([0])
        with pytest.raises(LookupError):
            async with JaypieStream(make).retry().open() as items:
                async for _ in items:
                    raise LookupError
        assert len(probes) == len(more) == 1

    async def test_other_errors(self) -> None:
        """
        What is not named goes on at once, also in a later run.
        """
        left = iter([OSError("one"), KeyError("two")])
        with pytest.raises(KeyError, match="two") as caught:
            await JaypieStream(lambda: JaypieStream.fail(next(left))).retry(5, on=(OSError, ValueError), wait=0).drain()
        assert caught.value.__notes__ == ["retry(): run 1 of 5 failed with OSError: one"]

    async def test_predicate(self) -> None:
        """
        A callable is asked about the error, sync or async.
        """

        async def later(error: Exception) -> bool:
            await asyncio.sleep(0)
            return isinstance(error, BusyError)

        def now(error: Exception) -> bool:
            return isinstance(error, BusyError)

        ways: list[Any] = [now, later, operator.truth]
        for on in ways:
            make, probes = failing([], [], [1], error=BusyError)
            assert await JaypieStream(make).retry(on=on, wait=0).to_list() == [1]
            assert len(probes) == 3
        for on in ways[:2]:
            with pytest.raises(KeyError):
                await JaypieStream(lambda: JaypieStream.fail(KeyError())).retry(on=on).drain()

    async def test_failing_predicate(self) -> None:
        """
        An error of that callable goes on, with the first as its context; one that gives a coroutine is refused.
        """

        def fail(error: Exception) -> bool:
            raise KeyError("asked")

        async def coroutine(error: Exception) -> bool:
            return True

        first = OSError("first")
        with pytest.raises(KeyError, match="asked") as caught:
            await JaypieStream(lambda: JaypieStream.fail(first)).retry(on=fail).drain()
        assert caught.value.__context__ is first
        with pytest.raises(TypeError, match=r"retry\(on=\) was given a plain callable"):
            await (
                JaypieStream(lambda: JaypieStream.fail(first)).retry(on=lambda error: coroutine(error) or True).drain()
            )

    async def test_runs_once_after_all(self) -> None:
        """
        A callable that gives the same iterator again ends it with an error that says what is needed.
        """
        error = OSError("first")
        probe = Probe([1], fail_at=0, error=error)
        with pytest.raises(
            StreamConsumedError, match="build the stream over a callable that makes the source"
        ) as caught:
            await JaypieStream(lambda: probe).retry(5, wait=0).drain()
        assert caught.value.__notes__ == ["retry(): run 1 of 5 failed with OSError: first"]

    async def test_stats(self) -> None:
        """
        What `stats` counts above it is the sum of all runs.
        """
        make, _ = failing([1], [1, 2])
        seen: list[Any] = []
        await JaypieStream(make).map(str).retry(wait=0, partial="restart").stats(seen.append).drain()
        assert [(stage.name, stage.items_in) for stage in seen[0].stages] == [("map", 3)]

    async def test_media_type(self) -> None:
        """
        A wire format passes.
        """
        stream = JaypieStream(lambda: ["a"]).format_sse().retry()
        assert stream.media_type is not None
        assert "async generator of its own" in stream.explain()

    def test_first_token(self) -> None:
        """
        A limit on the time until the first item is what it is most used with: the pull that took too long is cancelled
        and closed, and another run begins.
        """
        probes: list[Probe[str]] = []

        def ask() -> Probe[str]:
            slow = len(probes) < 2
            probes.append(Probe(["a", "b"], before=lambda _: asyncio.sleep(60 if slow else 1)))
            return probes[-1]

        stream = JaypieStream(ask).timeout(first=5, idle=10).retry(wait=1, jitter=0, on=StreamTimeoutError)

        async def main() -> tuple[list[str], float]:
            clock = asyncio.get_running_loop().time
            before = clock()
            return await stream.to_list(), clock() - before

        assert run_virtually(main()) == (["a", "b"], 5 + 1 + 5 + 2 + 3)
        for probe in probes:
            probe.assert_released()

    @pytest.mark.parametrize("concurrent", [False, True])
    async def test_source_with_a_scope(self, concurrent: bool) -> None:
        """
        A source that holds a cancel scope and a task group while it gives items is left and entered again, and fails
        as ever.
        """
        entered: list[str] = []

        async def ask() -> AsyncIterator[int]:
            with anyio.CancelScope():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(anyio.sleep, 0)
                    entered.append("in")
                    try:
                        yield 1
                        await pause()
                        if len(entered) < 5:
                            raise OSError
                        yield 2
                    finally:
                        entered.append("out")

        # what a task group fails with is a group
        retried = JaypieStream(ask).retry(on=ExceptionGroup, wait=0, partial="restart", reset=False)
        if concurrent:
            retried = retried.merge([9])
        assert sorted(await retried.to_list()) == [1, 1, 1, 2, *([9] if concurrent else [])]
        assert entered == ["in", "out"] * 3
