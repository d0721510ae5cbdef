"""
The file sink: bytes to a file, off the event loop.
"""

from __future__ import annotations

# Importing pathlib takes milliseconds, which every import of the package would pay.
# ruff: noqa: PTH101, PTH105, PTH108, PTH116, PTH118, PTH120, PTH123
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias, cast

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, T_co
from jaystream._core.threads import in_thread
from jaystream._core.waiting import over
from jaystream.formats.sse import SseEncoder
from jaystream.formats.utf8 import encode_utf8
from jaystream.operators.wire import Format
from jaystream.sinks.outbox import Outbox
from jaystream.sinks.pull import Pull
from jaystream.sources.file import path_of

if TYPE_CHECKING:
    from _typeshed import StrPath

    from jaystream._core.plan import Plan
    from jaystream.sinks.report import SinkReport

Mode: TypeAlias = Literal["w", "a", "x", "wb", "ab", "xb"]


class FileFrame(SseEncoder):
    """
    What is in no format, in a file: the frame of text is the text itself, chunks are framed as server-sent events.
    """

    __slots__ = ()

    @property
    def encode(self) -> Callable[[object], bytes]:
        frame = super().encode
        return lambda item: encode_utf8(item) if isinstance(item, str) else frame(item)


class Target:
    """
    The file that is written; every method but the first blocks, and is called in a worker thread.
    """

    __slots__ = ("_atomic", "_file", "_fsync", "_mode", "_path", "_scratch", "name")

    def __init__(self, path: str, mode: str, atomic: bool, fsync: bool) -> None:  # noqa: FBT001 - internal, and named at the call's reader
        self.name: str = path
        self._path = path
        self._mode = mode[0] + "b"
        self._fsync = fsync
        self._atomic = atomic
        self._scratch: str | None = None
        self._file: BinaryIO | None = None

    def open(self) -> None:
        if self._atomic:
            # Beside the file itself and not beside a link to it, since only a rename within one file system is atomic.
            self._path = os.path.realpath(self._path)
            folder, name = os.path.split(self._path)
            # A name has at most 255 bytes, and a character up to four of them.
            self._scratch = os.path.join(folder, f".{name[:50]}.{os.urandom(16).hex()}.part")
        if self._scratch is None:
            self._file = cast("BinaryIO", open(self._path, self._mode, buffering=0))  # noqa: SIM115 - closed by finish and give_up
            return
        self._file = cast("BinaryIO", open(self._scratch, "xb", buffering=0))  # noqa: SIM115 - closed by finish and give_up
        with suppress(FileNotFoundError):
            os.chmod(self._scratch, os.stat(self._path).st_mode & 0o7777)

    def write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - for type checkers
        view = memoryview(data)
        while view:  # an unbuffered write may take a part only
            view = view[self._file.write(view) :]

    def finish(self) -> None:
        assert self._file is not None  # noqa: S101 - for type checkers
        if self._fsync:
            os.fsync(self._file.fileno())
        self._file.close()
        if self._scratch is not None:
            os.replace(self._scratch, self._path)
            self._scratch = None
            if self._fsync:
                _sync_folder(os.path.dirname(self._path))

    def give_up(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            if self._scratch is not None:
                with suppress(OSError):
                    os.unlink(self._scratch)


class Saving:
    """
    One stream into one file.
    """

    __slots__ = ("_outbox", "_pull", "_target")

    def __init__(self, target: Target) -> None:
        self._target = target
        self._outbox = Outbox(self)
        self._pull = Pull(self._outbox)

    async def run(self, plan: Plan) -> SinkReport:
        """
        Run the plan into the file.

        Raises:
            OSError: If the file cannot be opened or written; a note says how many bytes had been written.
            Exception: What the stream raised.
        """
        outbox, target = self._outbox, self._target
        try:
            await in_thread(target.open)
            async with self._pull:
                await self._pull.start(plan)
            failure = self._pull.outcome()
            await outbox.flush()
            if failure is not None:
                raise failure
            await in_thread(target.finish)
        except OSError as error:
            error.add_note(f"to_file({target.name!r}) had written {outbox.bytes} bytes")
            raise
        finally:
            try:
                outbox.drop(cut=False)
                await over(outbox.tasks(), within=None)
            finally:
                outbox.part()
                await in_thread(target.give_up)
        return outbox.report("end")

    # what the outbox asks ---------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> Awaitable[None]:
        """Write in a worker thread."""
        return in_thread(self._target.write, data)

    def encode(self, item: Any) -> bytes:
        """Text is all that is in no format by now."""
        return encode_utf8(item)

    def write_failed(self, error: Exception) -> None:
        """End the pull."""
        self._pull.stop()


def _sync_folder(folder: str) -> None:
    """Make a new name durable, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class FileMixin(Described[T_co]):
    """
    `to_file`.
    """

    __slots__ = ()

    async def to_file(
        self, path: StrPath, *, mode: Mode = "w", atomic: bool = False, fsync: bool = False
    ) -> SinkReport:
        """
        Write the stream to a file.

        `bytes` are written as they are, `str` as UTF-8; other items need a format, and without one are framed as
        server-sent events.

        Args:
            path: Where to write.
            mode: "w" replaces the file, "a" appends to it, "x" refuses one that exists.
            atomic: All or nothing: write beside the file, and rename at the end. A file that was there stays as it is
                until then, and on every failure.
            fsync: Wait at the end until the disk has it.

        Returns:
            A `SinkReport`; its `ended` is "end".

        Raises:
            TypeError: If *path* is no path.
            ValueError: If *mode* is another word, or *atomic* comes with "a" or "x".
            OSError: If the file cannot be opened or written, as `PermissionError` or a full disk; a note says how
                many bytes had been written.
            Exception: What the stream raised. Without *atomic* the items before it are in the file.

        Flow:
            Keeps order. Opens the file before the source; all file work is done in worker threads. Ready items are
            joined into one write of up to 64 KiB; while a write is under way at most one more item is read. The file
            is closed on every way out, and with *atomic* no temporary file is left behind.
        """
        name = path_of(path, "to_file(path)")
        if mode not in {"w", "a", "x", "wb", "ab", "xb"}:
            raise ValueError(f"to_file(mode=) must be 'w', 'a' or 'x', not {describe(mode)}")
        if atomic and mode[0] != "w":
            raise ValueError(f"to_file(atomic=True) replaces the whole file, so mode must be 'w', not {mode!r}")
        plan = self._plan if self._plan.wire is not None else self._plan.then(Format("format_file", FileFrame))
        return await Saving(Target(name, mode, atomic, fsync)).run(plan)
