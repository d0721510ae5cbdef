import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.errors import DetachedError
from jaystream.testing import run_virtually


async def prices() -> AsyncIterator[int]:  # a price a second
    for price in (10, 12, 11, 13, 14, 15):
        await asyncio.sleep(1)
        yield price


async def show(name: str, prices: JaypieStream[int], seconds: float) -> None:
    async def work(_: int) -> None:
        await asyncio.sleep(seconds)

    clock = asyncio.get_running_loop().time
    begun, seen = clock(), list[int]()
    try:
        await prices.tap(seen.append).for_each(work)
    except DetachedError as error:
        print("   ", error)
    print(f"    {name} saw {seen} in {clock() - begun:g} s")


async def main() -> None:
    for slow in ("wait", "drop", "detach"):
        print(slow)
        fast, late = JaypieStream(prices()).broadcast(2, buffer=1, on_slow=slow)
        async with asyncio.TaskGroup() as tasks:  # all at the same time
            tasks.create_task(show("fast", fast, 0))
            tasks.create_task(show("late", late, 3))


run_virtually(main())
