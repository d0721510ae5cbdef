"""
`from_file`, on real files and, where a read has to be caught under way, on named pipes.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import RecordingResponseStream, RecordingSend
from tests.checks import WAYS, pause

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are looked up in /proc")
needs_fifo = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    A file of ten bytes.
    """
    path = tmp_path / "ten.txt"
    path.write_bytes(b"0123456789")
    return path


def handles(path: Path) -> list[str]:
    """
    The names under which this process has *path* open.
    """
    found: list[str] = []
    for handle in Path("/proc/self/fd").iterdir():
        try:
            if handle.readlink() == path:
                found.append(handle.name)
        except OSError:
            continue  # the handle of the listing itself
    return found


async def open_for_writing(pipe: Path) -> int:
    """
    Open a named pipe for writing, as soon as somebody has it open, or is opening it, for reading.
    """
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            await pause()


class TestFromFile:
    """
    Bytes of a file.
    """

    @pytest.mark.parametrize(
        ("size", "expected"),
        [(4, [b"0123", b"4567", b"89"]), (5, [b"01234", b"56789"]), (10, [b"0123456789"]), (100, [b"0123456789"])],
    )
    async def test_pieces(self, file: Path, size: int, expected: list[bytes]) -> None:
        """
        The bytes come in order, in pieces of the size; however it is run, and as often as it is.
        """
        stream = JaypieStream.from_file(file, size=size)
        for gather in WAYS:
            assert expected == await gather(stream)

    async def test_kinds_of_path(self, file: Path) -> None:
        """
        A `str` is a path, and so is every path-like object.
        """
        with os.scandir(file.parent) as entries:
            entry = next(entries)
        for path in (str(file), file, entry):
            assert [b"0123456789"] == await JaypieStream.from_file(path).to_list()

    async def test_empty(self, tmp_path: Path) -> None:
        """
        An empty file makes an empty stream.
        """
        (tmp_path / "empty").touch()
        assert [] == await JaypieStream.from_file(tmp_path / "empty").to_list()

    async def test_lines(self, tmp_path: Path) -> None:
        """
        Lines come whole, however the file is cut into pieces.
        """
        (tmp_path / "lines").write_bytes("é one\r\ntwo\n\nlast".encode())
        for size in range(1, 20):
            stream = JaypieStream.from_file(tmp_path / "lines", size=size)
            assert ["é one", "two", "", "last"] == await stream.lines().to_list()

    async def test_describing_opens_nothing(self, tmp_path: Path) -> None:
        """
        A stream can be built before its file is there; a missing file is an error of the run.
        """
        path = tmp_path / "later"
        stream = JaypieStream.from_file(path)
        for gather in WAYS:
            with pytest.raises(FileNotFoundError, match="later"):
                await gather(stream)
        path.write_bytes(b"here")
        assert [b"here"] == await stream.to_list()

    async def test_folder(self, tmp_path: Path) -> None:
        """
        What cannot be read as a file is an error of the run.
        """
        with pytest.raises(OSError, match=tmp_path.name):
            await JaypieStream.from_file(tmp_path).to_list()

    @pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden here")
    async def test_forbidden(self, file: Path) -> None:
        """
        A file that may not be read is an error of the run.
        """
        file.chmod(stat.S_IWUSR)
        with pytest.raises(PermissionError, match=r"ten\.txt"):
            await JaypieStream.from_file(file).to_list()

    @pytest.mark.parametrize(
        ("size", "error"), [(0, ValueError), (-1, ValueError), ("4", TypeError), (True, TypeError)]
    )
    def test_bad_size(self, file: Path, size: Any, error: type[Exception]) -> None:
        """
        A size that is none is refused where the stream is written.
        """
        with pytest.raises(error, match=r"from_file\(size=\)"):
            JaypieStream.from_file(file, size=size)

    @pytest.mark.parametrize("path", [3, None, b"ten.txt"])
    def test_bad_path(self, path: Any) -> None:
        """
        So is what is no path.
        """
        with pytest.raises(TypeError, match=r"from_file\(path\) expects a path, not"):
            JaypieStream.from_file(path)

    def test_path_in_bytes(self, file: Path) -> None:
        """
        So is a path-like object that stands for bytes, with the object in the message.
        """
        with os.scandir(os.fsencode(file.parent)) as entries:
            entry: Any = next(entries)
        with pytest.raises(TypeError, match=r"from_file\(path\) expects a path, not <DirEntry b'ten\.txt'>"):
            JaypieStream.from_file(entry)


