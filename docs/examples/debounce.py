import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def saves() -> AsyncIterator[str]:  # an editor writes a file several times in a row
    for time, file in ((0, "a"), (0.1, "a.tmp"), (0.1, "a"), (5, "b"), (0.2, "c")):
        await asyncio.sleep(time)
        yield file


async def main() -> None:
    clock = asyncio.get_running_loop().time
    await JaypieStream(saves()).debounce(0.5).for_each(lambda file: print(f"{clock():.1f} s", file))


run_virtually(main())
