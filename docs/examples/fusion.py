import asyncio

from jaystream import JaypieStream


async def fetch(name: str) -> str:
    return name.upper()


stream = JaypieStream(["a", "b", "c"]).filter(str.isalpha).map(fetch).take(2)

print(stream.explain())
print(asyncio.run(stream.to_list()))
