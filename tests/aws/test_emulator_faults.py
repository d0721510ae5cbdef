"""
What must not go wrong over time and in bulk: memory, descriptors, processes, clients and runtimes that misbehave.
"""

from __future__ import annotations

import json
import shlex
import socket
import struct
import time
from asyncio import get_running_loop
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import h11
import pytest
from anyio import CancelScope, create_task_group, sleep

from jaystream.aws.emulator import environment
from jaystream.aws.emulator.reload import Changes
from jaystream.aws.emulator.server import Emulator
from jaystream.aws.emulator.settings import Settings
from jaystream.aws.emulator.view import View
from jaystream.testing import emulator
from tests.aws.emulated import RUNTIME, Client, raw, steps, until
from tests.aws.test_emulate_command import emulating
from tests.aws.test_emulator_limits import alive

MIB = 1 << 20

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells in /proc")


def descriptors() -> int:
    """
    How many files this process has open.
    """
    return len(list(Path("/proc/self/fd").iterdir()))


async def settled_descriptors() -> int:
    """
    The same when the event loop has all that it opens for the first process.
    """
    async with raw() as function:
        await function.invoke({"do": [["result", 1]]})
    return descriptors()


def peak(pid: int) -> int:
    """
    The most MiB that a process has used.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) // 1024


def is_dead(pid: int) -> bool:
    """
    Whether a process has ended.
    """
    return not alive(pid)


class TestBulk:
    """
    Much of it.
    """

    @needs_proc
    def test_memory(self, tmp_path: Path) -> None:
        """
        200 MB through the Function URL take no memory to speak of.
        """
        with emulating(tmp_path, "raw.handler", "--runtime", shlex.join(RUNTIME)) as started:
            assert b"1" == started.ask(body=steps(["result", 1]))
            before = peak(started.process.pid)
            size = started.measure(steps(["prelude", {}], ["bytes", 65_536, 3200], ["end"]))
            assert 200 * MIB == size
            assert peak(started.process.pid) - before < 20

    async def test_more_than_may_be(self) -> None:
        """
        More than 200 MiB is cut, and told of to the function.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["prelude", {}], ["bytes", 65_536, 3201], ["end"]))
            size = 0
            with pytest.raises(h11.RemoteProtocolError):
                while (piece := await client.piece()) is not None:
                    size += len(piece)
            assert 0 <= size - 200 * MIB < 65_536
            await until(lambda: any(line.startswith("413 ") for line in function.logs))

    @needs_proc
    async def test_descriptors(self) -> None:
        """
        Neither invocations nor environments leave a descriptor behind.
        """
        before = await settled_descriptors()
        async with raw(timeout=0.5) as function:
            await function.invoke({"do": [["result", 1]]})
            warm = descriptors()
            for do in ([["stream", "a/b"], ["end"]], [["error", "a", "{}"]], [["exit", 1]], [["stream", "a"], ["cut"]]):
                for _ in range(5):
                    await function.invoke({"do": do})
            await function.invoke({"do": [["hang"]]})
            await function.invoke({"do": [["result", 1]]})
            await until(lambda: descriptors() <= warm)
        assert before == descriptors()

    async def test_bandwidth(self) -> None:
        """
        A stream of 7 MiB takes half a second: 6 MiB are free.
        """
        async with raw(bandwidth="aws") as function:
            assert (await function.invoke({"do": [["stream", "a/b"], ["bytes", 65_536, 96], ["end"]]})).error is None
            since = time.perf_counter()
            result = await function.invoke({"do": [["stream", "a/b"], ["bytes", 65_536, 112], ["end"]]})
            assert 7 * MIB == len(result.payload)
            assert time.perf_counter() - since > 0.37

    async def test_many_in_a_row(self) -> None:
        """
        Five hundred streams, one after the other, on one connection and in one process.
        """
        async with raw(concurrency=1) as function, Client(function.url) as client:
            for number in range(500):
                body = steps(["prelude", {}], ["chunk", str(number)], ["end"])
                assert 200 == (await client.ask(body=body))[0]
                assert str(number).encode() == await client.body()
                client.again()


