"""
The pytest plugin: runs ``async def`` tests, each in an event loop of its own and inside the leak guard.

Opt in with ``pytest_plugins = ["jaystream.testing.plugin"]`` in the top ``conftest.py``. It is no entry point, so that
installing jaystream changes no suite. Tests marked ``anyio``, ``asyncio`` or ``trio`` are left to those plugins; async
fixtures are theirs too.

    @pytest.mark.leaks(allow_finalized=True, reason="...")   options of `guard_leaks`, for one test
    def test(virtual_clock): ...                             the test runs in virtual time
    def test(lambda_context): ...                            a context like Lambda's, with a recording response stream
    pytest_jaystream_runner(item, clock)                     a hook: the runner of the tests, instead of asyncio's own
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from jaystream.testing.clock import VirtualClock, VirtualLoop
from jaystream.testing.invoking import LambdaTestContext
from jaystream.testing.leaks import guard_leaks

__all__ = ["RunnerHooks", "lambda_context", "virtual_clock"]

OTHERS = ("anyio", "asyncio", "trio")
WHOLE_HEAP_EVERY = 200


class RunnerHooks:
    """
    The hooks that this plugin calls.
    """

    @pytest.hookspec(firstresult=True)
    def pytest_jaystream_runner(self, item: pytest.Item, clock: VirtualClock | None) -> asyncio.Runner | None:
        """
        Give the runner for one test, or None for the usual one.

        Args:
            item: The test.
            clock: Its virtual clock, if it asked for one: the loop should then be a `VirtualLoop` with this clock.
        """
        raise NotImplementedError


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """
    Put the async test into virtual time; this is its clock.
    """
    return VirtualClock()


@pytest.fixture
def lambda_context() -> LambdaTestContext:
    """
    Give a context like Lambda's, whose `response_stream` records what a handler writes.
    """
    return LambdaTestContext()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """
    Declare the hooks.
    """
    pluginmanager.add_hookspecs(RunnerHooks)


def pytest_configure(config: pytest.Config) -> None:
    """
    Declare the marker.
    """
    config.addinivalue_line(
        "markers",
        "leaks(allow_finalized=False, settle=0, reason=): options for the leak guard of this one async test",
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """
    Start with everything that was imported and collected out of the collector's sight.
    """
    session.stash[_heap] = _Heap()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Before the fixtures of an ``async def`` test: put what earlier tests left out of the collector's sight as well.
    """
    if isinstance(item, pytest.Function) and is_ours(item):
        item.session.stash[_heap].settle()


class _Heap:
    """
    Keeps the guard's collections as cheap in the last test as in the first.

    A collection walks all that the collector sees, and in a long session that grows: reports, compiled loops, caches.
    What is frozen it does not see. Cycles that fall apart while they are frozen wait for the next look at everything.
    """

    __slots__ = ("_tests",)

    def __init__(self) -> None:
        self._tests = 0
        self.settle()

    def settle(self) -> None:
        """
        Collect, and freeze what stays; everything is looked at once in so many tests.
        """
        if self._tests % WHOLE_HEAP_EVERY == 0:
            gc.unfreeze()
        self._tests += 1
        gc.collect()
        gc.freeze()


_heap = pytest.StashKey[_Heap]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """
    Run an ``async def`` test, each of its Hypothesis examples too, in a loop of its own and inside the leak guard.
    """
    if not is_ours(pyfuncitem):
        return None
    test: Any = pyfuncitem.obj
    handle = getattr(test, "hypothesis", None)
    options = guard_options(pyfuncitem)
    arguments = arguments_of(pyfuncitem)
    with make_runner(pyfuncitem) as runner:
        if handle is None:
            run_guarded(runner, test, options, **arguments)
            return True

        inner = handle.inner_test

        # Hypothesis calls its inner test once per example, knows nothing of coroutines, and wants a real function
        @functools.wraps(inner)
        def one_example(*args: Any, **kwargs: Any) -> None:
            run_guarded(runner, inner, options, *args, **kwargs)

        handle.inner_test = one_example
        try:
            test(**arguments)
        finally:
            handle.inner_test = inner
    return True


def is_ours(item: pytest.Function) -> bool:
    """
    Whether this plugin runs the test: it is ``async def``, with or without ``@given``, and not marked for another one.
    """
    handle = getattr(item.obj, "hypothesis", None)
    inner = item.obj if handle is None else handle.inner_test
    return inspect.iscoroutinefunction(inner) and not any(item.get_closest_marker(name) for name in OTHERS)


def make_runner(item: pytest.Function) -> asyncio.Runner:
    """
    The runner that the hook gives, or asyncio's own.
    """
    clock = next((value for value in item.funcargs.values() if isinstance(value, VirtualClock)), None)
    made: asyncio.Runner | None = item.ihook.pytest_jaystream_runner(item=item, clock=clock)
    if made is not None:
        return made
    return asyncio.Runner(loop_factory=None if clock is None else lambda: VirtualLoop(clock))


def run_guarded(
    runner: asyncio.Runner,
    test: Callable[..., Coroutine[Any, Any, None]],
    options: dict[str, Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    """
    Run one call of *test*; the guard goes on inside the loop, where the loop has set its hooks already. What the test
    itself takes may have any name.
    """

    async def guarded() -> None:
        async with guard_leaks(**options):
            await test(*args, **kwargs)

    runner.run(guarded())


def arguments_of(item: pytest.Function) -> dict[str, Any]:
    """
    The fixtures that the test function itself asks for.
    """
    wanted = item._fixtureinfo.argnames  # pyright: ignore[reportPrivateUsage] - pytest's own call reads it the same way
    return {name: item.funcargs[name] for name in wanted}


def guard_options(item: pytest.Function) -> dict[str, Any]:
    """
    The leak guard's options from the test's ``leaks`` marker, without the reason, which is for readers.

    Raises:
        UsageError: If the marker has no reason.
    """
    marker = item.get_closest_marker("leaks")
    if marker is None:
        return {}
    options = dict(marker.kwargs)
    if not options.pop("reason", None):
        raise pytest.UsageError(f"{item.nodeid}: the leaks marker must carry a reason")
    return options
