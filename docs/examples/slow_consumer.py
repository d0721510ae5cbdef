import asyncio
import operator
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def show(what: str, stream: JaypieStream[object]) -> None:
    """
    A consumer that takes 2.5 seconds for an item.
    """
    seen = list[object]()

    async def work(item: object) -> None:
        seen.append(item)
        await asyncio.sleep(2.5)

    await stream.for_each(work)
    print(f"{what:12}", *seen)


async def sensor() -> AsyncIterator[str]:  # gives a reading a second
    for n in range(7):
        yield f"r{n}"
        await asyncio.sleep(1)


async def main() -> None:
    await show("buffer", JaypieStream(sensor()).buffer(2))
    await show("drop_oldest", JaypieStream(sensor()).buffer(2, overflow="drop_oldest"))
    await show("drop_newest", JaypieStream(sensor()).buffer(2, overflow="drop_newest"))
    await show("newest", JaypieStream(sensor()).conflate(lambda _, new: new))
    await show("all", JaypieStream(sensor()).map(lambda r: [r]).conflate(operator.add))
    await show("sample", JaypieStream(sensor()).sample(3))


run_virtually(main())