class TestClients:
    """
    Clients that misbehave.
    """

    async def test_leaves_before_the_response(self, tmp_path: Path) -> None:
        """
        One that leaves at once gets nothing, and the function runs to its end.
        """
        done = tmp_path / "done"
        async with raw() as function:
            async with Client(function.url) as client:
                body = steps(["touch", str(done)], ["prelude", {}], ["chunk", "a"], ["end"])
                await client.stream.send(
                    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
                )
            await until(done.exists)
            assert [b"1"] == (await function.invoke({"do": [["result", 1]]})).pieces

    async def test_leaves_amid_its_request(self) -> None:
        """
        One that leaves in the middle of its request starts nothing.
        """
        async with raw() as function:
            async with Client(function.url) as client:
                await client.stream.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf")
            assert [] == function.logs

    async def test_stops_reading_for_a_while(self) -> None:
        """
        One that reads slowly gets all of it.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["prelude", {}], ["bytes", 65_536, 300], ["end"]))
            await client.piece()
            await sleep(0.05)
            assert 300 * 65_536 > len(await client.body()) > 290 * 65_536

    async def test_resets(self) -> None:
        """
        Connections that are reset as soon as they are made do no harm.
        """
        async with raw() as function, Client(function.url) as client:
            for _ in range(50):
                with socket.create_connection((client.target.hostname, client.target.port)) as other:
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert 200 == (await client.ask(body=steps(["result", 1])))[0]

    async def test_reads_on_after_the_runtime_died(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What a runtime had sent before it died arrives, however slowly it is read.
        """
        monkeypatch.setattr(environment, "LAST_WORDS", 0.0)
        go = str(tmp_path / "go")
        do = steps(["prelude", {}], ["chunk", "a"], ["wait", go], ["bytes", 65_536, 30], ["print", "dead"], ["exit", 1])
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=do)
            assert b"a" == await client.piece()
            Path(go).touch()
            await until(lambda: "dead" in function.logs)
            size = 0
            with pytest.raises(h11.RemoteProtocolError):
                while (piece := await client.piece()) is not None:
                    size += len(piece)
            assert 30 * 65_536 == size

    async def test_connects_and_says_nothing(self) -> None:
        """
        Connections that say nothing hold up neither others nor the end.
        """
        async with raw() as function, Client(function.url), Client(function.url) as client:
            assert 200 == (await client.ask(body=steps(["result", 1])))[0]


@needs_proc
class TestEnd:
    """
    The end of the emulator, at any time.
    """

    BUSY: tuple[list[Any], ...] = (
        [["hang"]],
        [["stream", "a/b"], ["chunk", "a"], ["hang"]],
        [["result", 1], ["hang"]],
        [["child"], ["hang"]],
    )

    @pytest.mark.parametrize("do", BUSY)
    async def test_while_busy(self, do: list[Any]) -> None:
        """
        A busy environment is ended, and what it has started.
        """
        pids: list[int] = []
        async with raw() as function, create_task_group() as group:
            pids.append((await function.invoke({"do": [["told"]]})).json()["pid"])
            group.start_soon(function.invoke, {"do": [["print", "busy"], *do]})
            await until(lambda: "busy" in function.logs)
            group.cancel_scope.cancel()
        assert not alive(pids[0])
        children = [int(line.split()[1]) for line in function.logs if line.startswith("child ")]
        for child in children:
            await until(partial(is_dead, child))

    async def test_while_starting(self) -> None:
        """
        An environment that is about to start is ended.
        """
        before = await settled_descriptors()
        async with raw(environment={"RAW_INIT": "hang"}) as function, create_task_group() as group:
            group.start_soon(function.invoke)
            await until(lambda: "starting" in function.logs)
            group.cancel_scope.cancel()
        assert before == descriptors()

    async def test_that_is_cancelled(self) -> None:
        """
        A cancellation of whoever leaves the block leaves nothing either.
        """
        before = await settled_descriptors()
        pids: list[int] = []
        with CancelScope() as scope:
            async with raw() as function:
                pids.append((await function.invoke({"do": [["told"]]})).json()["pid"])
                scope.cancel()
        assert not alive(pids[0])
        assert before == descriptors()

    async def test_before_it_began(self) -> None:
        """
        A cancellation of whoever enters the block leaves nothing either.
        """
        with CancelScope() as scope:
            scope.cancel()
            async with raw():
                pytest.fail("entered")
        assert scope.cancelled_caught

    async def test_own_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A failure of the emulator itself is raised to whoever waits for its end.
        """

        async def fail(changes: Changes) -> Path:
            raise ZeroDivisionError

        monkeypatch.setattr(Changes, "next", fail)
        server = Emulator(Settings(handler="a.b"), View(StringIO()), reload=True)
        with pytest.raises(ExceptionGroup) as caught:
            async with server:
                await server.wait_with(get_running_loop().create_future())
        assert caught.group_contains(ZeroDivisionError)

    async def test_taken_port(self) -> None:
        """
        What cannot listen raises that, and leaves nothing.
        """
        async with raw() as function:
            port = int(function.url.rsplit(":", 1)[1])
            with pytest.raises(OSError, match="in use"):
                await Emulator(Settings(handler="a.b"), View(StringIO()), port=port).__aenter__()


class TestBlocking:
    """
    The emulator for tests that block.
    """

    def test_invoke(self) -> None:
        """
        It is in a thread of its own, and has the same to give.
        """
        with raw() as function:
            result = function.invoke({"do": [["print", "hello"], ["stream", "a/b"], ["chunk", "a"], ["end"]]})
            assert ([b"a"], None, True) == (result.pieces, result.error, result.cold)
            assert result.first_byte is not None
            assert "hello" in function.logs

    def test_that_cannot_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What cannot listen raises that.
        """
        monkeypatch.setattr("jaystream.aws.emulator.server.HOST", "192.0.2.1")
        with pytest.raises(OSError, match="assign"):
            raw().__enter__()


