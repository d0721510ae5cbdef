"""
Proof that the suite's own runner, in conftest.py, puts every async test into the guard and never loses a skip.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

PLANTED = """
import asyncio
import hypothesis
import pytest
from hypothesis import strategies

async def numbers():
    yield 1
    yield 2

async def test_plain():
    async for _ in numbers():
        break

@hypothesis.given(strategies.integers())
async def test_given(number):
    async for _ in numbers():
        break

@pytest.mark.leaks(allow_finalized=True)
async def test_no_reason():
    pass

@pytest.mark.leaks(allow_finalized=True, reason="the finalizer is what is shown")
async def test_with_leave():
    async for _ in numbers():
        break

async def test_clean():
    assert [1, 2] == [number async for number in numbers()]

@pytest.mark.program("no-such-program")
async def test_wrong_program():
    raise AssertionError
"""


class TestRunner:
    """
    The runner of async tests.
    """

    async def test_loop(self) -> None:
        """
        The loop is the one that the environment names.
        """
        loop = asyncio.get_running_loop()
        name = os.environ.get("JAYSTREAM_LOOP", "asyncio")
        assert ("uvloop" == name) == type(loop).__module__.startswith("uvloop")
        assert ("eager" == name) == (loop.get_task_factory() is not None)
        if os.environ.get("JAYSTREAM_DEBUG") == "1":
            assert loop.get_debug()

    @hypothesis.given(number=strategies.integers())
    async def test_given(self, number: int) -> None:
        """
        An async test with ``@given`` runs in a loop, once per example.
        """
        assert asyncio.get_running_loop().is_running()
        assert number == await asyncio.sleep(0, number)

    @pytest.mark.parametrize("value", [1, 2])
    async def test_arguments(self, value: int, tmp_path: Path) -> None:
        """
        Parameters and fixtures reach an async test.
        """
        assert value in {1, 2}
        assert tmp_path.is_dir()

    @pytest.mark.parametrize(("runner", "test", "options"), [(1, 2, 3)])
    async def test_argument_names(self, runner: int, test: int, options: int) -> None:
        """
        A parameter may have the name of one of the runner's own.
        """
        assert (1, 2, 3) == (runner, test, options)

    @hypothesis.given(options=strategies.just(3))
    async def test_argument_names_given(self, options: int) -> None:
        """
        So may what Hypothesis gives.
        """
        assert 3 == options

    @pytest.mark.parametrize(
        ("demanded", "summary"), [("", "3 failed, 2 passed, 1 skipped"), ("1", "3 failed, 2 passed, 1 error")]
    )
    def test_planted_faults(self, tmp_path: Path, demanded: str, summary: str) -> None:
        """
        Tests that leak fail, plain and with ``@given``; a marker with a reason lets one pass, one without is refused; a
        missing program skips by name, or breaks where programs are demanded.
        """
        planted = tmp_path / "test_planted.py"
        planted.write_text(PLANTED)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-q", "--color=no"]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "tests.conftest"]
        environment = {**os.environ, "JAYSTREAM_REQUIRE_PROGRAMS": demanded}
        result = subprocess.run(
            [*command, str(planted)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
        assert "async generator left to the garbage collector: numbers" in result.stdout
        assert "must carry a reason" in result.stdout
        assert "needs no-such-program, which is not installed" in result.stdout
        assert summary in result.stdout


class TestProgram:
    """
    How outside programs are found.
    """

    @pytest.mark.program("no-such-program|sh")
    def test_alternatives(self, program: Callable[[str], str]) -> None:
        """
        The first of several that is there is taken.
        """
        assert Path(program("no-such-program|sh")).name == "sh"

    @pytest.mark.program("npm:eventsource-parser")
    def test_package(self, program: Callable[[str], str]) -> None:
        """
        An npm package is found as the folder it was installed to.
        """
        assert (Path(program("npm:eventsource-parser")) / "package.json").is_file()
