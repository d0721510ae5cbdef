"""
The parts of the demo that a run on this machine does not show: other places for the README, the page, pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import os
import sys
import threading
from pathlib import Path

import httpx
import pytest

import jaystream
from jaystream import JaypieStream, cli
from jaystream.demo.server import make_app
from jaystream.demo.text import readme
from tests.demo.command import run

METADATA = "Metadata-Version: 2.4\nName: jaystream\nVersion: 1\n\n# What it says of itself\n"


class TestReadme:
    """
    The text without an argument, outside a checkout.
    """

    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Put the package where no README is beside it, and let only what is there count as installed.
        """
        monkeypatch.setattr(jaystream, "__file__", str(tmp_path / "jaystream" / "__init__.py"))
        monkeypatch.setattr(sys, "path", [str(tmp_path)])

    async def test_installed(self, tmp_path: Path) -> None:
        """
        An installed package says it in its metadata.
        """
        folder = tmp_path / "jaystream-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(METADATA)
        text = readme()
        assert "README.md" == text.name
        assert b"# What it says of itself\n" == b"".join(await text.pieces.to_list())

    def test_copied(self) -> None:
        """
        A copy that is neither asks for a file.
        """
        with pytest.raises(FileNotFoundError, match="no README is here; name a FILE to stream"):
            readme()


class TestPage:
    """
    The page round the stream.
    """

    async def test_page(self) -> None:
        """
        It names the text, whatever that is called, and allows no script but its own.
        """
        app = make_app("<b>.txt", lambda: JaypieStream(list[bytes]()), asyncio.Event())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
            response = await client.get("/live")
        assert 200 == response.status_code
        assert "&lt;b&gt;.txt" in response.text
        assert "<b>.txt" not in response.text
        assert response.headers["content-security-policy"].startswith("default-src 'none'")


class TestCommandLine:
    """
    The command line, called in odd ways.
    """

    def test_import(self) -> None:
        """
        Importing the module that `python -m` runs does nothing, since documentation tools do it.
        """
        assert importlib.import_module("jaystream.__main__").main is cli.main

    def test_output_that_is_no_stream_of_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Output may go to whatever can be printed to, as in a notebook.
        """
        with contextlib.redirect_stdout(io.StringIO()):
            assert cli.USAGE_ERROR == cli.main(["demo", "/no/such/file"])
        assert "No such file" in capsys.readouterr().err

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_pipe(self, tmp_path: Path) -> None:
        """
        A pipe can be read once, and is streamed three times.
        """
        pipe, scratch = tmp_path / "pipe", tmp_path / "scratch"
        scratch.mkdir()
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=("one two three",), daemon=True)
        writer.start()
        try:
            done = run(scratch, "demo", "--fast", str(pipe))
        finally:
            writer.join()
        assert (0, "") == (done.code, done.err)
        assert '"content":"one two three"' in done.out

    def test_two_failures(self, tmp_path: Path) -> None:
        """
        Failures of two sinks at once are shown both.
        """
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        code = """
import sys
from jaystream import cli
from jaystream.demo import run

async def into_lambda(stream):
    raise LookupError("the first")

async def into_file(stream, path):
    raise LookupError("the second")

run.into_lambda, run.into_file = into_lambda, into_file
sys.exit(cli.main(["demo", "--fast"]))
"""
        done = run(scratch, code=code)
        assert 1 == done.code
        assert "ExceptionGroup" in done.err
        assert "the first" in done.err
        assert "the second" in done.err
