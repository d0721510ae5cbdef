import asyncio
from collections.abc import AsyncIterator, Iterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


class BusyError(Exception):
    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


failures = iter([BusyError(), BusyError(retry_after=10)])


async def ask() -> AsyncIterator[str]:  # a server that is busy twice
    print(f"asked at {asyncio.get_running_loop().time():g} s")
    for failure in failures:
        raise failure
    yield "Ray"
    yield "leigh"


def lines() -> Iterator[int]:
    yield 1
    raise BusyError


async def main() -> None:
    answer = JaypieStream(ask).retry(attempts=5, on=BusyError, wait=1, jitter=0)
    print(await answer.to_list())

    # Once an item has gone out, nothing is run again: it would repeat it.
    try:
        await JaypieStream(lines).retry(on=BusyError).for_each(print)
    except BusyError as error:
        print(repr(error), *error.__notes__, sep="\n  ")


run_virtually(main())
