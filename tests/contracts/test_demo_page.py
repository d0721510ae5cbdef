"""
The pages of `make serve` in a real browser: a chat that shows what a model says, thinks and calls, while it does; and a
text that arrives live and whole, which the browser asks for once.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.chromium import Chromium, chromium
from tests.demo.command import start

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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
class TestText:
    """
    The text, in Chromium, without a window.
    """

    def test_whole_text(self, page: Chromium, tmp_path: Path) -> None:
        """
        All of the text arrives, nothing in it is taken for markup, and the stream is asked for once and no more.
        """
        text = "<b>One</b> &amp; two.\n" + "fünf 六 😀\t" * 40 + "\n\nThe end"
        file = tmp_path / "<i>text.txt"
        file.write_text(text, encoding="utf-8")
        with served(tmp_path, file) as address:
            page.open(f"{address}/live")
            page.wait_until(f"{STATE} === 'done'")
            assert text == page.evaluate(TEXT)
            assert str(file) == page.evaluate("document.querySelector('h1').textContent")
            events = -(-len(text.split()) // 4) + 1
            assert str(events) == page.evaluate("document.getElementById('events').textContent")
            assert page.evaluate("document.getElementById('first').textContent").endswith(" ms")
            assert page.evaluate(ALL_CLOSED)
            assert [f"{address}/live", f"{address}/stream"] == [url for url in page.requests if url.startswith("http")]
            assert [] == page.complaints

    def test_live(self, page: Chromium, tmp_path: Path, long_file: Path) -> None:
        """
        Text is on the page while the stream goes on; it can be stopped, and started again from the beginning.
        """
        with served(tmp_path, long_file) as address:
            page.open(f"{address}/live")
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
            page.open(f"{address}/live")
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
                page.open(f"{address}/live")
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
        assert [] == nameless(page)


ANSWERS = "document.querySelectorAll('article.assistant')"
LAST = f"[...{ANSWERS}].at(-1)"
READY = f"{STATE}.startsWith('first word')"


def say(page: Chromium, text: str) -> None:
    """
    Write something, and send it with the keyboard.
    """
    page.evaluate("document.getElementById('input').focus()")
    page.command("Input.insertText", text=text)
    press(page, "Enter")


def press(page: Chromium, key: str, modifiers: int = 0) -> None:
    """
    Press a key and let it go.
    """
    text: dict[str, Any] = {"text": "\r"} if key == "Enter" else {}
    page.command("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, modifiers=modifiers, **text)
    page.command("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, modifiers=modifiers)


@pytest.mark.program(BROWSER)
class TestChat:
    """
    The chat, with the offline model.
    """

    @pytest.fixture
    def chat(self, page: Chromium, tmp_path: Path) -> Generator[Chromium, None, None]:
        """
        The page, open and ready.
        """
        with served(tmp_path, Path(__file__)) as address:
            page.open(address)
            page.wait_until(f"document.readyState === 'complete' && {STATE} === 'ready'")
            yield page
            assert [] == page.complaints
            assert {f"{address}/", f"{address}/chat.js", f"{address}/api/chat"} >= {
                url for url in page.requests if url.startswith("http")
            }

    def test_tools(self, chat: Chromium, tmp_path: Path) -> None:
        """
        A thought, two calls with what they gave, and an answer that knows both; then the tokens.
        """
        chat.evaluate("document.querySelector('#hints button').click()")
        chat.wait_until(READY)
        found = chat.evaluate(f"[...{LAST}.children].map(part => part.textContent)")
        assert 4 == len(found), found
        thought, lisbon, oslo, text = found
        assert thought.startswith("Thought")
        assert 'weather has answeredcalled with{"city":"Lisbon"}gave{"city":"Lisbon"' in lisbon
        assert '"celsius":-3' in oslo
        assert "In Lisbon it is 24 degrees, and the sky says: sunny. In Oslo it is -3 degrees" in text
        assert "tokens in" in chat.evaluate(STATE)
        chat.screenshot(tmp_path / "chat.png")
        assert b"PNG" == (tmp_path / "chat.png").read_bytes()[1:4]

    def test_failing_tool(self, chat: Chromium) -> None:
        """
        A tool that fails says why, and the conversation goes on, with what was said before.
        """
        say(chat, "The weather in Atlantis?")
        chat.wait_until(READY)
        assert "weather has failed" in chat.evaluate(f"{LAST}.textContent")
        assert "try one of Lisbon" in chat.evaluate("document.querySelector('dd.bad').textContent")
        say(chat, "How many words are in this sentence?")
        chat.wait_until(f"{ANSWERS}.length === 2 && {READY}")
        assert "There are 7 words." == chat.evaluate(f"{LAST}.lastChild.textContent")

    def test_live_and_stopped(self, chat: Chromium) -> None:
        """
        Text is shown while it comes; Escape stops it, and what has come stays.
        """
        say(chat, "What is this?" + " And more." * 200)
        chat.wait_until(f"{STATE} === 'streaming' && {LAST}.textContent.length > 60")
        assert chat.evaluate("document.getElementById('send').hidden")
        press(chat, "Escape")
        chat.wait_until(f"{STATE} === 'stopped'")
        stopped = chat.evaluate(f"{LAST}.textContent")
        assert stopped.startswith("This page speaks")
        assert "You said" not in stopped
        assert not chat.evaluate("document.getElementById('send').hidden")
        say(chat, "Again?")
        chat.wait_until(f"{ANSWERS}.length === 2 && {READY}")
        assert chat.evaluate(f"{LAST}.textContent").endswith("You said: Again?")

    def test_keyboard(self, chat: Chromium) -> None:
        """
        Shift and Enter is a new line; nothing is sent for space; markup stays text.
        """
        say(chat, "   ")
        assert 0 == chat.evaluate(f"{ANSWERS}.length")
        chat.evaluate("document.getElementById('input').value = ''")
        chat.command("Input.insertText", text="<b>one</b>")
        press(chat, "Enter", modifiers=8)
        assert "<b>one</b>\n" == chat.evaluate("document.getElementById('input').value")
        chat.command("Input.insertText", text="two")
        press(chat, "Enter")
        chat.wait_until(READY)
        assert "<b>one</b>\ntwo" == chat.evaluate("document.querySelector('article.user').textContent")
        assert chat.evaluate("document.activeElement.id") == "input"

    def test_accessible(self, chat: Chromium) -> None:
        """
        Everything has a name, what comes is announced, and text stands out in light and in dark.
        """
        say(chat, "The weather in Atlantis?")
        chat.wait_until(READY)
        assert [] == nameless(chat)
        assert "polite" == chat.evaluate("document.querySelector('[role=log]').getAttribute('aria-live')")
        chat.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for scheme in ("light", "dark"):
            chat.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            for selector, ground in [
                ("h1", "html"),
                ("article.user", "article.user"),
                ("article.assistant > p", "html"),
                ("summary", "details"),
                ("dd", "details"),
                ("dd.bad", "details"),
                ("#keys", "html"),
                ("#send", "#send"),
            ]:
                contrast = chat.evaluate(CONTRAST % (json.dumps(selector), json.dumps(ground)))
                assert contrast >= 4.5, f"{selector} in {scheme}: {contrast:.2f}"


def nameless(page: Chromium) -> list[str]:
    """
    The roles of what has no name for those who do not see it.
    """
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and node.get("role", {}).get("value") in {"button", "heading", "RootWebArea", "textbox", "link"}
        and not node.get("name", {}).get("value")
    ]


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
