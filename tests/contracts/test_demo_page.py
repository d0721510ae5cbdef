"""
The page of `make serve` in a real browser: the text arrives live and whole, and the browser asks for it once.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.contracts.chromium import Chromium, chromium
from tests.demo.command import start

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

BROWSER = "chromium|chromium-browser"
STATE = "document.getElementById('state')?.textContent"
TEXT = "document.getElementById('text').textContent"

# Keeps every EventSource that the page makes, so that what became of it can be asked.
WATCH = """
window.sources = []
window.EventSource = class extends EventSource {
  constructor(...all) { super(...all); window.sources.push(this) }
}
"""
# By the standard, one that is closed never connects again.
ALL_CLOSED = "sources.every(source => source.readyState === EventSource.CLOSED)"


@pytest.fixture
def page(program: Callable[[str], str], tmp_path: Path) -> Generator[Chromium, None, None]:
    """
    A browser with an empty page.
    """
    with chromium(program(BROWSER), tmp_path / "profile") as browser:
        browser.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        yield browser


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """
    A text that takes a minute at least.
    """
    path = tmp_path / "long.txt"
    path.write_text("word " * 20_000)
    return path


@contextmanager
def served(tmp_path: Path, file: Path) -> Generator[str, None, None]:
    """
    The address of the command's server.
    """
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with start(scratch, "serve", "--port", "0", str(file)) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()
            _, complaints = process.communicate(timeout=30)
    assert "" == complaints
    assert 143 == process.returncode


@pytest.mark.program(BROWSER)
class TestPage:
    """
    In Chromium, without a window.
    """

    def test_whole_text(self, page: Chromium, tmp_path: Path) -> None:
        """
        All of the text arrives, nothing in it is taken for markup, and the stream is asked for once and no more.
        """
        text = "<b>One</b> &amp; two.\n" + "fünf 六 😀\t" * 40 + "\n\nThe end"
        file = tmp_path / "<i>text.txt"
        file.write_text(text, encoding="utf-8")
        with served(tmp_path, file) as address:
            page.open(address)
            page.wait_until(f"{STATE} === 'done'")
            assert text == page.evaluate(TEXT)
            assert str(file) == page.evaluate("document.querySelector('h1').textContent")
            events = -(-len(text.split()) // 4) + 1
            assert str(events) == page.evaluate("document.getElementById('events').textContent")
            assert page.evaluate("document.getElementById('first').textContent").endswith(" ms")
            assert page.evaluate(ALL_CLOSED)
            assert [f"{address}/", f"{address}/stream"] == [url for url in page.requests if url.startswith("http")]
            assert [] == page.complaints

    def test_live(self, page: Chromium, tmp_path: Path, long_file: Path) -> None:
        """
        Text is on the page while the stream goes on; it can be stopped, and started again from the beginning.
        """
        with served(tmp_path, long_file) as address:
            page.open(address)
            page.wait_until(f"{STATE} === 'streaming' && {TEXT}.length > 50")
            page.evaluate("document.getElementById('stop').click()")
            assert page.evaluate(ALL_CLOSED)
            assert "stopped" == page.evaluate(STATE)
            stopped = page.evaluate(TEXT)
            text = long_file.read_text(encoding="utf-8")
            assert text.startswith(stopped)
            assert len(stopped) < len(text)
            assert page.evaluate("document.getElementById('stop').disabled")
            page.evaluate("document.getElementById('start').click()")
            page.wait_until(f"{STATE} === 'streaming' && {TEXT}.length > {len(stopped)}")
            assert text.startswith(page.evaluate(TEXT))

    def test_server_goes_away(self, page: Chromium, tmp_path: Path, long_file: Path) -> None:
        """
        When the server goes, the page says so and does not ask again.
        """
        with served(tmp_path, long_file) as address:
            page.open(address)
            page.wait_until(f"{STATE} === 'streaming'")
        page.wait_until(f"{STATE} === 'broken'")
        assert page.evaluate(ALL_CLOSED)
        assert 1 == page.requests.count(f"{address}/stream")

    def test_accessible(self, page: Chromium, tmp_path: Path, long_file: Path) -> None:
        """
        Everything has a name for those who do not see it, and text stands out from its ground in light and in dark.
        """
        with served(tmp_path, long_file) as address:
            for scheme in ("light", "dark"):
                page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                page.open(address)
                page.wait_until(f"{STATE} === 'streaming'")
                for selector, ground in [
                    ("h1", "html"),
                    ("header p", "html"),
                    ("dt", "dl"),
                    ("dd", "dl"),
                    ("pre", "pre"),
                ]:
                    found = page.evaluate(CONTRAST % (json.dumps(selector), json.dumps(ground)))
                    assert found >= 4.5, f"{selector} in {scheme}: {found:.2f}"
        nodes = page.command("Accessibility.getFullAXTree")["nodes"]
        bare = [
            node["role"]["value"]
            for node in nodes
            if not node.get("ignored")
            and node.get("role", {}).get("value") in {"button", "heading", "RootWebArea"}
            and not node.get("name", {}).get("value")
        ]
        assert [] == bare


# The contrast of WCAG 2 between the colour of one element and the background of another.
CONTRAST = """(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ink = light(getComputedStyle(document.querySelector(%s)).color)
  const ground = light(getComputedStyle(document.querySelector(%s)).backgroundColor)
  return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)
})()"""
