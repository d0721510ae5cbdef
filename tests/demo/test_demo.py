"""
The demo as a user runs it: `python -m jaystream demo`.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from jaystream.demo import client
from jaystream.demo.text import readme
from tests.demo.command import children, run, start

TEXT = "One two  three\nfour,\tfünf 六 seven.\n\n  Eight nine ten 😀 end\n"
SAME = "All three got the same, byte for byte, and it holds the whole text.\n"

EVENT = re.compile(r"^ *(\d+\.\d{3}) s  (\w+) +(\{.*)$", re.MULTILINE)
SINK = re.compile(r"^(file|http|lambda) +([\d,]+) events +([\d,]+) bytes  first byte +([\d.]+) ms$", re.MULTILINE)

# Runs the command with one of its sinks tampered with, as a bug in it would.
TAMPERED = """
import sys
from jaystream import cli
from jaystream.demo import run

into_lambda = run.into_lambda

async def tampered(stream):
    result = await into_lambda(stream)
    return result._replace(body=CHANGE(result.body))

run.into_lambda = tampered
sys.exit(cli.main(sys.argv[1:]))
"""


class Sink(NamedTuple):
    """
    A sink's line.
    """

    name: str
    events: int
    bytes: int
    first_byte: float


def sinks_in(out: str) -> list[Sink]:
    """
    The lines of the sinks.
    """
    return [
        Sink(name, int(events.replace(",", "")), int(size.replace(",", "")), float(first))
        for name, events, size, first in SINK.findall(out)
    ]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """
    The folder for the command's temporary files.
    """
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    A text to stream.
    """
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


class TestResult:
    """
    Runs that come to their end.
    """

    def test_file(self, scratch: Path, file: Path) -> None:
        """
        The events of a file are shown with rising times, the sinks agree, the loop is printed, and the exit code is 0.
        """
        done = run(scratch, "demo", str(file))
        assert (0, "") == (done.code, done.err)
        shown = EVENT.findall(done.out)
        assert ["text", "text", "text", "text", "done"] == [name for _, name, _ in shown]
        assert '{"type":"text","content":"One two  three\\nfour,"}' == shown[0][2]
        times = [float(seconds) for seconds, _, _ in shown]
        assert sorted(times) == times
        sinks = sinks_in(done.out)
        assert ["file", "http", "lambda"] == [sink.name for sink in sinks]
        assert {5} == {sink.events for sink in sinks}
        assert 1 == len({sink.bytes for sink in sinks})
        assert "async def fused(loop, values):" in done.out
        assert f"# source: from_file('{file}')" in done.out
        assert done.out.endswith(SAME)

    def test_readme(self, scratch: Path) -> None:
        """
        Without a file it is the README.
        """
        done = run(scratch, "demo", "--fast")
        assert (0, "") == (done.code, done.err)
        assert done.out.startswith("README.md, streamed")
        text = b"".join(asyncio.run(readme().pieces.to_list())).decode()
        assert f'{{"type":"text","content":"{text.split()[0]}' in done.out
        assert done.out.endswith(SAME)

    def test_standard_input(self, scratch: Path) -> None:
        """
        Standard input is read once and streamed three times.
        """
        done = run(scratch, "demo", "--fast", "-", stdin=TEXT)
        assert (0, "") == (done.code, done.err)
        assert [5, 5, 5] == [sink.events for sink in sinks_in(done.out)]
        assert done.out.endswith(SAME)

    @pytest.mark.parametrize("data", [b"", b" \n ", b"\xff\xfe not UTF-8 \xe2\x82", b"x" * 20_000, b"a " * 50_000])
    def test_any_bytes(self, scratch: Path, file: Path, data: bytes) -> None:
        """
        Whatever a file holds, the sinks agree, and it is all there.
        """
        file.write_bytes(data)
        done = run(scratch, "demo", "--fast", str(file))
        assert (0, "") == (done.code, done.err)
        assert done.out.endswith(SAME)

    def test_pace(self, scratch: Path, file: Path) -> None:
        """
        Each word takes its time, unless it is told to be fast.
        """
        file.write_text("word " * 200)
        done = run(scratch, "demo", str(file))
        times = [float(seconds) for seconds, _, _ in EVENT.findall(done.out)]
        assert times[-1] - times[0] >= 190 * 0.003
        assert times[-1] > max(times[:-10]), "events come one after the other, not all at the end"

    def test_narrow_terminal(self, scratch: Path, file: Path) -> None:
        """
        Lines of events are cut to the width, and not coloured.
        """
        file.write_text("long " * 200)
        done = run(scratch, "demo", "--fast", str(file))
        before_loop = done.out.split("This is the loop")[0].splitlines()[1:]
        assert all(len(line) <= 80 for line in before_loop)
        assert "\x1b" not in done.out


