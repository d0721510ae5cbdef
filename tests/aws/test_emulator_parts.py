"""
The emulator's parts by themselves.
"""

from __future__ import annotations

import io
import os
import sys
from asyncio import create_task, gather, sleep
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.aws.emulator.bandwidth import Bucket
from jaystream.aws.emulator.environment import exit_reason
from jaystream.aws.emulator.eventstream import invoke_complete, payload_chunk
from jaystream.aws.emulator.fronts import Relay
from jaystream.aws.emulator.invocation import Invocation
from jaystream.aws.emulator.pipes import Pipe, RecordPipe
from jaystream.aws.emulator.proxy_result import MalformedError, head_of_prelude, unpack
from jaystream.aws.emulator.reload import Changes
from jaystream.aws.emulator.reply import Failure, OversizedError, Reply
from jaystream.aws.emulator.run import banner
from jaystream.aws.emulator.settings import Front, Settings, command_of
from jaystream.aws.emulator.view import View
from jaystream.handlers.lambda_answer import PRELUDE_TYPE
from jaystream.testing import VirtualClock, emulator

MIB = 1 << 20


class TestEventStream:
    """
    Bytes that botocore decodes.
    """

    def test_payload_chunk(self) -> None:
        """
        A piece of body.
        """
        assert (
            "0000006f0000005af5fe871f0d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479706507000c5061796c6f61"
            "644368756e6b0d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d68656c6c6f4fe061f2"
        ) == payload_chunk(b"hello").hex()

    def test_invoke_complete(self) -> None:
        """
        The end.
        """
        assert (
            "00000066000000541f56c8690d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479706507000e496e766f6b65"
            "436f6d706c6574650d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b7dface259a"
        ) == invoke_complete({}).hex()

    def test_large(self) -> None:
        """
        A large piece is several messages; an empty one is none.
        """
        assert 2 == payload_chunk(b"x" * (MIB + 1)).count(b"PayloadChunk")
        assert b"" == payload_chunk(b"")


class TestReply:
    """
    From the runtime to the client.
    """

    async def test_one_at_a_time(self) -> None:
        """
        The second piece waits until the first has been taken.
        """
        reply = Reply(100)
        reply.begin("a/b", streamed=True)
        await reply.put(b"a")
        second = create_task(reply.put(b"b"))
        await sleep(0)
        assert not second.done()
        assert b"a" == await reply.get()
        await second
        reply.finish()
        assert [b"b", None] == [await reply.get(), await reply.get()]

    @pytest.mark.parametrize("end", ["leave", "finish"])
    async def test_put_after_the_end(self, end: str) -> None:
        """
        What nobody takes any more is dropped, and holds nobody up.
        """
        reply = Reply(100)
        await reply.put(b"a")
        second = create_task(reply.put(b"b"))
        await sleep(0)
        getattr(reply, end)()
        await second
        await reply.put(b"c")

    async def test_first_word_counts(self) -> None:
        """
        A reply that is finished stays as it is.
        """
        reply = Reply(100)
        reply.finish(Failure("a", b"{}"), cut=True)
        reply.finish()
        assert (("a", b"{}"), True) == (reply.failure, reply.cut)
        assert not await reply.begun()

    async def test_limit(self) -> None:
        """
        As many bytes as are allowed, and no more.
        """
        reply = Reply(3)
        await reply.put(b"abc")
        with pytest.raises(OversizedError):
            await reply.put(b"d")


