import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream, merge
from jaystream.testing import run_virtually


async def chat(name: str, *times: float) -> AsyncIterator[str]:
    now = 0.0
    for time in times:
        await asyncio.sleep(time - now)
        now = time
        yield f"{name} at {time:g}"


async def main() -> None:
    ada = lambda: chat("Ada", 1, 4, 5)  # noqa: E731 - a callable can run again
    alan = lambda: chat("Alan", 2, 3)  # noqa: E731

    print("all:  ", await merge(ada, alan).to_list())
    print("first:", await merge(ada, alan, halt="first").to_list())  # ends when Alan leaves
    print("left: ", await JaypieStream(ada).merge(JaypieStream.tick(2), halt="left").to_list())


run_virtually(main())
