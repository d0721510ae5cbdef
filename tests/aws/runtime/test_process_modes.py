"""
The runtime as a process that does more than one thing after the other: several invocations at once, and snapshots.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.aws.runtime.runs import process
from tests.aws.runtime.stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

ECHO = """
def handler(event, context):
    print(event)
    return {"event": event, "id": context.aws_request_id}
"""


class TestTogether:
    """
    Several invocations at once in one process.
    """

    async def test_streams(self, tmp_path: Path) -> None:
        """
        They overlap; each sees its own context; the process ends when it is told to.
        """
        source = """
import asyncio, os
from jaystream.aws.runtime import current_context

together = asyncio.Barrier(3)

async def handler(event, context):
    await together.wait()
    assert "_X_AMZN_TRACE_ID" not in os.environ
    return [event, current_context().trace_id]
"""
        async with StandIn() as api, process(api, tmp_path, source, AWS_LAMBDA_MAX_CONCURRENCY="3") as running:
            for number in range(3):
                api.offer(number, request_id=f"r-{number}", trace_id=f"t{number}")
            await api.answers(3)
            await api.polled(6)
            running.process.send_signal(signal.SIGTERM)
            code, _, err = await running.end()
        assert [[0, "t0"], [1, "t1"], [2, "t2"]] == sorted(posted.json for posted in api.posted)
        assert (0, "") == (code, err)

    async def test_sync(self, tmp_path: Path) -> None:
        """
        Sync functions run in threads, each with its own context.
        """
        source = """
import threading
from jaystream.aws.runtime import current_context

together = threading.Barrier(3)

def handler(event, context):
    if event == "raise":
        raise LookupError
    together.wait(30)
    return [event, current_context().aws_request_id]
"""
        async with StandIn() as api, process(api, tmp_path, source, AWS_LAMBDA_MAX_CONCURRENCY="3"):
            for number in range(3):
                api.offer(number, request_id=f"r-{number}")
            await api.answers(3)
            api.offer("raise")
            await api.answers(4)
        assert "LookupError" == api.posted.pop().json["errorType"]
        assert [[0, "r-0"], [1, "r-1"], [2, "r-2"]] == sorted(posted.json for posted in api.posted)

    async def test_goes_on(self, tmp_path: Path) -> None:
        """
        An answer that is lost, and a next that fails, do not end the others.
        """
        async with StandIn() as api:
            api.trouble("/next", 500)
            api.trouble("/response", 500)
            async with process(api, tmp_path, ECHO, AWS_LAMBDA_MAX_CONCURRENCY="2") as running:
                for number in range(3):
                    api.offer(number)
                await api.answers(3)
                running.process.kill()
                _, out, _ = await running.end()
        assert 2 == out.count("[ERROR] RuntimeApiError")

    async def test_gives_up(self, tmp_path: Path) -> None:
        """
        After five tries in a row the Runtime API counts as gone.
        """
        async with StandIn() as api:
            api.trouble("/next", *[500] * 10)
            async with process(api, tmp_path, ECHO, AWS_LAMBDA_MAX_CONCURRENCY="1") as running:
                code, out, err = await running.end()
        assert (1, 4, True) == (code, out.count("[ERROR] RuntimeApiError"), "500" in err)


class TestSnapStart:
    """
    Functions that go on from a snapshot.
    """

    HOOKS = """
import sys, types
hooks = types.ModuleType("snapshot_restore_py")
before, after = [], []
hooks.get_before_snapshot = lambda: before
hooks.get_after_restore = lambda: after
sys.modules["snapshot_restore_py"] = hooks
before += [(print, ("first",), {}), (print, ("second",), {})]
after += [(print, ("after",), {"flush": True})]
def handler(event, context):
    print("handler")
"""

    async def test_hooks(self, tmp_path: Path) -> None:
        """
        Hooks run before the snapshot, last registered first, and after the restore; then come invocations.
        """
        async with (
            StandIn() as api,
            process(api, tmp_path, self.HOOKS, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as running,
        ):
            api.offer(1)
            await api.answers()
            running.process.kill()
            _, out, _ = await running.end()
        assert "second\nfirst\nafter\nhandler\n" == out

    async def test_no_restore(self, tmp_path: Path) -> None:
        """
        A Runtime API that takes no snapshot ends the start.
        """
        async with StandIn() as api:
            api.trouble("/restore/next", 403)
            async with process(api, tmp_path, ECHO, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as running:
                code, _, _ = await running.end()
        assert (64, True) == (code, "403" in api.posted[0].json["errorMessage"])

    @pytest.mark.parametrize(
        ("hook", "code", "target", "kind"),
        [
            ("before", 64, "/init/error", "Runtime.BeforeSnapshotError"),
            ("after", 65, "/restore/error", "Runtime.AfterRestoreError"),
        ],
    )
    async def test_hook_fails(self, hook: str, code: int, target: str, kind: str, tmp_path: Path) -> None:
        """
        Lambda is told which, and the exit code says it too.
        """
        source = f"{self.HOOKS}\n{hook}.append((int, ('x',), {{}}))"
        async with (
            StandIn() as api,
            process(api, tmp_path, source, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as running,
        ):
            ended, _, _ = await running.end()
        (posted,) = api.posted
        assert (code, kind) == (ended, posted.headers["lambda-runtime-function-error-type"])
        assert (True, "ValueError") == (posted.target.endswith(target), posted.json["errorType"])
