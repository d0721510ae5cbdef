"""
Chaos: faults that a service is told to have, to see what its clients make of them.
"""

from __future__ import annotations

import os
import random
import re
from asyncio import sleep

from jaystream.errors import InternalError, error_from_status
from jaystream.handlers.log import log

CHAOS_HEADER = "x-project-chaos"
"""The request header, which counts where a handler has ``chaos_header=True``."""

_NOTHING = frozenset({"", "0", "false", "none", "off", "skip"})
_CHANCES = {"always": 1.0, "high": 0.382, "medium": 0.146, "low": 0.021}
_DEADLY = frozenset({"exit", "memory"})
_LONGEST = 12.0
_BLOCK = 100_000_000


async def invoke_chaos(mode: str, *, deadly: bool = True) -> None:
    """
    Do what *mode* says: Jaypie's words.

    Args:
        mode: ``"error"`` fails with 500, ``"error=NNN"`` with another status; ``"timeout"`` waits for 15 minutes and
            fails; ``"always"``, ``"high"``, ``"medium"`` and ``"low"`` wait up to 12 seconds, ever less often;
            ``"exit"`` ends the process, ``"memory"`` takes memory until there is none. ``"none"``, ``"off"``,
            ``"skip"``, ``"false"``, ``"0"`` and nothing at all do nothing. Every other word is ``"medium"``.
        deadly: Heed ``"exit"`` and ``"memory"``; without it they do nothing.

    Raises:
        JaypieError: As *mode* says.
    """
    if mode in _NOTHING:
        return
    if mode in _DEADLY and not deadly:
        log.warning("chaos %r is not taken from a request", mode)
        return
    log.warning("chaos %r", mode)
    if status := re.fullmatch(r"error(?:=(\d{3}))?", mode):
        raise error_from_status(int(status[1] or 500))
    if mode == "timeout":
        await sleep(15 * 60)
        raise InternalError
    if mode == "exit":
        os._exit(1)
    if mode == "memory":
        blocks: list[bytearray] = []
        while True:
            blocks.append(bytearray(_BLOCK))
            await sleep(0)
    if random.random() < _CHANCES.get(mode, _CHANCES["medium"]):  # noqa: S311 - no secret
        await sleep(random.uniform(0, _LONGEST))  # noqa: S311 - no secret
