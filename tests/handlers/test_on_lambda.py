"""
A streaming handler from end to end: real runtimes in processes of their own, ours and AWS's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from jaystream.testing.emulating import emulator

if TYPE_CHECKING:
    from pathlib import Path

    from jaystream.aws.emulator.settings import Front

STOCK = [sys.executable, "-m", "awslambdaric"]

MODULE = """
from jaystream import LambdaRequest, lambda_stream_handler
from jaystream.errors import NotFoundError


@lambda_stream_handler(teardown=lambda: print("torn down", flush=True))
async def handler(event, context):
    request = LambdaRequest(event)
    if request.query.get("q") == "missing":
        raise NotFoundError("no fox")
    context.response_stream.status = 201
    context.response_stream.set_cookie("a", "1", same_site=None)
    yield {"type": "text", "content": request.path.rpartition("/")[2]}
    if request.query.get("q") == "late":
        raise ValueError("hunter2")
"""


@pytest.mark.parametrize(
    ("front", "runtime"),
    [("function-url", None), ("rest", None), ("http-api", None), ("function-url-buffered", STOCK), ("alb", STOCK)],
)
async def test_each_front(front: Front, runtime: Any, tmp_path: Path) -> None:
    """
    The same answers through each of them, streamed or whole.
    """
    if runtime is not None:
        pytest.importorskip("awslambdaric")
    (tmp_path / "handlers.py").write_text(MODULE)
    async with (
        emulator("handlers.handler", folder=tmp_path, front=front, runtime=runtime) as function,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        text = b'event: text\ndata: {"type":"text","content":"ask"}\n\n'
        answer = await client.get(f"{function.url}/ask")
        assert (201, text, "a=1; Path=/") == (answer.status_code, answer.content, answer.headers["set-cookie"])
        answer = await client.get(f"{function.url}/ask?q=missing")
        assert (404, "no fox") == (answer.status_code, answer.json()["errors"][0]["detail"])
        answer = await client.get(f"{function.url}/ask?q=late")
        assert (201, True) == (answer.status_code, answer.content.startswith(text + b"event: error\n"))
        assert b"hunter2" not in answer.content
