"""
The limits of an environment: its start, its time, its memory, and how many there may be.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest
from anyio import create_task_group

from jaystream.aws.emulator import environment
from jaystream.aws.emulator.pool import ThrottledError
from tests.aws.emulated import Client, raw, steps, until

INVOKE = "/2015-03-31/functions/function/invocations"


def alive(pid: int) -> bool:
    """
    Whether a process runs.
    """
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


class TestStart:
    """
    Cold starts, and those that fail.
    """

    async def test_reuse(self) -> None:
        """
        One call after the other runs in one process; only the first starts it.
        """
        async with raw() as function:
            results = [await function.invoke({"do": [["told"]]}) for _ in range(5)]
        assert [True, False, False, False, False] == [result.cold for result in results]
        assert 1 == len({result.json()["pid"] for result in results})

    async def test_no_start_before_the_first(self) -> None:
        """
        Without a call there is no process.
        """
        async with raw() as function:
            assert [] == function.logs

    async def test_one_after_the_other_over_http(self) -> None:
        """
        A client that asks as soon as it has its answer gets the same environment.
        """
        async with raw(concurrency=1) as function, Client(function.url) as client:
            pids: set[int] = set()
            for _ in range(20):
                status, _ = await client.ask(body=steps(["told"]))
                assert 200 == status
                pids.add(json.loads(await client.body())["pid"])
                client.again()
            assert 1 == len(pids)

    async def test_init_error(self) -> None:
        """
        What the runtime says at /init/error is the result, with all that it has printed.
        """
        async with raw(environment={"RAW_INIT": "error"}) as function:
            for _ in range(2):
                result = await function.invoke()
                assert "Runtime.ImportModuleError" == result.error
                assert "no such module" == result.json()["errorMessage"]
                assert result.log.startswith("starting\ngiving up\n")

    async def test_exit(self) -> None:
        """
        A runtime that ends before it asks for an invocation.
        """
        async with raw(environment={"RAW_INIT": "exit"}) as function:
            result = await function.invoke()
            assert "Runtime.ExitError" == result.error
            assert result.json()["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")
            assert "\tStatus: error\tError Type: Runtime.ExitError\t" in result.log

    async def test_slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A start that is too slow takes of the invocation's time, and then that is over.
        """
        monkeypatch.setattr(environment, "INIT_TIMEOUT", 0.01)
        async with raw(environment={"RAW_INIT": "hang"}, timeout=0.3) as function:
            result = await function.invoke()
            assert "Sandbox.Timedout" == result.error

    async def test_slow_but_in_time(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """
        A start that is too slow for itself may still be in time for the invocation.
        """
        monkeypatch.setattr(environment, "INIT_TIMEOUT", 0.0)
        go = tmp_path / "go"
        async with raw(environment={"RAW_INIT": "slow", "RAW_GO": str(go)}) as function, create_task_group() as group:
            group.start_soon(_touch, go)
            assert [b"1"] == (await function.invoke({"do": [["result", 1]]})).pieces

    async def test_no_such_command(self) -> None:
        """
        A runtime that is not there.
        """
        async with raw(runtime=["/no/such/runtime"]) as function:
            result = await function.invoke()
            assert "Runtime.InvalidEntrypoint" == result.error
            assert "fork/exec /no/such/runtime: no such file or directory" in result.json()["errorMessage"]

    async def test_no_socket(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An environment that gets no socket.
        """
        monkeypatch.setattr(environment, "HOST", "192.0.2.1")
        async with raw() as function:
            assert "Runtime.InvalidEntrypoint" == (await function.invoke()).error

    async def test_no_such_folder(self, tmp_path: Path) -> None:
        """
        A folder that is not there.
        """
        async with raw(folder=tmp_path / "none") as function:
            assert "Runtime.InvalidEntrypoint" == (await function.invoke()).error

    async def test_dies_while_idle(self) -> None:
        """
        A runtime that ends between two invocations is replaced.
        """
        async with raw() as function:
            pid = (await function.invoke({"do": [["told"]]})).json()["pid"]
            os.kill(pid, 9)
            while alive(pid):
                await anyio.lowlevel.checkpoint()
            results = [await function.invoke({"do": [["told"]]}) for _ in range(2)]
            assert results[-1].error is None
            assert pid != results[-1].json()["pid"]


async def _touch(path: Path) -> None:
    path.touch()


class TestTime:
    """
    Deadlines.
    """

    async def test_killed(self) -> None:
        """
        What does not end in time is killed, with AWS's words, and the next call starts cold.
        """
        async with raw(timeout=0.4) as function:
            pid = (await function.invoke({"do": [["told"]]})).json()["pid"]
            result = await function.invoke({"do": [["print", "about to hang"], ["hang"]]})
            assert ("Sandbox.Timedout", False) == (result.error, result.cold)
            assert {"errorType", "errorMessage"} == set(result.json())
            assert result.json()["errorMessage"].endswith(" Error: Task timed out after 0.40 seconds")
            assert " Task timed out after 0.40 seconds\nEND RequestId: " in result.log
            assert "about to hang\n" in result.log
            assert "\tStatus: timeout\t" in result.log
            assert not alive(pid)
            assert (await function.invoke({"do": [["result", 1]]})).cold

    async def test_in_a_stream(self) -> None:
        """
        A stream that is killed is cut, and told as a timeout.
        """
        async with raw(timeout=0.4) as function:
            result = await function.invoke({"do": [["stream", "a/b"], ["chunk", "a"], ["hang"]]})
            assert ("Sandbox.Timedout", [b"a"]) == (result.error, result.pieces)

    async def test_after_the_response(self) -> None:
        """
        A runtime that does not ask for more in time is killed; the client has its response.
        """
        async with raw(timeout=0.4) as function:
            result = await function.invoke({"do": [["result", 1], ["hang"]]})
            assert ([b"1"], None) == (result.pieces, result.error)
            assert "Task timed out" in result.log
            assert (await function.invoke({"do": [["result", 1]]})).cold

    async def test_client_that_stops_reading(self) -> None:
        """
        A client that takes nothing holds the function up until its time is over.
        """
        async with raw(timeout=0.6) as function, Client(function.url) as client:
            await client.ask(body=steps(["prelude", {}], ["bytes", 65_536, 1000], ["end"], ["print", "not here"]))
            await until(lambda: any("Task timed out" in line for line in function.logs))
            assert "not here" not in function.logs

    async def test_its_own_children(self) -> None:
        """
        What the function has started is killed with it.
        """
        async with raw(timeout=0.5) as function:
            await function.invoke({"do": [["child"], ["hang"]]})
            (child,) = [int(line.split()[1]) for line in function.logs if line.startswith("child ")]
            while alive(child):
                await anyio.lowlevel.checkpoint()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory is used")
class TestMemory:
    """
    Memory.
    """

    async def test_killed(self) -> None:
        """
        What uses more than it may is killed.
        """
        async with raw(memory=64) as function:
            result = await function.invoke({"do": [["use", 100], ["hang"]]})
            assert "Runtime.OutOfMemory" == result.error
            assert result.json()["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")

    async def test_report(self) -> None:
        """
        The report says how much it was, at most: twice what is kept, since it is copied once.
        """
        async with raw() as function:
            log = (await function.invoke({"do": [["use", 100], ["result", 1]]})).log
            used = int(log.split("Max Memory Used: ")[1].split()[0])
            assert 200 <= used < 300


class TestConcurrency:
    """
    Several at once.
    """

    async def test_at_once(self, tmp_path: Path) -> None:
        """
        Calls at once have environments of their own, as many as may be, and one more is refused.
        """
        go = str(tmp_path / "go")
        results: list[Any] = []

        async with raw(concurrency=4) as function, create_task_group() as group:

            async def call(number: int) -> None:
                here = str(tmp_path / str(number))
                do = [["touch", here], ["wait", go], ["told"]]
                results.append((await function.invoke({"do": do})).json()["pid"])

            for number in range(4):
                group.start_soon(call, number)
            await until(lambda: len(list(tmp_path.iterdir())) == 4)
            with pytest.raises(ThrottledError):
                await function.invoke()
            for path in ("/", INVOKE):
                async with Client(function.url) as client:
                    status, headers = await client.ask(path, b"1")
                    assert (429, "TooManyRequestsException") == (status, headers["x-amzn-errortype"])
                    said = json.loads(await client.body())
                    assert ("Rate Exceeded.", "User") == (said["message"], said["Type"])
            Path(go).touch()
        assert 4 == len(set(results))

    async def test_many(self) -> None:
        """
        A hundred clients at once, each with an answer of its own.
        """
        found: set[int] = set()
        async with raw(concurrency=8) as function, create_task_group() as group:

            async def call(number: int) -> None:
                async with Client(function.url) as client:
                    while (await client.ask(body=steps(["result", number])))[0] == 429:
                        await client.body()
                        client.again()
                    found.add(int(await client.body()))

            for number in range(100):
                group.start_soon(call, number)
        assert set(range(100)) == found
