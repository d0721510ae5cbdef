import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

from jaystream import JaypieStream


# 1. An async generator function. What stands in `finally` or behind a `with` runs on every way out.
async def users(path: str) -> AsyncIterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table if not exists users (name)")
        connection.execute("insert into users values ('Ada'), ('Alan'), ('Grace')")
        try:
            for (name,) in connection.execute("select name from users"):
                yield name
        finally:
            print("  closing the database")


# 2. An API that gives pages: what a page has, and where the next one begins.
async def page(cursor: int | None) -> tuple[list[str], int | None]:
    number = cursor or 1
    print(f"  GET /commits?page={number}")
    return [f"commit {number}a", f"commit {number}b"], number + 1 if number < 9 else None


# 3. A class. Each run asks for a new iterator, so the stream can run again.
class Countdown:
    def __init__(self, start: int) -> None:
        self.start = start

    async def __aiter__(self) -> AsyncIterator[int]:
        for n in range(self.start, 0, -1):
            yield n


async def main() -> None:
    names = JaypieStream(lambda: users(":memory:"))
    print(await names.take(2).to_list())
    print(await names.count())

    print(await JaypieStream.paginate(page).take(3).to_list())

    countdown = JaypieStream(Countdown(3))
    print(await countdown.to_list(), await countdown.first())


asyncio.run(main())
