"""
The pytest plugin as a user's suite has it: opted into, beside the marks of other plugins.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import asyncio
import pytest

pytest_plugins = ["jaystream.testing.plugin"]

class Named(asyncio.Runner):
    pass

def pytest_jaystream_runner(item, clock):
    return Named(debug=True) if item.name == "test_own_runner" else None

def pytest_configure(config):
    config.addinivalue_line("markers", "anyio: another plugin's")

@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("anyio"):
        print("left to anyio:", pyfuncitem.name)
        return True
"""

SUITE = """
import asyncio
import pytest
from jaystream.testing import VirtualLoop, VirtualClock

async def numbers():
    yield 1
    yield 2

def test_plain():
    assert 1 + 1 == 2

async def test_loop():
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)

async def test_virtual(virtual_clock):
    await asyncio.sleep(10_000)
    assert virtual_clock.now == asyncio.get_running_loop().time() == 10_000

async def test_deadlock(virtual_clock):
    await asyncio.Event().wait()

async def test_leak():
    async for _ in numbers():
        break

async def test_own_runner():
    assert asyncio.get_running_loop().get_debug()

@pytest.mark.anyio
async def test_of_another():
    raise AssertionError
"""


LONG_SUITE = """
import gc
import weakref
import pytest

KEPT = []
GONE = []

class Cycle:
    def __init__(self):
        self.me = self

def test_keeps_much():
    KEPT.extend([number] for number in range(100_000))
    KEPT.append(Cycle())
    GONE.append(weakref.ref(KEPT[-1]))

async def test_sees_little():
    assert len(gc.get_objects()) < 20_000

def test_drops_what_is_frozen():
    KEPT.clear()
    assert GONE[0]() is not None

@pytest.mark.parametrize("number", range(200))
async def test_many(number):
    pass

def test_nothing_is_kept_for_ever():
    assert GONE[0]() is None
"""


def run(folder: Path, suite: str) -> str:
    """
    What pytest prints about a suite in *folder*.
    """
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_suite.py").write_text(suite)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--color=no", "-p", "no:randomly", "-p", "no:anyio"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return result.stdout + result.stderr


class TestPlugin:
    """
    A suite of its own.
    """

    def test_suite(self, tmp_path: Path) -> None:
        """
        Async tests run guarded, in virtual time where they ask for it, by the runner that a hook gives; what another
        plugin marks is left to it.
        """
        output = run(tmp_path, SUITE)
        assert "2 failed, 5 passed" in output, output
        assert "FAILED test_suite.py::test_deadlock" in output
        assert "nothing is left that could wake the loop" in output
        assert "test_deadlock at" in output
        assert "FAILED test_suite.py::test_leak" in output
        assert "left to anyio: test_of_another" in output

    def test_long_suite(self, tmp_path: Path) -> None:
        """
        What earlier tests keep costs later ones nothing, and what they drop is collected in the end.
        """
        output = run(tmp_path, LONG_SUITE)
        assert "204 passed" in output, output[-2000:]
