import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream

names = dict[asyncio.Task[object] | None, str]()


def task() -> str:  # a name for the task that calls this
    return names.setdefault(asyncio.current_task(), f"task {len(names)}")


async def source() -> AsyncIterator[str]:
    for n in (1, 2):
        yield f"item {n} made in {task()}"


def above(item: str) -> str:
    return f"{item}, map above in {task()}"


async def fetch(item: str) -> str:
    return f"{item}, fetch in {task()}"


def below(item: str) -> str:
    return f"{item}, map below in {task()}"


async def main() -> None:
    print("main in", task())
    await JaypieStream(source).map(above).map(fetch, concurrency=2).map(below).for_each(print)


asyncio.run(main())
