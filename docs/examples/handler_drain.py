import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream, asgi_stream_handler
from jaystream.testing import StreamTestClient

saved: list[str] = []


async def answer() -> AsyncIterator[str]:
    for word in ("The", "quick", "brown", "fox"):
        await asyncio.sleep(0)
        yield word


async def save(words: JaypieStream[str]) -> None:
    saved.append(" ".join(await words.to_list()))


@asgi_stream_handler(on_disconnect="drain", teardown=lambda: print("teardown"))
def ask() -> JaypieStream[str]:
    return JaypieStream(answer()).also_to(save)


async def main() -> None:
    async with StreamTestClient(ask).stream("GET", "/") as response:
        print((await response.next_event()).data)
        response.disconnect()
    print(saved)


asyncio.run(main())
