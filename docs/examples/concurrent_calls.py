import asyncio

from jaystream import JaypieStream
from jaystream.testing import run_virtually

SECONDS = {"/slow": 3.0, "/a": 1.0, "/b": 1.0, "/c": 1.0}  # how long each page takes


async def fetch(path: str) -> str:
    await asyncio.sleep(SECONDS[path])
    return path


async def show(what: str, pages: JaypieStream[str]) -> None:
    clock = asyncio.get_running_loop().time
    begun = clock()
    names = await pages.map(lambda path: f"{path} at {clock() - begun:g} s").to_list()
    print(f"{what:10}", ", ".join(names))


async def main() -> None:
    paths = JaypieStream(SECONDS.keys())
    await show("one by one", paths.map(fetch))
    await show("in order", paths.map(fetch, concurrency=2))
    await show("as ready", paths.map(fetch, concurrency=2, ordered=False))


run_virtually(main())  # like asyncio.run, with a clock that jumps where a real one would wait
