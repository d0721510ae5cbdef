"""
`shutdown_on`: an event that a signal sets, beside what the signal did before.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.handlers import shutdown_on

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def taken() -> Iterator[list[int]]:
    """
    What a handler that was there before has been told.
    """
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    yield told
    signal.signal(signal.SIGTERM, before)


class TestShutdownOn:
    """
    What a signal does, and what is left afterwards.
    """

    async def test_sets_the_event(self, taken: list[int]) -> None:
        """
        The event is set, and whoever had the signal before has it too.
        """
        with shutdown_on() as shutdown:
            assert not shutdown.is_set()
            signal.raise_signal(signal.SIGTERM)
            await shutdown.wait()
        assert [signal.SIGTERM] == taken

    async def test_beside_the_loop(self, taken: list[int]) -> None:
        """
        A handler of the event loop, as some servers have it, is called too.
        """
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, called.set)
        try:
            with shutdown_on(signal.SIGTERM) as shutdown:
                signal.raise_signal(signal.SIGTERM)
                await shutdown.wait()
                await called.wait()
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    async def test_puts_back(self) -> None:
        """
        What handled the signals before does so again; a handler that came later is left alone.
        """
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        with shutdown_on():
            assert before[signal.SIGTERM] is not signal.getsignal(signal.SIGTERM)
        assert before == {number: signal.getsignal(number) for number in before}

        def later(number: int, frame: Any) -> None:
            raise AssertionError

        with shutdown_on(signal.SIGTERM):
            signal.signal(signal.SIGTERM, later)
        assert later is signal.getsignal(signal.SIGTERM)

    async def test_not_in_a_thread(self) -> None:
        """
        Another thread is told why it cannot.
        """

        def enter() -> None:
            with shutdown_on():
                raise AssertionError

        with pytest.raises(RuntimeError, match="in the main thread alone"):
            await asyncio.to_thread(enter)

    @pytest.mark.parametrize(("disposition", "status"), [("SIG_DFL", -signal.SIGTERM), ("SIG_IGN", 0)])
    def test_without_a_handler(self, disposition: str, status: int) -> None:
        """
        A process that nobody kept from ending ends; one that ignores the signal is told, and goes on.
        """
        program = (
            "import asyncio, signal\n"
            "from jaystream.handlers import shutdown_on\n"
            f"signal.signal(signal.SIGTERM, signal.{disposition})\n"
            "async def main():\n"
            "    with shutdown_on(signal.SIGTERM) as shutdown:\n"
            "        signal.raise_signal(signal.SIGTERM)\n"
            "        await shutdown.wait()\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run([sys.executable, "-c", program], check=False, timeout=30)
        assert status == done.returncode