class TestModel:
    """
    A model's answer in place of a text.
    """

    def test_offline(self, scratch: Path) -> None:
        """
        One answer goes to all three sinks, with what the model thought and called.
        """
        done = run(scratch, "demo", "--llm", "test")
        assert (0, "") == (done.code, done.err)
        assert done.out.startswith("The answer of test:test, streamed")
        names = [name for _, name, _ in EVENT.findall(done.out)]
        assert ["start", "reasoning", "tool_call_delta", "tool_call", "tool_result", "text", "done"] == list(
            dict.fromkeys(names)
        )
        assert {len(names)} == {sink.events for sink in sinks_in(done.out)}
        assert "# source: Llm('test', 'test').stream(...)" in done.out
        assert done.out.endswith(SAME)

    def test_question(self, scratch: Path) -> None:
        """
        The text is the question.
        """
        done = run(scratch, "demo", "--llm", "test", "-", stdin="How many words are here?")
        assert (0, "") == (done.code, done.err)
        assert '"content":" 5"' in done.out

    @pytest.mark.parametrize("command", ["demo", "serve"])
    @pytest.mark.parametrize(
        ("model", "problem"),
        [("nobody", "there is no provider 'nobody'"), ("anthropic", "ANTHROPIC_API_KEY is not set")],
    )
    def test_no_model(
        self, scratch: Path, command: str, model: str, problem: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A model that is none, or whose key is missing, is said in one line.
        """
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
        done = run(scratch, command, "--llm", model)
        assert (2, "") == (done.code, done.out)
        assert done.err.startswith(f"jaystream {command}: ")
        assert problem in done.err
        assert 1 == done.err.count("\n")

    @pytest.mark.parametrize("command", ["demo", "serve"])
    def test_missing_package(self, scratch: Path, command: str) -> None:
        """
        So is a package that is missing, with the command that installs it.
        """
        code = (
            "import sys; sys.modules['pydantic_ai'] = None; from jaystream import cli; sys.exit(cli.main(sys.argv[1:]))"
        )
        done = run(scratch, command, "--llm", "test", code=code)
        assert (2, "") == (done.code, done.out)
        assert "pip install 'jaystream[llm]'" in done.err

    def test_model_fails(self, scratch: Path) -> None:
        """
        A provider that fails makes an exit code of 1, and says what it said.
        """
        code = """
import sys
from jaystream import cli
from jaystream.demo import chat
from pydantic_ai.exceptions import ModelHTTPError

async def refuse(messages):
    raise ModelHTTPError(401, "m", "bad key")
    yield

chat.answer = refuse
sys.exit(cli.main(sys.argv[1:]))
"""
        done = run(scratch, "demo", "--llm", "test", code=code)
        assert 1 == done.code
        assert "jaystream demo: The language model could not answer: status_code: 401" in done.err


class TestDifference:
    """
    Runs whose sinks do not agree.
    """

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ("lambda body: body[:60] + b'X' + body[61:]", "file and lambda differ at byte 60:"),
            ("lambda body: body[:-1]", r"lambda: ends after \d+ bytes"),
            ("lambda body: body + b'\\n'", r"file: ends after \d+ bytes"),
        ],
    )
    def test_planted(self, scratch: Path, file: Path, change: str, found: str) -> None:
        """
        A difference is an exit code of 1, and is shown with its place.
        """
        done = run(scratch, "demo", "--fast", str(file), code=TAMPERED.replace("CHANGE", f"({change})"))
        assert (1, "") == (done.code, done.err)
        assert re.search(found, done.out)
        assert SAME not in done.out

    def test_text(self, scratch: Path, file: Path) -> None:
        """
        Three sinks that agree on the wrong text differ from the source.
        """
        code = """
import sys
from jaystream import cli
from jaystream.demo import pipeline

cut = pipeline.cut
pipeline.cut = lambda rest, piece: cut(rest, piece.replace("three", "3"))
sys.exit(cli.main(sys.argv[1:]))
"""
        done = run(scratch, "demo", "--fast", str(file), code=code)
        assert (1, "") == (done.code, done.err)
        assert "the text of the events, put together, differs from the source at byte 9" in done.out


class TestFailure:
    """
    Runs that cannot begin, or cannot end.
    """

    @pytest.mark.parametrize(
        ("app", "said"),
        [
            ("Response(status_code=503)", "answered 503 Service Unavailable"),
            ("Response('cut', headers={'content-length': '4'})", "IncompleteRead"),
        ],
    )
    def test_client_fails(self, scratch: Path, file: Path, app: str, said: str) -> None:
        """
        A client that cannot read the stream to its end makes an exit code of 1, and is heard.
        """
        code = """
import sys
from jaystream import cli
from jaystream.demo import sinks
from starlette.responses import Response

sinks.make_app = lambda *all: APP
sys.exit(cli.main(sys.argv[1:]))
"""
        done = run(scratch, "demo", "--fast", str(file), code=code.replace("APP", app))
        assert 1 == done.code
        assert "jaystream demo: the HTTP client failed after" in done.err
        assert said in done.err

    def test_function_fails(self, scratch: Path, file: Path) -> None:
        """
        A Lambda function that fails makes an exit code of 1, and its log is shown.
        """
        code = """
import sys
from jaystream import cli
from jaystream.demo import sinks

emulator = sinks.emulator
sinks.emulator = lambda name, **options: emulator("jaystream.demo.function.nobody", **options)
sys.exit(cli.main(sys.argv[1:]))
"""
        done = run(scratch, "demo", str(file), code=code)
        assert 1 == done.code
        assert "jaystream demo: the Lambda function failed after 0 bytes:" in done.err
        assert "Handler 'nobody' missing on module 'jaystream.demo.function'" in done.err

    @pytest.mark.parametrize("command", ["demo", "serve"])
    def test_missing_file(self, scratch: Path, command: str) -> None:
        """
        A file that is not there is said in one line.
        """
        done = run(scratch, command, "/no/such/file")
        assert (2, "") == (done.code, done.out)
        assert f"jaystream {command}: [Errno 2] No such file or directory: '/no/such/file'\n" == done.err

    @pytest.mark.parametrize("command", ["demo", "serve"])
    def test_missing_server(self, scratch: Path, command: str) -> None:
        """
        Without the web server the command that installs it is named.
        """
        code = """
import importlib.util, sys
from jaystream import cli

find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "uvicorn" else find_spec(name)
sys.exit(cli.main(sys.argv[1:]))
"""
        done = run(scratch, command, code=code)
        assert (2, "") == (done.code, done.out)
        assert "needs uvicorn; install with: pip install 'jaystream[serve]'" in done.err

    def test_taken_port(self, scratch: Path, file: Path) -> None:
        """
        A port that is taken is said in one line.
        """
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            done = run(scratch, "serve", "--port", str(other.getsockname()[1]), str(file))
        assert (2, "") == (done.code, done.out)
        assert "Address already in use" in done.err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [([], "required: COMMAND"), (["fly"], "invalid choice: 'fly'"), (["serve", "--port", "70000"], "'70000'")],
    )
    def test_usage(self, scratch: Path, arguments: list[str], message: str) -> None:
        """
        Wrong arguments are the usage and an exit code of 2.
        """
        done = run(scratch, *arguments)
        assert (2, "") == (done.code, done.out)
        assert message in done.err

    def test_help(self, scratch: Path) -> None:
        """
        The help names the commands.
        """
        done = run(scratch, "--help")
        assert (0, "") == (done.code, done.err)
        assert "demo" in done.out
        assert "serve" in done.out


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """
    A text that takes a minute at least.
    """
    path = tmp_path / "long.txt"
    path.write_text("word " * 20_000)
    return path


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="what is left behind is looked up in /proc")
class TestSignals:
    """
    Runs that are ended from outside.
    """

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_leaves_nothing(self, scratch: Path, long_file: Path, number: signal.Signals, code: int) -> None:
        """
        A signal in the middle ends the demo with the code that shells give it; no process and no file is left.
        """
        with start(scratch, "demo", str(long_file)) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert "\n" == process.stdout.readline()
            assert EVENT.match(process.stdout.readline())
            others = children(process)  # the client, and the function's runtime if that has started
            assert others
            assert 1 == len(list(scratch.iterdir()))
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        assert code == process.returncode
        assert err in {"", "\nInterrupted.\n"}
        assert [] == [other for other in others if Path(f"/proc/{other}").exists()]
        assert [] == list(scratch.iterdir())

    def test_while_reading_standard_input(self, scratch: Path) -> None:
        """
        An interrupt ends the wait for input that does not come.
        """
        code = """
import sys
from jaystream import cli

class Input:
    @property
    def buffer(self):
        print("asked for input", flush=True)
        return sys.__stdin__.buffer

sys.stdin = Input()
sys.exit(cli.main(sys.argv[1:]))
"""
        with start(scratch, "demo", "-", code=code) as process:
            assert process.stdout is not None
            assert "asked for input\n" == process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert 130 == process.wait(30)

    def test_server(self, scratch: Path, long_file: Path) -> None:
        """
        An interrupt is how the server is stopped; a stream that is open then ends well, and the port is free again.
        """
        with start(scratch, "serve", "--port", "0", str(long_file)) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            command = [sys.executable, "-I", client.__file__, f"{address}/stream"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
                assert reader.stdout is not None
                assert b"event: text\n" == reader.stdout.readline()
                process.send_signal(signal.SIGINT)
                body = reader.stdout.read()
                assert 0 == reader.wait(30)
            assert body.endswith(b"\n\n")
            assert b"event: done" not in body
            assert 0 == process.wait(30)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", int(address.rpartition(":")[2])))

    def test_reader_of_the_output_leaves(self, scratch: Path, long_file: Path) -> None:
        """
        A pipe that is closed, as by `head`, ends the demo without a traceback.
        """
        with start(scratch, "demo", "--fast", str(long_file)) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert "" == process.stderr.read()
            assert 141 == process.wait(30)
        assert [] == list(scratch.iterdir())
