import asyncio
from collections.abc import AsyncIterator

from jaystream import JaypieStream, StreamStats


async def tokens() -> AsyncIterator[str]:  # stands for a language model
    for token in ("Ray", "leigh ", "", "scattering."):
        await asyncio.sleep(0.01)
        yield token


def report(stats: StreamStats) -> None:
    for stage in stats.stages:
        print(f"{stage.name:6} {stage.items_in} in, {stage.items_out} out")
    print(stats.items, "item, ended by:", stats.outcome)
    print("slower:", "source" if stats.source_wait > stats.consumer_wait else "consumer")


async def main() -> None:
    await JaypieStream(tokens()).filter(bool).map(str.upper).chunk(10).stats(report).for_each(print)


asyncio.run(main())
