import asyncio

from jaystream import JaypieStream


async def fetch(path: str) -> str:
    return f"<{path}>"


pages = JaypieStream(["a", "", "b"]).filter(bool).map(fetch, concurrency=2).map(str.upper)

print(pages.explain())
print(asyncio.run(pages.to_list()))
