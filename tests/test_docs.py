"""
The documentation tells the truth: every example runs and prints what its page shows, and every doctest holds.
"""

from __future__ import annotations

import asyncio
import doctest
import importlib
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import jaystream
from benchmarks import __main__ as benchmarks
from jaystream.testing import RecordingResponseStream, RecordingSend, StreamTestClient
from tests.contracts.replay import replaying, sse
from tests.llm.wires import ANTHROPIC, text_of

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
PACKAGE = Path(jaystream.__file__).resolve().parent
SLOW = re.compile(r".*\bExecuting <.*> took [\d.]+ seconds")
WITH_DOCTESTS = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]


def included_by(page: Path) -> set[Path]:
    """
    The files that a page includes, whole or in part.
    """
    directives = re.findall(
        r"^`{3,}\{(?:literalinclude|include)\}\s+(\S+)", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(page.parent / target).resolve() for target in directives}


def module_name(path: Path) -> str:
    """
    The import name of a file of the package.
    """
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def doctests_in(path: Path) -> list[doctest.DocTest]:
    """
    Every docstring with an example in it, with the public names at hand as a reader has them.
    """
    module = importlib.import_module(module_name(path))
    names: dict[str, Any] = {name: getattr(jaystream, name) for name in jaystream.__all__}
    names["asyncio"] = asyncio
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(module, extraglobs=names) if test.examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
class TestExamples:
    """
    Each file in docs/examples.
    """

    def test_output(self, example: Path, tmp_path: Path) -> None:
        """
        It runs, without warnings, and prints what the file beside it holds.
        """
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONUTF8": "1"}
        command = [sys.executable, "-W", "error", "-X", "dev", str(example)]
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=50
        )
        # asyncio's debug mode names what took longer than 0.1 s, which says more of the machine than of the example
        complaints = [line for line in result.stderr.splitlines() if not SLOW.fullmatch(line)]
        assert [] == complaints
        assert 0 == result.returncode
        assert example.with_suffix(".out").read_text(encoding="utf-8") == result.stdout

    def test_included(self, example: Path) -> None:
        """
        A page shows it.
        """
        assert [page for page in PAGES if example.resolve() in included_by(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
class TestPages:
    """
    Each page.
    """

    def test_includes_exist(self, page: Path) -> None:
        """
        What it includes is there.
        """
        assert [] == [str(target) for target in included_by(page) if not target.exists()]

    def test_no_loose_python(self, page: Path) -> None:
        """
        Python stands in files that are run, never in the page itself, where nothing would notice that it is wrong.
        """
        assert [] == re.findall(
            r"^`{3,}(?:python|py|\{code-block\} python)\b.*", page.read_text(encoding="utf-8"), re.MULTILINE
        )


class TestReadme:
    """
    The README, which no build looks at.
    """

    TEXT = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").exists() else ""

    def test_examples_are_files(self) -> None:
        """
        Its Python is examples that are run, word for word.
        """
        blocks = re.findall(r"^```python\n(.*?)^```", self.TEXT, re.MULTILINE | re.DOTALL)
        assert blocks
        assert [] == [block for block in blocks if block not in [path.read_text(encoding="utf-8") for path in EXAMPLES]]

    def test_links(self) -> None:
        """
        Its links within the repository lead somewhere.
        """
        links = re.findall(r"\]\((?!https?://)([^)#]+)", self.TEXT)
        assert links
        assert [] == [link for link in links if not (ROOT / link).exists()]

    def test_names(self) -> None:
        """
        The table of what is there has every method of a stream, and no name that is not there.
        """
        (section,) = re.findall(r"^## What is there\n(.*?)^## ", self.TEXT, re.MULTILINE | re.DOTALL)
        named = set(re.findall(r"`(\w+)(?:\(.*?\))?`", section))
        methods = {name for name in dir(jaystream.JaypieStream) if not name.startswith("_")}
        assert {"headers", "media_type", "open"} == methods - named
        assert set() == named - methods - set(jaystream.__all__)

    def test_benchmark_tables(self) -> None:
        """
        The rows of its benchmark tables are those that the command beside them prints.
        """
        (section,) = re.findall(r"^## Benchmarks\n(.*?)^## ", self.TEXT, re.MULTILINE | re.DOTALL)
        assert "python -m benchmarks --markdown" in section
        modules = [importlib.import_module(f"benchmarks.{name}") for name in benchmarks.NAMES]
        printed: list[str] = [name for module in modules for name in module.NAMES]
        rows = re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)
        heads = re.findall(r"^\| ([^|]+?) \|.*\n\|---", section, re.MULTILINE)
        assert printed == [name for name in dict.fromkeys(rows) if name not in heads]

    def test_words_app_answers(self) -> None:
        """
        The web app of its second example, which the example itself does not ask, streams the events.
        """
        app = runpy.run_path(str(DOCS / "examples" / "readme_words.py"))["app"]
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/ask", "query_string": b"q=why%3F"}
        scope["headers"] = []
        send = RecordingSend()
        asyncio.run(app(scope, send.receive, send))
        assert 200 == send.status
        assert "text/event-stream" == send.headers["content-type"]
        out = (DOCS / "examples" / "readme_words.out").read_text(encoding="utf-8")
        assert out.startswith(send.body.decode())
        assert send.body.endswith(b"\n\n")

    async def test_first_example(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The app of its first example, asked over ASGI and on Lambda, against a server that replays the provider's wire.
        """
        pytest.importorskip("anthropic", reason="needs anthropic, which is not installed")
        with replaying() as server:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
            names = runpy.run_path(str(DOCS / "examples" / "readme.py"))
            server.play(sse(ANTHROPIC, named=True))
            async with names["claude"]:
                response = await StreamTestClient(names["app"]).get("/ask?q=why")
                writer = RecordingResponseStream()
                event = {
                    "version": "2.0",
                    "rawPath": "/ask",
                    "rawQueryString": "q=why",
                    "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}},
                }
                await names["handler"](event, SimpleNamespace(response_stream=writer))
                await names["handler"].aclose()
        assert (200, 200, writer.body) == (response.status, writer.status, response.body)
        chunks = [json.loads(line[6:]) for line in response.text().splitlines() if line.startswith("data: ")]
        assert ("Hello", "done") == (text_of(chunks), chunks[-1]["type"])


class TestReference:
    """
    The reference is complete.
    """

    TEXT = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "reference")

    def test_methods_of_streams(self) -> None:
        """
        Every public method and property of a stream stands in exactly one place.
        """
        documented = re.findall(r"auto(?:method|property|attribute):: jaystream\.JaypieStream\.(\w+)", self.TEXT)
        assert sorted(name for name in dir(jaystream.JaypieStream) if not name.startswith("_")) == sorted(documented)

    def test_members(self) -> None:
        """
        A class that has public methods shows them.
        """
        entries = re.findall(r"auto(?:class|exception):: ([\w.]+).*\n((?: +:.*\n)*)", self.TEXT)
        assert entries
        left_out: list[str] = []
        for name, options in entries:
            module, _, plain = name.rpartition(".")
            cls: type = getattr(importlib.import_module(module or "jaystream.testing"), plain)
            members = [member for member, value in vars(cls).items() if callable(value) or isinstance(value, property)]
            if not all(member.startswith("_") for member in members) and ":members:" not in options:
                left_out.append(name)
        # the first has pages of its own, and the methods of the second are those of any event loop
        assert ["VirtualLoop", "jaystream.JaypieStream"] == sorted(left_out)

    def test_operators_at_a_glance(self) -> None:
        """
        The table above the operators has each of them, in the order of their entries.
        """
        page = (DOCS / "reference" / "operators.md").read_text(encoding="utf-8")
        table = re.findall(r"^ +~jaystream\.JaypieStream\.(\w+)$", page, re.MULTILINE)
        assert re.findall(r"automethod:: jaystream\.JaypieStream\.(\w+)", page) == table

    @pytest.mark.parametrize(
        "module", ["jaystream", "jaystream.errors", "jaystream.formats", "jaystream.llm", "jaystream.testing"]
    )
    def test_names(self, module: str) -> None:
        """
        Every public name has an entry.
        """
        names = set(importlib.import_module(module).__all__) - {"__version__"}
        entries = set(re.findall(r"(?:auto|py:)(?:class|exception|function|data|type):: (?:[\w.]+\.)?(\w+)", self.TEXT))
        assert set() == names - entries


def test_no_orphan_output() -> None:
    """
    Every output file belongs to an example.
    """
    assert [] == [out.name for out in (DOCS / "examples").glob("*.out") if not out.with_suffix(".py").exists()]


@pytest.mark.parametrize("path", WITH_DOCTESTS, ids=module_name)
def test_doctests(path: Path) -> None:
    """
    The examples in a module's docstrings give what they say.
    """
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    examples = doctests_in(path)
    for example in examples:
        runner.run(example, out=report.append)
    assert 0 == runner.summarize(verbose=False).failed, "".join(report)
    assert examples, "the module has >>> in a place where doctest does not look"
