import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def rows() -> AsyncIterator[str]:
    try:
        yield "row"
        await asyncio.Event().wait()  # the database is slow
    finally:
        await asyncio.sleep(0)  # closing waits too, and is let finish
        print("closed")


async def main() -> None:
    try:
        async with asyncio.timeout(0.05):
            await JaypieStream(rows).tap(print).drain()
    except TimeoutError:
        print("timed out")

    # A source that is always ready still lets the loop run, so the timeout fires.
    try:
        async with asyncio.timeout(0.05):
            await JaypieStream.unfold(lambda n: (n, n + 1), 0).map(str).drain()
    except TimeoutError:
        print("timed out")


asyncio.run(main())
