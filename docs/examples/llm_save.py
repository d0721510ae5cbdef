import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from tempfile import TemporaryDirectory
from typing import TypeVar

from anyio import to_thread

from jaystream import JaypieStream, Llm, Outcome
from jaystream.formats import LlmChunk

R = TypeVar("R")


class Chats:
    """
    Answers in a database. sqlite3 blocks, so each use of it is a moment in a worker thread.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    async def run(self, work: Callable[[sqlite3.Connection], R]) -> R:
        def in_thread() -> R:
            with closing(sqlite3.connect(self.path)) as database, database:
                return work(database)

        return await to_thread.run_sync(in_thread)

    async def create(self) -> None:
        await self.run(lambda db: db.execute("create table answers (id integer primary key, text, state)"))

    async def begin(self) -> int:
        insert = "insert into answers (text, state) values ('', 'writing') returning id"
        return int((await self.run(lambda db: db.execute(insert).fetchone()))[0])

    async def append(self, row: int, text: str) -> None:
        await self.run(lambda db: db.execute("update answers set text = text || ? where id = ?", (text, row)))

    async def finish(self, row: int, state: str) -> None:
        await self.run(lambda db: db.execute("update answers set state = ? where id = ?", (state, row)))

    async def all(self) -> list[tuple[str, str]]:
        return await self.run(lambda db: db.execute("select state, text from answers order by id").fetchall())


async def saved(answer: JaypieStream[LlmChunk], chats: Chats) -> JaypieStream[LlmChunk]:
    row = await chats.begin()

    async def save(chunks: JaypieStream[LlmChunk]) -> None:
        texts = chunks.filter_map(lambda chunk: chunk["content"] if chunk["type"] == "text" else None)

        async def write(group: tuple[str, ...]) -> None:
            await chats.append(row, "".join(group))

        # every second, or for every 50 pieces, in place of once per word
        await texts.group_within(50, seconds=1).for_each(write)

    async def end(outcome: Outcome) -> None:
        await chats.finish(row, outcome.kind)

    return answer.also_to(save).finalize(end)


async def main() -> None:
    llm = Llm("test", script="All of it is kept.")
    with TemporaryDirectory() as folder:
        chats = Chats(f"{folder}/chats.db")
        await chats.create()
        await (await saved(llm.stream("Hello"), chats)).drain()  # with format_ai_sdk().to_response() it is the same
        await (await saved(llm.stream("Hello"), chats)).take(4).drain()  # a client that leaves
        for row in await chats.all():
            print(row)


asyncio.run(main())
