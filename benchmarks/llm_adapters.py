"""
What does a model's answer cost on its way from the provider's bytes to a browser's, beside reading the chunks alone?

500 chunks of text go through `from_openai`, `format_ai_sdk` and `to_asgi`: as the real client gives them, and parsed
from the wire without an SDK.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from benchmarks.report import Row, at_most, interleave_async
from jaystream import JaypieStream, from_openai
from jaystream.testing import RecordingSend

NAMES = (
    "500 chunks of OpenAI's client to format_ai_sdk and ASGI, per chunk",
    "500 chunks of parse_sse to format_ai_sdk and ASGI, per chunk",
)
SIZE = 500
SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}


def run(*, short: bool) -> list[Row]:
    repeats = 15 if short else 60
    pieces = wire()

    async def read_parsed() -> int:
        count = 0
        async for event in JaypieStream(pieces).parse_sse():
            if event.data != "[DONE]":
                json.loads(str(event.data))
                count += 1
        return count

    async def ours_parsed() -> int:
        return await sent(from_openai(JaypieStream(pieces).parse_sse()))

    ours, alone = (1e6 * seconds / SIZE for seconds in interleave_async(ours_parsed, read_parsed, repeats=repeats))
    parsed = at_most(NAMES[1], ours, "parse_sse and json.loads", alone, 1.5)
    try:
        import httpx2  # noqa: PLC0415 - the real client need not be there
        import openai  # noqa: PLC0415
    except ModuleNotFoundError:
        return [parsed]

    class Body(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = openai.AsyncOpenAI(api_key="none", http_client=http, max_retries=0)

    def ask() -> Any:
        return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True)

    async def read_sdk() -> int:
        return len([chunk async for chunk in await ask()])

    async def ours_sdk() -> int:
        return await sent(from_openai(ask()))

    best = interleave_async(ours_sdk, read_sdk, repeats=repeats // 3)
    ours, alone = (1e6 * seconds / SIZE for seconds in best)
    return [at_most(NAMES[0], ours, "the client alone", alone, 1.5), parsed]


async def sent(chunks: JaypieStream[Any]) -> int:
    """
    Send an answer as a response; the number of bytes.
    """
    send = RecordingSend()
    await chunks.format_ai_sdk().to_asgi(SCOPE, send.receive, send)
    return len(send.body)


def wire() -> list[bytes]:
    """
    The bytes of an answer, in pieces as they come from a socket.
    """
    deltas = [{"role": "assistant", "content": ""}, *({"content": f"word{number} "} for number in range(SIZE))]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    rest: dict[str, Any] = {"index": 0, "finish_reason": None, "logprobs": None}
    choices = [{**rest, "delta": delta} for delta in deltas]
    choices.append({**rest, "delta": {}, "finish_reason": "stop"})
    lines = [json.dumps({**head, "choices": [choice]}, separators=(",", ":")) for choice in choices]
    body = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()
    return [body[at : at + 4096] for at in range(0, len(body), 4096)]