class TestBandwidth:
    """
    In virtual time.
    """

    async def test_burst(self, virtual_clock: VirtualClock) -> None:
        """
        6 MiB go at once.
        """
        bucket = Bucket(virtual_clock)
        await bucket.pass_on(6 * MIB)
        assert 0 == virtual_clock()

    async def test_rate(self, virtual_clock: VirtualClock) -> None:
        """
        What is more goes at 2 MiB a second.
        """
        bucket = Bucket(virtual_clock)
        for _ in range(16 * 16):
            await bucket.pass_on(MIB // 16)
        assert 5 == pytest.approx(virtual_clock(), abs=0.13)

    async def test_rest(self, virtual_clock: VirtualClock) -> None:
        """
        A pause fills the bucket again, to 6 MiB and no more.
        """
        bucket = Bucket(virtual_clock)
        await bucket.pass_on(6 * MIB)
        await sleep(100)
        await bucket.pass_on(6 * MIB)
        assert 100 == virtual_clock()
        await bucket.pass_on(MIB)
        assert 100.5 == pytest.approx(virtual_clock(), abs=0.13)


class TestPipes:
    """
    Logs.
    """

    async def test_lines(self) -> None:
        """
        Lines are whole however they are written; the last may have no end.
        """
        found: list[bytes] = []
        pipe = Pipe(found.append)
        for data in (b"on", b"e\ntwo\n\n", b"thr", b"ee"):
            os.write(pipe.sink, data)
            pipe.drain()
        assert [b"one\n", b"two\n", b"\n"] == found
        pipe.given()
        pipe.close()
        assert b"three\n" == found[-1]

    async def test_endless_line(self) -> None:
        """
        A line without an end is handed on when it has 256 KB.
        """
        found: list[bytes] = []
        pipe = Pipe(found.append)
        for _ in range(9):
            os.write(pipe.sink, b"x" * 32_768)
            pipe.drain()
        assert [9 * 32_768 + 1] == [len(line) for line in found]
        pipe.given()
        pipe.close()

    async def test_records(self) -> None:
        """
        A record is one event, however many lines it has and however it is cut.
        """
        found: list[bytes] = []
        pipe = RecordPipe(found.append)
        text = b"one\ntwo"
        frame = b"\xa5\x5a\x00\x03" + len(text).to_bytes(4, "big") + bytes(8) + text
        for at in range(0, 2 * len(frame), 5):
            os.write(pipe.sink, (frame * 2)[at : at + 5])
            pipe.drain()
        assert [b"one\ntwo\n"] * 2 == found
        os.write(pipe.sink, b"plain text without frames\n")
        pipe.given()
        pipe.close()
        assert b"plain text without frames\n" == found[-1]


class TestResults:
    """
    What functions say to fronts; what is right is tested through the fronts.
    """

    @pytest.mark.parametrize(
        ("prelude", "message"),
        [
            (b"{", "the prelude is not JSON"),
            (b"[]", r"the prelude must be a JSON object, not \[\]"),
            (b'{"body": 1}', "the prelude of a Function URL has cookies, headers, statusCode only, not body"),
            (b'{"statusCode": true}', "statusCode of the prelude must be from 200 to 599, not True"),
            (b'{"statusCode": 100}', "statusCode of the prelude must be from 200 to 599, not 100"),
            (b'{"headers": []}', r"headers of the prelude must be a JSON object, not \[\]"),
            (b'{"headers": {"a": null}}', "header 'a' of the prelude must be text that HTTP can carry, not None"),
            (b'{"headers": {"a b": "c"}}', "header 'a b' of the prelude must be text"),
            (b'{"headers": {"a": "\\n"}}', "header 'a' of the prelude must be text"),
            (b'{"cookies": "a"}', "cookies of the prelude must be a list, not 'a'"),
            (b'{"headers": {"Content-Length": "a"}}', "content-length of the prelude must be a number, not 'a'"),
            (
                b'{"headers": {"Content-Length": 1, "content-length": 2}}',
                "the prelude has more than one content-length",
            ),
        ],
    )
    def test_prelude(self, prelude: bytes, message: str) -> None:
        """
        Faults are told by name.
        """
        with pytest.raises(MalformedError, match=message):
            head_of_prelude(prelude, several=False)

    def test_lenient(self) -> None:
        """
        A number is text, a status may be; space round a value goes.
        """
        prelude = b'{"statusCode": "201", "headers": {"a": 1, "b": " c "}}'
        assert (201, [("a", "1"), ("b", "c")]) == head_of_prelude(prelude, several=True)

    @pytest.mark.parametrize(
        ("front", "result", "message"),
        [
            ("rest", b"x", "the result is not JSON"),
            ("alb", b"[]", "the result must be a JSON object with a statusCode"),
            ("alb", b'{"statusCode": 200, "body": {}}', "the body of the result must be a string, not dict"),
            ("http-api", b'{"statusCode": 200, "body": "%", "isBase64Encoded": true}', "is not base64"),
            ("rest", b'{"statusCode": 200, "multiValueHeaders": {"a": "b"}}', "must have lists, not 'b' for a"),
        ],
    )
    def test_result(self, front: Front, result: bytes, message: str) -> None:
        """
        Faults are told by name.
        """
        with pytest.raises(MalformedError, match=message):
            unpack(front, result)

    def test_several_values(self) -> None:
        """
        A header that is in both maps counts once.
        """
        result = b'{"statusCode": 200, "headers": {"a": "1", "b": "2"}, "multiValueHeaders": {"A": ["3", "4"]}}'
        assert ((200, [("A", "3"), ("A", "4"), ("b", "2")]), b"") == unpack("rest", result)

    def test_no_json(self) -> None:
        """
        Payload 2.0 passes on what is no JSON.
        """
        assert ((200, [("content-type", "application/json")]), b"x") == unpack("http-api", b"x")


class TestPrelude:
    """
    A prelude that comes in pieces.
    """

    @given(body=st.binary(max_size=30), cuts=st.lists(st.integers(0, 80), max_size=8))
    async def test_however_cut(self, body: bytes, cuts: list[int]) -> None:
        """
        Head and body are the same however the stream is cut.
        """
        stream = b'{"statusCode":201,"headers":{"a":"b"}}' + bytes(8) + body
        edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
        invocation = Invocation(Settings(handler="a.b"), b"{}", "GET /", streamed=True)
        reply = invocation.reply

        async def respond() -> None:
            reply.begin(PRELUDE_TYPE, streamed=True)
            for start, end in pairwise(edges):
                await reply.put(stream[start:end])
            reply.finish()

        exchange: Any = None
        responding = create_task(respond())
        head, rest = await Relay(exchange, invocation, "function-url")._prelude()
        assert (201, [("a", "b")], body) == (head.status, head.headers, rest + await reply.whole())
        await responding


class TestSettings:
    """
    What cannot be is said at once.
    """

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"handler": "module"}, "a handler is 'module.function', or 'module:app' for an ASGI app, not 'module'"),
            ({"handler": "module:"}, "not 'module:'"),
            ({"handler": ":app"}, "not ':app'"),
            ({"handler": "a:b:c"}, "not 'a:b:c'"),
            ({"name": "a/b"}, "name must be 1 to 64 letters, digits, hyphens and underscores, not 'a/b'"),
            ({"front": "edge"}, "front must be one of function-url, .*, not 'edge'"),
            ({"runtime": []}, "runtime must be a command"),
            ({"concurrency": 0}, "concurrency must be at least 1, not 0"),
            ({"timeout": 901}, "timeout must be more than 0 and at most 900 seconds, not 901"),
            ({"memory": 1}, "memory must be at least 16 MB, not 1"),
            ({"bandwidth": "gcp"}, "bandwidth=\\) must be 'aws' or None, not 'gcp'"),
        ],
    )
    def test_faults(self, options: dict[str, Any], message: str) -> None:
        """
        With the value in the message.
        """
        with pytest.raises(ValueError, match=message):
            emulator(options.pop("handler", "a.b"), **options)

    def test_command(self) -> None:
        """
        `python` is this one; quotation marks are a shell's.
        """
        assert [sys.executable, "-m", "a b"] == command_of("python -m 'a b'")
        assert ["node", "x.mjs"] == command_of("node x.mjs")
        with pytest.raises(ValueError, match="a command is expected"):
            command_of(" ")

    @pytest.mark.parametrize("front", ["function-url", "rest", "http-api", "rest-buffered"])
    def test_banner(self, front: Front) -> None:
        """
        It has an address for each front, and the client's variables.
        """
        text = banner(Settings(handler="a.b", front=front, region="eu-west-1"), "http://127.0.0.1:9")
        assert "export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9\n" in text
        assert "export AWS_DEFAULT_REGION=eu-west-1\n" in text
        assert ("REST API, buffered" in text) == (front == "rest-buffered")
        assert 1 == text.count("http://127.0.0.1:9/\n")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "Runtime exited without providing a reason"),
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (-9, "Runtime exited with error: signal: killed"),
        (-15, "Runtime exited with error: signal: terminated"),
        (-8, "Runtime exited with error: signal: Floating point exception"),
    ],
)
def test_exit_reason(code: int | None, reason: str) -> None:
    """
    The end of a process in Lambda's words.
    """
    assert reason == exit_reason(code)


