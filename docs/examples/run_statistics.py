import asyncio

from jaystream import JaypieStream, StreamStats


def report(stats: StreamStats) -> None:
    for stage in stats.stages:
        print(f"{stage.name:8} {stage.items_in:5} in {stage.items_out:5} out")
    print(stats.items, "items, ended by:", stats.outcome)
    busy = stats.seconds - stats.source_wait - stats.consumer_wait
    print("all times are there:", stats.first_item is not None and busy <= stats.seconds)


async def main() -> None:
    numbers = JaypieStream(range(1000)).filter(lambda n: n % 2 == 0).map(str).chunk(10)
    await numbers.stats(report).drain()


asyncio.run(main())
