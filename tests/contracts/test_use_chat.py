"""
The real `useChat` in a React page, in a real browser, over a real server, with `Llm` behind it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.chromium import Chromium, chromium
from tests.contracts.servers import log_has, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

BROWSER = "chromium|chromium-browser"
PROGRAMS = (BROWSER, "npm:@ai-sdk/react", "npm:react-dom", "npm:esbuild", "npm:ai6")
SOURCE = Path(__file__).parent / "clients" / "use_chat.jsx"

STATUS = "document.getElementById('status')?.textContent"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[str], str]], Path]:
    """
    Bundles the page's script, once.
    """
    made: list[Path] = []

    def build(program: Callable[[str], str]) -> Path:
        if not made:
            modules = Path(program("npm:esbuild")).parent
            path = tmp_path_factory.mktemp("bundle") / "page.js"
            options: list[str] = [
                "--bundle",
                "--jsx=automatic",
                "--format=iife",
                '--define:process.env.NODE_ENV="production"',
            ]
            command = [
                str(modules / ".bin" / "esbuild"),
                str(SOURCE),
                f"--outfile={path}",
                f"--alias:ai={modules / 'ai6'}",
            ]
            subprocess.run(
                [*command, *options], check=True, capture_output=True, env={"NODE_PATH": str(modules)}, timeout=60
            )
            made.append(path)
        return made[0]

    return build


@pytest.fixture
def address(program: Callable[[str], str], bundle: Callable[[Any], Path]) -> Generator[str, None, None]:
    """
    The app, served.
    """
    script = bundle(program)
    with serving("uvicorn-httptools", "tests.contracts.use_chat_app:app", USE_CHAT_SCRIPT=str(script)) as (found, _):
        yield found


@pytest.fixture
def page(program: Callable[[str], str], tmp_path: Path, address: str) -> Generator[Chromium, None, None]:
    """
    The page, open and ready.
    """
    with chromium(program(BROWSER), tmp_path / "profile") as browser:
        browser.open(address)
        browser.wait_until(f"{STATUS} === 'ready'")
        yield browser


def say(page: Chromium, text: str) -> None:
    """
    Write something, and send it.
    """
    page.evaluate("document.getElementById('input').focus()")
    page.command("Input.insertText", text=text)
    page.command("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r")
    page.command("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter")


def answered(page: Chromium, count: int) -> None:
    """
    Wait for an answer's end.
    """
    page.wait_until(f"document.querySelectorAll('article.assistant').length === {count} && {STATUS} === 'ready'")


def texts(page: Chromium, selector: str) -> list[str]:
    """
    The text of everything that a selector finds.
    """
    found: list[str] = page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")
    return found


@pytest.mark.program(*PROGRAMS)
class TestUseChat:
    """
    From the form to the model, and back.
    """

    def test_tools(self, page: Chromium, tmp_path: Path) -> None:
        """
        Reasoning, text, a tool's output, another's failure, the next turn; nothing in the console, and a picture of it.
        """
        say(page, "How is the weather?")
        answered(page, 1)
        assert ["I need the weather."] == texts(page, ".reasoning")
        assert ["I look it up.", "The tool says: Of Atlantis nothing is known."] == texts(page, ".assistant .text")
        assert ['{"city":"Lisbon","celsius":24}'] == texts(page, ".output")
        assert ["Of Atlantis nothing is known"] == texts(page, ".failed")
        states = page.evaluate("[...document.querySelectorAll('.tool')].map(tool => tool.dataset.state)")
        assert ["output-available", "output-error"] == states
        assert [] == page.complaints
        page.screenshot(tmp_path / "use-chat.png")
        assert b"PNG" == (tmp_path / "use-chat.png").read_bytes()[1:4]

    def test_history(self, page: Chromium) -> None:
        """
        What the page sends back is the conversation, tools and all.
        """
        say(page, "How is the weather?")
        answered(page, 1)
        say(page, "What is your history?")
        answered(page, 2)
        assert "user assistant tool tool assistant user" == texts(page, ".assistant .text")[-1]

    def test_approval(self, page: Chromium) -> None:
        """
        A call that waits is asked about; when it is allowed it runs, and the answer goes on in the same message.
        """
        say(page, "A refund, please")
        page.wait_until("document.querySelector('.approve')")
        assert [] == texts(page, ".output")
        page.evaluate("document.querySelector('.approve').click()")
        page.wait_until(f"document.querySelector('.output') && {STATUS} === 'ready'")
        assert ['"A7 is paid back"'] == texts(page, ".output")
        assert ["The tool says: A7 is paid back."] == texts(page, ".assistant .text")

    def test_live_and_stopped(self, page: Chromium, address: str) -> None:
        """
        Words are shown while they come; stopping closes the model's stream on the server.
        """
        say(page, "Talk")
        text = "document.querySelector('.assistant .text')"
        page.wait_until(f"{STATUS} === 'streaming' && {text}?.textContent.length > 50")
        page.evaluate("document.getElementById('stop').click()")
        page.wait_until(f"{STATUS} === 'ready'")
        assert texts(page, ".assistant .text")[0].startswith("word0 word1 ")
        assert log_has(address, "closed", 1)

    def test_failure(self, page: Chromium) -> None:
        """
        A failure in the middle is the chat's error, behind what came before.
        """
        say(page, "Please fail")
        page.wait_until(f"{STATUS} === 'error'")
        assert ["It began well"] == texts(page, ".assistant .text")
        assert ["There is no more"] == texts(page, "#error")
