import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import StreamTestClient, run_virtually


async def thinking() -> AsyncIterator[dict[str, str]]:
    yield {"type": "text", "content": "Let me see."}
    await asyncio.sleep(40)
    yield {"type": "text", "content": "Yes."}


async def main() -> None:
    answer = JaypieStream(thinking()).to_response(keepalive=15.0)
    async with StreamTestClient(answer, timeout=None).stream("GET", "/") as response:
        print(response.headers)
        for _ in range(4):
            print(await response.next_frame())


run_virtually(main())
