import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def rows() -> AsyncIterator[int]:
    print("connect")
    try:
        for row in range(1000):
            yield row
    finally:
        print("disconnect")


async def main() -> None:
    async with JaypieStream(rows).map(lambda row: row * 10).open() as items:
        async for item in items:
            print(item)
            if item == 20:
                break
    print("after the block")


asyncio.run(main())
