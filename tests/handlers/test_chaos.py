"""
Chaos: every word, and where it comes from.
"""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest

from jaystream import JaypieStream, asgi_stream_handler, lambda_stream_handler
from jaystream.errors import InternalError, JaypieError
from jaystream.handlers.chaos import invoke_chaos
from tests.handlers.asking import URL_EVENT, ask, invoke


def one() -> JaypieStream[str]:
    """
    A handler with which nothing is wrong.
    """
    return JaypieStream.of("a")


class TestWords:
    """
    What each of them does.
    """

    @pytest.mark.parametrize("word", ["", "0", "false", "none", "off", "skip"])
    async def test_nothing(self, word: str, virtual_clock: Any) -> None:
        """
        These do nothing.
        """
        await invoke_chaos(word)
        assert 0 == virtual_clock()

    @pytest.mark.parametrize(("word", "status"), [("error", 500), ("error=404", 404), ("error=418", 418)])
    async def test_error(self, word: str, status: int) -> None:
        """
        An error with its status.
        """
        with pytest.raises(JaypieError) as caught:
            await invoke_chaos(word)
        assert status == caught.value.status

    async def test_timeout(self, virtual_clock: Any) -> None:
        """
        A quarter of an hour, and an error.
        """
        with pytest.raises(InternalError):
            await invoke_chaos("timeout")
        assert 900 == virtual_clock()

    @pytest.mark.parametrize(
        ("word", "chance"),
        [("always", 1), ("high", 0.382), ("medium", 0.146), ("low", 0.021), ("ERROR", 0.146), ("error=4", 0.146)],
    )
    async def test_latency(self, word: str, chance: float, virtual_clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Up to 12 seconds, more or less often; words are case-sensitive, and unknown ones are "medium".
        """

        def most_of(least: float, most: float) -> float:
            return most

        monkeypatch.setattr(random, "uniform", most_of)
        for drawn, waited in ((chance - 0.001, 12), (chance, 0)):
            monkeypatch.setattr(random, "random", lambda drawn=drawn: drawn)
            before = virtual_clock()
            await invoke_chaos(word)
            assert waited == virtual_clock() - before

    def test_exit(self) -> None:
        """
        The process ends.
        """
        code = "import asyncio; from jaystream.handlers.chaos import invoke_chaos; asyncio.run(invoke_chaos('exit'))"
        assert 1 == subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on memory")
    def test_memory(self) -> None:
        """
        It takes what there is.
        """
        code = (
            "import asyncio, resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); "
            "from jaystream.handlers.chaos import invoke_chaos; asyncio.run(invoke_chaos('memory'))"
        )
        result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        assert (1, True) == (result.returncode, "MemoryError" in result.stderr)

    @pytest.mark.parametrize("word", ["exit", "memory"])
    async def test_not_deadly(self, word: str) -> None:
        """
        Nothing deadly unless allowed.
        """
        await invoke_chaos(word, deadly=False)


class TestWhereFrom:
    """
    Option, environment, header.
    """

    async def test_option_and_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The option wins.
        """
        monkeypatch.setenv("PROJECT_CHAOS", "error=404")
        assert 404 == (await ask(asgi_stream_handler(one))).status
        assert 200 == (await ask(asgi_stream_handler(one, chaos="none"))).status
        assert 418 == (await invoke(lambda_stream_handler(one, chaos="error=418"), URL_EVENT)).status

    async def test_header(self) -> None:
        """
        A request's header counts only where that is allowed, for this one request, and is never deadly.
        """
        headers = {"X-Project-Chaos": "error=404"}
        assert 200 == (await ask(asgi_stream_handler(one), headers=headers)).status
        app = asgi_stream_handler(one, chaos_header=True)
        assert [404, 200] == [(await ask(app, headers=headers)).status, (await ask(app)).status]
        assert 200 == (await ask(app, headers={"x-project-chaos": "exit"})).status
        event = {**URL_EVENT, "headers": headers}
        assert 404 == (await invoke(lambda_stream_handler(one, chaos_header=True), event)).status

    async def test_nothing_else_runs(self) -> None:
        """
        It comes before everything else, and no teardown after it.
        """
        called: list[str] = []
        app = asgi_stream_handler(
            one, chaos="error", validate=lambda: called.append("v"), teardown=lambda: called.append("t")
        )
        assert (500, []) == ((await ask(app)).status, called)
