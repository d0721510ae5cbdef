import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from jaystream import asgi_stream_handler
from jaystream.errors import NotFoundError, error_from_status
from jaystream.testing import StreamTestClient

logging.disable()  # the log has each of these in full; this page shows what the client sees


@asgi_stream_handler
async def early() -> AsyncIterator[Any]:
    raise NotFoundError("There is no fox")
    yield


@asgi_stream_handler
async def bug() -> AsyncIterator[Any]:
    raise ValueError("password=hunter2")
    yield


@asgi_stream_handler
async def upstream() -> AsyncIterator[Any]:
    raise error_from_status(502, "provider.example said 401")
    yield


@asgi_stream_handler
async def late() -> AsyncIterator[Any]:
    yield {"type": "text", "content": "The fox"}
    await asyncio.sleep(0.01)
    raise NotFoundError("There is no fox")


async def main() -> None:
    for app in (early, bug, upstream, late):
        async with StreamTestClient(app).stream("GET", "/") as response:
            await response.read()
            print(f"{app.__name__}: {response.status} {response.media_type}")
            print(response.text().strip())


asyncio.run(main())
