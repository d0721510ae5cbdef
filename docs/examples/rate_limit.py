import asyncio

from jaystream import JaypieStream
from jaystream.testing import run_virtually


async def call(_: int) -> str:
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(1.5)
    return f"{begun:g}"


async def show(what: str, calls: JaypieStream[str]) -> None:
    clock = asyncio.get_running_loop().time
    begun = clock()
    times = await calls.map(lambda at: f"{float(at) - begun:g}").to_list()
    print(f"{what:14}", *times)


async def main() -> None:
    users = JaypieStream(range(7))
    # At most 3 calls begin in any second, and at most 4 run at once.
    await show("throttle(3)", users.throttle(3).map(call, concurrency=4))
    # Evenly: one every half second.
    await show("burst=1", users.throttle(2, burst=1).map(call, concurrency=4))
    # The same, but 3 may go at once after a pause.
    await show("burst=3", users.throttle(2, burst=3).map(call, concurrency=4))


run_virtually(main())
