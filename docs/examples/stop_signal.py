import asyncio
import signal
from collections.abc import AsyncIterator

from jaystream import JaypieStream


async def messages() -> AsyncIterator[int]:
    try:
        for n in range(1_000_000):
            yield n
            await asyncio.sleep(0)
    finally:
        print("source closed")


async def handle(message: int) -> None:
    if message == 2:
        signal.raise_signal(signal.SIGTERM)  # as `kill` or a container's stop would
    await asyncio.sleep(0.01)
    print("handled", message)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    count = await JaypieStream(messages()).take_until(stop).for_each(handle)
    print("stopped after", count)


asyncio.run(main())
