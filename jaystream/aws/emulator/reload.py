"""
Finding out that code has changed: the times of the files in a folder, looked at again and again.
"""

from __future__ import annotations

import os
from pathlib import Path

from anyio import sleep, to_thread

EVERY = 0.5
"""Seconds between two looks."""

SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "site-packages"})
SUFFIXES = frozenset({".py", ".pyi", ".json", ".toml", ".yaml", ".yml", ".env", ".html", ".txt"})


class Changes:
    """
    The changes in a folder, hidden ones and those of installed packages aside.

    Args:
        folder: Where to look, in all that is below it too.
    """

    __slots__ = ("_folder", "_known")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = look(folder)

    async def next(self) -> Path:
        """
        Wait until a file was changed, added or removed, and give its path from the folder.
        """
        while True:
            await sleep(EVERY)
            if (changed := await to_thread.run_sync(self.changed)) is not None:
                return changed

    def changed(self) -> Path | None:
        """
        A file that has changed since the last look, None if there is none.
        """
        before, self._known = self._known, look(self._folder)
        if before == self._known:
            return None
        name = min(name for name in before.keys() | self._known.keys() if before.get(name) != self._known.get(name))
        return Path(name).relative_to(self._folder)


def look(folder: Path) -> dict[str, tuple[int, int]]:
    """
    Every file below *folder* that may be code, with its time and size.
    """
    found: dict[str, tuple[int, int]] = {}
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED]
        for name in files:
            if os.path.splitext(name)[1] not in SUFFIXES:  # noqa: PTH122 - one of thousands, several times a second
                continue
            path = f"{at}{os.sep}{name}"
            try:
                status = os.stat(path)  # noqa: PTH116 - see above
            except OSError:
                continue  # it has gone since
            found[path] = (status.st_mtime_ns, status.st_size)
    return found
