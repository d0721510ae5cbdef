import asyncio

from jaystream import JaypieStream

LINES = ["INFO started", "ERROR disk full", "INFO stopped"]


async def main() -> None:
    errors, others = JaypieStream(LINES).partition(lambda line: line.startswith("ERROR"))
    print(await asyncio.gather(errors.to_list(), others.count()))


asyncio.run(main())
