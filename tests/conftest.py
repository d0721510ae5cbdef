"""
How the suite runs: every ``async def`` test in an event loop of its own, inside the leak guard, on the loop that the
environment names. Outside programs are found here, skipped by name or demanded. Helpers for single rooms live beside
their tests.

    JAYSTREAM_LOOP=asyncio|uvloop|eager    which loop (eager: asyncio with eager tasks, Python 3.12 and later)
    JAYSTREAM_DEBUG=1                      asyncio's debug mode
    JAYSTREAM_EXAMPLES=n                   Hypothesis examples per test
    JAYSTREAM_REQUIRE_PROGRAMS=1           a missing outside program fails the test that needs it
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from jaystream.testing import guard_leaks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = Path(os.environ.get("JAYSTREAM_NODE_MODULES", ROOT / ".ci" / "node_modules"))

# No deadline: the machine's other work must not decide a result.
hypothesis.settings.register_profile(
    "jaystream", deadline=None, max_examples=int(os.environ.get("JAYSTREAM_EXAMPLES", "60"))
)
hypothesis.settings.load_profile("jaystream")


def make_loop() -> asyncio.AbstractEventLoop:
    """
    The event loop that ``JAYSTREAM_LOOP`` names.
    """
    name = os.environ.get("JAYSTREAM_LOOP", "asyncio")
    if name == "asyncio":
        return asyncio.new_event_loop()
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - only this leg needs it, and Windows has none

        return uvloop.new_event_loop()
    if name == "eager":
        loop = asyncio.new_event_loop()
        # looked up by name: Python 3.11, the type checkers' version, has none
        loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 - see above
        return loop
    raise pytest.UsageError(f"JAYSTREAM_LOOP must be asyncio, uvloop or eager, not {name!r}")


def make_runner() -> asyncio.Runner:
    """
    A runner as the environment asks for it.
    """
    return asyncio.Runner(debug=os.environ.get("JAYSTREAM_DEBUG") == "1" or None, loop_factory=make_loop)


def pytest_configure(config: pytest.Config) -> None:
    """
    Declare the markers that belong to this file.
    """
    config.addinivalue_line(
        "markers",
        "leaks(allow_finalized=False, settle=0, reason=): options for the leak guard of this one async test",
    )


def pytest_collection_finish() -> None:
    """
    Put what exists by now out of the collector's sight, so that the guard's collections cost microseconds.
    """
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Skip a test whose outside program is missing, by name, or fail it where all programs are demanded.
    """
    for marker in item.iter_markers("program"):
        for name in marker.args:
            if find_program(name) is not None:
                continue
            if os.environ.get("JAYSTREAM_REQUIRE_PROGRAMS") == "1":
                pytest.fail(f"needs {name}, which is not installed", pytrace=False)
            pytest.skip(f"needs {name}, which is not installed")


def find_program(name: str) -> str | None:
    """
    Where the program *name* is: ``a|b`` takes the first that is there, ``npm:x`` is a package that .ci/run installs.
    """
    for one in name.split("|"):
        package = one.removeprefix("npm:")
        if package != one:
            if (NODE_MODULES / package / "package.json").exists():
                return str(NODE_MODULES / package)
        elif (path := shutil.which(one)) is not None:
            return path
    return None


@pytest.fixture
def program() -> Callable[[str], str]:
    """
    Gives the path of a program that the test's ``program`` marker names.
    """

    def path(name: str) -> str:
        found = find_program(name)
        assert found is not None, f"{name} must stand in the test's program marker"
        return found

    return path


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """
    Run an ``async def`` test, each of its Hypothesis examples too, in a loop of its own and inside the leak guard.
    """
    test: Any = pyfuncitem.obj
    options = guard_options(pyfuncitem)
    handle = getattr(test, "hypothesis", None)
    if handle is not None and inspect.iscoroutinefunction(handle.inner_test):
        inner = handle.inner_test
        with make_runner() as runner:
            # Hypothesis calls its inner test once per example, knows nothing of coroutines, and wants a real function
            @functools.wraps(inner)
            def one_example(*args: Any, **kwargs: Any) -> None:
                run_guarded(runner, inner, options, *args, **kwargs)

            handle.inner_test = one_example
            try:
                test(**arguments_of(pyfuncitem))
            finally:
                handle.inner_test = inner
        return True
    if not inspect.iscoroutinefunction(test):
        return None
    with make_runner() as runner:
        run_guarded(runner, test, options, **arguments_of(pyfuncitem))
    return True


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
    wanted = item._fixtureinfo.argnames
    return {name: item.funcargs[name] for name in wanted}


def guard_options(item: pytest.Function) -> dict[str, Any]:
    """
    The leak guard's options from the test's ``leaks`` marker, without the reason, which is for readers.
    """
    marker = item.get_closest_marker("leaks")
    if marker is None:
        return {}
    options = dict(marker.kwargs)
    if not options.pop("reason", None):
        raise pytest.UsageError(f"{item.nodeid}: the leaks marker must carry a reason")
    return options