class TestChanges:
    """
    Files that change.
    """

    def test_what_counts(self, tmp_path: Path) -> None:
        """
        New, changed and removed files of code; no others.
        """
        (tmp_path / "package").mkdir()
        (tmp_path / "package" / "a.py").touch()
        changes = Changes(tmp_path)
        assert changes.changed() is None
        (tmp_path / "package" / "b.py").touch()
        assert Path("package/b.py") == changes.changed()
        (tmp_path / "package" / "a.py").write_text("1")
        assert Path("package/a.py") == changes.changed()
        (tmp_path / "package" / "b.py").unlink()
        assert Path("package/b.py") == changes.changed()
        for name in (".git", "__pycache__", "node_modules"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "c.py").touch()
        (tmp_path / "data.bin").touch()
        assert changes.changed() is None


class Terminal(io.StringIO):
    """
    Takes what is written, and says that it is a terminal.
    """

    def isatty(self) -> bool:
        """
        It does.
        """
        return True

    @property
    def screen(self) -> list[str]:
        """
        What is to be seen.
        """
        lines = [""]
        text = self.getvalue()
        while text:
            if text.startswith("\x1b["):
                number, _, text = text[2:].partition("F")
                lines = [*lines[: -1 - int(number)], ""]
                assert text.startswith("\x1b[J")
                text = text[3:]
            elif text.startswith("\n"):
                lines.append("")
                text = text[1:]
            else:
                lines[-1] += text[0]
                text = text[1:]
        return lines


