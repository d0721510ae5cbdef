import asyncio
from collections.abc import AsyncIterator
from typing import Any

from jaystream import JaypieStream, ResponseStream, asgi_stream_handler
from jaystream.testing import StreamTestClient


async def words() -> AsyncIterator[str]:
    for word in ("one", "two"):
        yield word


@asgi_stream_handler
async def chunks() -> AsyncIterator[dict[str, Any]]:  # an async generator of chunks
    async for word in words():
        yield {"type": "text", "content": word}


@asgi_stream_handler
def stream() -> JaypieStream[bytes]:  # a function that returns a stream, here one in a format
    return JaypieStream(words()).map(lambda word: {"type": "text", "content": word}).format_ndjson()


@asgi_stream_handler
async def by_hand(response: ResponseStream) -> None:  # a coroutine that writes
    response.set_content_type("text/plain")
    async for word in words():
        await response.write(word + " ")
    await response.end()


async def main() -> None:
    for app in (chunks, stream, by_hand):
        async with StreamTestClient(app).stream("GET", "/") as response:
            await response.read()
            print(response.media_type, response.body)


asyncio.run(main())
