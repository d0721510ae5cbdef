import asyncio

from jaystream.testing import StreamTestClient

# isort: split
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart

from jaystream import AsgiRequest, asgi_stream_handler

site = Quart(__name__)


@site.get("/")
async def index() -> str:
    return "the page"


@asgi_stream_handler
async def count(request: AsgiRequest) -> AsyncIterator[dict[str, int]]:
    for n in range(int(request.query["to"])):
        yield {"n": n}


async def app(scope: Any, receive: Any, send: Any) -> None:
    answer = count if scope["type"] == "http" and scope["path"] == "/count" else site
    await answer(scope, receive, send)


# --- that is the app; this asks it ---


async def main() -> None:
    client = StreamTestClient(app)
    print((await client.get("/")).text())
    async with client.stream("GET", "/count?to=2") as response:
        async for event in response.events():
            print(event.data)


asyncio.run(main())
