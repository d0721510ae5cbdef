"""
The file source: bytes from a file, off the event loop.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, T_co
from jaystream._core.stages import check_int
from jaystream._core.threads import in_thread
from jaystream.formats.raw import RawEncoder
from jaystream.sources.make import make

if TYPE_CHECKING:
    from _typeshed import StrPath

    from jaystream.stream import JaypieStream

__all__ = ["FromFileMixin"]


def path_of(path: object, argument: str) -> str:
    """
    The text of a path.

    Raises:
        TypeError: If *path* is neither `str` nor a path-like object that stands for one.
    """
    stands_for = getattr(type(path), "__fspath__", None)
    text: object = path if stands_for is None else stands_for(path)
    if not isinstance(text, str):
        raise TypeError(f"{argument} expects a path, not {describe(path)}")
    return text


class Reader:
    """
    The file of one run; its methods block, and are called in a worker thread.
    """

    __slots__ = ("_file", "_path", "_size")

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._size = size
        self._file: FileIO | None = None

    def read(self) -> bytes:
        if self._file is None:
            # Kept here and not handed back, so that a cancellation while the thread opens it cannot lose it.
            self._file = FileIO(self._path)
        return self._file.read(self._size)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class FilePieces:
    """
    The source of `from_file`.
    """

    __slots__ = ("path", "size")

    def __init__(self, path: str, size: int) -> None:
        self.path: str = path
        self.size: int = size

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        reader = Reader(self.path, self.size)
        try:
            while data := await in_thread(reader.read):
                yield data
        finally:
            await in_thread(reader.close)

    def __repr__(self) -> str:
        return f"from_file({self.path!r})"


def raw(path: str) -> RawEncoder:
    """
    The encoder for the bytes of a file, whose content type its name tells.
    """
    import mimetypes  # noqa: PLC0415 - it reads the system's tables, and most files are not sent as they are

    media_type, packed = mimetypes.guess_type(os.path.basename(path))  # noqa: PTH119 - importing pathlib takes milliseconds
    return RawEncoder() if media_type is None or packed else RawEncoder(media_type)


class FromFileMixin(Described[T_co]):
    """
    `from_file`.
    """

    __slots__ = ()

    @classmethod
    def from_file(cls, path: StrPath, *, size: int = 65_536) -> JaypieStream[bytes]:
        r"""
        Read a file piece by piece; `.lines()` and `.decode_utf8()` make text of the pieces.

        A sink sends the bytes as they are, under the content type that the file's name tells.

        Args:
            path: The file.
            size: Bytes per piece, at most; at least 1.

        Raises:
            TypeError: At this call, if *path* is no path or *size* no whole number.
            ValueError: At this call, if *size* is below 1.
            OSError: In the run, if the file cannot be opened or read, as `FileNotFoundError`.

        Flow:
            Keeps order, holds one piece and reads none ahead. Opens the file at the first pull, reads and closes it in
            worker threads, and closes it on every way out; a cancellation waits for the read that is under way, which
            matters for a pipe. Can run again.

        >>> asyncio.run(JaypieStream.from_file("/dev/null").count())
        0
        """
        name = path_of(path, "from_file(path)")
        return make(cls, FilePieces(name, check_int(size, "from_file", "size", 1)), partial(raw, name))
