import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def rows(waiting: asyncio.Event) -> AsyncIterator[str]:
    try:
        yield "row"
        waiting.set()
        await asyncio.Event().wait()  # the database is slow
    finally:
        await asyncio.sleep(0)  # closing waits too, and is let finish
        print("closed")


async def main() -> None:
    waiting = asyncio.Event()
    task = asyncio.create_task(JaypieStream(rows(waiting)).tap(print).drain())
    await waiting.wait()
    task.cancel()
    await asyncio.wait([task])
    print("cancelled:", task.cancelled())

    # A source that is always ready still lets the event loop run, so the timeout fires.
    try:
        async with asyncio.timeout(0.05):
            await JaypieStream.unfold(lambda n: (n, n + 1), 0).map(str).drain()
    except TimeoutError:
        print("timed out")


asyncio.run(main())
