"""
The two pipes that a runtime's process writes its log to: what it prints, line by line, and framed records.

Reading takes what is there and never waits, so that a log is whole at any moment one looks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

OnLine: TypeAlias = Callable[[bytes], None]

READ = 65_536

LONGEST = 1 << 18
"""Bytes after which a line that has no end is handed on: Lambda's own limit for one event of a log."""

FRAME = 16
"""Bytes before a record: four for its type, four for its length, eight for its time."""

MAGIC = b"\xa5\x5a"


class Pipe:
    """
    The reading end in this process, and the writing end until it has been given to another.

    Args:
        on_line: Called with each line, its end included.

    Attributes:
        sink: The writing end's number.
    """

    __slots__ = ("_on_line", "_rest", "_source", "sink")

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._rest = b""
        source, sink = os.pipe()
        self._source = source
        self.sink: int = sink
        os.set_blocking(self._source, False)
        asyncio.get_running_loop().add_reader(self._source, self.drain)

    def given(self) -> None:
        """
        Another process has the writing end.
        """
        os.close(self.sink)

    def drain(self) -> None:
        """
        Hand on what has been written until now.
        """
        with suppress(BlockingIOError):
            while data := os.read(self._source, READ):
                self._rest = self._cut(self._rest + data)
            asyncio.get_running_loop().remove_reader(self._source)  # nobody holds the other end any more

    def close(self) -> None:
        """
        Hand on what is left, a line without an end too.
        """
        self.drain()
        if self._rest:
            self._on_line(self._rest + b"\n")
            self._rest = b""
        asyncio.get_running_loop().remove_reader(self._source)
        os.close(self._source)

    def _cut(self, data: bytes) -> bytes:
        """Hand on the lines in *data*, and give what is behind the last."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._on_line(line + b"\n")
        if len(rest) > LONGEST:
            self._on_line(rest + b"\n")
            return b""
        return rest


class RecordPipe(Pipe):
    """
    The pipe of framed records, each of which is one event of the log, however many lines it has.
    """

    __slots__ = ()

    def _cut(self, data: bytes) -> bytes:
        while len(data) >= FRAME:
            end = FRAME + int.from_bytes(data[4:8], "big")
            if not data.startswith(MAGIC):  # a writer that knows no frames
                return super()._cut(data)
            if len(data) < end:
                break
            self._on_line(data[FRAME:end].rstrip(b"\n") + b"\n")
            data = data[end:]
        return data
