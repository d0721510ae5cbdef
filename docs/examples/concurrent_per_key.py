import asyncio

from jaystream import JaypieStream
from jaystream.testing import run_virtually

EVENTS = [("ada", "opens"), ("alan", "opens"), ("ada", "pays"), ("alan", "leaves")]


async def save(event: tuple[str, str]) -> None:
    clock = asyncio.get_running_loop().time
    begun = clock()
    await asyncio.sleep(1)
    print(*event, f"{begun:g} s to {clock():g} s")


async def main() -> None:
    # Users are handled side by side, the events of one user one after the other.
    await JaypieStream(EVENTS).map(save, concurrency=8, per_key=lambda event: event[0]).drain()


run_virtually(main())
