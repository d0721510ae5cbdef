"""
The loop of callers that have none: it stays, is closed once, and on Lambda ends with the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jaystream.aws.own_loop import OwnLoop

ROOT = Path(__file__).resolve().parent.parent.parent

SCRIPT = """
import os, signal, sys, threading, time
from jaystream.aws.own_loop import OwnLoop

async def close():
    print("closed", flush=True)

async def work():
    return None

{before}
loop = OwnLoop(close)
loop.run(work())
{after}
"""


def ran(before: str, after: str, *, on_lambda: bool = True) -> tuple[int, list[str]]:
    """
    Run the script in a process of its own; gives its exit code and what it printed.
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    env.pop("AWS_LAMBDA_RUNTIME_API", None)
    if on_lambda:
        env["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9"
    code = SCRIPT.format(before=before, after=after)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True, check=False, timeout=50
    )
    assert "" == result.stderr
    return result.returncode, result.stdout.split()


class TestOwnLoop:
    """
    One loop for many calls.
    """

    def test_closes_once(self) -> None:
        """
        What is to be done before it closes is done once, on the loop; the next call begins anew.
        """
        loops: list[asyncio.AbstractEventLoop] = []

        async def note() -> None:
            loops.append(asyncio.get_running_loop())

        own = OwnLoop(note)
        own.close()
        assert [] == loops
        own.run(note())
        own.run(note())
        own.close()
        own.close()
        assert 3 == len(loops)
        assert 1 == len(set(loops))
        assert loops[0].is_closed()
        own.run(note())
        own.close()
        assert loops[3] is loops[4] is not loops[0]

    def test_leaves_signals_alone(self) -> None:
        """
        Outside of Lambda no signal is touched.
        """

        async def nothing() -> None:
            return None

        before = signal.getsignal(signal.SIGTERM)
        own = OwnLoop(nothing)
        own.run(nothing())
        own.close()
        assert before is signal.getsignal(signal.SIGTERM)

    def test_end_of_the_process(self) -> None:
        """
        A process that ends closes it.
        """
        assert (0, ["closed"]) == ran("", "", on_lambda=False)

    @pytest.mark.parametrize(
        "after", ["os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(40)", "signal.raise_signal(15)"]
    )
    def test_sigterm_on_lambda(self, after: str) -> None:
        """
        The signal that ends an environment closes it.
        """
        assert (143, ["closed"]) == ran("", after)

    @pytest.mark.parametrize(
        "before",
        [
            "signal.signal(signal.SIGTERM, lambda number, frame: None)",
            "a, b = os.pipe()\nos.set_blocking(b, False)\nsignal.set_wakeup_fd(b)",
        ],
    )
    def test_minded_already(self, before: str) -> None:
        """
        Where somebody else minds signals, that stays so.
        """
        kept = "signal.getsignal(signal.SIGTERM)"
        after = "print(len(threading.enumerate()), signal.getsignal(signal.SIGTERM) is kept)\nsignal.set_wakeup_fd(-1)"
        assert (0, ["1", "True", "closed"]) == ran(f"{before}\nkept = {kept}", after)
