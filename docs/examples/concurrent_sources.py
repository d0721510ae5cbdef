import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def follow(host: str) -> AsyncIterator[str]:  # stands for the log of a server
    for n in range(2):
        await asyncio.sleep(2 if host == "db" else 1)
        yield f"{host}: line {n}"


async def main() -> None:
    hosts = JaypieStream(["web", "db", "mail"])
    print(await hosts.flat_map(follow).to_list())
    print(await hosts.flat_map(follow, concurrency=2).to_list())


run_virtually(main())
