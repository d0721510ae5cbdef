"""
The file sink: modes, all or nothing, failures of the disk and of the stream, cancellation.
"""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import ManagedProbe, Probe
from tests.sinks.exchange import begin, turns, yielding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

needs_permissions = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    Where the tests write.
    """
    return tmp_path / "out.bin"


class TestContents:
    """
    What ends up in the file.
    """

    async def test_bytes_and_text(self, path: Path) -> None:
        """
        Bytes as they are, text as UTF-8, chunks as events.
        """
        report = await JaypieStream[Any](yielding(b"a\xff", "é\n", {"type": "x"})).to_file(path)
        expected = b'a\xff\xc3\xa9\nevent: x\ndata: {"type":"x"}\n\n'
        assert expected == path.read_bytes()
        assert ("end", 3, len(expected)) == (report.ended, report.items, report.bytes)

    async def test_format(self, path: Path) -> None:
        """
        A format that was chosen is kept.
        """
        await JaypieStream.of("a").format_sse().to_file(path)
        assert b"data: a\n\n" == path.read_bytes()

    async def test_many(self, path: Path) -> None:
        """
        Many items, in order, however they are joined.
        """
        items = [f"{n}\n" for n in range(50_000)]
        await JaypieStream(items).to_file(path)
        assert "".join(items) == path.read_text()

    async def test_empty(self, path: Path) -> None:
        """
        A stream of nothing is an empty file.
        """
        await JaypieStream[str]([]).to_file(path)
        assert b"" == path.read_bytes()

    async def test_off_the_loop(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        No write happens in the loop's thread.
        """
        threads: set[int] = set()
        real = os.fsync

        def watched(handle: int) -> None:
            threads.add(threading.get_ident())
            real(handle)

        monkeypatch.setattr(os, "fsync", watched)
        await JaypieStream.of("a").to_file(path, fsync=True, atomic=True)
        assert threads
        assert threading.get_ident() not in threads

    @pytest.mark.parametrize("wrong", [3, None, b"out"])
    async def test_bad_path(self, wrong: Any) -> None:
        """
        What is no path is refused, and nothing is opened.
        """
        probe = Probe("a")
        with pytest.raises(TypeError, match=rf"to_file\(path\) expects a path, not {wrong}"):
            await JaypieStream(probe).to_file(wrong)
        assert probe.events == []


class TestModes:
    """
    What happens to a file that is there.
    """

    async def test_modes(self, path: Path) -> None:
        """
        "w" replaces, "a" appends, "x" refuses.
        """
        path.write_bytes(b"old")
        await JaypieStream.of("a").to_file(path)
        await JaypieStream.of("b").to_file(path, mode="a")
        probe = Probe("c")
        with pytest.raises(FileExistsError):
            await JaypieStream(probe).to_file(path, mode="x")
        assert (b"ab", []) == (path.read_bytes(), probe.events)

    @pytest.mark.parametrize("mode", ["r", "w+", ""])
    async def test_bad_mode(self, path: Path, mode: Any) -> None:
        """
        Other words are refused, and nothing is opened.
        """
        with pytest.raises(ValueError, match=f"'w', 'a' or 'x', not '{mode.replace('+', '[+]')}'"):
            await JaypieStream.of("a").to_file(path, mode=mode)
        assert not path.exists()

    @pytest.mark.parametrize("mode", ["a", "x"])
    async def test_atomic_replaces_only(self, path: Path, mode: Any) -> None:
        """
        All or nothing is a replacement.
        """
        with pytest.raises(ValueError, match=f"must be 'w', not '{mode}'"):
            await JaypieStream.of("a").to_file(path, mode=mode, atomic=True)


