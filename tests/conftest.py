"""
How the suite runs: `jaystream.testing.plugin` puts every ``async def`` test into the leak guard, on the loop that the
environment names here. Outside programs are found here, skipped by name or demanded. Helpers for single rooms live
beside their tests.

    JAYSTREAM_LOOP=asyncio|uvloop|eager    which loop (eager: asyncio with eager tasks, Python 3.12 and later)
    JAYSTREAM_DEBUG=1                      asyncio's debug mode
    JAYSTREAM_EXAMPLES=n                   Hypothesis examples per test
    JAYSTREAM_REQUIRE_PROGRAMS=1           a missing outside program fails the test that needs it
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from jaystream.testing import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaystream.testing import VirtualClock

pytest_plugins = ["jaystream.testing.plugin"]

ROOT = Path(__file__).resolve().parent.parent
# programs that .ci/run installs beside the suite
PLACES = os.pathsep.join(str(ROOT / ".ci" / place) for place in ("awscli/bin", "rie"))
NODE_MODULES = Path(os.environ.get("JAYSTREAM_NODE_MODULES", ROOT / ".ci" / "node_modules"))

# No deadline: the machine's other work must not decide a result.
hypothesis.settings.register_profile(
    "jaystream", deadline=None, max_examples=int(os.environ.get("JAYSTREAM_EXAMPLES", "60"))
)
hypothesis.settings.load_profile("jaystream")


def make_loop(clock: VirtualClock | None = None) -> asyncio.AbstractEventLoop:
    """
    The event loop that ``JAYSTREAM_LOOP`` names, or one with *clock*, which uvloop cannot have.
    """
    name = os.environ.get("JAYSTREAM_LOOP", "asyncio")
    if name not in {"asyncio", "uvloop", "eager"}:
        raise pytest.UsageError(f"JAYSTREAM_LOOP must be asyncio, uvloop or eager, not {name!r}")
    if name == "uvloop" and clock is None:
        import uvloop  # noqa: PLC0415 - only this leg needs it, and Windows has none

        return uvloop.new_event_loop()
    loop = asyncio.new_event_loop() if clock is None else VirtualLoop(clock)
    if name == "eager":
        # looked up by name: Python 3.11, the type checkers' version, has none
        loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009 - see above
    return loop


def pytest_jaystream_runner(clock: VirtualClock | None) -> asyncio.Runner:
    """
    A runner as the environment asks for it.
    """
    debug = os.environ.get("JAYSTREAM_DEBUG") == "1" or None
    return asyncio.Runner(debug=debug, loop_factory=lambda: make_loop(clock))


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
    Where the program *name* is: ``a|b`` takes the first that is there, ``npm:x`` and ``module:x`` are packages that
    .ci/run installs.
    """
    for one in name.split("|"):
        if one.startswith("module:"):
            spec = importlib.util.find_spec(one.removeprefix("module:"))
            if spec is not None:
                return spec.origin
            continue
        package = one.removeprefix("npm:")
        if package != one:
            if (NODE_MODULES / package / "package.json").exists():
                return str(NODE_MODULES / package)
        elif (path := shutil.which(one)) is not None or (path := shutil.which(one, path=PLACES)) is not None:
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
