"""
The command line as the tests of the demo run it: in a process of its own, warnings as errors, with a folder of its
own for temporary files, so that what is left behind can be seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Done(NamedTuple):
    """
    What a command left: its exit code and its output.
    """

    code: int
    out: str
    err: str


def environment(scratch: Path, **more: str) -> dict[str, str]:
    """
    The environment of a command whose temporary files go to *scratch*.
    """
    return {**os.environ, "TMPDIR": str(scratch), "PYTHONUTF8": "1", "COLUMNS": "80", **more}


def start(scratch: Path, *arguments: str, code: str | None = None, **more: Any) -> subprocess.Popen[str]:
    """
    Start ``python -m jaystream`` with *arguments*, or some Python *code* in its place.
    """
    program = ["-m", "jaystream"] if code is None else ["-c", code]
    return subprocess.Popen(
        [sys.executable, "-W", "error", *program, *arguments],
        cwd=scratch.parent,
        env=environment(scratch),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **more,
    )


def run(scratch: Path, *arguments: str, stdin: str = "", code: str | None = None) -> Done:
    """
    Run the command to its end, and see that it left no temporary file.
    """
    with start(scratch, *arguments, code=code) as process:
        out, err = process.communicate(stdin, timeout=50)
    assert [] == list(scratch.iterdir()), "left behind"
    return Done(process.returncode, out, err)


def children(process: subprocess.Popen[str]) -> list[int]:
    """
    The processes that a process has started, where /proc tells.
    """
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[1] == str(process.pid) and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found
