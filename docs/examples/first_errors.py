import asyncio

from jaystream import JaypieStream

numbers = JaypieStream(["1", "2", "three", "4"]).map(int)


async def main() -> None:
    try:
        await numbers.tap(print).drain()
    except ValueError as error:
        print("failed:", error)

    print(await numbers.catch(ValueError, [0]).to_list())

    try:
        numbers.chunk(0)
    except ValueError as error:
        print("refused:", error)


asyncio.run(main())
