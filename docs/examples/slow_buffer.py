import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.errors import BufferOverflowError
from jaystream.testing import run_virtually


async def pages() -> AsyncIterator[int]:
    for n in range(4):
        await asyncio.sleep(1)  # downloading
        yield n


async def index(_: int) -> None:
    await asyncio.sleep(1)


async def main() -> None:
    clock = asyncio.get_running_loop().time

    begun = clock()
    await JaypieStream(pages()).for_each(index)
    print(f"without: {clock() - begun:g} s")

    begun = clock()
    await JaypieStream(pages()).buffer(1).for_each(index)
    print(f"buffer:  {clock() - begun:g} s")

    dropped = list[int]()
    burst = JaypieStream.of(1, 2, 3, 4, 5).buffer(2, overflow="drop_newest", on_drop=dropped.append)
    await burst.for_each(index)
    print("dropped:", dropped)

    try:
        await JaypieStream.of(1, 2, 3, 4, 5).buffer(2, overflow="error").for_each(index)
    except BufferOverflowError as error:
        print(error)


run_virtually(main())