class TestView:
    """
    What is shown.
    """

    @pytest.fixture(autouse=True)
    def width(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A terminal of 100 columns.
        """
        monkeypatch.setenv("COLUMNS", "100")

    @staticmethod
    def invocation(label: str = "GET /") -> Invocation:
        """
        An invocation to show.
        """
        return Invocation(Settings(handler="a.b"), b"{}", label, streamed=True)

    def test_terminal(self) -> None:
        """
        What runs is below what is over, each in one line, and what the function prints between them.
        """
        terminal = Terminal()
        view = View(terminal)
        first, second = self.invocation("GET /first"), self.invocation("GET /second")
        view.started(first)
        view.started(second)
        view.line(b"hello\rthere\n", first)
        view.line(f"START RequestId: {first.id} Version: $LATEST\n".encode(), first)
        first.reply.begin("a/b", streamed=True)
        first.reply.finish(Failure("Runtime.Bad", b"{}"))
        first.status, first.cold, first.note = 502, 0.5, "note"
        first.stop()
        view.ended(first)
        said, more, over, running, last = terminal.screen
        assert (f"         {first.id[:8]} | hello", f"         {first.id[:8]} | there", "") == (said, more, last)
        assert "GET /first" in over
        assert "502" in over
        assert over.endswith("Runtime.Bad (cold start 500 ms); note")
        assert "GET /second" in running
        assert running.rstrip().endswith("...")
        second.stop()
        view.ended(second)
        assert "GET /second" in terminal.screen[-2]
        assert terminal.screen[-2].endswith("end")

    def test_file(self) -> None:
        """
        Elsewhere there are no controls, and nothing of what is not over.
        """
        output = io.StringIO()
        view = View(output)
        invocation = self.invocation()
        view.started(invocation)
        invocation.touched()
        view.line(b"between\n", None)
        invocation.stop()
        view.ended(invocation)
        between, over = output.getvalue().splitlines()
        assert "                  | between" == between
        assert "first" in over
        assert "\x1b" not in output.getvalue()

    async def test_follow(self, virtual_clock: VirtualClock) -> None:
        """
        What runs is kept up to date.
        """
        terminal = Terminal()
        view = View(terminal)
        task = create_task(view.follow())
        invocation = self.invocation()
        view.started(invocation)
        invocation.reply.size = 12_345
        await sleep(0.15)
        task.cancel()
        await gather(task, return_exceptions=True)
        assert "12,345 B" in terminal.screen[0]
        assert virtual_clock() > 0
