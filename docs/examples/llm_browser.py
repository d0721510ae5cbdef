import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def model() -> AsyncIterator[str]:  # thinks for a while, and then gives text in lumps
    await asyncio.sleep(25)
    yield "The sky is blue because "
    await asyncio.sleep(1)
    yield "of Rayleigh scattering."


async def main() -> None:
    clock = asyncio.get_running_loop().time
    answer = (
        JaypieStream(model())
        .timeout(first=30, idle=10)
        .smooth(by="word", per=0.1)
        .map(lambda text: {"type": "text", "content": text})
        .format_sse()
        .keepalive(10)
    )
    await answer.for_each(lambda event: print(f"{clock():5.2f} s", event))


run_virtually(main())