class TestOwnRuntime:
    """
    Our own runtime.
    """

    FUNCTIONS = """
from jaystream import JaypieStream, lambda_stream_handler
from jaystream.aws.asgi_app import create_lambda_stream_handler

def words(fail=False):
    yield {"type": "text", "content": "one"}
    if fail:
        raise ValueError("no")
    yield {"type": "done"}

@lambda_stream_handler
async def stream(event, context):
    return JaypieStream(words(event.get("fail", False)))

def plain(event, context):
    return {"echo": event}

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await JaypieStream(words()).format_sse().to_asgi(scope, receive, send)
"""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """
        A folder with functions.
        """
        (tmp_path / "functions.py").write_text(self.FUNCTIONS)
        return tmp_path

    async def test_plain(self, folder: Path) -> None:
        """
        An ordinary function.
        """
        async with emulator("functions.plain", folder=folder) as function:
            results = [await function.invoke({"a": number}) for number in range(3)]
        assert [{"echo": {"a": number}} for number in range(3)] == [result.json() for result in results]
        assert [True, False, False] == [result.cold for result in results]

    async def test_app(self, folder: Path) -> None:
        """
        An ASGI app, by Function URL, REST API and, buffered, HTTP API.
        """
        body = b'event: text\ndata: {"type":"text","content":"one"}\n\nevent: done\ndata: {"type":"done"}\n\n'
        for front, path in (("function-url", "/"), ("rest", "/"), ("http-api", "/"), ("alb", "/")):
            front_: Any = front
            async with (
                emulator("functions:app", folder=folder, front=front_) as function,
                Client(function.url) as client,
            ):
                status, headers = await client.ask(path, method="GET")
                assert (200, "text/event-stream", body) == (status, headers["content-type"], await client.body())
                assert ("transfer-encoding" in headers) == (front in {"function-url", "rest"})

    async def test_faults_of_apps(self, folder: Path) -> None:
        """
        A name that leads to no app: the error names the modules of its author alone.
        """
        (folder / "needy.py").write_text("import no_such_module_at_all\n")
        (folder / "broken.py").write_text("def app(:\n")
        for name, kind, said in (
            ("functions:nope", "HandlerNotFound", "App 'nope' missing on module 'functions'"),
            ("functions:__name__", "HandlerNotFound", "App '__name__' on module 'functions' is no ASGI app"),
            ("nope:app", "ImportModuleError", "Unable to import module 'nope': No module named 'nope'"),
            ("needy:app", "ImportModuleError", "Unable to import module 'needy': No module named 'no_such_module_at_"),
            ("broken:app", "UserCodeSyntaxError", "Syntax error in module 'broken': "),
        ):
            async with emulator(name, folder=folder) as function:
                result = await function.invoke()
                assert f"Runtime.{kind}" == result.error
                assert said in json.loads(result.payload)["errorMessage"]
