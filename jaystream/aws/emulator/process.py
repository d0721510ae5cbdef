"""
The process of a runtime, from its start until nothing of it is left.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio import CancelScope, move_on_after

from jaystream.aws.emulator.pipes import Pipe, RecordPipe

if TYPE_CHECKING:
    from anyio.abc import Process

RECORDS = "_LAMBDA_TELEMETRY_LOG_FD"
"""The variable that tells a runtime where to write records."""

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""


class RuntimeProcess:
    """
    A process, from its start until nothing of it is left. An async context manager for one use.

    It leads a session of its own: an interrupt from the terminal reaches the emulator alone, and what the function has
    started itself is killed with it.

    Args:
        command: What to run.
        environment: Its variables, all of them.
        folder: Where it runs.
        on_line: Called with each line that it prints or records, its end included.
    """

    __slots__ = ("_command", "_environment", "_folder", "_on_line", "_pipes", "_process")

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, on_line: Callable[[bytes], None]
    ) -> None:
        self._command = command
        self._environment = environment
        self._folder = folder
        self._on_line = on_line
        self._pipes: list[Pipe] = []
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """
        Start it.

        Raises:
            OSError: If it cannot be started.
        """
        output = Pipe(self._on_line)
        self._pipes = [output]
        try:
            records = RecordPipe(self._on_line)
            self._pipes.append(records)
            self._process = await anyio.open_process(
                self._command,
                stdin=DEVNULL,
                stdout=output.sink,
                stderr=output.sink,
                cwd=self._folder,
                env={**self._environment, RECORDS: str(records.sink)},
                start_new_session=True,
                pass_fds=[records.sink],
            )
        except BaseException:
            for pipe in self._pipes:
                pipe.close()
            raise
        finally:
            for pipe in self._pipes:
                pipe.given()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        Ask it to end, then kill what is left of it, and read its last words.
        """
        process = self._process
        assert process is not None  # noqa: S101 - for type checkers
        try:
            with CancelScope(shield=True):
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.terminate()
                    with move_on_after(GRACE):
                        await process.wait()
                self.kill()
                await process.wait()
        finally:
            for pipe in self._pipes:
                pipe.close()

    @property
    def pid(self) -> int:
        """
        Its number.
        """
        assert self._process is not None  # noqa: S101 - for type checkers
        return self._process.pid

    async def wait(self) -> int:
        """
        Wait until it has ended, and give its exit code; a signal's is negative.
        """
        assert self._process is not None  # noqa: S101 - for type checkers
        return await self._process.wait()

    def kill(self) -> None:
        """
        Kill it, and all that it has started, without a warning.
        """
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def drain(self) -> None:
        """
        Hand on what it has written to its log until now.
        """
        for pipe in self._pipes:
            pipe.drain()

    def memory(self) -> int | None:
        """
        The most MiB that it has used, None where the system does not tell.
        """
        return memory_of(self.pid, "VmHWM:")

    def memory_now(self) -> int | None:
        """
        The MiB that it uses, None where the system does not tell.
        """
        return memory_of(self.pid, "VmRSS:")


def memory_of(pid: int, field: str) -> int | None:
    """
    A figure from what Linux tells of a process, in MiB.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith(field):
            return int(line.split()[1]) // 1024
    return None
