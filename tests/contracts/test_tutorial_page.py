"""
The tutorial's app, saved and served as the page says, in a real browser.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contracts.chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

BROWSER = "chromium|chromium-browser"
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "first_sse.py"
PAGE = ROOT / "docs" / "tutorial" / "sse-to-a-browser.md"

# Keeps every EventSource that the page makes: by the standard, one that is closed never connects again.
WATCH = """
window.sources = []
window.EventSource = class extends EventSource {
  constructor(...all) { super(...all); window.sources.push(this) }
}
"""
# Notes what the page shows, each time it shows something else.
RECORD = """
window.shown = []
new MutationObserver(() => shown.push(document.querySelector("p").textContent))
  .observe(document.querySelector("p"), {childList: true})
"""


@contextmanager
def served(folder: Path) -> Generator[str, None, None]:
    """
    The address of `uvicorn app:app`, with the part of the example that the page shows as app.py.
    """
    begin, end = (
        line.partition('"')[2].rstrip('"')
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith((":start-after:", ":end-before:"))
    )
    shown = EXAMPLE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    (folder / "app.py").write_text(shown, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--fd", str(listener.fileno()), "--log-level", "warning"]
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            # the socket listens already, so whoever connects waits until the app is up
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            complaints, _ = process.communicate(timeout=20)
    assert "" == complaints


@pytest.mark.program(BROWSER)
class TestTutorialPage:
    """
    In Chromium, without a window.
    """

    def test_question(self, program: Callable[[str], str], tmp_path: Path) -> None:
        """
        The answer comes word by word, whole, and the model is asked once.
        """
        with chromium(program(BROWSER), tmp_path / "profile") as page, served(tmp_path) as address:
            page.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            page.open(address)
            page.wait_until("document.querySelector('form')?.onsubmit")
            page.evaluate(RECORD)
            page.evaluate("document.querySelector('button').click()")
            page.wait_until("sources.length && sources[0].readyState === EventSource.CLOSED")
            assert ["You ", "You asked: ", "You asked: Why is the sky blue?"] == page.evaluate("shown")
            assert [f"{address}/ask?q=Why+is+the+sky+blue%3F"] == [url for url in page.requests if "/ask" in url]
            assert [] == [complaint for complaint in page.complaints if "favicon.ico" not in complaint]
