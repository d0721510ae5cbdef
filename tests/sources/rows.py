"""
What blocks, and notes which threads use it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType

from jaystream._core import worker


def ours() -> list[threading.Thread]:
    """
    The threads of such sources that are alive.
    """
    return [thread for thread in threading.enumerate() if thread.name == worker.NAME]


class Rows:
    """
    What an SDK gives: an iterable with `close`, as boto3's event stream is. Notes which threads used it.
    """

    def __init__(self, *rows: int, gate: threading.Event | None = None, fail: bool = False) -> None:
        self.rows = rows
        self.gate = gate
        self.fail = fail
        self.reads = 0
        self.closed = 0
        self.waiting = threading.Event()
        self.threads: set[threading.Thread] = set()

    def __iter__(self) -> Iterator[int]:
        for row in self.rows:
            self.threads.add(threading.current_thread())
            self.reads += 1
            if self.gate is not None and self.reads == 2:
                self.waiting.set()
                self.gate.wait()
            yield row
        if self.fail:
            raise OSError("gone")

    def close(self) -> None:
        """
        Close it.
        """
        self.threads.add(threading.current_thread())
        self.closed += 1


class Managed(Rows):
    """
    The same as a context manager.
    """

    def __init__(self, *rows: int, fail: bool = False) -> None:
        super().__init__(*rows, fail=fail)
        self.left: list[type[BaseException] | None] = []

    def __enter__(self) -> Rows:
        self.threads.add(threading.current_thread())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.threads.add(threading.current_thread())
        self.left.append(kind)
