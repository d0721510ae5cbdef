import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from jaystream import JaypieStream
from jaystream.testing import run_virtually

T = TypeVar("T")


async def timed(*items: tuple[float, T]) -> AsyncIterator[T]:
    now = 0.0
    for time, item in items:
        await asyncio.sleep(time - now)
        now = time
        yield item


def prices() -> AsyncIterator[int]:
    return timed((1, 10), (3, 12), (6, 11))


def rates() -> AsyncIterator[float]:
    return timed((2, 1.5), (4, 2.0))


async def main() -> None:
    print("zip:             ", await JaypieStream(prices).zip(rates, concurrent=True).to_list())
    print("combine_latest:  ", await JaypieStream(prices).combine_latest(rates).to_list())
    print("with_latest_from:", await JaypieStream(prices).with_latest_from(rates).to_list())


run_virtually(main())
