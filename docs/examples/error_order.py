import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def prices() -> AsyncIterator[int]:
    yield 5
    yield 7
    raise ConnectionError("the line dropped")


async def main() -> None:
    try:
        await JaypieStream(prices).chunk(4).for_each(print)
    except ConnectionError as error:
        print("then:", error)

    # Two prices are wanted, or one group: the error is behind them.
    print(await JaypieStream(prices).take(2).to_list())
    print(await JaypieStream(prices).chunk(4).take(1).to_list())

    # The error as the last item, for those who want to look at it.
    print(await JaypieStream(prices).materialize().to_list())


asyncio.run(main())
