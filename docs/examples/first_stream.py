import asyncio

from jaystream import JaypieStream

text = "the quick brown fox jumps over the lazy dog"
words = JaypieStream(text.split())
pairs = words.filter(lambda word: len(word) > 3).map(str.title).chunk(2)


async def main() -> None:
    print(await pairs.to_list())
    print(await pairs.take(1).to_list())
    async for pair in pairs:
        print(*pair)


asyncio.run(main())
