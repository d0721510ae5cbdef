import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from jaystream import JaypieStream, StreamResponse
from jaystream.testing import StreamTestClient

closed: list[str] = []


async def count() -> AsyncIterator[str]:
    try:
        for n in range(1_000_000):
            yield f"number {n}"
    finally:
        closed.append("count")


async def numbers(_: Request) -> StreamResponse:
    return JaypieStream(count()).to_response()


async def main() -> None:
    client = StreamTestClient(Starlette(routes=[Route("/numbers", numbers)]))
    async with client.stream("GET", "/numbers") as response:
        print(response.status, response.media_type)
        print((await response.next_event()).data)
        print(await response.next_frame())
    print("closed:", closed)


asyncio.run(main())
