import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def log() -> AsyncIterator[str]:  # five lines at once, later one, later three
    for time, lines in ((0, 5), (10, 1), (3, 3)):
        await asyncio.sleep(time)
        for n in range(lines):
            yield f"line {n}"


async def main() -> None:
    clock = asyncio.get_running_loop().time
    begun = clock()

    async def insert(rows: tuple[str, ...]) -> None:  # stands for a database
        print(f"{clock() - begun:4.1f} s", len(rows), "rows:", ", ".join(rows))

    # At most 4 rows, and no row waits for more than 2 seconds.
    await JaypieStream(log()).group_within(4, seconds=2).for_each(insert)

    # By weight: at most 20 bytes in one message; what is larger comes alone.
    lines = ["GET /", "GET /favicon.ico", "a line that is too long", "GET /", "GET /a"]
    batches = JaypieStream(lines).group_within(20, seconds=2, weight=len)
    print(await batches.map("\n".join).to_list())


run_virtually(main())
