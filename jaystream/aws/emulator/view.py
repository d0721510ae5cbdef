"""
What the terminal shows: each invocation in a line, live while it runs, and between them what the function prints.
"""

from __future__ import annotations

import time
from shutil import get_terminal_size
from typing import TYPE_CHECKING, TextIO

from anyio import sleep

if TYPE_CHECKING:
    from jaystream.aws.emulator.invocation import Invocation

EVERY = 0.1
"""Seconds between two looks at what runs."""


class View:
    """
    Prints. On a terminal, what runs stays below all that is over, and is kept up to date.

    Args:
        output: Where to.
    """

    __slots__ = ("_drawn", "_live", "_output", "_running")

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._live = output.isatty()
        self._running: dict[str, Invocation] = {}
        self._drawn = 0

    async def follow(self) -> None:
        """
        Keep what is shown up to date, for ever.
        """
        while self._live:
            await sleep(EVERY)
            if self._running:
                self._show()

    def started(self, invocation: Invocation) -> None:
        """
        One more runs.
        """
        self._running[invocation.id] = invocation
        self._show()

    def ended(self, invocation: Invocation) -> None:
        """
        One is over.
        """
        self._running.pop(invocation.id, None)
        self._show(line_of(invocation))

    def line(self, line: bytes, invocation: Invocation | None) -> None:
        """
        The function has printed something. The lines that frame an invocation are its log's, and said by `ended` here.
        """
        text = line.decode("utf-8", "replace").rstrip("\n").replace("\r", "\n")
        if invocation is not None and text.startswith(("START ", "END ", "REPORT ")) and invocation.id in text:
            return
        name = "" if invocation is None else short(invocation)
        self._show(*(f"         {name:8} | {part}" for part in text.split("\n")))

    def _show(self, *lines: str) -> None:
        if not self._live:
            for line in lines:
                print(line, file=self._output, flush=True)
            return
        above = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        width = get_terminal_size().columns
        running = [line_of(invocation)[: width - 1] for invocation in self._running.values()]
        print(above + "".join(f"{line}\n" for line in (*lines, *running)), end="", file=self._output, flush=True)
        self._drawn = len(running)


def short(invocation: Invocation) -> str:
    """
    The beginning of an invocation's id.
    """
    return invocation.id[:8]


def line_of(invocation: Invocation) -> str:
    """
    What there is to say of an invocation, in a line.
    """
    reply, over = invocation.reply, invocation.over.is_set()
    status = "---" if invocation.status is None else str(invocation.status)
    first = "" if invocation.first_byte is None else f"first {invocation.first_byte * 1000:.0f} ms"
    seconds = invocation.took if over else invocation.age
    end = "..." if not over else "end" if reply.failure is None else reply.failure.kind
    cold = "" if invocation.cold is None else f" (cold start {invocation.cold * 1000:.0f} ms)"
    note = f"; {invocation.note}" if invocation.note else ""
    return (
        f"{time.strftime('%H:%M:%S')} {short(invocation)} {invocation.label:20} {status} {first:>14} "
        f"{reply.size:>11,} B {seconds:>8.3f} s {end}{cold}{note}"
    )