class TestAtomic:
    """
    All or nothing.
    """

    async def test_folders_that_cannot_be_opened(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the system opens no folders, as Windows, the new name is not made durable, and all else is as ever.
        """
        monkeypatch.delattr(os, "O_DIRECTORY", raising=False)
        await JaypieStream.of("a").to_file(path, fsync=True, atomic=True)
        assert (b"a", [path]) == (path.read_bytes(), list(path.parent.iterdir()))

    @pytest.mark.parametrize("fsync", [True, False])
    async def test_old_until_the_end(self, path: Path, fsync: bool) -> None:
        """
        The old content stays until the new is whole.
        """
        path.write_bytes(b"old")
        seen: list[bytes] = []
        await (
            JaypieStream(yielding("a", "b"))
            .tap(lambda _: seen.append(path.read_bytes()))
            .to_file(path, atomic=True, fsync=fsync)
        )
        assert ([b"old"] * 2, b"ab") == (seen, path.read_bytes())
        assert [path] == list(path.parent.iterdir())

    async def test_long_name(self, path: Path) -> None:
        """
        A name as long as the system allows, in characters of several bytes, has its temporary file too.
        """
        longest = path.with_name("\u6f22" * 85)
        await JaypieStream.of("a").to_file(longest, atomic=True)
        assert (b"a", [longest]) == (longest.read_bytes(), list(path.parent.iterdir()))

    async def test_link_to_itself(self, path: Path) -> None:
        """
        A link that leads nowhere but to itself is an error, and stays.
        """
        path.symlink_to(path)
        for atomic in (False, True):
            with pytest.raises(OSError, match="symbolic links"):
                await JaypieStream.of("a").to_file(path, atomic=atomic)
        assert path.is_symlink()
        assert [path] == list(path.parent.iterdir())

    async def test_rights_are_kept(self, path: Path) -> None:
        """
        The file keeps its permission bits; a new one has those of any new file.
        """
        path.write_bytes(b"old")
        path.chmod(0o640)
        await JaypieStream.of("a").to_file(path, atomic=True)
        assert 0o640 == stat.S_IMODE(path.stat().st_mode)
        fresh, plain = path.with_name("fresh"), path.with_name("plain")
        await JaypieStream.of("a").to_file(fresh, atomic=True)
        plain.touch()
        assert plain.stat().st_mode == fresh.stat().st_mode

    async def test_link_stays_a_link(self, path: Path) -> None:
        """
        What a symbolic link points to is replaced, not the link.
        """
        path.write_bytes(b"old")
        link = path.with_name("link")
        link.symlink_to(path)
        await JaypieStream.of("new").to_file(link, atomic=True)
        assert (True, b"new") == (link.is_symlink(), path.read_bytes())

    async def test_stream_fails(self, path: Path) -> None:
        """
        A failure leaves the old file, and nothing beside it.
        """
        path.write_bytes(b"old")
        probe = Probe("ab", fail_at=2, error=ValueError("planted"), before=lambda _: turns())
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream(probe).to_file(path, atomic=True)
        assert (b"old", [path]) == (path.read_bytes(), list(path.parent.iterdir()))
        probe.assert_released()

    async def test_target_is_a_folder(self, path: Path) -> None:
        """
        A rename that cannot be done leaves nothing behind.
        """
        path.mkdir()
        with pytest.raises(IsADirectoryError):
            await JaypieStream.of("a").to_file(path, atomic=True)
        assert [path] == list(path.parent.iterdir())

    @pytest.mark.parametrize("writes", range(5))
    @pytest.mark.parametrize("scoped", [True, False])
    async def test_cancelled(self, path: Path, writes: int, scoped: bool) -> None:
        """
        A run that is cancelled, while it opens, pulls, writes or closes, leaves the old file and nothing beside it.
        """
        path.write_bytes(b"old")
        reached = asyncio.Event()

        async def before(number: int) -> None:
            if number == writes:
                reached.set()
                await turns(3)
            await turns(1)

        probe = ManagedProbe("abcd", before=before)
        task = begin(JaypieStream(probe).to_file(path, atomic=True))
        if scoped:
            await reached.wait()
        else:
            await turns(writes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [path] == list(path.parent.iterdir())
        assert path.read_bytes() in {b"old", b"abcd"}
        probe.assert_released()

    @pytest.mark.parametrize("turn", range(0, 40, 3))
    async def test_cancelled_at_any_turn(self, path: Path, turn: int) -> None:
        """
        The same at any turn of the loop: it is the old file or the whole new one.
        """
        path.write_bytes(b"old")
        probe = ManagedProbe("abcd", before=lambda _: turns(2))
        task = begin(JaypieStream(probe).to_file(path, atomic=True))
        await turns(turn)
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert path.read_bytes() in {b"old", b"abcd"}
        assert [path] == list(path.parent.iterdir())
        probe.assert_released()


class TestFailures:
    """
    What goes wrong, and what is said of it.
    """

    async def test_stream_fails(self, path: Path) -> None:
        """
        The items before the failure are in the file.
        """
        probe = Probe("ab", fail_at=2, error=ValueError("planted"))
        with pytest.raises(ValueError, match="planted"):
            await JaypieStream(probe).to_file(path)
        assert b"ab" == path.read_bytes()
        probe.assert_released()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    async def test_disk_full(self) -> None:
        """
        A full disk is the system's own error, with a note of how far it came; the source is closed.
        """
        probe = Probe("abc", before=lambda _: turns())
        with pytest.raises(OSError, match="No space left") as caught:
            await JaypieStream(probe).to_file("/dev/full")
        assert ["to_file('/dev/full') had written 0 bytes"] == caught.value.__notes__
        probe.assert_released()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    async def test_disk_full_while_the_source_is_silent(self) -> None:
        """
        The run ends, though the source may be silent for ever.
        """

        async def silent() -> AsyncIterator[str]:
            yield "a"
            await asyncio.get_running_loop().create_future()

        with pytest.raises(OSError, match="No space left"):
            await JaypieStream(silent).to_file("/dev/full")

    async def test_no_folder(self, path: Path) -> None:
        """
        A file that cannot be opened fails before the source is.
        """
        probe = Probe("a")
        with pytest.raises(FileNotFoundError):
            await JaypieStream(probe).to_file(path / "deeper")
        assert [] == probe.events

    @needs_permissions
    async def test_no_permission(self, path: Path) -> None:
        """
        So does one that may not be written.
        """
        path.touch(0o400)
        probe = Probe("a")
        with pytest.raises(PermissionError):
            await JaypieStream(probe).to_file(path)
        assert [] == probe.events

    async def test_back_pressure(self, path: Path) -> None:
        """
        A file that takes nothing stops the source.
        """
        os.mkfifo(path)
        reader = os.open(path, os.O_RDWR)
        try:
            probe = Probe(b"x" * 65_536 for _ in range(20))
            task = begin(JaypieStream(probe).to_file(path, mode="a"))
            while probe.reads < 2:  # noqa: ASYNC110 - no event tells of a read
                await asyncio.sleep(0)
            await turns(300)
            assert probe.reads <= 4  # one write in the pipe, one under way, one held, one more
            got = 0
            while got < 20 * 65_536:
                got += len(await asyncio.to_thread(os.read, reader, 65_536))
            assert 20 == (await task).items
        finally:
            os.close(reader)
