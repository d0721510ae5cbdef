import asyncio
import json
from collections.abc import AsyncIterator

import httpx

from jaystream import JaypieStream, from_openai
from jaystream.formats import LlmChunk


def ask(client: httpx.AsyncClient, question: str) -> JaypieStream[LlmChunk]:
    body = {"model": "small", "stream": True, "messages": [{"role": "user", "content": question}]}

    async def source() -> AsyncIterator[bytes]:
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            response.raise_for_status()
            async for piece in response.aiter_bytes():
                yield piece

    return from_openai(JaypieStream(source).parse_sse(), provider="local")


async def main(client: httpx.AsyncClient) -> None:
    async with client:
        answer = ask(client, "Why is the sky blue?")
        await answer.text().for_each(print)
        print(await answer.format_sse().first())


# --- that is it; this stands for the provider, and cuts its bytes where it likes ---


def provider(request: httpx.Request) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        deltas = [{"role": "assistant"}, {"content": "Ray"}, {"content": "leigh"}, {"content": " scattering."}]
        events = JaypieStream(deltas).map(lambda delta: json.dumps({"choices": [{"index": 0, "delta": delta}]}))
        wire = b"".join(await events.on_end(["[DONE]"]).format_sse().to_list())
        for at in range(0, len(wire), 50):
            yield wire[at : at + 50]

    return httpx.Response(200 if json.loads(request.content)["stream"] else 400, content=body())


asyncio.run(main(httpx.AsyncClient(base_url="http://llm.test", transport=httpx.MockTransport(provider))))
