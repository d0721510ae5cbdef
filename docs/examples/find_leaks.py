import asyncio
from collections.abc import AsyncIterator

from jaystream.testing import LeakError, guard_leaks


async def words() -> AsyncIterator[str]:
    for word in ("one", "two", "three"):
        yield word


async def careless() -> None:
    asyncio.create_task(asyncio.Event().wait(), name="watcher")  # noqa: RUF006 - the fault to find
    async for word in words():
        print("read", word)
        break


async def main() -> None:
    try:
        async with guard_leaks():
            await careless()
    except LeakError as error:
        for leak in error.leaks:
            # without the place in the file
            print("left:", leak.split(" at ")[0])


asyncio.run(main())