@needs_proc
class TestHandle:
    """
    The open file.
    """

    async def test_closed_at_the_end(self, file: Path) -> None:
        """
        It is closed when the run is over.
        """
        assert 3 == await JaypieStream.from_file(file, size=4).count()
        assert [] == handles(file)

    async def test_closed_on_early_exit(self, file: Path) -> None:
        """
        It is open while the stream runs and closed when it is left.
        """
        async with JaypieStream.from_file(file, size=4).open() as items:
            assert [] == handles(file)
            assert b"0123" == await anext(items)
            assert 1 == len(handles(file))
        assert [] == handles(file)
        assert [b"0123"] == await JaypieStream.from_file(file, size=4).take(1).to_list()
        assert [] == handles(file)

    async def test_closed_on_error(self, file: Path) -> None:
        """
        It is closed when a stage fails.
        """
        with pytest.raises(ZeroDivisionError):
            await JaypieStream.from_file(file, size=4).map(lambda _: 1 / 0).to_list()
        assert [] == handles(file)

    async def test_reads_nothing_ahead(self, file: Path) -> None:
        """
        What was not asked for has not been read.
        """
        async with JaypieStream.from_file(file, size=4).open() as items:
            await anext(items)
            (handle,) = handles(file)
            place = Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines()[0]
            assert ["pos:", "4"] == place.split()


@needs_fifo
class TestCancelled:
    """
    A cancellation while a thread is at work waits for it, and then everything is closed.
    """

    @pytest.mark.parametrize("opened", [False, True], ids=["opening", "reading"])
    async def test_waits_for_the_thread(self, tmp_path: Path, opened: bool) -> None:
        """
        The run ends cancelled when the thread is back, and the file is closed.
        """
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        task = asyncio.ensure_future(JaypieStream.from_file(pipe).to_list())
        writer = await open_for_writing(pipe) if opened else None
        await pause()
        task.cancel()
        for _ in range(20):
            await pause()
        assert not task.done()
        if writer is None:
            writer = await open_for_writing(pipe)
        try:
            os.write(writer, b"late")
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(BrokenPipeError):
                os.write(writer, b"nobody reads this")
        finally:
            os.close(writer)


class TestOnTheWire:
    """
    The bytes of a file are in a format already: its own.
    """

    @pytest.mark.parametrize(
        ("name", "media_type"),
        [
            ("a.txt", "text/plain"),
            ("a.html", "text/html"),
            ("a.png", "image/png"),
            ("a.json", "application/json"),
            ("a.unknown-kind", "application/octet-stream"),
            ("a", "application/octet-stream"),
            ("a.tar.gz", "application/octet-stream"),
        ],
    )
    def test_media_type(self, name: str, media_type: str) -> None:
        """
        The name tells the content type; what is packed is only bytes, since the name tells of what is inside.
        """
        assert media_type == JaypieStream.from_file(name).media_type

    def test_media_type_goes_with_the_bytes(self) -> None:
        """
        Stages that keep items keep it, others do not.
        """
        stream = JaypieStream.from_file("a.png")
        assert "image/png" == stream.take(3).media_type
        assert stream.map(len).media_type is None

    async def test_asgi(self, file: Path) -> None:
        """
        A web server sends the bytes as they are.
        """
        send = RecordingSend()
        stream = JaypieStream.from_file(file, size=3)
        await stream.to_asgi({"type": "http", "method": "GET", "headers": []}, send.receive, send)
        assert b"0123456789" == send.body
        assert "text/plain" == send.headers["content-type"]

    async def test_lambda(self, file: Path) -> None:
        """
        So does a Lambda.
        """
        writer = RecordingResponseStream()
        await JaypieStream.from_file(file, size=3).to_lambda(writer)
        assert b"0123456789" == writer.body
        assert "text/plain" == writer.content_type

    async def test_missing_file(self, tmp_path: Path) -> None:
        """
        A file that is not there is a status of its own, and does not show its path.
        """
        send = RecordingSend()
        stream = JaypieStream.from_file(tmp_path / "secret")
        await stream.to_asgi({"type": "http", "method": "GET", "headers": []}, send.receive, send)
        assert 500 == send.status
        assert b"secret" not in send.body

    async def test_failure_behind_the_first_byte(self, file: Path) -> None:
        """
        Nothing can be added to a file's bytes, so a failure in the middle cuts the connection.
        """

        def check(piece: bytes) -> None:
            assert piece != b"345", "planted"

        send = RecordingSend()
        stream = JaypieStream.from_file(file, size=3).tap(check)
        with pytest.raises(AssertionError, match="planted"):
            await stream.to_asgi({"type": "http", "method": "GET", "headers": []}, send.receive, send)
        assert b"012" == send.body
        assert not send.ended

    async def test_copy(self, file: Path) -> None:
        """
        Reading and writing make a copy.
        """
        data = bytes(range(256)) * 1000
        file.write_bytes(data)
        await JaypieStream.from_file(file, size=1000).to_file(file.with_name("copy"))
        assert data == file.with_name("copy").read_bytes()
