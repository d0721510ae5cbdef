import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def ids() -> AsyncIterator[int]:
    for number in range(1, 1000):
        print("read", number)
        yield number


async def fetch(number: int) -> str:
    await asyncio.sleep(0)  # a database, an API
    return f"user {number}"


async def main() -> None:
    users = JaypieStream(ids).map(fetch).map(str.upper)
    print(await users.take(2).to_list())


asyncio.run(main())
